//! The protocol without I/O on tokio: a GET over an async stream, with its body on standard output.
//!
//! ```text
//! cargo run --example get_with_tokio -- http://127.0.0.1:8080/page
//! ```
//!
//! Without a URL, it starts a server of its own that sends a page in chunks, slowly.

use std::time::Duration;

use httpget::protocol::{Event, Exchange, RequestHead};
use httpget::{Limits, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The deadline of the example.
const TOTAL: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match std::env::args().nth(1) {
        Some(url) => timeout(TOTAL, get(&Url::parse(&url)?)).await?,
        None => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
            let (served, got) =
                timeout(TOTAL, async { tokio::join!(serve(listener), get(&url)) }).await?;
            served.and(got)
        }
    }
}

async fn get(url: &Url) -> Result<()> {
    let mut stream = TcpStream::connect((url.host(), url.port())).await?;
    let mut request = RequestHead::get(url);
    request.close();
    let mut bytes = Vec::new();
    request.encode(&mut bytes);
    stream.write_all(&bytes).await?;

    // The limit for the body: one megabyte.
    let mut exchange = Exchange::new(&Limits::default().with_body(1 << 20));
    let mut output = tokio::io::stdout();
    let mut buffer = [0; 8192];
    while !exchange.is_done() {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            exchange.closed()?;
        }
        let mut input = &buffer[..read];
        while !input.is_empty() && !exchange.is_done() {
            let (used, event) = exchange.receive(input)?;
            input = &input[used..];
            match event {
                Event::Head => {
                    let head = exchange.head().ok_or("no head after Event::Head")?;
                    eprintln!("{:?} {}", head.version(), head.status());
                }
                Event::Content(content) => output.write_all(content).await?,
                Event::Interim(_) | Event::NeedMore | Event::End => {}
            }
        }
    }
    output.flush().await?;
    eprintln!("{} bytes", exchange.received());
    Ok(())
}

/// Answers one request, one byte at a time.
async fn serve(listener: TcpListener) -> Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await?);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    for byte in b"6\r\nhello\n\r\n8\r\nruntime\n\r\n0\r\n\r\n" {
        stream.write_u8(*byte).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
