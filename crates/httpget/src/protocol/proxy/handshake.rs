//! The interface of all handshakes.

use super::error::ProxyError;
use crate::protocol::head::ResponseHead;

/// A handshake with a proxy: bytes of the proxy in, messages for it out. The first error is final.
pub trait Handshake {
    /// Returns the first message to the proxy.
    fn start(&self) -> &[u8];

    /// Decodes received bytes. Returns the number of consumed bytes, and their result.
    ///
    /// Call it again with the rest until it returns [`Progress::NeedMore`], and then with the bytes
    /// that arrive next. Once the tunnel is open, it consumes nothing and returns
    /// [`Progress::Open`].
    ///
    /// # Errors
    ///
    /// [`ProxyError`]: the proxy refused the tunnel, or its reply is malformed or too large. A
    /// later call returns the same error.
    fn receive(&mut self, input: &[u8]) -> Result<(usize, Progress<'_>), ProxyError>;

    /// Handles the end of the connection to the proxy. Returns the error that this is, or the error
    /// of an earlier call.
    fn closed(&mut self) -> ProxyError;
}

/// The result of bytes given to [`Handshake::receive`].
#[derive(Debug)]
pub enum Progress<'a> {
    /// All input is consumed without a result: more is needed.
    NeedMore,
    /// This message must be sent to the proxy.
    Send(&'a [u8]),
    /// The head of an interim reply (1xx) to CONNECT. Another head follows.
    Interim(Box<ResponseHead>),
    /// The head of the reply to CONNECT. The next call returns its consequence.
    Reply(Box<ResponseHead>),
    /// The tunnel is open. The rest of the input belongs to it.
    Open,
}
