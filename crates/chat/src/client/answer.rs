//! Commands whose answer a client waits for.

use netcore::Deadline;

use crate::client::error::ClientError;
use crate::client::event::{Event, EventKind, Notice};
use crate::client::{Client, peer};
use crate::password::Password;

/// The most bytes of events that are kept while the client waits for an answer.
const MAX_QUEUED: usize = 16 << 20;

/// Lines of a command that waits for its answer: the command itself, and `/who`. A server that
/// waits for its password refuses both; one refusal may be about an earlier line.
const LINES: usize = 2;

impl Client {
    /// Implements [`Client::authenticate`].
    pub(super) fn say_password(
        &mut self,
        password: &Password,
        deadline: Deadline,
    ) -> Result<(), ClientError> {
        self.sender.write(&format!("/pass {}\n", password.expose()), deadline)?;
        let peer = || peer(&self.sender.stream);
        let (mut bytes, mut last_notice) = (0, String::new());
        while let Some(mut event) = self.receiver.next_of_a_chat(deadline)? {
            bytes += event.raw.len();
            if bytes > MAX_QUEUED {
                return Err(ClientError::TooLong { peer: peer(), limit: MAX_QUEUED });
            }
            // A server without a password has sent the history before its answer.
            event.history |= event.room.is_none()
                && matches!(event.kind, EventKind::Message { .. })
                && !self.receiver.has_lobby_history;
            let EventKind::Notice { text, notice } = &event.kind else {
                self.receiver.queued.push_back(event);
                continue;
            };
            match notice {
                Some(Notice::PasswordAccepted) => return Ok(()),
                Some(Notice::PasswordUnneeded) => {
                    self.receiver.has_lobby_history = true;
                    return Ok(());
                }
                Some(Notice::PasswordWrong) => {
                    return Err(ClientError::WrongPassword { peer: peer() });
                }
                Some(Notice::PasswordNeeded) => {}
                _ => {
                    last_notice.clone_from(text);
                    self.receiver.queued.push_back(event);
                }
            }
        }
        Err(ClientError::NoAnswer { peer: peer(), last_notice })
    }

    /// Sends `command`, which a notice grants or rejects, and `/who`, whose reply marks the end of
    /// the answer.
    pub(super) fn ask(
        &mut self,
        command: &str,
        is_grant: fn(&Notice) -> bool,
        deadline: Deadline,
    ) -> Result<(), ClientError> {
        if command.contains('\n') {
            return Err(ClientError::NotALine);
        }
        self.sender.write(&format!("{command}\n/who\n"), deadline)?;
        let mut answer = PendingAnswer {
            is_grant,
            is_granted: false,
            last_notice: String::new(),
            is_in_history: !self.receiver.has_lobby_history,
            refused: 0,
            bytes: 0,
        };
        let peer = || peer(&self.sender.stream);
        while let Some(mut event) = self.receiver.next_of_a_chat(deadline)? {
            let is_end = answer.add(&mut event);
            if answer.refused >= LINES {
                return Err(ClientError::PasswordNeeded { peer: peer() });
            }
            self.receiver.has_lobby_history |= is_end;
            self.receiver.queued.push_back(event);
            if answer.bytes > MAX_QUEUED {
                return Err(ClientError::TooLong { peer: peer(), limit: MAX_QUEUED });
            }
            if is_end {
                let reason = answer.last_notice;
                let request = command.to_owned();
                return match answer.is_granted {
                    true => Ok(()),
                    false => Err(ClientError::Rejected { peer: peer(), request, reason }),
                };
            }
        }
        Err(ClientError::NoAnswer { peer: peer(), last_notice: answer.last_notice })
    }
}

/// The answer to a command, while its events arrive.
struct PendingAnswer {
    is_grant: fn(&Notice) -> bool,
    is_granted: bool,
    /// The last notice without a known meaning. A rejection is one.
    last_notice: String,
    /// `true` while messages belong to a room's history.
    is_in_history: bool,
    /// Lines that the server has refused because it waits for its password.
    refused: usize,
    /// Bytes of all events.
    bytes: usize,
}

impl PendingAnswer {
    /// Adds an event, and marks it if it is history. Returns `true` if it ends the answer.
    fn add(&mut self, event: &mut Event) -> bool {
        self.bytes += event.raw.len();
        // Only the `json` format has a room, and a history mark of its own.
        event.history |= self.is_in_history
            && event.room.is_none()
            && matches!(event.kind, EventKind::Message { .. });
        let EventKind::Notice { text, notice } = &event.kind else { return false };
        match notice {
            Some(Notice::Members(_)) => return true,
            Some(Notice::PasswordNeeded) => self.refused += 1,
            Some(notice) => {
                self.is_in_history |= matches!(notice, Notice::YourRoom(_));
                self.is_granted |= (self.is_grant)(notice);
            }
            // A notice of the operator may arrive at any time.
            None if text.starts_with("operator") => {}
            None => self.last_notice.clone_from(text),
        }
        false
    }
}
