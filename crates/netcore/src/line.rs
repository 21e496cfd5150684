//! Lines from a byte stream: [`LineFramer`] without I/O, [`LineStream`] over any stream.
//!
//! [`LineFramer`] takes the bytes as they arrive, in pieces of any size, and returns the lines in
//! them. A line that lies inside one piece is borrowed from that piece and not copied.
//!
//! A line is its text and then LF or CRLF. A CR anywhere else is text. The last line of a stream
//! may lack its ending, or the LF of it.
//!
//! ```
//! use netcore::line::{LineFramer, TooLong};
//!
//! let mut framer = LineFramer::new(8);
//! let mut seen = Vec::new();
//! for mut piece in [&b"one\r\ntw"[..], b"o\nfar too long", b"\nlast"] {
//!     while let Some(line) = framer.next(&mut piece) {
//!         seen.push(line.map(|line| line.text().to_vec()));
//!     }
//! }
//! if let Some(line) = framer.finish() {
//!     seen.push(Ok(line.text().to_vec()));
//! }
//! assert_eq!(
//!     seen,
//!     [
//!         Ok(b"one".to_vec()),
//!         Ok(b"two".to_vec()),
//!         Err(TooLong { limit: 8 }),
//!         Ok(b"last".to_vec()),
//!     ]
//! );
//! ```

mod framer;
mod stream;
mod write_buffer;

pub use framer::{Line, LineFramer, TooLong};
pub use stream::LineStream;
