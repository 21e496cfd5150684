#[cfg(unix)]
mod pipes;
#[cfg(feature = "tls")]
mod tls;

use std::error::Error as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Barrier;
use std::thread;

use super::*;
use crate::fixture::{TestDir, listen, moment, pair, patience};
use crate::options::SocketOptions;
use crate::stream::Stream;
use crate::testing::error_law;

/// Two streams to relay between, and their far ends.
struct Ends {
    left: Stream,
    right: Stream,
    /// The far end of the left stream.
    west: Stream,
    /// The far end of the right stream.
    east: Stream,
}

impl Ends {
    fn tcp() -> Ends {
        Ends::of(&listen("127.0.0.1:0"), &listen("127.0.0.1:0"))
    }

    fn of(left: &crate::listener::Listener, right: &crate::listener::Listener) -> Ends {
        let ((west, left), (east, right)) = (pair(left), pair(right));
        Ends { left, right, west, east }
    }

    /// Returns ends whose left and right connections are encrypted if the flags say so.
    #[cfg(feature = "tls")]
    fn encrypted(left: bool, right: bool) -> Ends {
        Ends::tcp().encrypt(left, right)
    }

    /// Returns ends with a session inside a session, if the flags say so.
    #[cfg(feature = "tls")]
    fn nested(left: bool, right: bool) -> Ends {
        Ends::encrypted(left, right).encrypt(left, right)
    }

    #[cfg(feature = "tls")]
    fn encrypt(self, left: bool, right: bool) -> Ends {
        let encrypt = |pair, on| if on { crate::tls::fixture::encrypt(pair) } else { pair };
        let Ends { left: near_left, right: near_right, west, east } = self;
        let (west, left) = encrypt((west, near_left), left);
        let (right, east) = encrypt((near_right, east), right);
        Ends { left, right, west, east }
    }

    fn kinds() -> Vec<(&'static str, Ends)> {
        #[cfg(unix)]
        let (dir, tcp) = (TestDir::new(), listen("127.0.0.1:0"));
        #[cfg(unix)]
        let unix = listen(&dir.endpoint("socket").to_string());
        vec![
            ("TCP and TCP", Ends::tcp()),
            #[cfg(unix)]
            ("TCP and Unix", Ends::of(&tcp, &unix)),
            #[cfg(unix)]
            ("Unix and Unix", Ends::of(&unix, &unix)),
            #[cfg(feature = "tls")]
            ("TLS and TLS", Ends::encrypted(true, true)),
            #[cfg(feature = "tls")]
            ("TLS and TCP", Ends::encrypted(true, false)),
            #[cfg(feature = "tls")]
            ("TCP and TLS", Ends::encrypted(false, true)),
            #[cfg(feature = "tls")]
            ("TLS in TLS and TCP", Ends::nested(true, false)),
            #[cfg(feature = "tls")]
            ("TLS in TLS, twice", Ends::nested(true, true)),
        ]
    }

    fn relay(&self, idle: Option<Duration>, deadline: Deadline) -> Result<Relayed, RelayError> {
        relay(End::from(&self.left), End::from(&self.right), idle, deadline)
    }
}

fn reset(stream: Stream) {
    SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&stream).unwrap();
}

/// The result of a relay whose two ends have ended.
fn carried(from_left: u64, from_right: u64) -> Relayed {
    Relayed { from_left, from_right, left_open: None }
}

fn brief() -> Option<Duration> {
    Some(Duration::from_millis(30))
}

/// Returns every text of the chain of an error that obeys the law.
fn chain(error: &RelayError) -> Vec<String> {
    error_law(error);
    let mut texts = vec![error.to_string()];
    let mut link = error.source();
    while let Some(error) = link {
        texts.push(error.to_string());
        link = error.source();
    }
    texts
}

/// 64 MiB, far more than the buffers between two ends, and different for each seed.
fn speech(seed: u32) -> Vec<u8> {
    let words = (0u32..).map(|number| number.wrapping_mul(0x9e37_79b9) ^ seed);
    let part: Vec<u8> = words.flat_map(u32::to_be_bytes).take(1_000_003).collect();
    let mut speech = part.repeat(68);
    speech.truncate(64 << 20);
    speech
}

/// Writes until the other side accepts no more, and returns the number of written bytes.
fn fill(stream: &Stream, bytes: &[u8]) -> usize {
    let mut written = 0;
    let error = loop {
        match stream.write_deadline(&bytes[written..], moment()) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
        assert!(written < bytes.len(), "all of it is on its way and nobody listens");
    };
    assert!(error.is_timeout(), "{error}");
    written
}

/// Writes until the other side accepts no more, and reads only after both sides have reached that
/// point.
fn speak_first(stream: &Stream, own: &[u8], others: &[u8], clogged: &Barrier) {
    let spoken = fill(stream, own);
    clogged.wait();
    thread::scope(|scope| {
        scope.spawn(|| {
            stream.write_all_deadline(&own[spoken..], patience()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        let mut heard = Vec::new();
        stream.with_deadline(patience()).read_to_end(&mut heard).unwrap();
        assert!(heard == others, "{} bytes", heard.len());
    });
}

#[test]
fn both_ends_may_write_before_they_read() {
    let (from_west, from_east) = (speech(1), speech(2));
    for (name, ends) in Ends::kinds() {
        let clogged = Barrier::new(2);
        let relayed = thread::scope(|scope| {
            scope.spawn(|| speak_first(&ends.west, &from_west, &from_east, &clogged));
            scope.spawn(|| speak_first(&ends.east, &from_east, &from_west, &clogged));
            ends.relay(None, patience()).unwrap_or_else(|error| panic!("{name}: {error:?}"))
        });
        assert_eq!(relayed, carried(64 << 20, 64 << 20), "{name}");
        assert!(!ends.left.is_nonblocking() && !ends.right.is_nonblocking(), "{name}");
    }
}

#[test]
fn each_way_ends_on_its_own() {
    for (name, ends) in Ends::kinds() {
        let relayed = thread::scope(|scope| {
            scope.spawn(|| {
                let (mut west, mut east) =
                    (ends.west.with_deadline(patience()), ends.east.with_deadline(patience()));
                west.write_all(b"question").unwrap();
                ends.west.shutdown(Shutdown::Write).unwrap();
                let mut text = String::new();
                east.read_to_string(&mut text).unwrap();
                assert_eq!(text, "question", "{name}");
                east.write_all(b"an answer").unwrap();
                let mut answer = [0; 9];
                west.read_exact(&mut answer).unwrap();
                assert_eq!(&answer, b"an answer", "{name}");
                east.write_all(b"!").unwrap();
                ends.east.shutdown(Shutdown::Write).unwrap();
                let mut text = String::new();
                west.read_to_string(&mut text).unwrap();
                assert_eq!(text, "!", "{name}");
            });
            ends.relay(None, patience()).unwrap_or_else(|error| panic!("{name}: {error:?}"))
        });
        assert_eq!(relayed, carried(8, 10), "{name}");
    }
}

#[test]
fn standard_input_and_output_may_be_files_and_devices() {
    let dir = TestDir::new();
    fs::write(dir.path("in"), b"from a file").unwrap();
    let (input, output) =
        (File::open(dir.path("in")).unwrap(), File::create(dir.path("out")).unwrap());
    let (near, far) = pair(&listen("127.0.0.1:0"));
    far.write_all_deadline(b"to a file", patience()).unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    let end = End::new(&input, &output);
    let relayed = relay(End::from(&near), end, None, patience()).unwrap();
    assert_eq!(relayed, carried(9, 11));
    assert_eq!(fs::read(dir.path("out")).unwrap(), b"to a file");
    drop(near);
    let mut heard = Vec::new();
    far.with_deadline(patience()).read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"from a file");

    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let null = File::options().read(true).write(true).open(null).unwrap();
    let (near, far) = pair(&listen("127.0.0.1:0"));
    far.write_all_deadline(b"nobody cares", patience()).unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    let relayed = relay(End::new(&null, &null), End::from(&near), None, patience()).unwrap();
    assert_eq!(relayed, carried(0, 12));
}

#[test]
fn sockets_of_others_keep_their_mode() {
    let ends = Ends::tcp();
    for stream in [&ends.west, &ends.east] {
        stream.write_all_deadline(b"x", patience()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let left = End::new(&ends.left, &ends.left);
    let relayed = relay(left, End::from(&ends.right), None, patience()).unwrap();
    assert_eq!(relayed, carried(1, 1));
    assert!(!ends.left.is_nonblocking());
    assert_eq!(ends.west.read_deadline(&mut [0; 9], patience()).unwrap(), 1);
    // Only a stream passes an end on.
    assert!(ends.west.read_deadline(&mut [0; 9], moment()).unwrap_err().is_timeout());
}

#[test]
fn silence_ends_the_relay() {
    for (name, ends) in Ends::kinds() {
        ends.west.write_all_deadline(b"abc", patience()).unwrap();
        ends.west.shutdown(Shutdown::Write).unwrap();
        let error = ends.relay(brief(), patience()).unwrap_err();
        assert_eq!(error.relayed(), carried(3, 0), "{name}");
        assert_eq!((error.from(), error.side()), (None, None), "{name}");
        let texts = ["relay: poll: timed out", "nothing moved within the idle limit"];
        assert_eq!(chain(&error), texts, "{name}");
        assert!(!ends.left.is_nonblocking(), "{name}");
    }
}

#[test]
fn an_end_that_has_ended_may_have_a_shorter_limit() {
    for (name, ends) in Ends::kinds() {
        ends.west.write_all_deadline(b"abc", patience()).unwrap();
        ends.west.shutdown(Shutdown::Write).unwrap();
        let left = End::from(&ends.left).with_half_closed(Duration::from_millis(30));
        // The other end does not matter: its direction continues.
        let right = End::from(&ends.right).with_half_closed(Duration::ZERO);
        let relayed = relay(left, right, None, patience()).unwrap();
        let left_open = Some(Side::Right);
        assert_eq!(relayed, Relayed { left_open, ..carried(3, 0) }, "{name}");
        let relayed = relay(left, right, Some(Duration::from_millis(30)), patience()).unwrap();
        assert_eq!(relayed.left_open, left_open, "{name}: as much as the idle time is enough");
        // The idle time applies to both ends.
        let error = relay(left, right, Some(Duration::ZERO), patience()).unwrap_err();
        assert!(error.error().is_timeout(), "{name}: {error:?}");
    }
}

#[test]
fn the_shorter_limit_does_not_drop_bytes_in_flight() {
    let Ends { left, right, west, east } = Ends::tcp();
    // More is on its way from the right than fits on the way to the left.
    let small = SocketOptions::new().with_send_buffer(4096).with_recv_buffer(4096);
    small.apply(&left).unwrap();
    small.apply(&west).unwrap();
    fill(&east, &speech(6));
    west.shutdown(Shutdown::Write).unwrap();
    let end = End::from(&left).with_half_closed(Duration::from_millis(30));
    let error = relay(end, End::from(&right), None, patience()).unwrap_err();
    assert!(error.error().is_timeout(), "{error:?}");
    assert!(error.relayed().from_right > 0, "{error:?}");
}

#[test]
fn another_thread_ends_the_relay_by_closing_a_stream_both_ways() {
    for (name, ends) in Ends::kinds() {
        thread::scope(|scope| {
            let relaying = scope.spawn(|| ends.relay(None, patience()));
            ends.west.write_all_deadline(b"x", patience()).unwrap();
            ends.east.read_exact_deadline(&mut [0], patience()).unwrap();
            ends.left.shutdown(Shutdown::Both).unwrap();
            // The end is passed on, and later bytes of the other end are dropped.
            assert_eq!(ends.east.read_deadline(&mut [0], patience()).unwrap(), 0, "{name}");
            let relayed = relaying.join().unwrap().unwrap();
            assert_eq!((relayed.from_left, relayed.from_right), (1, 0), "{name}");
        });
    }
}

#[test]
fn an_end_that_takes_nothing_is_silence_too() {
    let Ends { left, right, west, east: _east } = Ends::tcp();
    thread::scope(|scope| {
        scope.spawn(|| west.write_all_deadline(&speech(4), patience()).unwrap_err());
        let error = relay(End::from(&left), End::from(&right), brief(), patience()).unwrap_err();
        assert!(error.error().is_timeout(), "{error:?}");
        assert!(error.relayed().from_left < 64 << 20);
        reset(left);
    });
}

#[test]
fn a_drip_does_not_outlast_the_deadline() {
    for (name, ends) in Ends::kinds() {
        let Ends { left, right, west, east } = ends;
        let dripping = thread::spawn(move || {
            while west.write_all_deadline(b".", patience()).is_ok() {
                thread::yield_now();
            }
        });
        let idle = Some(Duration::from_secs(60));
        let error = relay(End::from(&left), End::from(&right), idle, moment()).unwrap_err();
        assert_eq!(chain(&error), ["relay: poll: timed out", "the deadline passed"], "{name}");
        drop((left, right, east));
        dripping.join().unwrap();
    }
}

#[test]
fn a_reset_is_reported_with_its_side_and_not_passed_on_as_an_end() {
    for from in [Side::Left, Side::Right] {
        let Ends { left, right, west, east } = Ends::tcp();
        let (speaker, hearer) = match from {
            Side::Left => (west, east),
            Side::Right => (east, west),
        };
        let (error, hearer) = thread::scope(|scope| {
            let talking = scope.spawn(|| {
                speaker.write_all_deadline(b"half of it", patience()).unwrap();
                hearer.read_exact_deadline(&mut [0; 10], patience()).unwrap();
                reset(speaker);
                hearer
            });
            let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
            (error, talking.join().unwrap())
        });
        // Either reading or the watch for writing notices it first; the side is the same.
        assert_eq!(error.side(), Some(from), "{error:?}");
        assert_eq!(error.error().kind(), ErrorKind::ConnectionReset);
        let Relayed { from_left, from_right, .. } = error.relayed();
        assert_eq!(from_left + from_right, 10);
        assert!(hearer.read_deadline(&mut [0], moment()).unwrap_err().is_timeout());
    }
}

#[test]
fn a_reset_during_a_flood_is_reported() {
    let Ends { left, right, west, east } = Ends::tcp();
    thread::scope(|scope| {
        scope.spawn(|| {
            west.write_all_deadline(&speech(5), patience()).unwrap_err();
        });
        scope.spawn(|| {
            east.read_exact_deadline(&mut [0; 100_000], patience()).unwrap();
            reset(east);
        });
        let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
        // Reading may notice it as well as writing.
        assert_eq!(error.side(), Some(Side::Right), "{error:?}");
        let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.error().kind()), "{error:?}");
        assert!(error.relayed().from_left >= 100_000);
        drop((left, right));
    });
}

#[test]
fn a_reset_by_an_end_that_has_ended_is_reported() {
    let Ends { left, right, west, east } = Ends::tcp();
    let from_west = speech(7);
    thread::scope(|scope| {
        scope.spawn(|| west.write_all_deadline(&from_west, patience()).unwrap_err());
        scope.spawn(|| {
            east.shutdown(Shutdown::Write).unwrap();
            // That direction has ended.
            assert_eq!(west.read_deadline(&mut [0], patience()).unwrap(), 0);
            reset(east);
        });
        let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
        assert_eq!(error.side(), Some(Side::Right), "{error:?}");
        let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.error().kind()), "{error:?}");
        reset(left);
    });
}

#[test]
fn the_last_bytes_of_an_end_that_accepts_no_more_arrive() {
    let Ends { left, right, west, east } = Ends::tcp();
    // It answers without reading, so its close is a reset.
    west.write_all_deadline(b"a question that is too long", patience()).unwrap();
    right.write_all_deadline(b"x", patience()).unwrap();
    east.write_all_deadline(b"no", patience()).unwrap();
    assert!(east.has_more(patience().into()).unwrap());
    drop(east);
    let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
    assert_eq!(error.side(), Some(Side::Right), "{error:?}");
    assert_eq!(error.relayed().from_right, 2);
    let mut words = [0; 2];
    west.read_exact_deadline(&mut words, patience()).unwrap();
    assert_eq!(&words, b"no");
    // An end that came with a reset is not reliable.
    assert!(west.read_deadline(&mut [0], moment()).unwrap_err().is_timeout());
}
