//! netcore's sockets and line framer inside an async runtime, and back out of it. netcore provides
//! one listener for both families, options read back and lines with a limit; tokio provides the
//! waiting. The program ends by itself.
//!
//!     cargo run -p netcore --example tokio

use std::error::Error;
use std::future::Future;
use std::net::Shutdown;
use std::time::Duration;

use netcore::line::LineFramer;
use netcore::{Deadline, Listener, SocketOptions, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_LINE: usize = 1024;

fn main() -> Result<()> {
    let options = SocketOptions::new();
    let listener = Listener::bind_with("127.0.0.1:0", &options)?;
    println!("listening on {}", listener.endpoint());
    let client = Stream::connect(listener.endpoint(), &options, Deadline::after(PATIENCE))?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (server, client) = runtime.block_on(async {
        // Registering a socket needs the runtime, so it happens in here.
        let listener = listener_into_tokio(listener)?;
        let client = stream_into_tokio(client)?;
        let both = async { tokio::try_join!(serve_one(&listener), ask(client)) };
        tokio::time::timeout(PATIENCE, both).await?
    })?;

    // netcore closes the connection without loss: the server waits until the client has ended too.
    let client = stream_from_tokio(client)?;
    let server = stream_from_tokio(server)?;
    client.shutdown(Shutdown::Write)?;
    server.finish(Deadline::after(PATIENCE))?;
    match client.read_deadline(&mut [0], Deadline::after(PATIENCE))? {
        0 => println!("both sides have all"),
        _ => return Err("more than the answers came".into()),
    }
    Ok(())
}

/// Converts a socket for the runtime, which needs non-blocking mode; std's type is the bridge.
fn listener_into_tokio(listener: Listener) -> Result<TcpListener> {
    let listener = std::net::TcpListener::try_from(listener)?;
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener)?)
}

fn stream_into_tokio(stream: Stream) -> Result<TcpStream> {
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream.try_into()?)?)
}

fn stream_from_tokio(stream: TcpStream) -> Result<Stream> {
    let stream = Stream::from(stream.into_std()?);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Answers each line in capitals, until the line `bye`.
async fn serve_one(listener: &TcpListener) -> Result<TcpStream> {
    let (mut stream, peer) = listener.accept().await?;
    println!("{peer} is here");
    let mut framer = LineFramer::new(LONGEST_LINE);
    let mut buffer = [0; 512];
    loop {
        let read = within(stream.read(&mut buffer)).await?;
        if read == 0 {
            return Err("the client went without a word".into());
        }
        let mut input = &buffer[..read];
        while let Some(line) = framer.next(&mut input) {
            let line = line?;
            within(stream.write_all(&line.as_bytes().to_ascii_uppercase())).await?;
            if line.text() == b"bye" {
                return Ok(stream);
            }
        }
    }
}

/// Sends three lines and reads three answers.
async fn ask(mut stream: TcpStream) -> Result<TcpStream> {
    within(stream.write_all(b"hello\r\nruntime\r\nbye\r\n")).await?;
    let mut framer = LineFramer::new(LONGEST_LINE);
    let mut buffer = [0; 512];
    let mut answers = Vec::new();
    while answers.len() < 3 {
        let read = within(stream.read(&mut buffer)).await?;
        if read == 0 {
            return Err("the server ended too early".into());
        }
        let mut input = &buffer[..read];
        while let Some(line) = framer.next(&mut input) {
            answers.push(String::from_utf8_lossy(line?.text()).into_owned());
        }
    }
    println!("answers: {answers:?}");
    if answers != ["HELLO", "RUNTIME", "BYE"] {
        return Err("those are not the answers".into());
    }
    Ok(stream)
}

/// Bounds a wait.
async fn within<T>(operation: impl Future<Output = std::io::Result<T>>) -> Result<T> {
    Ok(tokio::time::timeout(PATIENCE, operation).await??)
}
