//! The layout of the input line, drawn only with characters of undisputed width.
//!
//! Terminals differ in the width of joined emoji: tmux shows a family in 2 columns, others in 8. If
//! the editor counts more rows than the terminal has, it erases output above the line. Such a
//! cluster is therefore drawn as its first character, in the columns that the editor counts for it.
//! The sent line still contains the whole cluster.

use rustyline::GraphemeClusterMode::{Unicode, WcWidth};
use unicode_segmentation::UnicodeSegmentation;

use super::not_text::NOT_TEXT;

#[cfg(test)]
mod tests;

/// Columns of a tab stop, rustyline's default.
const TAB: usize = 8;

/// A line on a terminal, and the rows that it takes with its prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) text: String,
    pub(super) rows: usize,
}

impl Layout {
    /// Lays out `line` behind a prompt of `start` columns, in rows as rustyline counts them. From
    /// the byte `secret` on, it is drawn as asterisks.
    pub(super) fn new(line: &str, secret: Option<usize>, start: usize, columns: usize) -> Layout {
        let (mut text, mut row, mut column) = (String::with_capacity(line.len()), 0, start);
        for (at, cluster) in line.grapheme_indices(true) {
            if cluster == "\n" {
                text.push('\n');
                (row, column) = (row + 1, 0);
                continue;
            }
            let width = match cluster {
                "\t" => TAB - column % TAB,
                cluster => usize::from(Unicode.width(cluster)),
            };
            if column + width > columns {
                // Spaces fill the row, so that the terminal wraps at the same place.
                text.extend(std::iter::repeat_n(' ', columns.saturating_sub(column)));
                (row, column) = (row + 1, 0);
            }
            column += width;
            match secret.is_some_and(|secret| at >= secret) {
                true => text.extend(std::iter::repeat_n('*', width)),
                false => push(&mut text, cluster, width),
            }
        }
        Layout { text, rows: row + 1 + usize::from(column == columns) }
    }
}

/// Appends a cluster, drawn in exactly `width` columns.
fn push(text: &mut String, cluster: &str, width: usize) {
    let is_agreed = usize::from(WcWidth.width(cluster)) == width;
    if is_agreed && !cluster.contains(|c: char| c.is_control() || c == NOT_TEXT) {
        return text.push_str(cluster);
    }
    let first = match cluster.chars().next() {
        Some(NOT_TEXT) => Some('\u{fffd}'),
        first => first.filter(|c| !c.is_control()),
    };
    let of = |c: char| usize::from(WcWidth.width(c.encode_utf8(&mut [0; 4])));
    let first = first.filter(|c| of(*c) <= width);
    text.extend(first);
    text.extend(std::iter::repeat_n(' ', width - first.map_or(0, of)));
}

/// Returns the columns of the terminal.
pub(super) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    // 0 means that the terminal does not know its size. rustyline then assumes 80.
    size.map_or(80, |size| if size.ws_col == 0 { 80 } else { size.ws_col }).into()
}
