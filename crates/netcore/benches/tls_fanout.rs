//! The load generator of the fan-out over TLS: receivers and publishers in one room of a chat
//! server, a NATS server or an IRC server. One thread; Linux.
//!
//! ```text
//! cargo bench -p netcore --features server,tls --bench tls_fanout -- HOST:PORT
//!     [--cacert FILE] [--dialect line|nats|irc] [--receivers N] [--publishers N]
//!     [--in-flight N] [--seconds N] [--pid PID]
//! ```
//!
//! Each publisher has a number of messages in flight, and sends the next one when the first
//! receiver has received one of them. Each receiver checks that it receives every message of every
//! publisher once and in order. The program prints one JSON object. With `--pid` it has the
//! processor time of the server for each delivery. Without `--cacert` everything is in the clear.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};
    use std::{env, fs};

    use mio::unix::SourceFd;
    use mio::{Events, Interest, Poll, Token};
    use netcore::tls::TlsConnector;
    use netcore::{Deadline, SocketOptions, Stream};

    type Result<T> = std::result::Result<T, Box<dyn Error>>;

    /// Bytes of a message. It begins with the publisher and the sequence number, in 8 digits each.
    const SIZE: usize = 64;
    const PATIENCE: Duration = Duration::from_secs(30);

    #[derive(Clone, Copy, PartialEq)]
    enum Dialect {
        Line,
        Nats,
        Irc,
    }

    struct Args {
        endpoint: String,
        tls: Option<TlsConnector>,
        dialect: Dialect,
        receivers: usize,
        publishers: usize,
        in_flight: u32,
        seconds: u64,
        pid: Option<String>,
    }

    fn args() -> Result<Args> {
        let mut args = Args {
            endpoint: String::new(),
            tls: None,
            dialect: Dialect::Line,
            receivers: 100,
            publishers: 10,
            in_flight: 32,
            seconds: 5,
            pid: None,
        };
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                // What `cargo bench` adds.
                "--bench" => {}
                "--cacert" => args.tls = Some(TlsConnector::with_roots_file(value()?)?),
                "--dialect" => {
                    args.dialect = match value()?.as_str() {
                        "line" => Dialect::Line,
                        "nats" => Dialect::Nats,
                        "irc" => Dialect::Irc,
                        other => return Err(format!("unknown dialect {other}").into()),
                    }
                }
                "--receivers" => args.receivers = value()?.parse()?,
                "--publishers" => args.publishers = value()?.parse()?,
                "--in-flight" => args.in_flight = value()?.parse()?,
                "--seconds" => args.seconds = value()?.parse()?,
                "--pid" => args.pid = Some(value()?),
                endpoint => args.endpoint = endpoint.to_owned(),
            }
        }
        Ok(args)
    }

    /// A connected client.
    struct Client {
        stream: Stream,
        /// The beginning of a line.
        rest: Vec<u8>,
        /// The next sequence number of each publisher.
        expected: Vec<u32>,
        /// Bytes that the socket has not taken.
        unsent: Vec<u8>,
    }

    /// Reads until `wanted` has arrived. Answers the PING of an IRC server.
    fn until(stream: &Stream, wanted: &[&[u8]]) -> Result<()> {
        let deadline = Deadline::after(PATIENCE);
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        let has = |seen: &[u8], word: &[u8]| seen.windows(word.len()).any(|it| it == word);
        while !wanted.iter().any(|word| has(&seen, word)) {
            let read = stream.read_deadline(&mut buffer, deadline)?;
            if read == 0 {
                return Err(format!("ended: {}", String::from_utf8_lossy(&seen)).into());
            }
            seen.extend_from_slice(&buffer[..read]);
            if let Some(at) = seen.windows(6).position(|it| it == b"PING :") {
                let line = seen[at + 6..].split(|byte| *byte == b'\r').next().unwrap_or_default();
                let answer = [b"PONG :".as_slice(), line, b"\r\n"].concat();
                seen.truncate(at);
                stream.write_all_deadline(&answer, deadline)?;
            }
        }
        Ok(())
    }

    fn connect(args: &Args, number: usize) -> Result<Client> {
        let deadline = Deadline::after(PATIENCE);
        let host = args.endpoint.rsplit_once(':').map_or("", |(host, _)| host);
        let mut stream = Stream::connect(&args.endpoint, &SocketOptions::new(), deadline)?;
        if args.dialect == Dialect::Nats {
            until(&stream, &[b"INFO"])?;
        }
        if let Some(tls) = &args.tls {
            stream = tls.connect(stream, host, deadline)?;
        }
        let say = |words: String| stream.write_all_deadline(words.as_bytes(), deadline);
        match args.dialect {
            // A server may take a connection long after it exists. A line that comes back shows
            // that the client is in the room.
            Dialect::Line => {
                let ready = format!("ready {number}\n");
                say(ready.clone())?;
                until(&stream, &[ready.as_bytes()])?;
            }
            Dialect::Nats => {
                let tls = args.tls.is_some();
                say(format!(
                    "CONNECT {{\"verbose\":false,\"pedantic\":false,\"tls_required\":{tls},\
                     \"lang\":\"bench\",\"version\":\"1\",\"protocol\":0}}\r\nSUB bench 1\r\nPING\r\n"
                ))?;
                until(&stream, &[b"PONG"])?;
            }
            Dialect::Irc => {
                say(format!("NICK b{number}\r\nUSER b{number} 0 * :b\r\n"))?;
                until(&stream, &[b" 376 ", b" 422 "])?;
                say("JOIN #bench\r\n".into())?;
                until(&stream, &[b" 366 "])?;
            }
        }
        stream.set_nonblocking(true)?;
        let expected = vec![0; args.publishers];
        Ok(Client { stream, rest: Vec::new(), expected, unsent: Vec::new() })
    }

    fn message(dialect: Dialect, publisher: usize, sequence: u32) -> Vec<u8> {
        let text = format!("{publisher:08}{sequence:08}{:x<1$}", "", SIZE - 16);
        match dialect {
            Dialect::Line => format!("{text}\n"),
            Dialect::Nats => format!("PUB bench {SIZE}\r\n{text}\r\n"),
            Dialect::Irc => format!("PRIVMSG #bench :{text}\r\n"),
        }
        .into_bytes()
    }

    impl Client {
        /// Sends what the socket takes.
        fn flush(&mut self) -> io::Result<()> {
            while !self.unsent.is_empty() {
                match (&self.stream).write(&self.unsent) {
                    Ok(sent) => drop(self.unsent.drain(..sent)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            match (&self.stream).flush() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
                result => result,
            }
        }

        /// Receives everything that has arrived. Calls `on_message` with the publisher of each.
        fn receive(&mut self, buffer: &mut [u8], mut on_message: impl FnMut(usize)) -> Result<u64> {
            let mut count = 0;
            loop {
                let read = match (&self.stream).read(buffer) {
                    Ok(0) => return Err("a server has ended a connection".into()),
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(count),
                    Err(error) => return Err(error.into()),
                };
                let mut input = &buffer[..read];
                while let Some(end) = input.iter().position(|byte| *byte == b'\n') {
                    let (line, later) = (&input[..end], &input[end + 1..]);
                    input = later;
                    let message = if self.rest.is_empty() {
                        self.check(line)?
                    } else {
                        let mut whole = std::mem::take(&mut self.rest);
                        whole.extend_from_slice(line);
                        self.check(&whole)?
                    };
                    if let Some(publisher) = message {
                        count += 1;
                        on_message(publisher);
                    }
                }
                self.rest.extend_from_slice(input);
            }
        }

        /// Checks the order of a line's message. Returns its publisher.
        fn check(&mut self, line: &[u8]) -> Result<Option<usize>> {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(start) = line.len().checked_sub(SIZE) else { return Ok(None) };
            let number = |digits: &[u8]| {
                digits.iter().try_fold(0u32, |number, digit| {
                    digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
                })
            };
            let (publisher, sequence) =
                (number(&line[start..start + 8]), number(&line[start + 8..start + 16]));
            let (Some(publisher), Some(sequence)) = (publisher, sequence) else { return Ok(None) };
            let publisher = publisher as usize;
            let expected = self.expected.get_mut(publisher).ok_or("an unknown publisher")?;
            if *expected != sequence {
                return Err(format!("message {sequence} came instead of {expected}").into());
            }
            *expected += 1;
            Ok(Some(publisher))
        }
    }

    /// Returns the processor time of a process, user and system.
    fn cpu(pid: &str) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields = stat.rsplit_once(") ").ok_or("/proc/PID/stat")?.1;
        let ticks: u64 =
            fields.split(' ').skip(11).take(2).map(|field| field.parse().unwrap_or(0)).sum();
        // USER_HZ is 100 on every Linux (proc(5)).
        Ok(Duration::from_millis(ticks * 10))
    }

    pub(super) fn main() -> Result<()> {
        let args = args()?;
        let is_publisher_apart = args.dialect == Dialect::Irc;
        let count = args.receivers + if is_publisher_apart { args.publishers } else { 0 };
        let mut clients =
            (0..count).map(|number| connect(&args, number)).collect::<Result<Vec<_>>>()?;
        // An IRC server does not send a message back to its sender.
        let publisher = |number: usize| match is_publisher_apart {
            true => args.receivers + number,
            false => number,
        };
        let mut poll = Poll::new()?;
        for (number, client) in clients.iter().enumerate() {
            let fd = client.stream.as_raw_fd();
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut SourceFd(&fd), Token(number), both)?;
        }
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; 256 * 1024];
        let mut sent = vec![0; args.publishers];
        let mut due = vec![args.in_flight; args.publishers];
        let (mut deliveries, mut begin, mut cpu_before) = (0, Instant::now(), Duration::ZERO);
        let mut is_warm = false;
        let started = Instant::now();
        loop {
            let elapsed = started.elapsed();
            if !is_warm && elapsed > Duration::from_secs(1) {
                (is_warm, deliveries, begin) = (true, 0, Instant::now());
                cpu_before = args.pid.as_deref().map_or(Ok(Duration::ZERO), cpu)?;
            }
            if elapsed > Duration::from_secs(1 + args.seconds) {
                break;
            }
            for (number, due) in due.iter_mut().enumerate() {
                let client = &mut clients[publisher(number)];
                for _ in 0..std::mem::take(due) {
                    client.unsent.extend(message(args.dialect, number, sent[number]));
                    sent[number] += 1;
                }
                client.flush()?;
            }
            poll.poll(&mut events, Some(Duration::from_secs(5)))?;
            if events.is_empty() {
                return Err("nothing arrived for 5 s".into());
            }
            for event in &events {
                let number = event.token().0;
                let client = &mut clients[number];
                client.flush()?;
                let counts = number == 0;
                deliveries += client.receive(&mut buffer, |publisher| {
                    if counts {
                        due[publisher] += 1;
                    }
                })?;
            }
        }
        let seconds = begin.elapsed().as_secs_f64();
        let cpu = args.pid.as_deref().map_or(Ok(Duration::ZERO), cpu)?.saturating_sub(cpu_before);
        let rate = deliveries as f64 / seconds;
        let each = cpu.as_secs_f64() * 1e6 / deliveries as f64;
        println!("{{\"deliveries_per_second\":{rate:.0},\"cpu_us_per_delivery\":{each:.4}}}");
        Ok(())
    }
}
