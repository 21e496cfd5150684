//! HTTP/1.x from the side of a GET, without I/O: bytes in, events out.
//!
//! There is no socket, no clock and no thread. An [`Exchange`] is one response, from its first byte
//! to its last:
//!
//! ```text
//!             ┌── interim head (1xx) ──┐
//!             ▼                        │
//!   new() ─► Head ─────────────────────┘
//!             │
//!             │ the response's head: Event::Head, and then by its Framing
//!             ├─ Empty, Length(0) ───────────────────────────────────────────────► Done
//!             ├─ Length ─────► content ──── all of it ───────────────────────────► Done
//!             ├─ UntilClose ─► content ──── closed() ────────────────────────────► Done
//!             └─ Chunked ──┬─► size line ──► content ──► CRLF ─┐
//!                          │       │ 0                         │
//!                          │       └─► trailers ── empty line ─┼────────────────► Done
//!                          └───────────────────────────────────┘
//!
//!   anywhere: malformed, too large, or closed() before Done ─► Failed, for good
//! ```
//!
//! `docs/http.md` has a table of accepted and refused responses, with the sections of RFC 9110 and
//! RFC 9112; the tests read that table. [`Exchange::warnings`] lists deviations that were accepted.
//!
//! A [`RequestHead`] is the request, [`Redirects`] finds the target of a redirect, and
//! [`redirect_request`] turns one request into the next. With the feature `proxy`, the module
//! `proxy` has the handshakes with proxies.
//!
//! A driver gives received bytes to [`Exchange::receive`], reports the peer's orderly end to
//! [`Exchange::closed`], and uses the content as it likes. It works with any kind of I/O:
//!
//! ```
//! use std::io::{self, Read, Write};
//!
//! use httpget::Limits;
//! use httpget::protocol::{Event, Exchange};
//!
//! /// Copies the content of a response, which `connection` brings, to `target`.
//! fn content(connection: &mut impl Read, target: &mut impl Write) -> io::Result<u64> {
//!     let limits = Limits::default().with_body(1 << 30);
//!     let mut exchange = Exchange::new(&limits);
//!     let mut buffer = vec![0; 16 << 10];
//!     while !exchange.is_done() {
//!         // The connection's read timeout bounds a silence; a deadline should bound it all.
//!         let length = match connection.read(&mut buffer) {
//!             Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
//!             read => read?,
//!         };
//!         if length == 0 {
//!             exchange.closed().map_err(io::Error::other)?;
//!         }
//!         let mut input = &buffer[..length];
//!         loop {
//!             let (used, event) = exchange.receive(input).map_err(io::Error::other)?;
//!             input = &input[used..];
//!             match event {
//!                 Event::NeedMore | Event::End => break,
//!                 Event::Content(content) => target.write_all(content)?,
//!                 Event::Interim(_) | Event::Head => {}
//!             }
//!         }
//!     }
//!     Ok(exchange.received())
//! }
//!
//! # fn main() -> io::Result<()> {
//! let mut page = Vec::new();
//! let mut whole = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..];
//! assert_eq!(content(&mut whole, &mut page)?, 5);
//! assert_eq!(page, b"hello");
//!
//! let mut cut = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"[..];
//! let error = content(&mut cut, &mut page).map_err(|error| error.to_string());
//! assert_eq!(error, Err("body ended after 3 of 5 bytes".to_owned()));
//! # Ok(())
//! # }
//! ```

mod chunked;
#[cfg(feature = "coding")]
pub mod coding;
mod content_disposition;
mod diagnose;
mod error;
mod exchange;
mod field_section;
mod framing;
mod framing_fields;
mod head;
#[cfg(feature = "proxy")]
pub mod proxy;
mod redirect;
pub(crate) mod request;
mod trailers;
mod warning;

pub use content_disposition::{disposition_name, proposed_file_name, safe_file_name};
pub use error::{ProtocolError, ResponsePart};
pub use exchange::{Event, Exchange};
pub use framing::Framing;
pub use head::ResponseHead;
pub use redirect::{RedirectError, Redirects, redirect_request};
pub use request::{Field, InvalidField, RequestHead, is_secret, parse_field};
pub use warning::Warning;

#[cfg(test)]
mod tests;
