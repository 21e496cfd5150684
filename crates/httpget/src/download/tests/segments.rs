//! Downloads in segments, from servers that break, refuse, and change their minds.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::download::hash::hash;

/// Bytes of which no two places look alike.
fn content(count: usize) -> Vec<u8> {
    (0u32..).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(count).collect()
}

const SIZE: usize = 2 << 20;

/// A request, as the server sees it.
#[derive(Clone, Debug)]
struct Asked {
    /// The number of the request, from 0.
    number: usize,
    range: Option<Range<usize>>,
    if_range: Option<String>,
    /// Responses that are being sent, this one included.
    at_once: usize,
}

/// The server's reply.
#[derive(Clone, Debug)]
enum Reply {
    /// The range, or everything.
    Serve,
    /// The same, but the connection ends after that many bytes.
    Cut(usize),
    /// The same of another version.
    Version(&'static str, Arc<Vec<u8>>),
    /// The same, but after that many bytes the server only waits for the client to go.
    Stall(usize),
    /// Everything, with 200.
    Whole,
    /// A status without content.
    Status(&'static str),
    /// Another range than the requested one.
    Shifted,
    /// A redirect that leads there.
    Moved(&'static str),
}

/// A server of one file, with a thread for each connection.
struct RangeServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    most: Arc<AtomicUsize>,
}

impl RangeServer {
    fn start(
        content: Arc<Vec<u8>>,
        reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> RangeServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let most = Arc::new(AtomicUsize::new(0));
        let busy = Arc::new(AtomicUsize::new(0));
        let (heard, peak, reply) = (asked.clone(), most.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (content, reply) = (content.clone(), reply.clone());
                let (heard, peak, busy) = (heard.clone(), peak.clone(), busy.clone());
                thread::spawn(move || {
                    while let Some(mut asked) = request(&stream) {
                        asked.at_once = busy.fetch_add(1, Ordering::SeqCst) + 1;
                        peak.fetch_max(asked.at_once, Ordering::SeqCst);
                        {
                            let mut heard = heard.lock().unwrap();
                            asked.number = heard.len();
                            heard.push(asked.clone());
                        }
                        let kept = answer(&stream, &asked, &content, &reply(&asked));
                        busy.fetch_sub(1, Ordering::SeqCst);
                        if kept.is_none() {
                            return;
                        }
                    }
                });
            }
        });
        RangeServer { address, asked, most }
    }

    fn download(&self) -> Download {
        let client = Client::new().with_address("host", 80, self.address);
        Download::new(client.get(URL))
            .with_backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
            .with_segments(4)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &TcpStream) -> Option<Asked> {
    let mut asked = Asked { number: 0, range: None, if_range: None, at_once: 0 };
    let mut lines = BufReader::with_capacity(1, stream).lines();
    lines.next()?.ok()?;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(asked);
        }
        let (name, value) = line.split_once(": ").unwrap();
        match &*name.to_ascii_lowercase() {
            "range" => {
                let (first, last) = value.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let end =
                    if last.is_empty() { usize::MAX } else { last.parse::<usize>().unwrap() + 1 };
                asked.range = Some(first.parse().unwrap()..end);
            }
            "if-range" => asked.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    None
}

/// Returns `None` if the connection is to be closed.
fn answer(mut stream: &TcpStream, asked: &Asked, content: &[u8], reply: &Reply) -> Option<()> {
    let (tag, content) = match reply {
        Reply::Version(tag, content) => (*tag, &content[..]),
        _ => ("\"v1\"", content),
    };
    match reply {
        Reply::Status(status) => {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).ok();
        }
        Reply::Moved(to) => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).ok();
        }
        _ => {}
    }
    let is_same = asked.if_range.as_deref().is_none_or(|it| it == tag);
    let wanted = asked.range.clone().filter(|_| is_same && !matches!(reply, Reply::Whole));
    let (status, range, line) = match wanted {
        Some(range) => {
            let shift = usize::from(matches!(reply, Reply::Shifted));
            let range = range.start + shift..range.end.min(content.len());
            let line = format!("{}\r\n", content_range(range.start, range.end - 1, content.len()));
            ("206 Partial Content", range, line)
        }
        None => ("200 OK", 0..content.len(), String::new()),
    };
    let length = range.end - range.start;
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: {tag}\r\nAccept-Ranges: bytes\r\n{line}Content-Length: {length}\r\n\r\n"
    );
    let mut body = &content[range];
    if let Reply::Cut(bytes) | Reply::Stall(bytes) = reply {
        body = &body[..body.len().min(*bytes)];
    }
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    if let Reply::Stall(_) = reply {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        return None;
    }
    (body.len() == length).then_some(())
}

fn serve_all(_: &Asked) -> Reply {
    Reply::Serve
}

fn body() -> Arc<Vec<u8>> {
    Arc::new(content(SIZE))
}

#[test]
fn a_file_comes_in_as_many_ranges_as_asked_for() {
    let content = body();
    for segments in [1, 2, 4, 16, 99] {
        let server = RangeServer::start(content.clone(), serve_all);
        let place = FileTarget::new();
        let mut split = None;
        let mut last = 0;
        let done = server
            .download()
            .with_segments(segments)
            .to_file_with_progress(&place.file, &mut |step| match step {
                Progress::Split { segments } => split = Some(segments),
                Progress::Arrived { bytes } => {
                    assert!(bytes >= last && bytes <= SIZE as u64);
                    last = bytes;
                }
                _ => {}
            })
            .unwrap();
        place.assert_whole(&content);
        assert_eq!((done.bytes, last), (SIZE as u64, SIZE as u64));
        assert!(done.fetched >= SIZE as u64);
        assert_eq!(done.attempts, 1);
        assert_eq!(split, (segments > 1).then_some(segments.min(MAX_SEGMENTS)));
        let asked = server.asked();
        assert!(asked[0].range.is_none());
        assert!(asked[1..].iter().all(|it| it.if_range.as_deref() == Some("\"v1\"")), "{asked:?}");
        assert_eq!(asked.len() == 1, segments == 1, "{asked:?}");
        assert!(server.most.load(Ordering::SeqCst) <= MAX_SEGMENTS);
    }
}

#[test]
fn a_small_file_is_one_stream() {
    let content = Arc::new(content(500 << 10));
    let server = RangeServer::start(content.clone(), serve_all);
    let place = FileTarget::new();
    server.download().to_file(&place.file).unwrap();
    place.assert_whole(&content);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn broken_connections_leave_their_work_to_the_others() {
    let content = body();
    // Each of the first three requests for a range breaks after some bytes.
    let server = RangeServer::start(content.clone(), |asked| match asked.number {
        1..=3 => Reply::Cut(100_000 * asked.number),
        _ => Reply::Serve,
    });
    let place = FileTarget::new();
    let done = server.download().with_retries(3).to_file(&place.file).unwrap();
    place.assert_whole(&content);
    assert!(done.attempts <= 4, "{}", done.attempts);
}

#[test]
fn segments_that_all_break_are_resumed() {
    let content = body();
    let place = FileTarget::new();
    let server = RangeServer::start(content.clone(), |asked| Reply::Cut(150_000 + asked.number));
    let error = server.download().to_file(&place.file).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(place.directory.names(), ["file.part", "file.part.meta"]);
    let mark = fs::read_to_string(place.meta()).unwrap();
    assert!(mark.contains("\nleft "), "{mark}");
    let part = fs::read(place.part()).unwrap();
    assert_eq!(part.len(), SIZE);

    for segments in [4, 1] {
        fs::remove_file(place.part()).unwrap();
        fs::write(place.part(), &part).unwrap();
        rewrite_mark(&place, &mark);
        let server = RangeServer::start(content.clone(), serve_all);
        let download = server.download().with_segments(segments).with_resume(true);
        let done = download.to_file(&place.file).unwrap();
        place.assert_whole(&content);
        assert!(done.resumed_from > 150_000 && done.fetched < SIZE as u64, "{done:?}");
        assert_eq!(server.asked()[0].if_range.as_deref(), Some("\"v1\""));
        fs::write(place.part(), "").unwrap();
    }
}

/// Writes the mark of a part that was written anew: without a birth, and with the check value of
/// the lines that are left.
fn rewrite_mark(place: &FileTarget, text: &str) {
    let mut all = String::new();
    for line in text.lines().filter(|line| !line.starts_with("born ")) {
        match line.strip_prefix("left ") {
            Some(left) => {
                let ranges = left[16..].trim_end();
                let check = hash(format!("{all}{ranges}").as_bytes());
                all += &format!("left {check:016x}{ranges}\n");
            }
            None => all += &format!("{line}\n"),
        }
    }
    fs::write(place.meta(), all).unwrap();
}

#[test]
fn a_part_without_holes_is_resumed_in_segments() {
    let content = body();
    let place = FileTarget::new();
    let server = RangeServer::start(content.clone(), |_| Reply::Cut(300_000));
    server.download().with_segments(1).to_file(&place.file).unwrap_err();
    assert_eq!(fs::metadata(place.part()).unwrap().len(), 300_000);
    let server = RangeServer::start(content.clone(), serve_all);
    let done = server.download().with_resume(true).to_file(&place.file).unwrap();
    assert_eq!(done.resumed_from, 300_000);
    place.assert_whole(&content);
    assert!(server.asked().len() > 1);
}

#[test]
fn without_resume_the_segments_start_again() {
    let content = body();
    let place = FileTarget::new();
    let server = RangeServer::start(content.clone(), |_| Reply::Cut(150_000));
    server.download().to_file(&place.file).unwrap_err();
    let server = RangeServer::start(content.clone(), serve_all);
    let done = server.download().with_segments(1).to_file(&place.file).unwrap();
    assert_eq!((done.resumed_from, done.fetched), (0, SIZE as u64));
    place.assert_whole(&content);
}

#[test]
fn a_server_without_ranges_sends_one_stream() {
    let content = body();
    for retries in [0, 2] {
        let server = RangeServer::start(content.clone(), |_| Reply::Whole);
        let place = FileTarget::new();
        server.download().with_retries(retries).to_file(&place.file).unwrap();
        place.assert_whole(&content);
    }
}

#[test]
fn a_server_that_limits_connections_is_used_as_far_as_it_goes() {
    let content = body();
    for status in ["503 Busy", "429 Too Many Requests", "403 Forbidden"] {
        for (most, retries) in [(1, 0), (1, 3), (2, 0), (3, 5)] {
            let server =
                RangeServer::start(content.clone(), move |asked| match asked.at_once > most {
                    true => Reply::Status(status),
                    false => Reply::Serve,
                });
            let place = FileTarget::new();
            server.download().with_retries(retries).to_file(&place.file).unwrap();
            place.assert_whole(&content);
        }
    }
}

#[test]
fn versions_are_never_joined() {
    let (content, other) = (body(), Arc::new(content(SIZE).into_iter().rev().collect::<Vec<_>>()));
    for after in 1..6 {
        let newer = other.clone();
        let server = RangeServer::start(content.clone(), move |asked| match asked.number < after {
            true => Reply::Serve,
            false => Reply::Version("\"v2\"", newer.clone()),
        });
        let place = FileTarget::new();
        server.download().to_file(&place.file).unwrap();
        let got = fs::read(&place.file).unwrap();
        assert!(got == *content || got == *other, "two versions, {after} requests of the first");
        assert_eq!(place.directory.names(), ["file"]);
    }
}

#[test]
fn a_206_of_another_version_or_range_starts_again() {
    let content = body();
    let lies = [
        // It does not look at If-Range.
        Reply::Version("\"v1\"", Arc::new(vec![b'x'; SIZE + 1])),
        Reply::Shifted,
    ];
    for lie in lies {
        let server = RangeServer::start(content.clone(), move |asked| match asked.range {
            Some(_) => lie.clone(),
            None => Reply::Serve,
        });
        let place = FileTarget::new();
        server.download().to_file(&place.file).unwrap();
        place.assert_whole(&content);
    }
}

#[test]
fn a_changed_file_is_not_resumed_by_segment() {
    let (content, other) = (body(), Arc::new(vec![b'x'; SIZE]));
    let place = FileTarget::new();
    let server = RangeServer::start(content, |_| Reply::Cut(150_000));
    server.download().to_file(&place.file).unwrap_err();
    let newer = other.clone();
    let server =
        RangeServer::start(other.clone(), move |_| Reply::Version("\"v2\"", newer.clone()));
    server.download().with_resume(true).to_file(&place.file).unwrap();
    place.assert_whole(&other);
}

#[test]
fn another_mirror_is_not_joined() {
    let content = body();
    let server = RangeServer::start(content.clone(), |asked| match asked.range {
        Some(_) if asked.number % 2 == 1 => Reply::Moved("/mirror"),
        _ => Reply::Serve,
    });
    let place = FileTarget::new();
    server.download().with_retries(4).to_file(&place.file).unwrap();
    place.assert_whole(&content);
}

#[test]
fn the_limit_counts_the_whole_file() {
    let server = RangeServer::start(body(), serve_all);
    let client = Client::new().with_address("host", 80, server.address);
    let limits = crate::limits::Limits::default().with_body(SIZE as u64 - 1);
    let request = client.get(URL).with_limits(limits);
    let place = FileTarget::new();
    let error = Download::new(request).with_segments(4).to_file(&place.file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(place.directory.names(), [""; 0]);
}

#[cfg(feature = "digest")]
#[test]
fn a_checksum_counts_the_whole_file() {
    use crate::digest::fixture::{digest, hex};
    use crate::digest::{Algorithm, Checksum};

    let content = body();
    for (expected, matches) in [(&content[..], true), (b"another", false)] {
        let sum = hex(&digest(Algorithm::Sha256, expected));
        let sum = Checksum::new(Algorithm::Sha256, &sum).unwrap();
        let server = RangeServer::start(content.clone(), serve_all);
        let place = FileTarget::new();
        let result = server.download().with_checksum(sum).to_file(&place.file);
        match matches {
            true => place.assert_whole(&content),
            false => {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::Digest);
                assert_eq!(place.directory.names(), [""; 0]);
            }
        }
    }
}

/// Timeouts that never end a test.
fn no_timeouts() -> Timeouts {
    Timeouts::default().with_connect(None).with_first_byte(None).with_stall(None)
}

#[test]
fn all_segments_are_cancelled_at_once_and_resumed_later() {
    let content = body();
    let place = FileTarget::new();
    let token = netcore::CancelToken::new();
    let button = token.clone();
    let server = RangeServer::start(content.clone(), move |asked| {
        if asked.number == 3 {
            button.cancel();
        }
        Reply::Stall(150_000)
    });
    let client = Client::new().with_address("host", 80, server.address);
    let request = client.get(URL).with_timeouts(no_timeouts()).with_cancel(token);
    let error = Download::new(request).with_segments(4).with_retries(9).to_file(&place.file);
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled { .. }), "{error:?}");
    assert_eq!(place.directory.names(), ["file.part", "file.part.meta"]);
    assert!(fs::read_to_string(place.meta()).unwrap().contains("\nleft "));
    let server = RangeServer::start(content.clone(), serve_all);
    server.download().with_resume(true).to_file(&place.file).unwrap();
    place.assert_whole(&content);
}

#[test]
fn workers_that_sleep_are_cancelled() {
    let place = FileTarget::new();
    let token = netcore::CancelToken::new();
    let button = token.clone();
    // One worker waits for its connection, and the other one for another attempt.
    let server = RangeServer::start(body(), |asked| match asked.number {
        0 => Reply::Stall(150_000),
        _ => Reply::Cut(100_000),
    });
    let client = Client::new().with_address("host", 80, server.address);
    let request = client.get(URL).with_timeouts(no_timeouts()).with_cancel(token);
    let hour = Duration::from_secs(3600);
    let error = Download::new(request)
        .with_segments(2)
        .with_retries(9)
        .with_backoff(Backoff::new(hour, hour))
        .to_file_with_progress(&place.file, &mut |step| {
            if let Progress::Waiting { .. } = step {
                button.cancel();
            }
        })
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled { .. }), "{error:?}");
}

#[test]
fn a_fatal_error_in_one_segment_cancels_the_others_at_once() {
    let (content, other) = (body(), Arc::new(vec![b'x'; SIZE]));
    let newer = other.clone();
    // All other connections are silent. Without timeouts only their cancellation ends them.
    let server = RangeServer::start(content, move |asked| match (asked.number, &asked.range) {
        (0..3, _) => Reply::Stall(1000),
        _ => Reply::Version("\"v2\"", newer.clone()),
    });
    let client = Client::new().with_address("host", 80, server.address);
    let request = client.get(URL).with_timeouts(no_timeouts());
    let place = FileTarget::new();
    Download::new(request).with_segments(4).to_file(&place.file).unwrap();
    place.assert_whole(&other);
}
