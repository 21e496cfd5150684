//! The text and colors of events on a terminal.

mod clock;

use std::time::{Duration, Instant};

use ::chat::{Event, EventKind};

use clock::Clock;

#[cfg(test)]
mod tests;

/// Most characters to show of one text.
const MAX_TEXT: usize = 4096;

/// Events within this time ring only once.
const RING_INTERVAL: Duration = Duration::from_secs(1);

/// The events that ring the terminal's bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bell {
    Never,
    /// Messages that mention this client's name, and private messages.
    Name,
    /// All messages of others.
    All,
}

/// Formats events as lines.
#[derive(Debug)]
pub(super) struct View {
    color: bool,
    bell: Bell,
    rang: Option<Instant>,
    /// The day of the last message shown.
    day: String,
}

impl View {
    /// Makes a view. `today` is a date such as `2026-11-20`.
    pub(super) fn new(color: bool, bell: Bell, today: String) -> View {
        View { color, bell, rang: None, day: today }
    }

    /// Formats a message of the program itself.
    pub(super) fn own(&self, text: &str) -> String {
        self.paint("33", &format!("! {text}"))
    }

    /// Formats an event, in one line or two, for a client with the name `me`.
    pub(super) fn show(&mut self, event: &Event, me: &str, now: Instant) -> String {
        let (who, text, is_private) = match &event.kind {
            EventKind::Message { from, text } => (self.name(from, me), text, false),
            EventKind::Private { from, to, text } => {
                let arrow = self.paint("1;35", "->");
                (format!("{} {arrow} {}", self.name(from, me), self.name(to, me)), text, true)
            }
            EventKind::Notice { text, .. } => return self.paint("2", &cut(&format!("* {text}"))),
            EventKind::TooLong { limit } => {
                return self.own(&format!("skipped a line longer than {limit} bytes"));
            }
            _ => return cut(&event.raw),
        };
        let is_mine = matches!(&event.kind,
            EventKind::Message { from, .. } | EventKind::Private { from, .. } if from == me);
        let is_about_me = !is_mine && (is_private || mentions(text, me));
        let who = if is_about_me { self.paint("7", &who) } else { who };
        let rings = match self.bell {
            // An earlier connection may have rung for the history.
            _ if event.history => false,
            Bell::Never => false,
            Bell::Name => is_about_me,
            Bell::All => !is_mine,
        };
        let bell = if rings && self.ring(now) { "\x07" } else { "" };
        let clock = event.time.as_deref().and_then(Clock::of);
        let (day, clock) = match &clock {
            Some(clock) => (self.day(&clock.day), self.paint("2", &clock.minute) + " "),
            None => (String::new(), String::new()),
        };
        format!("{bell}{day}{clock}{who}: {}", cut(text))
    }

    /// Returns a line with the day if it has changed, or else an empty text.
    fn day(&mut self, day: &str) -> String {
        if self.day == day {
            return String::new();
        }
        day.clone_into(&mut self.day);
        self.paint("2", &format!("-- {day}")) + "\n"
    }

    /// Returns `true` if the bell has not rung recently.
    fn ring(&mut self, now: Instant) -> bool {
        let again = self.rang.is_none_or(|rang| now.duration_since(rang) >= RING_INTERVAL);
        if again {
            self.rang = Some(now);
        }
        again
    }

    /// Formats a name: this client's is bold, each other has a fixed color.
    fn name(&self, name: &str, me: &str) -> String {
        let style = if name == me { "1".to_owned() } else { color(name).to_string() };
        self.paint(&style, &cut(name))
    }

    /// Returns `text` in a style of ECMA-48 (SGR), if colors are on.
    fn paint(&self, style: &str, text: &str) -> String {
        match self.color {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Returns one of twelve colors, without black, white and the grays. The FNV-1a hash of the name
/// selects it.
fn color(name: &str) -> u32 {
    let hash = name
        .to_lowercase()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let color = hash % 12;
    if color < 6 { 31 + color } else { 91 + color - 6 }
}

/// Returns `true` if `text` contains `name` as a word.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !name.is_empty()
        && text.match_indices(&name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            !inside(before.chars().next_back()) && !inside(after.chars().next())
        })
}

/// Returns `text`, shortened to [`MAX_TEXT`] characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{} [… {more} characters more]", &text[..end])
        }
    }
}
