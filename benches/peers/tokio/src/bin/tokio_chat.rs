//! A chat as a program on tokio has it: a broadcast channel, and a task for each client.
//!
//! `tokio_chat [--coalesce] [--workers N]`. A client that is too slow for the channel skips lines. With `--coalesce` all
//! lines that wait in the channel go out in one write, otherwise each line has a write of its own.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Bytes of waiting lines that go out in one write.
const PIECE: usize = 65536;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let coalesce = words.iter().any(|word| word == "--coalesce");
    tokio_peers::runtime(&words)?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on tcp://{}", listener.local_addr()?);
        let (room, _) = broadcast::channel::<Arc<[u8]>>(4096);
        loop {
            let (stream, peer) = listener.accept().await?;
            let (lines, room) = (room.subscribe(), room.clone());
            tokio::spawn(client(stream, peer.to_string(), room, lines, coalesce));
        }
    })
}

async fn client(
    stream: TcpStream,
    name: String,
    room: Sender<Arc<[u8]>>,
    mut lines: Receiver<Arc<[u8]>>,
    coalesce: bool,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut out = Vec::new();
        loop {
            match lines.recv().await {
                Ok(line) => out.extend_from_slice(&line),
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return io::Result::Ok(()),
            }
            while coalesce && out.len() < PIECE {
                let Ok(line) = lines.try_recv() else { break };
                out.extend_from_slice(&line);
            }
            writer.write_all(&out).await?;
            out.clear();
        }
    });
    let (mut reader, mut line) = (BufReader::new(reader), Vec::new());
    while reader.read_until(b'\n', &mut line).await? > 0 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let head = format!("{:019} {name}: ", now.as_secs());
        // Nobody may be there any more.
        let _ = room.send([head.as_bytes(), &line].concat().into());
        line.clear();
    }
    sending.abort();
    Ok(())
}
