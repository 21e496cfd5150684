//! The mark for bytes that are not UTF-8.

/// Replaces bytes that are not UTF-8. It is a noncharacter, which no text contains (Unicode,
/// section 23.7). The input line rejects a line with this mark.
pub(super) const NOT_TEXT: char = '\u{fdd0}';
