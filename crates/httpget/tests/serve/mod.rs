/// For the examples of the documentation: a server on the loopback interface that answers every
/// request with `response` and then closes, and its URL.
pub(super) fn serve(response: &'static str) -> std::io::Result<String> {
    use std::io::{BufRead, BufReader, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream?;
            stream.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
            let is_line = |line: &std::io::Result<String>| line.as_ref().is_ok_and(|it| it != "");
            BufReader::new(&stream).lines().take_while(is_line).for_each(drop);
            (&stream).write_all(response.as_bytes())?;
        }
        std::io::Result::Ok(())
    });
    Ok(url)
}
