mod cancelled;
mod deadline_stream;
#[cfg(feature = "tls")]
mod tls;

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::fixture::{endpoint, has_ipv6, listen, moment, pair, patience};
use crate::listener::Listener;
use crate::options::Keepalive;
use crate::options::SocketOptions;

fn tcp_pair() -> (Stream, Stream) {
    pair(&listen("127.0.0.1:0"))
}

/// Returns a pair of each type that this machine has.
fn pairs() -> Vec<(&'static str, Stream, Stream)> {
    let mut all = Vec::new();
    let mut add = |name, (a, b)| all.push((name, a, b));
    add("IPv4", tcp_pair());
    if has_ipv6() {
        add("IPv6", pair(&listen("[::1]:0")));
    }
    #[cfg(unix)]
    {
        let dir = crate::fixture::TestDir::new();
        let path = dir.path("socket");
        add("Unix", pair(&listen(&format!("unix:{}", path.display()))));
    }
    all
}

#[test]
fn carries_bytes_both_ways() {
    for (name, mut client, mut server) in pairs() {
        client.write_all(b"ping").unwrap();
        let mut buffer = [0; 4];
        server.read_exact_deadline(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer, b"ping", "{name}");
        server.write_all_deadline(b"pong", patience()).unwrap();
        client.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"pong", "{name}");
        let sent = client.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"bc")]).unwrap();
        let (mut first, mut rest) = ([0; 1], [0; 8]);
        let buffers = &mut [IoSliceMut::new(&mut first), IoSliceMut::new(&mut rest)];
        assert_eq!((sent, server.read_vectored(buffers).unwrap()), (3, 3), "{name}");
        assert_eq!((&first, &rest[..2]), (b"a", &b"bc"[..]), "{name}");
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.read_deadline(&mut buffer, patience()).unwrap(), 0, "{name}");
    }
}

#[test]
fn two_threads_share_one_by_reference() {
    for (name, client, server) in pairs() {
        exchange_at_once(name, &client, &server, &vec![7; 1 << 20]);
    }
}

/// Sends `bytes` in both directions at once, each from a thread of its own.
fn exchange_at_once(name: &str, mut client: &Stream, server: &Stream, bytes: &[u8]) {
    thread::scope(|scope| {
        scope.spawn(move || client.write_all(bytes).unwrap());
        scope.spawn(|| server.write_all_deadline(bytes, patience()).unwrap());
        for stream in [client, server] {
            let mut received = vec![0; bytes.len()];
            stream.read_exact_deadline(&mut received, patience()).unwrap();
            assert!(received == bytes, "{name}");
        }
    });
}

#[test]
fn both_ends_know_each_others_address() {
    for (name, client, server) in pairs() {
        let addresses =
            |stream: &Stream| (stream.local_address().unwrap(), stream.peer_address().unwrap());
        let (client, server) = (addresses(&client), addresses(&server));
        assert_eq!(client.0, server.1, "{name}");
        assert_eq!(client.1, server.0, "{name}");
    }
}

#[test]
fn nodelay_is_on_unless_the_options_say_otherwise() {
    let read = |stream: &Stream| SocketOptions::read_from(stream).unwrap();
    let listener = listen("127.0.0.1:0");
    let (client, server) = pair(&listener);
    assert_eq!((read(&client).nodelay(), read(&server).nodelay()), (Some(true), Some(true)));
    let options = SocketOptions::new()
        .with_nodelay(false)
        .with_keepalive(Some(Keepalive::new().with_idle(Duration::from_secs(77))))
        .with_broadcast(true);
    let client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
    assert_eq!(read(&client).nodelay(), Some(false));
    let keepalive = read(&client).keepalive().flatten().unwrap();
    assert_eq!(keepalive.idle(), Some(Duration::from_secs(77)));
}

#[test]
fn a_silent_peer_is_a_timeout_with_its_name() {
    for (name, client, _server) in pairs() {
        let error = client.read_deadline(&mut [0; 8], moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::TimedOut));
        let peer = client.peer_address().unwrap();
        assert_eq!(error.address(), Some(&peer), "{name}");
        let text = error.to_string();
        assert!(text.ends_with(&format!("{peer}: timed out")), "{name}: {text}");
    }
}

#[test]
fn after_the_deadline_available_bytes_are_not_read() {
    let (client, server) = tcp_pair();
    client.write_all_deadline(b"x", patience()).unwrap();
    let expired = Deadline::after(Duration::ZERO);
    assert!(server.read_deadline(&mut [0], expired).unwrap_err().is_timeout());
    assert_eq!(server.read_deadline(&mut [0], patience()).unwrap(), 1);
    assert!(client.write_all_deadline(b"x", expired).unwrap_err().is_timeout());
    assert!(client.write_all_deadline(b"", expired).is_ok(), "nothing to wait for");
}

#[test]
fn a_check_distinguishes_bytes_and_an_end_from_silence() {
    for (name, client, server) in pairs() {
        let now = || Deadline::at(Instant::now());
        assert!(!server.wait_readable(now()).unwrap(), "{name}");
        assert!(!server.wait_readable(moment()).unwrap(), "{name}");
        client.write_all_deadline(b"x", patience()).unwrap();
        assert!(server.wait_readable(patience()).unwrap(), "{name}");
        assert!(server.wait_readable(now()).unwrap(), "{name}");
        assert_eq!(server.read_deadline(&mut [0; 8], patience()).unwrap(), 1, "{name}");
        assert!(!server.wait_readable(now()).unwrap(), "{name}");
        drop(client);
        assert!(server.wait_readable(patience()).unwrap(), "{name}");
    }
}

#[test]
fn a_peer_that_drips_does_not_outlast_the_deadline() {
    for (name, client, server) in pairs() {
        let dripping = thread::spawn(move || {
            while client.write_all_deadline(b".", patience()).is_ok() {
                thread::yield_now();
            }
        });
        let mut never_full = vec![0; 1 << 30];
        let error = server.read_exact_deadline(&mut never_full, moment()).unwrap_err();
        assert!(error.is_timeout(), "{name}: {error}");
        drop(server);
        dripping.join().unwrap();
    }
}

#[test]
fn a_peer_that_takes_a_byte_at_a_time_does_not_outlast_the_deadline() {
    for (_, client, server) in pairs() {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    if client.read_deadline(&mut [0], patience()).unwrap() == 0 {
                        break;
                    }
                }
            });
            let error = server.write_all_deadline(&vec![0; 1 << 28], moment()).unwrap_err();
            over.store(true, Ordering::Relaxed);
            assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::TimedOut));
            // If the reader has emptied the buffer, this ends its wait.
            server.shutdown(Shutdown::Write).unwrap();
        });
    }
}

#[test]
fn a_timeout_by_option_is_a_timeout_and_not_would_block() {
    for (name, mut client, _server) in pairs() {
        let brief = Duration::from_millis(10);
        let options = SocketOptions::new().with_read_timeout(brief).with_write_timeout(brief);
        options.apply(&client).unwrap();
        let error = client.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{name}");
        let error = client.write_all(&vec![0; 1 << 28]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{name}");
    }
}

#[test]
fn without_blocking_a_plain_read_would_block_and_a_deadline_still_waits() {
    for (name, mut client, server) in pairs() {
        client.set_nonblocking(true).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "{name}");
        assert!(client.read_deadline(&mut [0], moment()).unwrap_err().is_timeout(), "{name}");
        thread::scope(|scope| {
            let read = scope.spawn(|| client.read_deadline(&mut [0], patience()).unwrap());
            server.write_all_deadline(b"x", patience()).unwrap();
            assert_eq!(read.join().unwrap(), 1, "{name}");
        });
    }
}

#[test]
fn the_options_blocking_mode_holds_after_connecting() {
    let listener = listen("127.0.0.1:0");
    let options = SocketOptions::new().with_nonblocking(true);
    let mut client = Stream::connect(listener.endpoint(), &options, patience()).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn an_early_end_says_how_far_it_came() {
    let (client, server) = tcp_pair();
    client.write_all_deadline(b"abc", patience()).unwrap();
    drop(client);
    let mut buffer = [0; 8];
    let error = server.read_exact_deadline(&mut buffer, patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    assert_eq!(&buffer[..3], b"abc");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the peer ended after 3 of 8 bytes");
}

#[test]
fn errors_call_the_peer_as_the_user_did() {
    let listener = listen("127.0.0.1:0");
    let port = listener.local_address().unwrap().inet().unwrap().port();
    let target = endpoint(&format!("localhost:{port}"));
    let client = Stream::connect(&target, &SocketOptions::new(), patience()).unwrap();
    let error = client.read_deadline(&mut [0], moment()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("read from localhost:{port} (127.0.0.1:{port}): timed out")
    );
}

#[test]
fn the_last_answer_arrives_though_input_was_left_unread() {
    for (name, client, server) in pairs() {
        let answer = vec![b'a'; 300_000];
        let serving = thread::spawn({
            let answer = answer.clone();
            move || {
                // The client has sent far more than this.
                server.read_exact_deadline(&mut [0; 10], patience()).unwrap();
                server.write_all_deadline(&answer, patience()).unwrap();
                server.finish(patience())
            }
        });
        client.write_all_deadline(&[b'q'; 100_000], patience()).unwrap();
        let mut received = Vec::new();
        (&client).read_to_end(&mut received).unwrap();
        assert!(received == answer, "{name}: {} bytes", received.len());
        drop(client);
        serving.join().unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_peer_that_does_not_end_delays_the_close_to_the_deadline_only() {
    for (name, client, server) in pairs() {
        let error = server.finish(moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Shutdown, ErrorKind::TimedOut));
        assert_eq!(client.read_deadline(&mut [0], patience()).unwrap(), 0, "{name}");
    }
}

#[test]
fn a_close_behind_both_ends_is_no_failure() {
    for (name, client, server) in pairs() {
        server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read_deadline(&mut [0], patience()).unwrap(), 0, "{name}");
        drop(client);
        assert_eq!(server.read_deadline(&mut [0], patience()).unwrap(), 0, "{name}");
        server.finish(patience()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_close_behind_a_reset_is_one() {
    let (client, server) = tcp_pair();
    SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&client).unwrap();
    drop(client);
    let error = server.finish(patience()).unwrap_err();
    assert_eq!(
        (error.operation(), error.kind()),
        (Operation::Shutdown, ErrorKind::ConnectionReset)
    );
}

#[test]
fn a_reset_differs_from_an_end() {
    let (client, server) = tcp_pair();
    SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&client).unwrap();
    drop(client);
    let error = server.read_deadline(&mut [0], patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    // The address is still known, though the system has forgotten it.
    assert!(error.address().is_some());
}

#[test]
fn a_clone_is_the_same_connection() {
    let (client, server) = tcp_pair();
    let clone = client.try_clone().unwrap();
    drop(client);
    clone.write_all_deadline(b"x", patience()).unwrap();
    assert_eq!(server.read_deadline(&mut [0], patience()).unwrap(), 1);
}

#[test]
fn plain_calls_continue_after_a_signal() {
    let (client, _server) = tcp_pair();
    let mut calls = 0;
    let result = client.retry(Interest::Read, || {
        calls += 1;
        if calls < 3 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(7) }
    });
    assert_eq!((result.unwrap(), calls), (7, 3));
}

#[test]
fn converts_to_and_from_std() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Stream::from(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let (server, peer) = listener.accept().unwrap();
    assert_eq!(client.local_address().unwrap(), Address::Inet(peer));
    assert_eq!(client.peer_address().unwrap().inet(), listener.local_addr().ok());
    let mut server = Stream::from(server);
    server.write_all(b"x").unwrap();
    let mut client = TcpStream::try_from(client).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 1);
}

#[cfg(unix)]
#[test]
fn converts_by_family() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    let (ours, theirs) = UnixStream::pair().unwrap();
    let ours = Stream::from(ours);
    assert_eq!(ours.as_fd().as_raw_fd(), ours.as_raw_fd());
    assert_eq!(ours.peer_address().unwrap(), Address::Unix(None));
    let error = TcpStream::try_from(ours).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let theirs = Stream::from(OwnedFd::from(Stream::from(theirs)));
    assert!(UnixStream::try_from(theirs).is_ok());
    let (client, _server) = tcp_pair();
    assert!(UnixStream::try_from(client).is_err());
}

#[test]
fn a_server_under_other_options_passes_them_on() {
    let options = SocketOptions::new()
        .with_nodelay(false)
        .with_keepalive(Some(Keepalive::new().with_idle(Duration::from_secs(78))));
    let listener = Listener::bind_with(endpoint("127.0.0.1:0"), &options).unwrap();
    let (_client, server) = pair(&listener);
    let read = SocketOptions::read_from(&server).unwrap();
    assert_eq!(read.nodelay(), Some(false));
    if cfg!(target_os = "linux") {
        let keepalive = read.keepalive().flatten().unwrap();
        assert_eq!(keepalive.idle(), Some(Duration::from_secs(78)));
    }
}
