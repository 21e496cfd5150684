//! Close codes: the reasons for which a WebSocket is closed (RFC 6455, section 7.4).

use tungstenite::protocol::frame::coding::CloseCode as Coding;

/// A reason for which this side closes a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseCode {
    /// The client has left, or was removed.
    Normal,
    /// The server stops.
    GoingAway,
    /// The client broke the rules of framing.
    Protocol,
    /// The client sent a binary message.
    Unsupported,
    /// A text message or a reason was not UTF-8.
    InvalidPayload,
    /// A message was longer than the limit.
    TooBig,
    /// An answer to the client's own close: with its code, or without one.
    Echo(Option<u16>),
}

impl CloseCode {
    /// Returns the payload of the close frame.
    pub(crate) fn payload(self) -> Vec<u8> {
        let code = match self {
            CloseCode::Normal => 1000,
            CloseCode::GoingAway => 1001,
            CloseCode::Protocol => 1002,
            CloseCode::Unsupported => 1003,
            CloseCode::InvalidPayload => 1007,
            CloseCode::TooBig => 1009,
            CloseCode::Echo(Some(code)) => code,
            CloseCode::Echo(None) => return Vec::new(),
        };
        u16::to_be_bytes(code).to_vec()
    }
}

/// Returns `true` if an endpoint may send `code` in a close frame.
pub(crate) fn is_allowed(code: u16) -> bool {
    Coding::from(code).is_allowed()
}
