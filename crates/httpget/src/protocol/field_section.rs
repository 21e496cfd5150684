use std::mem;

use super::error::ProtocolError;

/// The lines of a head or of trailers, collected until the empty one that ends them. Every byte is
/// looked at once, however they come.
#[derive(Debug, Default)]
pub(super) struct FieldSection {
    raw: Vec<u8>,
    line: Line,
    lines: usize,
    bare_lf: bool,
    folded: bool,
}

/// What there is of the line that arrives.
#[derive(Clone, Copy, Debug, Default)]
enum Line {
    #[default]
    Nothing,
    /// A CR alone.
    OnlyCr,
    Text,
    /// Text, and a CR that may be half of the line's end.
    TextCr,
}

impl FieldSection {
    /// Takes what belongs to the section, `max` bytes of it in all. Says how much that was, and
    /// whether it is whole.
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

    /// Where the empty line ends.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if matches!(self.line, Line::Text) && !is_end(byte) {
                // Nothing else matters in a text.
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

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Takes them out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.raw)
    }

    /// Lines before the empty one.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Whether a line ended in LF without CR.
    pub(super) fn has_bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// Whether a line began with a space or a tab.
    pub(super) fn is_folded(&self) -> bool {
        self.folded
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
