//! A download whose server is killed and restarted twenty times.
//!
//! Of 64 MiB, or of as many bytes as `HTTPGET_RESTARTS` says:
//!
//!     HTTPGET_RESTARTS=1073741824 cargo test --release -p httpget --test restarts -- --nocapture
#![cfg(feature = "download")]
#![allow(clippy::unwrap_used, reason = "a test may stop at whatever goes wrong")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use httpget::Client;
use httpget::download::{Backoff, Download, Progress};
use netcore::testing::TestDir;

const KILLS: u64 = 20;

/// What the server sends beyond the place at which it is killed, so that it is killed at work.
const IN_FLIGHT: u64 = 256 << 10;

/// In the server's process: where it listens, how many bytes there are, and how many it sends.
const SERVER: &str = "HTTPGET_RESTARTS_SERVER";

/// Where the server listens. Not where clients come from: one that connects to a port at which
/// nobody listens may be given that very port, and be its own peer.
const HOST: &str = if cfg!(target_os = "linux") { "127.0.0.2" } else { "127.0.0.1" };

fn total() -> u64 {
    let text = std::env::var("HTTPGET_RESTARTS");
    text.map_or(64 << 20, |text| text.parse().expect("HTTPGET_RESTARTS is a number of bytes"))
}

/// The content at `offset`, which is a multiple of eight.
fn fill(buffer: &mut [u8], offset: u64) {
    for (number, word) in (offset / 8..).zip(buffer.chunks_exact_mut(8)) {
        let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word.copy_from_slice(&(mixed ^ (mixed >> 29)).to_le_bytes());
    }
}

#[test]
fn a_download_killed_twenty_times_is_complete() {
    let total = total();
    let directory = TestDir::new();
    let file = directory.path("file");
    let port = TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port();

    let stop = |kills: u64| if kills < KILLS { total / (KILLS + 1) * (kills + 1) } else { total };
    let start = |kills: u64| start_server(port, total, (stop(kills) + IN_FLIGHT).min(total));
    let mut server = Some(start(0));
    let (mut kills, mut refused) = (0, 0);
    let begin = Instant::now();
    let request = Client::new().get(&format!("http://{HOST}:{port}/"));
    let done = Download::new(request)
        .with_retries(3 * KILLS as u32)
        .with_backoff(Backoff::new(Duration::from_millis(20), Duration::from_millis(40)))
        .to_file_with_progress(&file, &mut |it| match it {
            Progress::Arrived { bytes, .. } if kills < KILLS && bytes >= stop(kills) => {
                if let Some(mut server) = server.take() {
                    // SIGKILL.
                    server.kill().unwrap();
                    server.wait().unwrap();
                    kills += 1;
                }
            }
            Progress::Waiting { error, .. } if server.is_none() => {
                // Every second time an attempt finds nobody there.
                let nobody = error.kind() == httpget::ErrorKind::Connect;
                refused += u64::from(nobody);
                if nobody || kills % 2 == 0 {
                    server = Some(start(kills));
                }
            }
            _ => {}
        })
        .unwrap();
    let elapsed = begin.elapsed();
    let mut server = server.unwrap();
    server.kill().unwrap();
    server.wait().unwrap();

    let twice = done.fetched - total;
    println!("{total} bytes, {kills} kills, {refused} refusals, {} attempts", done.attempts);
    println!("{twice} bytes fetched twice ({:.4} %)", 100.0 * twice as f64 / total as f64);
    println!("{:.1} s", elapsed.as_secs_f64());
    assert_eq!((kills, refused), (KILLS, KILLS / 2));
    assert!(twice <= total / 100);
    assert_eq!(done.bytes, total);
    compare(File::open(&file).unwrap(), total);
    assert_eq!(directory.names(), ["file"]);
}

/// Every byte of the file is the right one.
fn compare(mut file: File, total: u64) {
    let (mut got, mut wanted) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut offset = 0;
    while offset < total {
        let count = (total - offset).min(1 << 20) as usize;
        file.read_exact(&mut got[..count]).unwrap();
        fill(&mut wanted, offset);
        assert!(got[..count] == wanted[..count], "between {offset} and {}", offset + count as u64);
        offset += count as u64;
    }
    assert_eq!(file.read(&mut got).unwrap(), 0, "and not one more");
}

/// A process that sends as far as `limit`, and then nothing any more.
fn start_server(port: u16, total: u64, limit: u64) -> Child {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server", "--nocapture"])
        .env(SERVER, format!("{port} {total} {limit}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    // The pipe's other end goes, which is nothing to the server: it writes no more.
    assert!(lines.any(|line| line.unwrap().ends_with("listening")), "the server ended");
    server
}

/// In the server's process: the server, until it is killed. Elsewhere: nothing.
#[test]
fn server() {
    let Ok(told) = std::env::var(SERVER) else { return };
    let numbers: Vec<u64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
    let (port, total, limit) = (numbers[0] as u16, numbers[1], numbers[2]);
    let listener = TcpListener::bind((HOST, port)).unwrap();
    println!("listening");
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        thread::spawn(move || answer(stream, total, limit));
    }
}

fn answer(mut stream: TcpStream, total: u64, limit: u64) {
    let mut first = 0;
    let mut validated = false;
    for line in BufReader::new(&stream).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            first = range.strip_suffix('-').unwrap().parse().unwrap();
        }
        validated |= line == "if-range: \"one\"";
        if line.is_empty() {
            break;
        }
    }
    assert_eq!(validated, first > 0, "a range is asked for of this version");
    let status = if first > 0 { "206 Partial Content" } else { "200 OK" };
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: \"one\"\r\nContent-Length: {}\r\n\
         Content-Range: bytes {first}-{}/{total}\r\n\r\n",
        total - first,
        total - 1,
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let mut offset = first;
    while offset < limit {
        let aligned = offset - offset % 8;
        fill(&mut buffer, aligned);
        let skip = (offset - aligned) as usize;
        let end = buffer.len().min((limit - aligned) as usize);
        if stream.write_all(&buffer[skip..end]).is_err() {
            return;
        }
        offset = aligned + end as u64;
    }
    // Until it is killed, or the client has had enough.
    let _ = stream.read(&mut buffer);
}
