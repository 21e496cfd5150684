//! The timestamp service as a program on tokio has it: a task for each connection.
//!
//! `tokio_echo [--udp] [--workers N]`

use std::io;
use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    tokio_peers::runtime(&words)?.block_on(async {
        if words.iter().any(|word| word == "--udp") {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            println!("listening on udp://{}", socket.local_addr()?);
            let mut buffer = vec![0; 65536];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&answer(&buffer[..length]), peer).await?;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on tcp://{}", listener.local_addr()?);
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let mut buffer = vec![0; 4096];
                loop {
                    let length = stream.read(&mut buffer).await?;
                    if length == 0 {
                        return io::Result::Ok(());
                    }
                    stream.write_all(&answer(&buffer[..length])).await?;
                }
            });
        }
    })
}

/// Returns `[SECONDS] ` and the bytes.
fn answer(bytes: &[u8]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    [format!("[{:024}] ", now.as_secs()).as_bytes(), bytes].concat()
}
