//! strftime patterns that are known to work.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::format::{Item, StrftimeItems};

use crate::zone::Zone;
use crate::zone::write_date;

/// A strftime pattern that has been checked: writing a time by it cannot fail.
///
/// The specifiers are those of strftime(3) in the C locale, and for fractions of a second `%f`
/// (nanoseconds), `%3f`, `%6f`, `%9f` and, with their decimal point, `%.f`, `%.3f`, `%.6f`,
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
    /// - [`PatternError::Empty`] if there is nothing in it.
    /// - [`PatternError::Control`] if it has or gives a control character other than a tab. Above
    ///   all a line feed (`%n`) would cut every answer in two for a client that reads lines.
    /// - [`PatternError::Specifier`] if a specifier is unknown, incomplete, or cannot be written.
    pub fn new(text: &str) -> Result<Pattern, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let Some(items) = parse(text) else {
            return Err(PatternError::Specifier { text: text.to_owned(), at: fault(text) });
        };
        if let Some(character) = items.iter().find_map(control) {
            return Err(PatternError::Control { text: text.to_owned(), character });
        }
        let tick = tick(&items);
        Ok(Pattern { text: text.to_owned(), items, tick })
    }

    /// The pattern as it was given.
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

/// A strftime pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is nothing in it.
    #[error("empty strftime pattern")]
    Empty,
    /// It has a specifier that is unknown or incomplete.
    #[error("strftime pattern {text:?}: unknown or incomplete specifier at byte {at}")]
    #[non_exhaustive]
    Specifier {
        /// The pattern.
        text: String,
        /// Where the specifier begins, in bytes from the beginning of the pattern.
        at: usize,
    },
    /// It gives a control character.
    #[error("strftime pattern {text:?}: gives the control character {character:?}")]
    #[non_exhaustive]
    Control {
        /// The pattern.
        text: String,
        /// The first such character.
        character: char,
    },
}

/// The items of a pattern, unless one of them is unknown or cannot be written.
fn parse(text: &str) -> Option<Vec<Item<'static>>> {
    let items = StrftimeItems::new(text).parse_to_owned().ok()?;
    render(&items, 0)?;
    Some(items)
}

/// What the items give at a number of nanoseconds since 1970.
fn render(items: &[Item<'static>], nanos: i128) -> Option<String> {
    let mut out = String::new();
    write_date(nanos, Zone::Utc, items.iter(), &mut out).ok()?;
    Some(out)
}

/// Where the specifier begins that makes a pattern fail: all before it is a pattern that works,
/// and nothing that goes further is.
fn fault(text: &str) -> usize {
    text.match_indices('%').map(|(at, _)| at).rfind(|at| parse(&text[..*at]).is_some()).unwrap_or(0)
}

/// A control character of an item. Only text can have one: specifiers give printable characters.
fn control(item: &Item<'static>) -> Option<char> {
    let text: &str = match item {
        Item::Literal(text) | Item::Space(text) => text,
        Item::OwnedLiteral(text) | Item::OwnedSpace(text) => text,
        _ => return None,
    };
    text.chars().find(|character| character.is_control() && *character != '\t')
}

/// The shortest step that changes the text. A change of the zone's offset comes at a whole second,
/// so no step is longer.
fn tick(items: &[Item<'static>]) -> Duration {
    // No digit of the fraction is 0, so that formats which drop zeros show all digits they have.
    let base = 111_111_111;
    let shows =
        |step: Duration| render(items, base) != render(items, base + step.as_nanos() as i128);
    [Duration::from_nanos(1), Duration::from_micros(1), Duration::from_millis(1)]
        .into_iter()
        .find(|step| shows(*step))
        .unwrap_or(Duration::from_secs(1))
}
