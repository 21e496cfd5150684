//! Detection of servers that speak another protocol.

use ::chat::{Event, EventKind};

/// The warning about a server whose first line is in no format of a chat.
pub(super) const NOT_A_CHAT: &str =
    "this may not be a chat server; it does not speak the chat's protocol";

/// Checks the first event of a connection.
#[derive(Default)]
pub(super) struct ServerCheck {
    is_done: bool,
}

impl ServerCheck {
    /// Returns `true` if `event` is the first one of the connection and is in no format of a chat.
    pub(super) fn is_other_protocol(&mut self, event: &Event) -> bool {
        !std::mem::replace(&mut self.is_done, true) && event.kind == EventKind::Other
    }
}
