//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) for streams, listeners and both servers.
//!
//! Two values hold the settings, and a clone of either is cheap: [`TlsConnector`] for the side that
//! connects, [`TlsAcceptor`] for the side that listens. Everything above a
//! [`Stream`](crate::Stream) works as in the clear: lines, relays, whole files, deadlines, and both
//! servers. The implementation is rustls with the cryptography of ring; no type of theirs is part
//! of this interface. Certificates and keys are PEM files, or PEM in memory.
//!
//! # A client
//!
//! An endpoint with the scheme `tls://` connects and makes the handshake under one deadline.
//!
//! ```
//! use std::time::Duration;
//! use netcore::tls::TlsConnector;
//! use netcore::{Connector, Deadline, Endpoint};
//!
//! # use netcore::{Listener, tls::TlsAcceptor};
//! # let own = rcgen::generate_simple_self_signed([String::from("127.0.0.1")])?;
//! # let (certificate, key) = (own.cert.pem(), own.key_pair.serialize_pem());
//! # let acceptor = TlsAcceptor::from_pem(certificate.as_bytes(), key.as_bytes())?;
//! # let listener = Listener::bind("127.0.0.1:0")?.with_tls(acceptor);
//! # let name = listener.endpoint().to_string();
//! # let roots = certificate.as_bytes();
//! # let server = std::thread::spawn(move || -> Result<(), netcore::Error> {
//! #     let deadline = Deadline::after(Duration::from_secs(5));
//! #     let (stream, _) = listener.accept(deadline)?;
//! #     let mut request = [0; 5];
//! #     stream.read_exact_deadline(&mut request, deadline)?;
//! #     stream.write_all_deadline(b"world", deadline)?;
//! #     stream.finish(deadline)
//! # });
//! // The roots of the system are `TlsConnector::with_system_roots()`.
//! let connector = Connector::new().with_tls(TlsConnector::with_roots_pem(roots)?);
//! let endpoint: Endpoint = name.parse()?; // such as tls://localhost:7443
//! let deadline = Deadline::after(Duration::from_secs(5));
//! let stream = connector.connect(&endpoint, deadline)?;
//! stream.write_all_deadline(b"hello", deadline)?;
//! let mut answer = [0; 5];
//! stream.read_exact_deadline(&mut answer, deadline)?;
//! assert_eq!(&answer, b"world");
//! // close_notify, so that the server knows that nothing is missing.
//! stream.finish(deadline)?;
//! # server.join().map_err(|_| "the server panicked")??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A server with threads
//!
//! [`Listener::with_tls`](crate::Listener::with_tls) makes every accepted stream an encrypted one.
//! Accepting does not wait for a handshake: the thread of the connection makes it.
//!
//! ```
//! use std::io::{self, Read, Write};
//! use netcore::threaded::{Config, Connection, Server};
//! use netcore::tls::TlsAcceptor;
//! use netcore::Listener;
//!
//! /// Answers with its input in capitals.
//! fn shout(mut connection: &Connection) -> io::Result<()> {
//!     let mut buffer = [0; 1024];
//!     loop {
//!         let read = connection.read(&mut buffer)?;
//!         if read == 0 {
//!             return Ok(());
//!         }
//!         connection.write_all(&buffer[..read].to_ascii_uppercase())?;
//!     }
//! }
//!
//! # use netcore::{Connector, Deadline, tls::TlsConnector};
//! # use std::time::Duration;
//! # let own = rcgen::generate_simple_self_signed([String::from("127.0.0.1")])?;
//! # let (certificate, key) = (own.cert.pem(), own.key_pair.serialize_pem());
//! // From files: `TlsAcceptor::from_files("cert.pem", "key.pem")`.
//! let acceptor = TlsAcceptor::from_pem(certificate.as_bytes(), key.as_bytes())?;
//! let listener = Listener::bind("127.0.0.1:0")?.with_tls(acceptor.clone());
//! # let endpoint = listener.endpoint().clone();
//! let server = Server::new(vec![listener], Config::default())?;
//! let handle = server.handle();
//! let running = std::thread::spawn(move || server.run(shout));
//! // A renewed certificate is for connections to come.
//! acceptor.reload()?;
//! # let connector = TlsConnector::with_roots_pem(certificate.as_bytes())?;
//! # let deadline = Deadline::after(Duration::from_secs(5));
//! # let client = Connector::new().with_tls(connector).connect(&endpoint, deadline)?;
//! # client.write_all_deadline(b"hello", deadline)?;
//! # let mut answer = [0; 5];
//! # client.read_exact_deadline(&mut answer, deadline)?;
//! # assert_eq!(&answer, b"HELLO");
//! # client.finish(deadline)?;
//! handle.stop();
//! running.join().map_err(|_| "the server panicked")??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A server on the event loop
//!
//! The feature `server` serves endpoints with `tls://`. The service does not notice TLS: it meets a
//! connection when its handshake is done.
#![cfg_attr(feature = "server", doc = "```")]
#![cfg_attr(not(feature = "server"), doc = "```ignore")]
//! use netcore::server::{Config, Output, Server, Service};
//! use netcore::tls::TlsAcceptor;
//! use netcore::Address;
//!
//! /// Answers with its input in capitals.
//! struct Shout;
//!
//! impl Service for Shout {
//!     type Connection = ();
//!
//!     fn open(&mut self, _: &Address, _: &mut Output) {}
//!
//!     fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
//!         output.buffer().extend(input.iter().map(u8::to_ascii_uppercase));
//!     }
//! }
//!
//! # use netcore::{Connector, Deadline, tls::TlsConnector};
//! # use std::time::Duration;
//! # let own = rcgen::generate_simple_self_signed([String::from("127.0.0.1")])?;
//! # let (certificate, key) = (own.cert.pem(), own.key_pair.serialize_pem());
//! // From files: `TlsAcceptor::from_files("cert.pem", "key.pem")`.
//! let acceptor = TlsAcceptor::from_pem(certificate.as_bytes(), key.as_bytes())?;
//! let config = Config::default().with_tls(acceptor);
//! let server = Server::bind(&["tls://127.0.0.1:0".parse()?], config)?;
//! # let endpoint = server.endpoints()[0].clone();
//! let handle = server.handle();
//! let running = std::thread::spawn(move || server.run(|_| Shout));
//! # let connector = TlsConnector::with_roots_pem(certificate.as_bytes())?;
//! # let deadline = Deadline::after(Duration::from_secs(5));
//! # let client = Connector::new().with_tls(connector).connect(&endpoint, deadline)?;
//! # client.write_all_deadline(b"hello", deadline)?;
//! # let mut answer = [0; 5];
//! # client.read_exact_deadline(&mut answer, deadline)?;
//! # assert_eq!(&answer, b"HELLO");
//! handle.stop();
//! running.join().map_err(|_| "the server panicked")??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Certificates
//!
//! A certificate for a trial, for the name `localhost` and the address 127.0.0.1:
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
//!     -keyout key.pem -out cert.pem -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost,IP:127.0.0.1
//! ```
//!
//! The server takes both files, and the client trusts `cert.pem` by
//! [`TlsConnector::with_roots_file`]. For a public name, an ACME client (RFC 8555) such as certbot,
//! lego or acme.sh gets a certificate that every system trusts, and renews it. The server uses the
//! file with the full chain, and calls [`TlsAcceptor::reload`] after each renewal.
//!
//! Keys are RSA of 2048 to 4096 bits, ECDSA with P-256 or P-384, or Ed25519, in PKCS #8, PKCS #1 or
//! SEC 1, without a passphrase. The names are those of the subjectAltName extension: the common
//! name does not count (RFC 9525).
//!
//! # The end of a connection
//!
//! A peer that has sent everything says so by `close_notify`, and a read then returns 0. An end
//! without it may be the work of an attacker, who has cut the data. It is the error
//! [`UnexpectedEnd`](crate::ErrorKind::UnexpectedEnd). Many peers omit `close_notify`, so protocols
//! that know the length of their data may ignore that error after the last byte.
//!
//! [`Stream::finish`](crate::Stream::finish) and [`Stream::shutdown`](crate::Stream::shutdown) send
//! `close_notify`. Dropping a stream does not.
//!
//! # A session inside another one
//!
//! [`TlsConnector::connect`] and [`TlsAcceptor::accept`] take an encrypted stream as well as one in
//! the clear: a server behind a proxy that is itself reached over TLS. An end of the stream is that
//! of the inner session, and `close_notify` is sent for both. [`Stream::tls`](crate::Stream::tls)
//! reports the inner session. Errors of both name the endpoint that the stream was connected to.
//!
//! # Limits and timeouts
//!
//! - A handshake has the deadline of the call that needs it: of connecting, of
//!   [`Stream::handshake`](crate::Stream::handshake), or of the first read or write. Both servers
//!   give it 10 s.
//! - A record has at most 16 KiB of data, and a handshake message 64 KiB. The ciphertext of an
//!   incomplete message has at most 128 KiB at a client, 64 KiB at a server, and 36 KiB there after
//!   the handshake. The buffers of an idle connection are empty.
//! - A connector keeps up to 256 sessions for resumption, 8 for each of 32 server names. An
//!   acceptor keeps none for TLS 1.3, whose tickets hold them, and up to 256 for TLS 1.2.
//! - Files of certificates and keys are regular files of at most 16 MiB.
//! - Empty records, warnings, key updates and renegotiations are limited by number, and no message
//!   without data prolongs a deadline.
//!
//! # Not supported
//!
//! - TLS 1.1 and older, renegotiation, and cipher suites without forward secrecy;
//! - revocation: OCSP, also stapled, and CRLs; on macOS and Windows the system's own verification
//!   may do it;
//! - early data (0-RTT), which a replay can repeat, Encrypted Client Hello, and raw public keys;
//! - several certificates in one acceptor, chosen by the requested name;
//! - DTLS, so TLS over UDP;
//! - encrypted private keys.

mod acceptor;
mod alpn;
mod connector;
mod date;
mod failure;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod info;
mod pem;
pub(crate) mod session;
#[cfg(test)]
mod tests;
mod verifier;

pub use acceptor::TlsAcceptor;
pub use connector::TlsConnector;
pub use info::TlsInfo;
#[cfg(feature = "server")]
pub use session::limits::MAX_BUFFERED;
