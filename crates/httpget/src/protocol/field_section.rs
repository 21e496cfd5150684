//! Collects the lines of a head or of trailers.

use std::mem;

use super::error::ProtocolError;

/// The lines of a head or of trailers, collected up to the empty line at their end. Every byte is
/// examined once, however the input is split.
#[derive(Debug, Default)]
pub(super) struct FieldSection {
    raw: Vec<u8>,
    line: Line,
    lines: usize,
    bare_lf: bool,
    folded: bool,
}

/// The state of the current line.
#[derive(Clone, Copy, Debug, Default)]
enum Line {
    #[default]
    Nothing,
    /// A CR and nothing else.
    OnlyCr,
    Text,
    /// Text, and a CR that may be half of the line's end.
    TextCr,
}

impl FieldSection {
    /// Takes the bytes of the section, at most `max` in all. Returns their number, and `true` if
    /// the section is complete.
    pub(super) fn receive(
        &mut self,
        input: &[u8],
        limit: &'static str,
        max: usize,
    ) -> Result<(usize, bool), ProtocolError> {
        let room = max.saturating_sub(self.raw.len());
        let fitting = &input[..input.len().min(room)];
        let end = self.scan(fitting);
        if end.is_none() && input.len() > room {
            return Err(ProtocolError::TooLarge { limit, max: max as u64 });
        }
        let used = end.unwrap_or(input.len());
        self.raw.extend_from_slice(&input[..used]);
        Ok((used, end.is_some()))
    }

    /// Returns the end of the empty line.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if matches!(self.line, Line::Text) && !is_end(byte) {
                // Only line ends matter in text.
                at += bytes[at..].iter().position(is_end).unwrap_or(bytes.len() - at);
                continue;
            }
            at += 1;
            self.line = match (self.line, byte) {
                (Line::Nothing, b'\n') => {
                    self.bare_lf = true;
                    return Some(at);
                }
                (Line::OnlyCr, b'\n') => return Some(at),
                (Line::Text, b'\n') => {
                    self.bare_lf = true;
                    self.lines += 1;
                    Line::Nothing
                }
                (Line::TextCr, b'\n') => {
                    self.lines += 1;
                    Line::Nothing
                }
                (Line::Nothing, b'\r') => Line::OnlyCr,
                (Line::Nothing, b' ' | b'\t') => {
                    self.folded = true;
                    Line::Text
                }
                (_, b'\r') => Line::TextCr,
                _ => Line::Text,
            };
        }
        None
    }

    /// Returns the number of bytes so far.
    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Takes the bytes out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.raw)
    }

    /// Returns the number of lines before the empty one.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Returns `true` if a line ended in LF without CR.
    pub(super) fn has_bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// Returns `true` if a line began with a space or a tab.
    pub(super) fn is_folded(&self) -> bool {
        self.folded
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
