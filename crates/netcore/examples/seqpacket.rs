//! Sequenced packets over a Unix socket: a connection like a stream, but each receive returns the
//! bytes of one send. A server adds the numbers of each packet. It needs no lines or lengths to
//! find the end of a packet.
//!
//!     cargo run -p netcore --example seqpacket

use std::error::Error;
use std::net::Shutdown;
use std::path::Path;
use std::thread;
use std::time::Duration;

use netcore::raw::{Domain, Protocol, Socket, Type};
use netcore::{Address, Deadline, SocketOptions};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_PACKET: usize = 1024;

fn open() -> Result<Socket> {
    let options = SocketOptions::new();
    Ok(Socket::open(Domain::Unix, Type::SeqPacket, Protocol::Default, &options)?)
}

/// Answers each packet with a packet, until the client ends.
fn serve(server: &Socket) -> Result<()> {
    let (connection, _) = server.accept(Deadline::after(PATIENCE))?;
    let mut buffer = [0; LONGEST_PACKET];
    loop {
        let deadline = Deadline::after(PATIENCE);
        let received = connection.recv(&mut buffer, deadline)?;
        if received.len == 0 {
            return Ok(());
        }
        let answer = match sum(&buffer[..received.len]) {
            _ if received.truncated => "that packet is too long".to_owned(),
            Some(sum) => sum.to_string(),
            None => "those are no numbers".to_owned(),
        };
        connection.send(answer.as_bytes(), deadline)?;
    }
}

fn sum(packet: &[u8]) -> Option<u64> {
    let words = std::str::from_utf8(packet).ok()?.split_whitespace();
    words.map(|word| word.parse::<u64>().ok()).try_fold(0_u64, |sum, word| sum.checked_add(word?))
}

fn ask(server: &Address) -> Result<()> {
    let client = open()?;
    let deadline = Deadline::after(PATIENCE);
    client.connect(server, deadline)?;
    let packets = ["1 2 3", "40 2", "seven"];
    // Sends all packets at once: their boundaries are kept.
    for packet in packets {
        client.send(packet.as_bytes(), deadline)?;
    }
    client.shutdown(Shutdown::Write)?;
    let mut buffer = [0; LONGEST_PACKET];
    for packet in packets {
        let received = client.recv(&mut buffer, deadline)?;
        println!("{packet}: {}", String::from_utf8_lossy(&buffer[..received.len]));
    }
    Ok(())
}

fn run(path: &Path) -> Result<()> {
    let address = Address::Unix(Some(path.to_owned()));
    let server = open()?;
    server.bind(&address)?;
    server.listen(1)?;
    let running = thread::spawn(move || serve(&server));
    ask(&address)?;
    running.join().map_err(|_| "the server panicked")?
}

fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("seqpacket-{}", std::process::id()));
    let result = run(&path);
    // A raw socket does not remove its file.
    let _ = std::fs::remove_file(&path);
    result
}
