//! What was shown already: who comes back gets the room's history, and has most of it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

/// The most messages that are remembered.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct ReplayFilter {
    messages: VecDeque<String>,
    /// All messages of this connection so far were known.
    begins: bool,
}

impl ReplayFilter {
    /// A connection begins.
    pub(super) fn begin(&mut self) {
        self.begins = true;
    }

    /// Whether this message has been there before. The history comes first and in its order, so from
    /// the first new message on, all are new.
    pub(super) fn is_known(&mut self, message: &str) -> bool {
        self.begins = self.begins && self.messages.iter().any(|seen| seen == message);
        if !self.begins {
            if self.messages.len() == MOST {
                self.messages.pop_front();
            }
            self.messages.push_back(message.to_owned());
        }
        self.begins
    }
}
