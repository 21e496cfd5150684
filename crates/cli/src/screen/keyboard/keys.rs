//! Decoding of a terminal's bytes to keys for the editor, without I/O.

use super::super::not_text::NOT_TEXT;

#[cfg(test)]
mod tests;

/// The start and the end of a paste, from a terminal that marks them (xterm, "Bracketed Paste
/// Mode").
const START: &str = "\x1b[200~";
const END: &str = "\x1b[201~";

/// Lines of a burst from which on it counts as a paste. On a slow connection, a person may have
/// typed a burst of fewer lines.
const PASTE_LINES: usize = 3;

/// Decodes bytes to keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The first bytes of an incomplete character.
    partial: Vec<u8>,
    /// The end of the last burst, which may begin the mark of a paste.
    tail: String,
    /// `true` within a paste that the terminal has marked.
    is_marked: bool,
    /// `true` within a paste that the terminal has not marked.
    is_unmarked: bool,
}

impl Keys {
    /// Decodes a burst. `continues` is `true` if the burst is incomplete.
    ///
    /// Returns the keys, and the number of lines if the burst is a paste of several lines. These
    /// keys are then marked as a paste, so that the editor keeps them until Enter.
    pub(super) fn take(&mut self, burst: &[u8], continues: bool) -> (String, Option<usize>) {
        let text = self.decode(burst);
        let was_marked = self.is_marked;
        self.look_for_marks(&text);
        let lines = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).count();
        let is_key = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
        let ends = text.contains(['\r', '\n']);
        let is_paste = (self.is_unmarked || lines >= PASTE_LINES && ends)
            && !was_marked
            && !text.contains(is_key);
        self.is_unmarked = is_paste && continues;
        if !is_paste {
            return (text, None);
        }
        // Without its ending, the last line waits for Enter too.
        let kept = if continues { &text } else { text.trim_end_matches(['\r', '\n']) };
        (format!("{START}{kept}{END}"), Some(lines))
    }

    /// Decodes UTF-8, with [`NOT_TEXT`] for invalid bytes. Keeps an incomplete character for the
    /// next burst.
    fn decode(&mut self, burst: &[u8]) -> String {
        self.partial.extend_from_slice(burst);
        let (mut text, mut whole) = (String::new(), 0);
        for chunk in self.partial.utf8_chunks() {
            text.push_str(chunk.valid());
            whole += chunk.valid().len();
            let rest = &self.partial[whole..];
            let is_begun = str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if chunk.invalid().is_empty() || is_begun && rest.len() == chunk.invalid().len() {
                break;
            }
            text.push(NOT_TEXT);
            whole += chunk.invalid().len();
        }
        self.partial.drain(..whole);
        text
    }

    /// Tracks the marks of pastes, which may span two bursts.
    fn look_for_marks(&mut self, text: &str) {
        let seen = std::mem::take(&mut self.tail) + text;
        match (seen.rfind(START), seen.rfind(END)) {
            (Some(start), end) if end.is_none_or(|end| end < start) => self.is_marked = true,
            (_, Some(_)) => self.is_marked = false,
            (_, None) => {}
        }
        let least = seen.len().saturating_sub(START.len() - 1);
        let from = (least..=seen.len()).find(|at| seen.is_char_boundary(*at)).unwrap_or(least);
        seen[from..].clone_into(&mut self.tail);
    }
}
