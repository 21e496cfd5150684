//! The state of a session, updated by the events of the server.

use std::time::Instant;

use ::chat::{Event, EventKind, Notice};

use super::super::login::{Login, Rejection};
use super::super::view::View;
use super::replay_filter::ReplayFilter;
use super::unconfirmed::Unconfirmed;

/// State that the receiving thread and the session share.
pub(super) struct SessionState {
    pub(super) view: View,
    pub(super) unconfirmed: Unconfirmed,
    replay_filter: ReplayFilter,
    pub(super) login: Login,
    /// `true` while the lobby's messages are hidden because the client is about to join another
    /// room.
    hides_lobby: bool,
    /// Replies to the program's own `/who` still to come. They are not shown.
    own_replies: usize,
    /// `true` if the login has already asked for the names in the room.
    knows_who: bool,
    /// `true` once the operator has removed this client.
    pub(super) removed: bool,
    /// The last name that the server granted, on this connection or an earlier one.
    pub(super) granted: Option<String>,
    /// `true` if the server granted the name on this connection.
    pub(super) is_named: bool,
}

impl SessionState {
    /// Makes the state of a session before its first connection.
    pub(super) fn new(view: View, login: Login) -> SessionState {
        SessionState {
            view,
            unconfirmed: Unconfirmed::default(),
            replay_filter: ReplayFilter::default(),
            login,
            hides_lobby: false,
            own_replies: 0,
            knows_who: false,
            removed: false,
            granted: None,
            is_named: false,
        }
    }

    /// Resets the state of the connection for a new one.
    pub(super) fn begin(&mut self, rejections: &[Rejection]) {
        self.is_named = !rejections.iter().any(|rejection| rejection.is_name);
        let has_room = rejections.iter().all(|rejection| rejection.is_name);
        self.hides_lobby = self.login.room.is_some() && has_room;
        self.knows_who = self.login.who_replies() > 0;
        self.own_replies = self.login.who_replies().max(1);
        self.replay_filter.begin();
    }

    /// Returns `true` if the login has already asked for the names in the room.
    pub(super) fn knows_who(&self) -> bool {
        self.knows_who
    }

    /// Returns `true` if the name that the user wants was granted before and is not on this
    /// connection.
    pub(super) fn has_lost_name(&self) -> bool {
        self.login.nick.is_some() && self.login.nick == self.granted && !self.is_named
    }

    /// Updates the state by an event. Returns the text to show, or `None` if the event is hidden.
    pub(super) fn handle(&mut self, event: &Event, me: &str) -> Option<String> {
        match &event.kind {
            EventKind::Message { from, text } => {
                if from == me {
                    self.unconfirmed.confirm(text);
                }
                // The raw line would not do: in JSON, messages of the history have a mark.
                let time = event.time.as_deref().unwrap_or_default();
                let message = format!("{time} {from}: {text}");
                if self.hides_lobby || self.replay_filter.is_replay(&message) {
                    return None;
                }
            }
            EventKind::Private { from, text, .. } if from == me => self.unconfirmed.confirm(text),
            EventKind::Notice { notice: Some(notice), .. } => match notice {
                Notice::YourName(name) => {
                    self.login.nick = Some(name.clone());
                    self.granted = Some(name.clone());
                    self.is_named = true;
                }
                Notice::YourRoom(room) => {
                    self.login.room = Some(room.clone());
                    self.hides_lobby = false;
                }
                Notice::Removed => self.removed = true,
                Notice::Members(_) if self.own_replies > 0 => {
                    self.own_replies -= 1;
                    return None;
                }
                _ => {}
            },
            _ => {}
        }
        Some(self.view.show(event, me, Instant::now()))
    }
}
