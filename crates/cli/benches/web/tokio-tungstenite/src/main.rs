//! A chat with one room on tokio-tungstenite, on one thread: each text message goes to everybody.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let (say, _) = broadcast::channel::<Utf8Bytes>(65_536);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (say, mut hear) = (say.clone(), say.subscribe());
        tokio::spawn(async move {
            let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
            let (mut sink, mut source) = socket.split();
            loop {
                tokio::select! {
                    said = source.next() => match said {
                        Some(Ok(Message::Text(text))) => { let _ = say.send(text); }
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    heard = hear.recv() => {
                        let Ok(text) = heard else { return };
                        // Messages that wait go out in one flush.
                        if sink.feed(Message::Text(text)).await.is_err() { return }
                        while let Ok(text) = hear.try_recv() {
                            if sink.feed(Message::Text(text)).await.is_err() { return }
                        }
                        if sink.flush().await.is_err() { return }
                    }
                }
            }
        });
    }
}
