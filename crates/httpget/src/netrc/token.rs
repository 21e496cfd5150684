//! The words of a netrc file.

use super::error::NetrcError;

/// Bytes of the longest word.
pub(super) const MAX_WORD: usize = 4 << 10;

/// The words of a file, line by line.
pub(super) struct Tokens<'a> {
    lines: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    /// The rest of the current line.
    rest: &'a str,
    /// The number of the current line, from 1; 0 before the first.
    line: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(content: &'a [u8]) -> Tokens<'a> {
        let is_end: fn(&u8) -> bool = |byte| *byte == b'\n';
        Tokens { lines: content.split(is_end), rest: "", line: 0 }
    }

    /// Returns the number of the line of the last word.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Returns the next word. Skips comments.
    pub(super) fn keyword(&mut self) -> Result<Option<String>, NetrcError> {
        while self.advance()? {
            if self.rest.starts_with('#') {
                self.rest = "";
                continue;
            }
            return self.word().map(Some);
        }
        Ok(None)
    }

    /// Returns the next word, which may begin with `#`.
    pub(super) fn value(&mut self) -> Result<Option<String>, NetrcError> {
        if self.advance()? { self.word().map(Some) } else { Ok(None) }
    }

    /// Skips the rest of the line, and the lines up to the next empty one.
    pub(super) fn skip_to_empty_line(&mut self) {
        self.rest = "";
        for line in self.lines.by_ref() {
            self.line += 1;
            if line.is_empty() || line == b"\r" {
                return;
            }
        }
    }

    /// Moves to the first byte of the next word. Returns `false` at the end of the file.
    fn advance(&mut self) -> Result<bool, NetrcError> {
        loop {
            self.rest = self.rest.trim_start_matches(is_blank);
            if !self.rest.is_empty() {
                return Ok(true);
            }
            let Some(line) = self.lines.next() else { return Ok(false) };
            self.line += 1;
            self.rest = match std::str::from_utf8(line) {
                Ok(line) => line,
                Err(_) => return Err(self.error("UTF-8 expected")),
            };
        }
    }

    fn word(&mut self) -> Result<String, NetrcError> {
        let word = match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted)?,
            None => {
                let end = self.rest.find(is_blank).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                word.to_owned()
            }
        };
        match word.len() > MAX_WORD {
            true => Err(self.error("a word of at most 4 KiB expected")),
            false => Ok(word),
        }
    }

    /// Returns a quoted word, from the text behind its first quote.
    fn quoted(&mut self, quoted: &'a str) -> Result<String, NetrcError> {
        let mut word = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Ok(word);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, c)) => word.push(c),
                    None => break,
                },
                c => word.push(c),
            }
        }
        Err(self.error("a closing quote expected"))
    }

    fn error(&self, expected: &'static str) -> NetrcError {
        NetrcError { line: self.line, expected }
    }
}

/// Returns `true` for the blanks of C's isspace(3) that can be within a line.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}
