//! What was said and has not come back: if the connection breaks, nobody knows whether it arrived.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use ::chat::clean;

/// The most lines that are watched; the oldest give way.
const MOST: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Unconfirmed(VecDeque<String>);

impl Unconfirmed {
    /// This line was sent.
    pub(super) fn sent(&mut self, line: String) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    /// The server has sent this text back to who said it. What was sent before it has been dealt
    /// with too, by a refusal perhaps.
    pub(super) fn came_back(&mut self, text: &str) {
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

    /// All that is not known to have arrived, for once.
    pub(super) fn take(&mut self) -> VecDeque<String> {
        std::mem::take(&mut self.0)
    }
}
