//! Sent lines that have not come back from the server.
//!
//! If the connection breaks, such a line may or may not have arrived.

use std::collections::VecDeque;

use ::chat::clean;

#[cfg(test)]
mod tests;

/// Most lines to track; the oldest are dropped.
const MAX_LINES: usize = 20;

/// The lines, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed(VecDeque<String>);

impl Unconfirmed {
    /// Adds a line that is about to be sent.
    pub(super) fn add(&mut self, line: String) {
        if self.0.len() == MAX_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    /// Removes the line with `text`, which the server has sent back, and all lines before it: the
    /// server has processed these too, and perhaps refused them.
    pub(super) fn confirm(&mut self, text: &str) {
        let text = text.trim();
        let is_it = |line: &String| {
            let line = clean(line);
            match (line.strip_prefix("/msg "), line.strip_prefix("//")) {
                (Some(rest), _) => {
                    rest.split_once(' ').is_some_and(|(_, said)| said.trim() == text)
                }
                (_, Some(rest)) => text.strip_prefix('/') == Some(rest),
                _ => line.trim() == text,
            }
        };
        if let Some(at) = self.0.iter().position(is_it) {
            self.0.drain(..=at);
        }
    }

    /// Takes all lines that may not have arrived.
    pub(super) fn take(&mut self) -> VecDeque<String> {
        std::mem::take(&mut self.0)
    }
}
