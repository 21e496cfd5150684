//! A filter for messages that were shown before: after a reconnect, the history repeats them.

use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// Most messages to remember.
const MAX_MESSAGES: usize = 1000;

/// The messages shown so far, and the progress of the current connection.
#[derive(Debug, Default)]
pub(super) struct ReplayFilter {
    messages: VecDeque<String>,
    /// `true` while all messages of this connection were replays.
    replaying: bool,
}

impl ReplayFilter {
    /// Starts a new connection.
    pub(super) fn begin(&mut self) {
        self.replaying = true;
    }

    /// Returns `true` if this message was shown before. The history comes first and in order, so
    /// all messages after the first new one are new.
    pub(super) fn is_replay(&mut self, message: &str) -> bool {
        self.replaying = self.replaying && self.messages.iter().any(|seen| seen == message);
        if !self.replaying {
            if self.messages.len() == MAX_MESSAGES {
                self.messages.pop_front();
            }
            self.messages.push_back(message.to_owned());
        }
        self.replaying
    }
}
