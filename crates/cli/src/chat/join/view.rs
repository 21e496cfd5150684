//! How what arrives is shown to a person.

mod clock;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use ::chat::{Event, EventKind};

use clock::Clock;

/// Characters of one text. What a server sends may be longer, and a terminal is small.
const LONGEST: usize = 4096;

/// Several things within such a time ring once: those of the history come all together.
const ONE_RING: Duration = Duration::from_secs(1);

/// Which events ring the terminal's bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bell {
    Never,
    /// This client's name, and private messages.
    Name,
    /// What others say.
    All,
}

/// Makes lines of events.
#[derive(Debug)]
pub(super) struct View {
    color: bool,
    bell: Bell,
    rang: Option<Instant>,
    /// The day of what was shown last.
    day: String,
}

impl View {
    /// `today` as `2026-11-20`.
    pub(super) fn new(color: bool, bell: Bell, today: String) -> View {
        View { color, bell, rang: None, day: today }
    }

    /// What the program itself has to say.
    pub(super) fn own(&self, text: &str) -> String {
        self.paint("33", &format!("! {text}"))
    }

    /// The event in the eyes of who is called `me`: a line, or two.
    pub(super) fn show(&mut self, event: &Event, me: &str, now: Instant) -> String {
        let (who, text, is_private) = match &event.kind {
            EventKind::Message { from, text } => (self.name(from, me), text, false),
            EventKind::Private { from, to, text } => {
                let arrow = self.paint("1;35", "->");
                (format!("{} {arrow} {}", self.name(from, me), self.name(to, me)), text, true)
            }
            EventKind::Notice { text, .. } => return self.paint("2", &cut(&format!("* {text}"))),
            EventKind::TooLong { limit } => {
                return self.own(&format!("a line longer than {limit} bytes is left out"));
            }
            _ => return cut(&event.raw),
        };
        let is_mine = matches!(&event.kind,
            EventKind::Message { from, .. } | EventKind::Private { from, .. } if from == me);
        let is_about_me = !is_mine && (is_private || mentions(text, me));
        let who = if is_about_me { self.paint("7", &who) } else { who };
        let rings = match self.bell {
            // It may have rung before this connection.
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

    /// A line of its own where the day is another than before.
    fn day(&mut self, day: &str) -> String {
        if self.day == day {
            return String::new();
        }
        day.clone_into(&mut self.day);
        self.paint("2", &format!("-- {day}")) + "\n"
    }

    fn ring(&mut self, now: Instant) -> bool {
        let again = self.rang.is_none_or(|rang| now.duration_since(rang) >= ONE_RING);
        if again {
            self.rang = Some(now);
        }
        again
    }

    /// Mine is bold; each other has a color, the same each time.
    fn name(&self, name: &str, me: &str) -> String {
        let style = if name == me { "1".to_owned() } else { color(name).to_string() };
        self.paint(&style, &cut(name))
    }

    fn paint(&self, style: &str, text: &str) -> String {
        match self.color {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// One of twelve colors, without black, white and the grays. It depends on the name alone, by the
/// FNV-1a hash.
fn color(name: &str) -> u32 {
    let hash = name
        .to_lowercase()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let color = hash % 12;
    if color < 6 { 31 + color } else { 91 + color - 6 }
}

/// Whether `name` stands in `text` as a word.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !name.is_empty()
        && text.match_indices(&name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            !inside(before.chars().next_back()) && !inside(after.chars().next())
        })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{} [… {more} characters more]", &text[..end])
        }
    }
}
