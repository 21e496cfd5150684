//! Round trips by ICMP echo (RFC 792, RFC 4443 section 4). They use an ICMP datagram socket if the
//! system allows it (icmp(7), `ping_group_range`), else a raw socket, which needs privileges.
//!
//!     cargo run -p netcore --example icmp_ping -- HOST [COUNT]

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use netcore::raw::{Domain, Protocol, Socket, Type};
use netcore::resolve::{Family, resolve};
use netcore::{Address, Deadline, Endpoint, ErrorKind, SocketOptions};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The wait for one answer, and the time between two requests.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOKUP: Duration = Duration::from_secs(5);
const DATA: &[u8] = b"the quick brown fox jumps over the lazy dog, and again..";

struct Pinger {
    socket: Socket,
    to: SocketAddr,
    identifier: u16,
}

/// A received answer.
struct Answer {
    len: usize,
    sequence: u16,
    ttl: Option<u8>,
}

impl Pinger {
    fn new(to: SocketAddr) -> Result<Pinger> {
        let (domain, protocol) = match to.ip() {
            IpAddr::V4(_) => (Domain::Ipv4, Protocol::Icmp),
            IpAddr::V6(_) => (Domain::Ipv6, Protocol::Icmpv6),
        };
        let options = SocketOptions::new();
        let socket = match Socket::open(domain, Type::Datagram, protocol, &options) {
            Err(error)
                if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) =>
            {
                Socket::open(domain, Type::Raw, protocol, &options)?
            }
            result => result?,
        };
        // Restricts the socket to this peer. The system chooses the identifier of a datagram
        // socket.
        socket.connect(&Address::Inet(to), Deadline::after(PATIENCE))?;
        let identifier = match socket.kind() {
            Type::Raw => std::process::id() as u16,
            _ => socket.local_address()?.inet().map_or(0, |own| own.port()),
        };
        Ok(Pinger { socket, to, identifier })
    }

    /// Sends request number `sequence` and waits for its answer. Returns `None` if none came in
    /// time.
    fn ping(&self, sequence: u16) -> Result<Option<(Answer, Duration)>> {
        let begin = Instant::now();
        let deadline = Deadline::after_at(begin, PATIENCE);
        self.socket.send(&self.request(sequence), deadline)?;
        let mut buffer = [0; 1500];
        loop {
            let received = match self.socket.recv(&mut buffer, deadline) {
                Err(error) if error.is_timeout() => return Ok(None),
                result => result?,
            };
            let took = begin.elapsed();
            match self.answer(&buffer[..received.len]) {
                Some(answer) if answer.sequence == sequence => return Ok(Some((answer, took))),
                // Another program's answer, or a late one.
                _ => {}
            }
        }
    }

    fn request(&self, sequence: u16) -> Vec<u8> {
        let kind = if self.to.is_ipv4() { 8 } else { 128 };
        let mut packet = vec![kind, 0, 0, 0];
        packet.extend(self.identifier.to_be_bytes());
        packet.extend(sequence.to_be_bytes());
        packet.extend(DATA);
        // The checksum of ICMPv6 covers the IP header, so the system adds it (RFC 3542 section
        // 3.1).
        if self.to.is_ipv4() {
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        packet
    }

    /// Returns `None` if the message is no answer to this program.
    fn answer(&self, packet: &[u8]) -> Option<Answer> {
        let (mut message, mut ttl) = (packet, None);
        // The IP header (RFC 791 section 3.1) comes first: always on a raw IPv4 socket, and on
        // some systems on a datagram socket too. No ICMP answer begins with its 4.
        if self.to.is_ipv4() && packet.first()? >> 4 == 4 {
            ttl = packet.get(8).copied();
            message = packet.get(usize::from(packet.first()? & 15) * 4..)?;
        }
        let kind = if self.to.is_ipv4() { 0 } else { 129 };
        let &[first, 0, _, _, id_high, id_low, high, low, ref data @ ..] = message else {
            return None;
        };
        let ours = u16::from_be_bytes([id_high, id_low]) == self.identifier;
        let answer = Answer { len: message.len(), sequence: u16::from_be_bytes([high, low]), ttl };
        (first == kind && ours && data == DATA).then_some(answer)
    }
}

/// The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        let word = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        sum += u32::from(word);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn run(host: &str, count: u16) -> Result<ExitCode> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let endpoint: Endpoint = format!("udp://{host}:0").parse()?;
    let addresses = resolve(&endpoint, Family::Any, Deadline::after(LOOKUP))?;
    let to = *addresses.first().ok_or("the host has no address")?;
    let pinger = Pinger::new(to)?;
    println!("PING {host} ({}) over {}: {} data bytes", to.ip(), pinger.socket, DATA.len());
    let mut times = Vec::new();
    for sequence in 0..count {
        let next = Instant::now() + PATIENCE;
        match pinger.ping(sequence)? {
            Some((answer, took)) => {
                let ttl = answer.ttl.map(|ttl| format!(" ttl={ttl}")).unwrap_or_default();
                let ms = took.as_secs_f64() * 1e3;
                println!(
                    "{} bytes from {}: icmp_seq={sequence}{ttl} time={ms:.3} ms",
                    answer.len,
                    to.ip()
                );
                times.push(ms);
            }
            None => println!("no answer to icmp_seq={sequence}"),
        }
        if sequence + 1 < count {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
    let lost = 100.0 * (1.0 - times.len() as f64 / f64::from(count));
    println!("--- {host} ping statistics ---");
    println!("{count} packets transmitted, {} received, {lost:.0}% packet loss", times.len());
    if times.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let min = times.iter().copied().fold(f64::INFINITY, f64::min);
    let max = times.iter().copied().fold(0.0, f64::max);
    let average = times.iter().sum::<f64>() / times.len() as f64;
    println!("round-trip min/avg/max = {min:.3}/{average:.3}/{max:.3} ms");
    Ok(ExitCode::SUCCESS)
}

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().ok_or("usage: icmp_ping HOST [COUNT]")?;
    let count = arguments.next().map_or(Ok(3), |count| count.parse())?;
    run(&host, count)
}
