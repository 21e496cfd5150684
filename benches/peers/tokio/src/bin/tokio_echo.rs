//! The timestamp service as a program on tokio has it: a task for each connection.
//!
//! `tokio_echo [--udp] [--workers N]`

use std::io::{self, Write as _};
use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    tokio_peers::runtime(&words)?.block_on(async {
        if words.iter().any(|word| word == "--udp") {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            println!("listening on udp://{}", socket.local_addr()?);
            let (mut buffer, mut text) = (vec![0; 65536], Vec::new());
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await?;
                answer(&buffer[..length], &mut text)?;
                socket.send_to(&text, peer).await?;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on tcp://{}", listener.local_addr()?);
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let (mut buffer, mut text) = (vec![0; 4096], Vec::new());
                loop {
                    let length = stream.read(&mut buffer).await?;
                    if length == 0 {
                        return io::Result::Ok(());
                    }
                    answer(&buffer[..length], &mut text)?;
                    stream.write_all(&text).await?;
                }
            });
        }
    })
}

/// Puts `[SECONDS] ` and the bytes into `text`.
fn answer(bytes: &[u8], text: &mut Vec<u8>) -> io::Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    text.clear();
    write!(text, "[{:024}] ", now.as_secs())?;
    text.extend_from_slice(bytes);
    Ok(())
}
