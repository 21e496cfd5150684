//! Lists of members and rooms, as clients receive them.

use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Local};

use crate::protocol::format::quote;

/// The most names that `/who` lists, and the most rooms that `/rooms` lists.
pub(crate) const MAX_LISTED: usize = 100;

/// The most bytes of such a list.
pub(crate) const MAX_LIST: usize = 4 * 1024;

/// Returns the reply to `/who`: names and times of entry of some of `count` members.
pub(crate) fn members_text(
    members: &[(Arc<str>, SystemTime)],
    count: usize,
    now: SystemTime,
) -> String {
    let members = members.iter().map(|(name, at)| format!("{name} since {}", since(*at, now)));
    format!("{count} here: {}", list(members, count))
}

/// Returns the reply to `/rooms`: names and numbers of members of all rooms.
pub(crate) fn rooms_text(rooms: &[(Arc<str>, u64)]) -> String {
    let count = rooms.len();
    let noun = if count == 1 { "room" } else { "rooms" };
    let listed = rooms.iter().take(MAX_LISTED).map(|(room, members)| format!("{room} {members}"));
    format!("{count} {noun}: {}", list(listed, count))
}

/// Returns the JSON object for a room in the list for browsers. Its number of messages lets a page
/// count the unread ones.
pub(crate) fn room_object(room: &str, clients: u64, messages: u64) -> String {
    let mut name = Vec::new();
    quote(&mut name, room);
    let name = String::from_utf8_lossy(&name);
    format!("{{\"name\":{name},\"clients\":{clients},\"messages\":{messages}}}")
}

/// Joins items with commas, up to [`MAX_LIST`] bytes, and counts the rest of `count`.
fn list(items: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = String::new();
    let mut listed = 0;
    for item in items {
        if text.len() + item.len() > MAX_LIST {
            break;
        }
        if listed > 0 {
            text += ", ";
        }
        text += &item;
        listed += 1;
    }
    if count > listed {
        text += &format!(" and {} more", count - listed);
    }
    text
}

/// Returns the local time of day of `at`, with the date unless it is today's.
fn since(at: SystemTime, now: SystemTime) -> String {
    let [at, now] = [at, now].map(DateTime::<Local>::from);
    let format = if at.date_naive() == now.date_naive() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.format(format).to_string()
}
