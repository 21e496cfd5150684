//! Keys for the editor, out of the bytes that a terminal sends; no I/O.

#[cfg(test)]
mod tests;

/// Stands for bytes that are not UTF-8. It is a noncharacter, which no text has (Unicode, section
/// 23.7), and makes the editor's line one that is refused.
pub(in crate::screen) const NOT_TEXT: char = '\u{fdd0}';

/// The start and the end of a paste, from a terminal that marks them (xterm, "Bracketed Paste Mode").
const START: &str = "\x1b[200~";
const END: &str = "\x1b[201~";

/// Lines that come all at once count as a paste from this number on. On a slow connection, fewer may
/// have been typed.
const MANY: usize = 3;

/// Turns bytes into keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The beginning of a character.
    partial: Vec<u8>,
    /// The end of the last burst, shorter than a mark of a paste.
    tail: String,
    /// Within a paste that the terminal has marked.
    is_marked: bool,
    /// Within one that it has not.
    is_unmarked: bool,
}

impl Keys {
    /// Takes what came at once. `goes_on`: more of it comes right behind.
    ///
    /// Returns the keys, and the number of lines if these are a paste of many lines. Its lines are
    /// then marked as a paste, so they wait in the editor for Enter.
    pub(super) fn take(&mut self, burst: &[u8], goes_on: bool) -> (String, Option<usize>) {
        let text = self.decode(burst);
        let was_marked = self.is_marked;
        self.look_for_marks(&text);
        let lines = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).count();
        let is_key = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
        let ends = text.contains(['\r', '\n']);
        let is_paste =
            (self.is_unmarked || lines >= MANY && ends) && !was_marked && !text.contains(is_key);
        self.is_unmarked = is_paste && goes_on;
        if !is_paste {
            return (text, None);
        }
        // Its last line waits too.
        let kept = if goes_on { &text } else { text.trim_end_matches(['\r', '\n']) };
        (format!("{START}{kept}{END}"), Some(lines))
    }

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
