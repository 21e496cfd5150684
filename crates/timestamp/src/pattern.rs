//! Checked strftime patterns.

use std::time::Duration;

use chrono::format::{Item, StrftimeItems};
use netcore::error::debug_as_chain;

use crate::zone::Zone;
use crate::zone::write_date;

#[cfg(test)]
mod tests;

/// A valid strftime pattern. Writing a time with it cannot fail.
///
/// The specifiers are those of strftime(3) in the C locale. For fractions of a second there are
/// `%f` (nanoseconds), `%3f`, `%6f`, `%9f` and, with their decimal point, `%.f`, `%.3f`, `%.6f`,
/// `%.9f`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    items: Vec<Item<'static>>,
    tick: Duration,
}

impl Pattern {
    /// Checks a pattern.
    ///
    /// # Errors
    ///
    /// - [`PatternError::Empty`]: the pattern is empty.
    /// - [`PatternError::Control`]: the pattern contains or writes a control character other than a
    ///   tab. A line feed (`%n`) would split every answer for a client that reads lines.
    /// - [`PatternError::Specifier`]: a specifier is unknown, incomplete, or cannot be written.
    pub fn new(text: &str) -> Result<Pattern, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let Some(items) = parse(text) else {
            return Err(PatternError::Specifier {
                text: text.to_owned(),
                at: first_invalid_specifier(text),
            });
        };
        if let Some(character) = items.iter().find_map(control) {
            return Err(PatternError::Control { text: text.to_owned(), character });
        }
        let tick = tick(&items);
        Ok(Pattern { text: text.to_owned(), items, tick })
    }

    /// Returns the text of the pattern.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn items(&self) -> &[Item<'static>] {
        &self.items
    }

    pub(crate) const fn tick(&self) -> Duration {
        self.tick
    }
}

/// A strftime pattern is invalid.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The pattern is empty.
    #[error("empty strftime pattern")]
    Empty,
    /// A specifier is unknown or incomplete.
    #[error("strftime pattern {text:?}: unknown or incomplete specifier at byte {at}")]
    #[non_exhaustive]
    Specifier {
        /// The pattern.
        text: String,
        /// The offset of the specifier in the pattern, in bytes.
        at: usize,
    },
    /// The pattern writes a control character.
    #[error("strftime pattern {text:?}: contains the control character {character:?}")]
    #[non_exhaustive]
    Control {
        /// The pattern.
        text: String,
        /// The first such character.
        character: char,
    },
}

debug_as_chain!(enum PatternError { Empty, Specifier { text, at }, Control { text, character } });

/// Parses a pattern. Returns `None` if an item is unknown or cannot be written.
fn parse(text: &str) -> Option<Vec<Item<'static>>> {
    let items = StrftimeItems::new(text).parse_to_owned().ok()?;
    render(&items, 0)?;
    Some(items)
}

/// Writes the items for a number of nanoseconds since 1970.
fn render(items: &[Item<'static>], nanos: i128) -> Option<String> {
    let mut out = String::new();
    write_date(nanos, Zone::Utc, items.iter(), &mut out).ok()?;
    Some(out)
}

/// Returns the offset of the first invalid specifier: the text before it is a valid pattern, and
/// any longer beginning is not.
fn first_invalid_specifier(text: &str) -> usize {
    text.match_indices('%').map(|(at, _)| at).rfind(|at| parse(&text[..*at]).is_some()).unwrap_or(0)
}

/// Returns the control character of an item, if it has one. Only literal text can: specifiers write
/// printable characters.
fn control(item: &Item<'static>) -> Option<char> {
    let text: &str = match item {
        Item::Literal(text) | Item::Space(text) => text,
        Item::OwnedLiteral(text) | Item::OwnedSpace(text) => text,
        _ => return None,
    };
    text.chars().find(|character| character.is_control() && *character != '\t')
}

/// Returns the shortest step of time that changes the text, at most a second: the offset of a zone
/// changes at whole seconds.
fn tick(items: &[Item<'static>]) -> Duration {
    // The fraction has no zeros, so formats that omit trailing zeros show all of their digits.
    let base = 111_111_111;
    let is_visible =
        |step: Duration| render(items, base) != render(items, base + step.as_nanos() as i128);
    [Duration::from_nanos(1), Duration::from_micros(1), Duration::from_millis(1)]
        .into_iter()
        .find(|step| is_visible(*step))
        .unwrap_or(Duration::from_secs(1))
}
