//! Completion of names, rooms and commands with Tab.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::chat::{Event, EventKind, Notice};

use super::commands::COMMANDS;

#[cfg(test)]
mod tests;

/// Most names of each kind to keep. The least recently seen are dropped.
const MAX_NAMES: usize = 500;

/// Names and rooms seen so far, shared by threads.
#[derive(Clone, Default)]
pub(super) struct Completion(Arc<Mutex<Known>>);

/// Names and rooms, the most recently seen first.
#[derive(Default)]
struct Known {
    people: Vec<String>,
    rooms: Vec<String>,
}

impl Completion {
    /// Adds the names and rooms of an event.
    pub(super) fn learn(&self, event: &Event) {
        let mut known_names = self.known_names();
        match &event.kind {
            EventKind::Message { from, .. } => put_first(&mut known_names.people, from),
            EventKind::Private { from, to, .. } => {
                put_first(&mut known_names.people, to);
                put_first(&mut known_names.people, from);
            }
            EventKind::Notice { notice: Some(notice), .. } => known_names.notice(notice),
            _ => {}
        }
    }

    /// Completes the end of `before`, the text before the cursor. Returns the byte at which the
    /// completed word begins, and its candidates.
    pub(super) fn complete(&self, before: &str) -> (usize, Vec<String>) {
        let known_names = self.known_names();
        let start = before.rfind(' ').map_or(0, |space| space + 1);
        let (head, part) = before.split_at(start);
        let with = |names: &[String], ending: &str| {
            let folded = part.to_lowercase();
            let fits = names.iter().filter(|name| name.to_lowercase().starts_with(&folded));
            fits.map(|name| format!("{name}{ending}")).collect()
        };
        let words = match head {
            "" if part.starts_with('/') => {
                let fits = COMMANDS.iter().filter(|command| command.starts_with(part));
                fits.map(|command| match *command {
                    "/nick" | "/join" | "/msg" => format!("{command} "),
                    command => command.to_owned(),
                })
                .collect()
            }
            // A name at the start of a line addresses its owner.
            "" => with(&known_names.people, ": "),
            "/join " => with(&known_names.rooms, ""),
            _ => with(&known_names.people, " "),
        };
        (start, words)
    }

    fn known_names(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Joined(names) | Notice::Members(names) => {
                names.iter().rev().for_each(|name| put_first(&mut self.people, name));
            }
            Notice::Left(names) => self.people.retain(|name| !names.contains(name)),
            Notice::Renamed { from, to } => {
                self.people.retain(|name| name != from);
                put_first(&mut self.people, to);
            }
            Notice::Rooms(names) => {
                names.iter().rev().for_each(|name| put_first(&mut self.rooms, name));
            }
            Notice::YourRoom(room) => put_first(&mut self.rooms, room),
            _ => {}
        }
    }
}

/// Moves or adds `name` to the front of `names`.
fn put_first(names: &mut Vec<String>, name: &str) {
    let known = names.iter().position(|known| known == name);
    let name = known.map_or_else(|| name.to_owned(), |at| names.remove(at));
    names.insert(0, name);
    names.truncate(MAX_NAMES);
}
