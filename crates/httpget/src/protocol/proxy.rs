//! Handshakes with proxies, without I/O: CONNECT, SOCKS4, SOCKS4a and SOCKS5.
//!
//! A handshake asks a proxy for a tunnel to a [`TunnelTarget`]. [`start`](Handshake::start) is the
//! first message to the proxy, and [`receive`](Handshake::receive) takes the bytes of the replies:
//!
//! ```text
//!   Connect   head with a 1xx ─► ignored ─┐
//!             ▲                           │
//!   start() ──┴───────────────────────────┴─► head with a 2xx ──────────────────────► Open
//!                                             head with another status ─► Status
//!
//!   Socks4    start() ─► reply of 8 bytes ── 90 ────────────────────────────────────► Open
//!                                         └─ another code ─► Refused
//!
//!   Socks5    start() ─► method ─┬─ 0 ────────────────────────────┬─► Send ─► reply ── 0 ─► Open
//!                                ├─ 2 ─► Send(login) ─► status 0 ─┘              └─ another code
//!                                └─ another one ─► Method                           ─► Refused
//!
//!   anywhere: malformed, too large, or closed() before Open ─► an error, for good
//! ```
//!
//! Bytes behind the last reply belong to the tunnel, and are never consumed. A driver works with
//! any kind of I/O:
//!
//! ```
//! use std::io::{self, Read, Write};
//!
//! use httpget::Limits;
//! use httpget::protocol::proxy::{Connect, Handshake, Progress, TunnelTarget};
//!
//! /// Opens a tunnel. Returns the bytes of the tunnel that arrived already.
//! fn open(proxy: &mut (impl Read + Write), handshake: &mut dyn Handshake) -> io::Result<Vec<u8>> {
//!     proxy.write_all(handshake.start())?;
//!     let mut buffer = vec![0; 4 << 10];
//!     loop {
//!         // The connection's read timeout bounds a silence; a deadline should bound it all.
//!         let length = proxy.read(&mut buffer)?;
//!         if length == 0 {
//!             return Err(io::Error::other(handshake.closed()));
//!         }
//!         let mut input = &buffer[..length];
//!         loop {
//!             let (used, progress) = handshake.receive(input).map_err(io::Error::other)?;
//!             input = &input[used..];
//!             match progress {
//!                 Progress::NeedMore => break,
//!                 Progress::Send(message) => proxy.write_all(message)?,
//!                 Progress::Interim(_) | Progress::Reply(_) => {}
//!                 Progress::Open => return Ok(input.to_vec()),
//!             }
//!         }
//!     }
//! }
//!
//! # struct Pipe(&'static [u8]);
//! # impl Read for Pipe {
//! #     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
//! # }
//! # impl Write for Pipe {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { Ok(bytes.len()) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let target = TunnelTarget::of(&"https://example.com/".parse()?);
//! let limits = Limits::default();
//! # let mut proxy = Pipe(b"HTTP/1.1 200 OK\r\n\r\nearly");
//! assert_eq!(open(&mut proxy, &mut Connect::new(&target, &limits))?, b"early");
//! # let mut proxy = Pipe(b"HTTP/1.1 403 Forbidden\r\n\r\n");
//! let refused = open(&mut proxy, &mut Connect::new(&target, &limits)).unwrap_err();
//! assert_eq!(refused.to_string(), "403 Forbidden");
//! # Ok(())
//! # }
//! ```

mod connect;
mod error;
mod handshake;
mod refusal;
mod socks4;
mod socks5;
mod target;

pub use connect::Connect;
pub use error::ProxyError;
pub use handshake::{Handshake, Progress};
pub use refusal::SocksRefusal;
pub use socks4::Socks4;
pub use socks5::Socks5;
pub use target::{TunnelHost, TunnelTarget};

#[cfg(test)]
mod tests;
