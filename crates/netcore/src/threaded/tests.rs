#[cfg(feature = "tls")]
mod tls;

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc;

use super::*;
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
use crate::fixture::{listen, moment, patience};
use crate::options::SocketOptions;

/// Runs a server with `handler` while `body` talks to it, stops it, and waits for it to end.
fn serve<E: fmt::Display>(
    config: Config,
    handler: impl Fn(&Connection) -> Result<(), E> + Sync,
    body: impl FnOnce(&Endpoint, &Handle),
) {
    let server = Server::new(vec![listen("127.0.0.1:0")], config).unwrap();
    let endpoint = server.listeners()[0].endpoint().clone();
    let handle = server.handle();
    let handler = &handler;
    thread::scope(|scope| {
        let running = scope.spawn(move || server.run(handler));
        let stop = StopAnyway(&handle);
        body(&endpoint, &handle);
        drop(stop);
        running.join().unwrap().unwrap();
    });
    assert_eq!(handle.connections(), 0);
}

/// A failed test must not leave the server running: the scope would wait for it.
struct StopAnyway<'a>(&'a Handle);

impl Drop for StopAnyway<'_> {
    fn drop(&mut self) {
        match thread::panicking() {
            true => self.0.stop_now(),
            false => self.0.stop(),
        }
    }
}

fn connect(endpoint: &Endpoint) -> Stream {
    Stream::connect(endpoint, &SocketOptions::new(), patience()).unwrap()
}

fn echo(mut connection: &Connection) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            read => connection.write_all(&buffer[..read])?,
        }
    }
}

fn expect(stream: &Stream, text: &str) {
    let mut answer = vec![0; text.len()];
    stream.read_exact_deadline(&mut answer, patience()).unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), text);
}

fn ask(stream: &Stream, text: &str) {
    stream.write_all_deadline(text.as_bytes(), patience()).unwrap();
    expect(stream, text);
}

fn end(stream: &Stream) {
    assert_eq!(stream.read_deadline(&mut [0], patience()).unwrap(), 0);
}

#[test]
fn several_connections_are_served_at_a_time() {
    serve(Config::default(), echo, |endpoint, handle| {
        let clients: Vec<_> = (0..5).map(|_| connect(endpoint)).collect();
        for (number, client) in clients.iter().enumerate().rev() {
            ask(client, &format!("client {number}"));
        }
        assert_eq!(handle.connections(), 5);
        for client in clients {
            client.finish(patience()).unwrap();
        }
    });
}

#[test]
fn a_panic_ends_only_its_own_connection() {
    let handler = |connection: &Connection| {
        let mut line = String::new();
        let mut reader = BufReader::new(connection).take(64);
        while reader.read_line(&mut line)? > 0 {
            match line.as_str() {
                "str\n" => panic!("as the test wants it"),
                "string\n" => panic!("as the test wants it: {line}"),
                "value\n" => panic::panic_any(5),
                "error\n" => return Err(io::Error::other("as the test wants it")),
                _ => (&mut &*connection).write_all(line.as_bytes())?,
            }
            line.clear();
        }
        Ok(())
    };
    serve(Config::default(), handler, |endpoint, _| {
        let other = connect(endpoint);
        for how in ["str\n", "string\n", "value\n", "error\n"] {
            let victim = connect(endpoint);
            ask(&victim, "hello\n");
            victim.write_all_deadline(how.as_bytes(), patience()).unwrap();
            end(&victim);
            ask(&other, "still there\n");
            ask(&connect(endpoint), "and new\n");
        }
        other.finish(patience()).unwrap();
    });
}

#[test]
fn a_connection_above_the_limit_waits_for_a_permit() {
    serve(Config::default().with_max_connections(2), echo, |endpoint, handle| {
        let (first, second) = (connect(endpoint), connect(endpoint));
        ask(&first, "one");
        ask(&second, "two");
        let third = connect(endpoint);
        third.write_all_deadline(b"three", patience()).unwrap();
        assert!(third.read_deadline(&mut [0], moment()).unwrap_err().is_timeout());
        assert_eq!(handle.connections(), 2);
        ask(&first, "one more");
        first.finish(patience()).unwrap();
        expect(&third, "three");
        second.finish(patience()).unwrap();
        third.finish(patience()).unwrap();
    });
}

#[test]
fn a_stop_lets_the_handlers_finish() {
    let handler = |mut connection: &Connection| -> io::Result<()> {
        let mut word = [0; 2];
        connection.read_exact(&mut word)?;
        assert!(!connection.is_stopping());
        connection.write_all(b"ready")?;
        connection.read_exact(&mut word)?;
        assert!(connection.is_stopping());
        connection.write_all(b"done")
    };
    let config = Config::default().with_grace(Duration::from_secs(600));
    serve(config, handler, |endpoint, handle| {
        let client = connect(endpoint);
        client.write_all_deadline(b"go", patience()).unwrap();
        expect(&client, "ready");
        handle.stop();
        // Once the listener is closed, the stop is under way.
        let options = SocketOptions::new();
        while Stream::connect(endpoint, &options, patience()).is_ok() {}
        assert_eq!(handle.connections(), 1);
        client.write_all_deadline(b"on", patience()).unwrap();
        expect(&client, "done");
        end(&client);
    });
}

/// Sends the result of a read from a silent peer.
fn blocked_read(results: mpsc::Sender<io::Error>) -> impl Fn(&Connection) -> io::Result<()> + Sync {
    move |mut connection: &Connection| {
        connection.write_all(b"ready")?;
        let error = connection.read(&mut [0]).unwrap_err();
        let _ = results.send(error);
        let mut rest = connection;
        rest.write_all(b"too late")
    }
}

fn without_timeouts() -> Config {
    Config::default().with_idle_timeout(None).with_total_timeout(None)
}

#[test]
fn a_call_that_blocks_at_the_end_of_the_grace_period_fails() {
    let (results, result) = mpsc::channel();
    let config = without_timeouts().with_grace(Duration::from_millis(20));
    serve(config, blocked_read(results), |endpoint, handle| {
        let client = connect(endpoint);
        expect(&client, "ready");
        let own = client.local_address().unwrap();
        handle.stop();
        let error = result.recv().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(error.to_string(), format!("read from {own}: connection aborted"));
        end(&client);
    });
}

#[test]
fn stopping_now_does_not_wait_for_the_grace_period() {
    let (results, result) = mpsc::channel();
    let config = without_timeouts().with_grace(Duration::MAX);
    serve(config, blocked_read(results), |endpoint, handle| {
        let client = connect(endpoint);
        expect(&client, "ready");
        handle.stop();
        handle.stop_now();
        assert_eq!(result.recv().unwrap().kind(), io::ErrorKind::ConnectionAborted);
    });
}

#[test]
fn a_server_that_is_stopped_before_it_runs_ends_at_once() {
    let server = Server::new(vec![listen("127.0.0.1:0")], Config::default()).unwrap();
    server.handle().stop();
    server.run(echo).unwrap();
    let nowhere = Server::new(Vec::new(), Config::default()).unwrap();
    let handle = nowhere.handle();
    let running = thread::spawn(move || nowhere.run(echo));
    handle.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn a_read_from_a_silent_peer_fails_after_the_idle_timeout() {
    let (results, result) = mpsc::channel();
    let config = without_timeouts().with_idle_timeout(Some(Duration::from_millis(20)));
    serve(config, blocked_read(results), |endpoint, _| {
        let client = connect(endpoint);
        expect(&client, "ready");
        let error = result.recv().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        expect(&client, "too late");
        end(&client);
    });
}

#[test]
fn a_write_to_a_peer_that_takes_nothing_fails_after_the_idle_timeout() {
    let (results, result) = mpsc::channel();
    let handler = |mut connection: &Connection| -> io::Result<()> {
        let error = loop {
            if let Err(error) = connection.write_all(&[0; 1 << 20]) {
                break error;
            }
        };
        let _ = results.send(error.kind());
        Err(error)
    };
    let config = without_timeouts().with_idle_timeout(Some(Duration::from_millis(50)));
    serve(config, handler, |endpoint, _| {
        let _client = connect(endpoint);
        assert_eq!(result.recv().unwrap(), io::ErrorKind::TimedOut);
    });
}

#[test]
fn a_peer_that_drips_is_closed_after_the_total_timeout() {
    let (results, result) = mpsc::channel();
    let handler = |mut connection: &Connection| -> io::Result<()> {
        let mut byte = [0];
        let error = loop {
            match connection.read(&mut byte) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(connection.end().is_expired());
        let _ = results.send(error.kind());
        Err(error)
    };
    let config = without_timeouts().with_total_timeout(Some(Duration::from_millis(50)));
    serve(config, handler, |endpoint, _| {
        let client = connect(endpoint);
        while client.write_all_deadline(b".", patience()).is_ok() {}
        assert_eq!(result.recv().unwrap(), io::ErrorKind::TimedOut);
    });
}

/// A close over unread input would reset the connection, and the answer with it.
#[test]
fn the_last_bytes_arrive_even_if_input_is_left_unread() {
    let handler = |mut connection: &Connection| -> io::Result<()> {
        connection.read_exact(&mut [0])?;
        connection.write_all(b"enough")
    };
    serve(Config::default(), handler, |endpoint, _| {
        let client = connect(endpoint);
        client.write_all_deadline(&[b'x'; 100_000], patience()).unwrap();
        expect(&client, "enough");
        end(&client);
        client.finish(patience()).unwrap();
    });
}

#[test]
fn an_aborted_connection_ends_with_a_reset() {
    let handler = |mut connection: &Connection| -> Result<(), Error> {
        // All input is read: a close over unread input would be a reset in any case.
        let error = |error| Error::from_io(Operation::Read, error);
        connection.read_exact(&mut [0; 4]).map_err(error)?;
        connection.abort()
    };
    serve(Config::default(), handler, |endpoint, _| {
        let client = connect(endpoint);
        client.write_all_deadline(b"text", patience()).unwrap();
        let error = client.read_deadline(&mut [0], patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[cfg(unix)]
#[test]
fn serves_several_listeners_and_removes_their_files() {
    let dir = crate::fixture::TestDir::new();
    let unix = Listener::bind_all(dir.endpoint("socket"), &SocketOptions::new()).unwrap();
    let mut listeners = vec![listen("127.0.0.1:0")];
    listeners.extend(unix);
    let endpoints: Vec<_> = listeners.iter().map(|it| it.endpoint().clone()).collect();
    let server = Server::new(listeners, Config::default()).unwrap();
    let handle = server.handle();
    let running = thread::spawn(move || server.run(echo));
    for _ in 0..2 {
        for endpoint in &endpoints {
            let client = connect(endpoint);
            ask(&client, "hello");
            client.finish(patience()).unwrap();
        }
    }
    handle.stop();
    running.join().unwrap().unwrap();
    assert!(!dir.path("socket").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_lack_of_descriptors_delays_accept_and_does_not_end_it() {
    crate::fixture::in_child(
        "threaded::tests::a_lack_of_descriptors_delays_accept_and_does_not_end_it",
        "ulimit -n 60",
        || {
            serve(Config::default(), echo, |endpoint, handle| {
                let (first, other) = (connect(endpoint), connect(endpoint));
                ask(&first, "before");
                ask(&other, "before");
                let late = std::net::TcpStream::from(
                    socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
                        .unwrap(),
                );
                let mut held = Vec::new();
                while let Ok(clone) = first.try_clone() {
                    held.push(clone);
                }
                let address = first.peer_address().unwrap().inet().unwrap();
                socket2::SockRef::from(&late).connect(&address.into()).unwrap();
                let late = Stream::from(late);
                late.write_all_deadline(b"late", patience()).unwrap();
                assert!(late.read_deadline(&mut [0; 4], moment()).unwrap_err().is_timeout());
                assert_eq!(handle.connections(), 2);
                ask(&other, "meanwhile");
                held.clear();
                expect(&late, "late");
            });
        },
    );
}

#[test]
fn a_listener_that_does_not_listen_is_an_error() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    // Windows reports no address of a socket that is not bound.
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let deaf = Listener::try_from(std::net::TcpListener::from(socket)).unwrap();
    let name = deaf.endpoint().to_string();
    let server = Server::new(vec![deaf], Config::default()).unwrap();
    let error = server.run(echo).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Accept, ErrorKind::InvalidInput));
    assert_eq!(error.endpoint(), Some(&*name));
}

#[test]
fn a_connection_is_as_its_timeouts_say() {
    let handler = |connection: &Connection| -> io::Result<()> {
        let (end, idle) = (connection.end(), connection.deadline());
        assert_eq!(end.earlier(idle), idle);
        assert_ne!(end, idle);
        assert_eq!(connection.peer(), &connection.stream().peer_address()?);
        let mut connection = connection;
        connection.write_all(b"as it should be")
    };
    serve(Config::default(), handler, |endpoint, _| expect(&connect(endpoint), "as it should be"));
    let limited = Config::default().with_max_connections(0);
    serve(limited, echo, |endpoint, _| ask(&connect(endpoint), "one is served"));
}
