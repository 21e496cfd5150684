//! The first steps of a connection: connect, say the password, take a name, join a room.

use std::time::Duration;

use ::chat::{Client, ClientError, Password};
use netcore::{Connector, Deadline, Endpoint};

/// The server, its password, and the name and room to ask it for.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) endpoint: Endpoint,
    /// The settings of each connection. A reconnect resumes the TLS session.
    pub(super) connector: Connector,
    pub(super) nick: Option<String>,
    pub(super) room: Option<String>,
    pub(super) password: Option<Password>,
    /// Time limit for all steps together.
    pub(super) timeout: Duration,
}

/// A name or room that the server rejected.
pub(super) struct Rejection {
    /// `true` for the name, `false` for the room.
    pub(super) is_name: bool,
    /// The name or room, and the server's reason.
    pub(super) message: String,
}

impl Login {
    /// Returns the number of replies to `/who` that [`connect`](Login::connect) causes.
    pub(super) fn who_replies(&self) -> usize {
        usize::from(self.nick.is_some()) + usize::from(self.room.is_some())
    }

    /// Connects, says the password, takes the name and joins the room. Returns the rejections
    /// beside the connection.
    ///
    /// # Errors
    ///
    /// The connection fails, the password is wrong, or the server does not reply in time.
    pub(super) fn connect(&self) -> Result<(Client, Vec<Rejection>), ClientError> {
        let deadline = Deadline::after(self.timeout);
        let mut client = Client::connect_with(&self.connector, &self.endpoint, deadline)?;
        if let Some(password) = &self.password {
            client.authenticate(password, deadline)?;
        }
        let mut rejections = Vec::new();
        let mut note = |is_name, what: String, answer| match answer {
            Err(ClientError::Rejected { reason, .. }) => {
                rejections.push(Rejection { is_name, message: format!("{what}: {reason}") });
                Ok(())
            }
            answer => answer,
        };
        if let Some(nick) = &self.nick {
            note(true, format!("the name {nick}"), client.nick(nick, deadline))?;
        }
        if let Some(room) = &self.room {
            note(false, format!("the room {room}"), client.join(room, deadline))?;
        }
        Ok((client, rejections))
    }
}
