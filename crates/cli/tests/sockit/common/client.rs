//! A blocking connection to a server. Every read is bounded, and a failure shows the bytes that had
//! come.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;

#[cfg(feature = "tls")]
use netcore::Deadline;

use crate::common::patience::PATIENCE;

#[derive(Debug)]
pub(crate) struct Client {
    socket: Socket,
    /// Received bytes that the test has not asked for yet.
    unread: Vec<u8>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(netcore::Stream),
}

impl Client {
    pub(crate) fn tcp(address: SocketAddr) -> Client {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => Client::over(stream),
            Err(error) => panic!("connect to {address}: {error}"),
        }
    }

    /// Returns a client over an established connection.
    pub(crate) fn over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Client { socket: Socket::Tcp(stream), unread: Vec::new() }
    }

    #[cfg(unix)]
    pub(crate) fn unix(path: &Path) -> Client {
        let stream = match UnixStream::connect(path) {
            Ok(stream) => stream,
            Err(error) => panic!("connect to unix:{}: {error}", path.display()),
        };
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Client { socket: Socket::Unix(stream), unread: Vec::new() }
    }

    /// Connects to an endpoint with `tls://`, and completes the handshake.
    #[cfg(feature = "tls")]
    #[track_caller]
    pub(crate) fn tls(endpoint: &str, connector: &netcore::tls::TlsConnector) -> Client {
        match Client::try_tls(endpoint, connector) {
            Ok(client) => client,
            Err(error) => panic!("connect to {endpoint}: {error}"),
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn try_tls(
        endpoint: &str,
        connector: &netcore::tls::TlsConnector,
    ) -> Result<Client, netcore::Error> {
        let endpoint = endpoint.parse().expect("an endpoint");
        let connector = netcore::Connector::new().with_tls(connector.clone());
        let stream = connector.connect(&endpoint, Deadline::after(PATIENCE))?;
        Ok(Client { socket: Socket::Tls(stream), unread: Vec::new() })
    }

    /// Returns the certificate of the server in DER.
    #[cfg(feature = "tls")]
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let Socket::Tls(stream) = &self.socket else { panic!("not encrypted") };
        let tls = stream.tls().expect("TLS");
        tls.peer_certificates().first().expect("a certificate").clone()
    }

    /// Returns `IP:PORT` of this end.
    pub(crate) fn address(&self) -> String {
        self.stream().local_addr().expect("a local address").to_string()
    }

    /// Returns the TCP stream, for operations that this type does not have.
    pub(crate) fn stream(&self) -> &TcpStream {
        match &self.socket {
            Socket::Tcp(stream) => stream,
            #[cfg(unix)]
            Socket::Unix(_) => panic!("not a TCP connection"),
            #[cfg(feature = "tls")]
            Socket::Tls(_) => panic!("not a plain TCP connection"),
        }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let result = match &mut self.socket {
            Socket::Tcp(stream) => stream.write_all(bytes.as_ref()),
            #[cfg(unix)]
            Socket::Unix(stream) => stream.write_all(bytes.as_ref()),
            #[cfg(feature = "tls")]
            Socket::Tls(stream) => stream
                .write_all_deadline(bytes.as_ref(), Deadline::after(PATIENCE))
                .map_err(io::Error::from),
        };
        if let Err(error) = result {
            panic!("send to the server: {error}");
        }
    }

    /// Closes the sending side. Replies still arrive.
    pub(crate) fn finish_sending(&self) {
        match &self.socket {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(feature = "tls")]
            Socket::Tls(stream) => stream.shutdown(Shutdown::Write).map_err(io::Error::from),
        }
        .expect("shut the sending side down");
    }

    /// Reads exactly `count` bytes.
    #[track_caller]
    pub(crate) fn exact(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            if !self.fill() {
                self.fail(&format!("the connection ended before {count} bytes had come"));
            }
        }
        self.unread.drain(..count).collect()
    }

    /// Reads the next line without its LF. Returns `None` at the end of the connection.
    #[track_caller]
    pub(crate) fn try_line(&mut self) -> Option<String> {
        let mut searched = 0;
        let end = loop {
            let found = self.unread[searched..].iter().position(|&byte| byte == b'\n');
            if let Some(at) = found {
                break searched + at;
            }
            searched = self.unread.len();
            if !self.fill() {
                if self.unread.is_empty() {
                    return None;
                }
                self.fail("the connection ended within a line");
            }
        };
        let mut line: Vec<u8> = self.unread.drain(..=end).collect();
        line.pop();
        match String::from_utf8(line) {
            Ok(line) => Some(line),
            Err(error) => self.fail(&format!("a line that is not UTF-8: {error}")),
        }
    }

    /// Reads the next line without its LF.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        match self.try_line() {
            Some(line) => line,
            None => self.fail("the connection ended where a line was expected"),
        }
    }

    /// Sends these bytes and returns the first line of the reply. Returns `None` if the connection
    /// ends first, as that of a server that refuses clients does.
    pub(crate) fn try_answer(&mut self, bytes: &[u8]) -> Option<String> {
        let mut stream = self.stream();
        let _ = stream.write_all(bytes);
        let mut line = Vec::new();
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() {
            if byte == *b"\n" {
                return String::from_utf8(line).ok();
            }
            line.push(byte[0]);
        }
        None
    }

    /// Reads everything up to an orderly end of the connection.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    /// Returns `true` if the connection has ended, without waiting. Bytes that arrive meanwhile are
    /// kept.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.set_nonblocking(true);
        let mut piece = [0; 65536];
        let ended = loop {
            match self.read(&mut piece) {
                Ok(0) => break true,
                Ok(count) => self.unread.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.fail(&format!("read: {error}")),
            }
        };
        self.set_nonblocking(false);
        ended
    }

    /// Reads once. Returns `false` at the end of the connection.
    #[track_caller]
    fn fill(&mut self) -> bool {
        let mut piece = [0; 65536];
        loop {
            match self.read(&mut piece) {
                Ok(count) => {
                    self.unread.extend_from_slice(&piece[..count]);
                    return count > 0;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    self.fail(&format!("nothing came for {PATIENCE:?}"))
                }
                Err(error) => self.fail(&format!("read: {error}")),
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.socket {
            Socket::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Socket::Unix(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Socket::Tls(stream) => {
                stream.read_deadline(buffer, Deadline::after(PATIENCE)).map_err(io::Error::from)
            }
        }
    }

    fn set_nonblocking(&self, on: bool) {
        match &self.socket {
            Socket::Tcp(stream) => stream.set_nonblocking(on),
            #[cfg(unix)]
            Socket::Unix(stream) => stream.set_nonblocking(on),
            #[cfg(feature = "tls")]
            Socket::Tls(_) => panic!("a read of a TLS client always waits"),
        }
        .expect("set the blocking mode");
    }

    #[track_caller]
    fn fail(&self, why: &str) -> ! {
        let start = self.unread.len().saturating_sub(1000);
        let unread = self.unread[start..].escape_ascii();
        panic!("{why}; received and not yet used: \"{unread}\"");
    }
}
