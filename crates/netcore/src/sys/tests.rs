use super::*;
#[cfg(unix)]
use crate::fixture::patience;

/// Restores the default effect of SIGPIPE, which std removes from every Rust program at its start.
#[cfg(unix)]
fn let_sigpipe_kill() {
    // SAFETY: SIG_DFL is a valid disposition, and no handler is run.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

#[cfg(unix)]
#[test]
fn writing_to_a_peer_that_has_gone_survives_a_default_sigpipe() {
    use std::io::Write;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use crate::datagram::Datagram;
    use crate::error::ErrorKind;
    use crate::stream::Stream;

    crate::fixture::in_child(
        "sys::tests::writing_to_a_peer_that_has_gone_survives_a_default_sigpipe",
        "",
        || {
            let_sigpipe_kill();
            let (ours, theirs) = UnixStream::pair().unwrap();
            drop(theirs);
            let mut stream = Stream::from(ours);
            let error = stream.write(b"x").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            let error = stream.write_vectored(&[io::IoSlice::new(b"x")]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            let error = stream.write_all_deadline(b"x", patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let (ours, theirs) = UnixDatagram::pair().unwrap();
            drop(theirs);
            let datagram = Datagram::try_from(ours).unwrap();
            assert!(datagram.send(b"x", patience()).is_err());
        },
    );
}

#[cfg(unix)]
#[test]
fn splice_to_a_peer_that_has_gone_survives_a_default_sigpipe() {
    use crate::error::ErrorKind;
    use crate::fixture::{Piped, listen, pair};

    crate::fixture::in_child(
        "sys::tests::splice_to_a_peer_that_has_gone_survives_a_default_sigpipe",
        "",
        || {
            let pipe = Piped::gone();
            let_sigpipe_kill();
            let (client, server) = pair(&listen("127.0.0.1:0"));
            client.write_all_deadline(b"x", patience()).unwrap();
            let error = server.receive_into(&pipe, 9, patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            client.shutdown(std::net::Shutdown::Write).unwrap();
            let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
            let error = client.send_file(&file, ..9, patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            // A manual write raises it too.
            let write = || std::io::Write::write(&mut &pipe, b"x").unwrap_err();
            let quiet = NoSigpipe::new();
            assert_eq!(write().kind(), io::ErrorKind::BrokenPipe);
            drop(quiet);
            // A signal that was pending before stays.
            let outer = NoSigpipe::new();
            write();
            drop(NoSigpipe::new());
            assert!(outer.would_take());
        },
    );
}

#[test]
fn a_byte_is_found_where_it_is_first() {
    for length in 0..70 {
        let mut bytes = vec![b'a'; length];
        assert_eq!(find(b'\n', &bytes), None, "{length} bytes");
        assert_eq!(memchr::by_words::find(b'\n', &bytes), None, "{length} bytes");
        for at in (0..length).rev() {
            bytes[at] = b'\n';
            assert_eq!(find(b'\n', &bytes), Some(at), "{length} bytes");
            assert_eq!(memchr::by_words::find(b'\n', &bytes), Some(at), "{length} bytes");
        }
    }
}
