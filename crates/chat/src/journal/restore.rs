//! What was said before a restart becomes the history again.

use std::time::{Instant, SystemTime};

use crate::hub::Hub;
use crate::journal::Recovered;
use crate::protocol::format::{Message, MessageKind, Renderer};
use crate::protocol::json::{Kind, Record};
use crate::protocol::name::Name;
use crate::protocol::text::clean;
use crate::room::segment::{Batch, EntryKind};

/// Gives the hub the rooms that were found.
pub(crate) fn restore(hub: &Hub, found: Vec<Recovered>) {
    let mut renderer = Renderer::new(hub.config.format);
    let now = Instant::now();
    for Recovered { key, name, records } in found {
        // The name as people wrote it, if it is one for this key.
        let as_written = Name::of_room(&name).ok().filter(|name| name.folded == key);
        let Some(name) = as_written.or_else(|| Name::of_room(&key).ok()) else {
            log::warn!("{key}: no name of a room; its log is left alone");
            continue;
        };
        let mut history = Batch::default();
        for Record { time, from, kind, text, .. } in &records {
            // A file may have been edited.
            let (time, from) = (SystemTime::from(*time), clean(from));
            let kind = match kind {
                Kind::Message => MessageKind::Public { from: &from },
                _ => MessageKind::Notice,
            };
            let message = Message { time, room: &name.shown, kind, text };
            history.push(EntryKind::Message, &mut renderer, &message);
        }
        hub.restore(&name, &history, now);
    }
}
