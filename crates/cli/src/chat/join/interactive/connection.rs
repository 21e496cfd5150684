//! The connection of a session: it receives events on a thread of its own and shows them.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::chat::{Client, ClientError, Receiver, Sender, clean};
use netcore::Deadline;

use super::super::completion::Completion;
use super::super::login::Rejection;
use super::super::server_check::{NOT_A_CHAT, ServerCheck};
use super::session_state::SessionState;
use crate::screen::{Entered, Screen};

/// An event for the thread that owns the session.
pub(super) enum SessionEvent {
    Entered(Entered),
    /// A connection is established.
    Connected(Sender),
    /// The connection ended, or an attempt failed.
    Disconnected(Result<(), ClientError>),
    Signal,
}

/// Everything that the threads of a session share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) state: Arc<Mutex<SessionState>>,
    pub(super) completion: Completion,
    pub(super) screen: Screen,
    pub(super) events: SyncSender<SessionEvent>,
}

impl Shared {
    /// Runs a connection until it ends.
    pub(super) fn attend(&self, client: Client, rejections: Vec<Rejection>) {
        let (sender, receiver) = client.split();
        self.state().begin(&rejections);
        if self.events.send(SessionEvent::Connected(sender)).is_ok() {
            let result = self.receive(receiver);
            let _ = self.events.send(SessionEvent::Disconnected(result));
        }
    }

    /// Connects again, and runs the connection until it ends.
    pub(super) fn reconnect(&self) {
        let login = self.state().login.clone();
        match login.connect() {
            Ok((client, rejections)) => {
                self.say("reconnected");
                self.attend(client, rejections);
            }
            Err(error) => drop(self.events.send(SessionEvent::Disconnected(Err(error)))),
        }
    }

    /// Shows events until the connection ends.
    fn receive(&self, mut receiver: Receiver) -> Result<(), ClientError> {
        let mut check = ServerCheck::default();
        while let Some(event) = receiver.recv(Deadline::never())? {
            self.completion.learn(&event);
            if check.is_other_protocol(&event) {
                self.say(&format!("{}: {NOT_A_CHAT}", self.state().login.endpoint));
            }
            if let Some(text) = self.state().handle(&event, receiver.name()) {
                self.screen.print(&text);
            }
        }
        Ok(())
    }

    /// Locks the state.
    pub(super) fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a message of the program itself. It may contain pasted text, which is cleaned.
    pub(super) fn say(&self, text: &str) {
        let text = self.state().view.own(&clean(text));
        self.screen.print(&text);
    }
}
