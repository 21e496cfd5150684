use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use netcore::Deadline;
use netcore::server::{Config, Server};
use netcore::testing::TestDir;
use netcore::{ErrorKind, Operation, Transport};

use super::{BenchError, Load, Report};
use crate::format::Format;
use crate::responder::Framing;
use crate::server::TimeService;
use crate::zone::Zone;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn short() -> Load {
    Load::new()
        .with_connections(3)
        .with_pipeline(4)
        .with_warmup(Duration::from_millis(10))
        .with_duration(Duration::from_millis(50))
        .with_timeout(Duration::from_secs(30))
}

/// Runs a load on our own server at this endpoint.
fn on_server(endpoint: &str, framing: Framing, load: &Load) -> Report {
    let server = Server::bind(&[endpoint.parse().unwrap()], Config::default()).unwrap();
    let (endpoint, handle) = (server.endpoints()[0].clone(), server.handle());
    let serve = move || server.run(|_| TimeService::new(framing, Format::Ctime, Zone::Utc));
    let running = thread::spawn(serve);
    let report = load.run(&endpoint, &GO_ON, None).unwrap();
    handle.stop();
    running.join().unwrap().unwrap();
    report
}

#[track_caller]
fn expect_good(report: &Report) {
    assert!(report.latency.count() > 0, "{report:?}");
    let failures = [report.wrong, report.timeouts, report.ended, report.cut, report.unconnected];
    assert_eq!((failures, report.late), ([0; 5], 0), "{report:?}");
    assert_eq!(report.connections, 3);
}

#[test]
fn our_own_server_answers_as_it_should() {
    let line = Framing::Line { limit: Framing::LINE_LIMIT };
    let dir = TestDir::new();
    let socket = dir.endpoint("socket").to_string();
    let all = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", &socket];
    for endpoint in &all[..if cfg!(unix) { 3 } else { 2 }] {
        for framing in [Framing::Chunk, line] {
            for threads in [1, 2] {
                expect_good(&on_server(endpoint, framing, &short().with_threads(threads)));
            }
        }
    }
}

#[test]
fn requests_larger_than_any_buffer_are_answered_too() {
    expect_good(&on_server("tcp://127.0.0.1:0", Framing::Chunk, &short().with_size(1 << 20)));
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let load = short().with_rate(Some(1000)).with_warmup(Duration::ZERO);
    let report = on_server("tcp://127.0.0.1:0", Framing::Chunk, &load);
    expect_good(&report);
    assert_eq!(report.latency.count() + report.unsent, 50, "{report:?}");
    assert_eq!(report.uncorrected.unwrap().count(), report.latency.count());
}

#[test]
fn invalid_settings_are_rejected_before_anything_is_sent() {
    let tcp = "127.0.0.1:1".parse().unwrap();
    let udp = "udp://127.0.0.1:1".parse().unwrap();
    for (load, endpoint) in [
        (Load::new().with_connections(0), &tcp),
        (Load::new().with_pipeline(0), &tcp),
        (Load::new().with_pipeline(Load::MAX_IN_FLIGHT + 1), &tcp),
        (Load::new().with_connections(usize::MAX).with_pipeline(2), &tcp),
        (Load::new().with_size(0), &tcp),
        (Load::new().with_size(Load::MAX_SIZE + 1), &tcp),
        (Load::new().with_size(Load::MIN_DATAGRAM - 1), &udp),
        (Load::new().with_size(Load::MAX_DATAGRAM + 1), &udp),
        (Load::new().with_rate(Some(0)), &tcp),
        (Load::new().with_rate(Some(Load::MAX_RATE + 1)), &tcp),
        (Load::new().with_threads(0), &tcp),
        (Load::new().with_threads(2), &tcp),
        (Load::new().with_connections(2000).with_threads(2000), &tcp),
        (Load::new().with_duration(Duration::ZERO), &tcp),
        (Load::new().with_timeout(Duration::ZERO), &tcp),
    ] {
        let result = load.run(endpoint, &GO_ON, None);
        assert!(matches!(result, Err(BenchError::Settings(_))), "{load:?}: {result:?}");
    }
}

#[test]
fn error_texts_state_the_limits() {
    let refused = |load: Load, transport| load.check(transport).unwrap_err().to_string();
    for (load, transport, limit) in [
        (Load::new().with_pipeline(usize::MAX), Transport::Tcp, Load::MAX_IN_FLIGHT as u64),
        (Load::new().with_size(usize::MAX), Transport::Tcp, Load::MAX_SIZE as u64),
        (Load::new().with_size(usize::MAX), Transport::Udp, Load::MAX_DATAGRAM as u64),
        (Load::new().with_size(1), Transport::Udp, Load::MIN_DATAGRAM as u64),
        (Load::new().with_rate(Some(u64::MAX)), Transport::Tcp, Load::MAX_RATE),
        (
            Load::new().with_connections(9999).with_threads(9999),
            Transport::Tcp,
            Load::MAX_THREADS as u64,
        ),
    ] {
        let words = refused(load, transport);
        assert!(words.contains(&format!(" {limit} ")), "{words}: not {limit}");
    }
}

#[test]
fn a_refused_connection_is_reported_at_once() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = closed.local_addr().unwrap().to_string().parse().unwrap();
    drop(closed);
    match Load::new().run(&endpoint, &GO_ON, None) {
        Err(BenchError::Socket(error)) => {
            let expected = (Operation::Connect, ErrorKind::ConnectionRefused);
            assert_eq!((error.operation(), error.kind()), expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_write_error_ends_the_run() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
    let result = Load::new().run(&endpoint, &GO_ON, Some(&mut Full));
    assert!(matches!(result, Err(BenchError::Log(_))), "{result:?}");
}

#[cfg(unix)]
#[test]
fn a_stop_ends_the_first_connection_attempt() {
    let dir = TestDir::new();
    let endpoint = dir.endpoint("full");
    let options = netcore::SocketOptions::new().with_backlog(0);
    let _listener = netcore::Listener::bind_with(&endpoint, &options).unwrap();
    let soon = || Deadline::after(Duration::from_millis(20));
    let mut held = Vec::new();
    while let Ok(stream) =
        netcore::Stream::connect(&endpoint, &netcore::SocketOptions::new(), soon())
    {
        held.push(stream);
        assert!(held.len() < 64, "the queue is never full");
    }
    let load = short().with_timeout(Duration::from_secs(3600));
    let stopped = load.run(&endpoint, &AtomicBool::new(true), None);
    assert!(matches!(stopped, Err(BenchError::Stopped)), "{stopped:?}");
}
