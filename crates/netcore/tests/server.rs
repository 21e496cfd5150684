//! The event-loop server over real sockets.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, reason = "a test may stop at whatever goes wrong")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netcore::datagram::Batch;
use netcore::server::{
    AddressLimit, Closed, Config, ConnectionId, Handle, Output, Rejection, Reply, Server, Service,
    Turn, Waker, Worker,
};
use netcore::{Address, Datagram, Deadline, Endpoint, Error, SocketOptions};

/// Sends its worker's number and the peer's address, and echoes.
struct Echo {
    worker: usize,
}

impl Service for Echo {
    type Connection = ();

    fn open(&mut self, peer: &Address, output: &mut Output) {
        output.send(format!("{} {peer}\n", self.worker).as_bytes());
    }

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        output.send(input);
    }

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        words.extend(format!("{why:?}\n").bytes());
    }
}

/// A server on a thread of its own, stopped in the end.
struct Running {
    endpoint: Endpoint,
    handle: Handle,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    fn start<S: Service>(
        endpoint: &str,
        config: Config,
        service: impl Fn(Worker) -> S + Send + Sync + 'static,
    ) -> Running {
        let server = Server::bind(&[endpoint.parse().unwrap()], config).unwrap();
        let endpoint = server.endpoints()[0].clone();
        let handle = server.handle();
        let thread = Some(thread::spawn(move || server.run(service)));
        Running { endpoint, handle, thread }
    }

    fn echo(config: Config) -> Running {
        Running::start("127.0.0.1:0", config, |worker| Echo { worker: worker.index() })
    }

    fn connect(&self) -> TcpStream {
        let address = self.endpoint.to_string();
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn end(mut self) -> thread::Result<Result<(), Error>> {
        self.handle.stop();
        self.thread.take().unwrap().join()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop_now();
    }
}

fn line(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn rest(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn connections_go_to_the_worker_with_the_fewest() {
    let server = Running::echo(Config::default().with_workers(3));
    let mut counts = [0; 3];
    let clients: Vec<TcpStream> = (0..9).map(|_| server.connect()).collect();
    for client in &clients {
        let worker: usize = line(client)[..1].parse().unwrap();
        counts[worker] += 1;
    }
    assert_eq!(counts, [3, 3, 3]);
    server.end().unwrap().unwrap();
}

#[test]
fn a_peer_beyond_the_limit_is_rejected_until_another_leaves() {
    let server = Running::echo(Config::default().with_workers(2).with_max_connections(2));
    let (first, second) = (server.connect(), server.connect());
    line(&first);
    line(&second);
    let third = server.connect();
    assert_eq!(rest(&third), b"Full\n");
    (&second).write_all(b"alive\n").unwrap();
    assert_eq!(line(&second), "alive\n");
    first.shutdown(Shutdown::Write).unwrap();
    rest(&first);
    // The worker closes the connection a moment before it counts one less.
    let fourth = loop {
        let stream = server.connect();
        let answer = line(&stream);
        if answer != "Full\n" {
            break stream;
        }
    };
    (&fourth).write_all(b"alive\n").unwrap();
    assert_eq!(line(&fourth), "alive\n");
}

#[test]
fn an_address_beyond_its_limit_is_rejected_by_every_server_that_shares_the_limit() {
    let limit = AddressLimit::new(2);
    let config = || Config::default().with_workers(2).with_address_limit(Some(limit.clone()));
    let servers = [Running::echo(config()), Running::echo(config())];
    let clients = servers.each_ref().map(Running::connect);
    clients.iter().for_each(|client| drop(line(client)));
    for server in &servers {
        assert_eq!(rest(&server.connect()), b"AddressFull { limit: 2 }\n");
    }
    clients[0].shutdown(Shutdown::Write).unwrap();
    rest(&clients[0]);
    // The worker closes the connection a moment before it counts one less.
    let next = loop {
        let stream = servers[1].connect();
        if !line(&stream).starts_with("AddressFull") {
            break stream;
        }
    };
    (&next).write_all(b"alive\n").unwrap();
    assert_eq!(line(&next), "alive\n");
}

#[test]
fn much_data_goes_both_ways_and_a_half_close_loses_none() {
    const SIZE: usize = 32 << 20;
    let server = Running::echo(Config::default().with_workers(1));
    let client = server.connect();
    line(&client);
    let writer = client.try_clone().unwrap();
    let sending = thread::spawn(move || {
        let piece: Vec<u8> = (0..SIZE / 64).map(|n| (n % 251) as u8).collect();
        for _ in 0..64 {
            (&writer).write_all(&piece).unwrap();
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let got = rest(&client);
    sending.join().unwrap();
    assert_eq!(got.len(), SIZE);
    assert!(got.iter().enumerate().all(|(n, b)| *b == (n % (SIZE / 64) % 251) as u8));
}

#[cfg(target_os = "linux")]
#[test]
fn urgent_data_stays_in_its_place() {
    let server = Running::echo(Config::default().with_workers(1));
    for _ in 0..50 {
        let client = server.connect();
        line(&client);
        // Telnet sends such a byte on an interrupt. A read stops at it, even if more has arrived.
        let socket = socket2::SockRef::from(&client);
        (&client).write_all(b"before").unwrap();
        socket.send_out_of_band(b"!").unwrap();
        (&client).write_all(b"behind\n").unwrap();
        assert_eq!(line(&client), "before!behind\n");
    }
}

#[test]
fn every_interface_means_both_families_and_ipv4_peers_look_like_it() {
    let server = Running::start(":0", Config::default(), |worker| Echo { worker: worker.index() });
    let client = server.connect();
    assert_eq!(line(&client)[2..], format!("{}\n", client.local_addr().unwrap()));
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_and_its_file_removed() {
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("netcore-server-{}.sock", std::process::id()));
    let server = Running::start(&format!("unix:{}", path.display()), Config::default(), |worker| {
        Echo { worker: worker.index() }
    });
    let client = UnixStream::connect(&path).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (&client).write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    (&client).read_to_string(&mut text).unwrap();
    assert_eq!(text, "0 unix:\nhello");
    assert!(path.exists());
    server.end().unwrap().unwrap();
    assert!(!path.exists());
}

#[test]
fn a_stop_sends_unsent_bytes_within_the_grace_period() {
    let server = Running::echo(Config::default().with_workers(2));
    let client = server.connect();
    line(&client);
    let sent = vec![b'x'; 1 << 20];
    let writer = client.try_clone().unwrap();
    let sending = thread::spawn({
        let sent = sent.clone();
        move || (&writer).write_all(&sent)
    });
    let mut first = [0];
    (&client).read_exact(&mut first).unwrap();
    server.handle.stop();
    // Input that was read before the stop comes back, and then the end of the stream.
    let got = rest(&client);
    assert!(got.iter().all(|b| *b == b'x') && got.len() < sent.len());
    drop(client);
    let _ = sending.join().unwrap();
    server.end().unwrap().unwrap();
}

#[test]
fn a_peer_that_takes_nothing_cannot_outlast_the_grace_period() {
    let config = Config::default().with_workers(1).with_grace(Duration::from_millis(100));
    let server = Running::echo(config);
    let client = server.connect();
    client.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    // The server stops reading when nobody takes its replies.
    while (&client).write(&[b'x'; 65_536]).is_ok() {}
    server.end().unwrap().unwrap();
}

/// Sends the contents of its mailbox, which other threads fill, to all connections.
struct Post {
    mailbox: Arc<Mutex<Vec<&'static str>>>,
    turns: mpsc::Sender<usize>,
}

impl Service for Post {
    type Connection = ConnectionId;

    fn open(&mut self, _: &Address, output: &mut Output) -> ConnectionId {
        output.id()
    }

    fn receive(&mut self, _: &mut ConnectionId, _: &[u8], _: &mut Output) {}

    fn turn(&mut self, turn: &mut Turn<'_, ConnectionId>) {
        let mail = std::mem::take(&mut *self.mailbox.lock().unwrap());
        if mail.is_empty() {
            return;
        }
        turn.each(|_, output| output.send(mail.concat().as_bytes()));
        let _ = self.turns.send(mail.len());
    }
}

#[test]
fn other_threads_wake_a_worker() {
    let mailbox = Arc::new(Mutex::new(Vec::new()));
    let (wakers, waker) = mpsc::channel::<Waker>();
    let (turns, turned) = mpsc::channel();
    let server = Running::start("127.0.0.1:0", Config::default().with_workers(1), {
        let mailbox = mailbox.clone();
        move |worker| {
            wakers.send(worker.waker()).unwrap();
            Post { mailbox: mailbox.clone(), turns: turns.clone() }
        }
    });
    let client = server.connect();
    let waker = waker.recv().unwrap();
    while server.handle.connections() == 0 {
        thread::yield_now();
    }
    let posting = thread::spawn(move || {
        for _ in 0..1000 {
            mailbox.lock().unwrap().push("mail\n");
            waker.wake();
        }
    });
    let delivered: usize =
        turned.iter().scan(0, |sum, n| Some((*sum += n, *sum).1)).find(|n| *n == 1000).unwrap();
    posting.join().unwrap();
    assert_eq!(delivered, 1000);
    for _ in 0..1000 {
        assert_eq!(line(&client), "mail\n");
    }
}

#[test]
fn a_service_that_panics_stops_all_workers_and_the_panic_is_passed_on() {
    struct Bomb;
    impl Service for Bomb {
        type Connection = ();
        fn open(&mut self, _: &Address, _: &mut Output) {}
        fn receive(&mut self, _: &mut (), _: &[u8], _: &mut Output) {
            panic!("as the test wants");
        }
        fn closed(&mut self, _: (), _: Closed) {}
    }
    let mut server = Running::start("127.0.0.1:0", Config::default().with_workers(3), |_| Bomb);
    let clients: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    (&clients[2]).write_all(b"x").unwrap();
    let result = server.thread.take().unwrap().join();
    assert!(result.is_err());
}

#[test]
fn a_server_that_is_stopped_before_it_runs_ends() {
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], Config::default()).unwrap();
    server.handle().stop();
    server.run(|worker| Echo { worker: worker.index() }).unwrap();
}

/// Reverses datagrams, and does not answer those that begin with `-`.
struct Backwards;

impl Service for Backwards {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {}

    fn receive(&mut self, _: &mut (), _: &[u8], _: &mut Output) {}

    fn datagram(&mut self, input: &[u8], _: &Address, reply: &mut Reply) {
        if input.first() != Some(&b'-') {
            reply.datagram().extend(input.iter().rev());
        }
    }
}

#[test]
fn each_datagram_is_answered_to_its_sender_or_not_at_all() {
    let running = Running::start("udp://127.0.0.1:0", Config::default(), |_| Backwards);
    let patience = || Deadline::after(Duration::from_secs(30));
    let options = SocketOptions::new();
    let clients: Vec<_> = (0..3)
        .map(|_| Datagram::connect(&running.endpoint, &options, patience()).unwrap())
        .collect();
    let largest = vec![b'x'; 65_507];
    // Each client sends more than one batch, so a turn has several senders and work for the next.
    for round in 0..4 {
        for client in &clients {
            for number in 0..20 {
                client.send(format!("{round} {number}").as_bytes(), patience()).unwrap();
                client.send(b"- no answer", patience()).unwrap();
            }
            client.send(b"", patience()).unwrap();
        }
        for client in &clients {
            let mut batch = Batch::new(Batch::MAX, 64);
            let mut answers = Vec::new();
            while answers.len() < 21 {
                client.recv_batch(&mut batch, patience()).unwrap();
                answers.extend(batch.iter().map(|(bytes, _)| bytes.to_vec()));
            }
            let turned = |number| format!("{round} {number}").bytes().rev().collect();
            let mut wanted: Vec<Vec<u8>> = (0..20).map(turned).collect();
            wanted.push(Vec::new());
            assert_eq!(answers, wanted);
        }
        clients[0].send(&largest, patience()).unwrap();
        let mut buffer = vec![0; 65_536];
        assert_eq!(clients[0].recv(&mut buffer, patience()).unwrap().len, largest.len());
    }
    running.end().unwrap().unwrap();
}
