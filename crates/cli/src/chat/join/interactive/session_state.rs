//! What is known from what the server has sent.

use std::time::Instant;

use ::chat::{Event, EventKind, Notice};

use super::super::view::View;
use super::super::{Place, Refused};
use super::replay_filter::ReplayFilter;
use super::unconfirmed::Unconfirmed;

/// What the thread that listens shares with this one.
pub(super) struct SessionState {
    pub(super) view: View,
    pub(super) unconfirmed: Unconfirmed,
    replay_filter: ReplayFilter,
    pub(super) place: Place,
    /// What the lobby says is not for who only passes it on the way to a room.
    passes: bool,
    /// Answers to `/who` that are due to this program, and tell it names.
    unasked: usize,
    /// They are on their way already.
    pub(super) knows_who: bool,
    /// The operator does not want this client.
    pub(super) removed: bool,
    /// The name that the server granted last, on this connection or an earlier one.
    pub(super) granted: Option<String>,
    /// It was on this one.
    pub(super) is_named: bool,
}

impl SessionState {
    pub(super) fn new(view: View, place: Place) -> SessionState {
        SessionState {
            view,
            unconfirmed: Unconfirmed::default(),
            replay_filter: ReplayFilter::default(),
            place,
            passes: false,
            unasked: 0,
            knows_who: false,
            removed: false,
            granted: None,
            is_named: false,
        }
    }

    /// A connection begins.
    pub(super) fn begin(&mut self, refused: &[Refused]) {
        self.is_named = !refused.iter().any(|refused| refused.is_name);
        self.passes = self.place.room.is_some() && refused.iter().all(|refused| refused.is_name);
        self.knows_who = self.place.answers() > 0;
        self.unasked = self.place.answers().max(1);
        self.replay_filter.begin();
    }

    /// What there is to be shown of an event.
    pub(super) fn hear(&mut self, event: &Event, me: &str) -> Option<String> {
        match &event.kind {
            EventKind::Message { from, text } => {
                if from == me {
                    self.unconfirmed.came_back(text);
                }
                // Not as it came: in JSON, the history has a mark.
                let time = event.time.as_deref().unwrap_or_default();
                if self.passes || self.replay_filter.is_known(&format!("{time} {from}: {text}")) {
                    return None;
                }
            }
            EventKind::Private { from, text, .. } if from == me => self.unconfirmed.came_back(text),
            EventKind::Notice { notice: Some(notice), .. } => match notice {
                Notice::YourName(name) => {
                    self.place.nick = Some(name.clone());
                    self.granted = Some(name.clone());
                    self.is_named = true;
                }
                Notice::YourRoom(room) => {
                    self.place.room = Some(room.clone());
                    self.passes = false;
                }
                Notice::Removed => self.removed = true,
                Notice::Members(_) if self.unasked > 0 => {
                    self.unasked -= 1;
                    return None;
                }
                _ => {}
            },
            _ => {}
        }
        Some(self.view.show(event, me, Instant::now()))
    }
}
