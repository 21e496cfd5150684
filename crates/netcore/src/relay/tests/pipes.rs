use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::ChildStdout;
use std::thread;

use socket2::SockRef;

use super::*;
use crate::fixture::Piped;

/// A relay between a silent input and a silent far end.
fn silent() -> (Piped, ChildStdout, Stream, Stream) {
    let mut silent = Piped::cat();
    let exit = silent.take_exit();
    let (near, far) = pair(&listen("127.0.0.1:0"));
    (silent, exit, near, far)
}

#[test]
fn standard_input_and_output_may_be_pipes() {
    let content = &speech(3)[..5_000_000];
    let (mut input, mut output) = (Piped::cat(), Piped::cat());
    let (mut to_input, from_input) = (input.take_entrance(), input.take_exit());
    let (to_output, mut from_output) = (output.take_entrance(), output.take_exit());
    let (near, far) = pair(&listen("127.0.0.1:0"));
    thread::scope(|scope| {
        scope.spawn(|| {
            to_input.write_all(content).unwrap();
            drop(to_input);
        });
        // Sends back what it receives.
        scope.spawn(|| {
            let mut heard = Vec::new();
            far.with_deadline(patience()).read_to_end(&mut heard).unwrap();
            far.write_all_deadline(&heard, patience()).unwrap();
            far.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(|| {
            let end = End::new(&from_input, &to_output);
            let relayed = relay(end, End::from(&near), None, patience()).unwrap();
            assert_eq!(relayed, carried(5_000_000, 5_000_000));
            for fd in [SockRef::from(&from_input), SockRef::from(&to_output)] {
                assert!(!fd.nonblocking().unwrap(), "the mode is shared with other processes");
            }
            drop(to_output);
        });
        let mut heard = Vec::new();
        from_output.read_to_end(&mut heard).unwrap();
        assert!(heard == content, "{} bytes", heard.len());
    });
}

#[test]
fn a_far_end_that_closed_both_ways_is_waited_for_no_longer_where_the_system_tells() {
    let dir = TestDir::new();
    let (_silent, input, ..) = silent();
    // Another process: an echo of "bye" would be input that no end accepts.
    let mut reader = Piped::cat();
    let output = reader.take_entrance();
    let (near, far) = pair(&listen(&dir.endpoint("socket").to_string()));
    far.write_all_deadline(b"bye", patience()).unwrap();
    drop(far);
    let end = End::new(&input, &output);
    let relayed = relay(end, End::from(&near), None, patience()).unwrap();
    assert_eq!(relayed, Relayed { left_open: Some(Side::Left), ..carried(0, 3) });
}

#[test]
fn a_closed_output_ends_the_relay_despite_silence() {
    let (_silent, input, near, _far) = silent();
    let output = Piped::gone();
    let end = End::new(&input, &output);
    let error = relay(end, End::from(&near), None, patience()).unwrap_err();
    assert_eq!(error.side(), Some(Side::Left));
    let texts = ["relay from right to left: write to the pipe: broken pipe", "EPIPE (os error 32)"];
    assert_eq!(chain(&error), texts);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_relay_and_is_named() {
    let (_silent, input, near, far) = silent();
    let full = File::options().write(true).open("/dev/full").unwrap();
    far.write_all_deadline(b"x", patience()).unwrap();
    let end = End::new(&input, &full);
    let error = relay(End::from(&near), end, None, patience()).unwrap_err();
    assert_eq!((error.from(), error.side()), (Some(Side::Left), Some(Side::Right)));
    assert_eq!(error.error().to_string(), "write to the device: no space left");
}
