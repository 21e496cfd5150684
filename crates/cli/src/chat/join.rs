//! `sockit chat join`: a session of a person on a terminal, or of a script with a pipe.

mod commands;
mod completion;
mod interactive;
mod leave;
mod login;
mod piped;
mod server_check;
mod view;

use std::slice;

use ::chat::ClientError;
use netcore::{Connector, Endpoint, Transport};

use super::password;
use crate::args::chat::ChatJoin;
use crate::args::common::Common;
use crate::exit::{self, Failure};
use crate::screen::Screen;
use crate::stdio::Stdio;
use crate::tls::with_tls;
use commands::password_at;
use completion::Completion;
use login::Login;

/// The next step after a server has asked for its password.
const PASSWORD_HINT: &str = "; --password-file FILE says it";

/// Runs `sockit chat join`.
pub(crate) fn join(args: ChatJoin, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    if endpoint.transport() == Transport::Udp {
        let message = format!("{endpoint}: a chat needs a connection, and UDP has none");
        return Err(Failure::new(exit::USAGE, message));
    }
    let login = Login {
        connector: with_tls(Connector::new(), &args.tls, slice::from_ref(&endpoint))?,
        endpoint,
        nick: args.nick.clone(),
        room: args.room.clone(),
        password: password::read(args.password_file.as_deref())?,
        timeout: args.timeout,
    };
    if stdio.interactive && !common.json {
        let completion = Completion::default();
        let complete = completion.clone();
        let complete = Box::new(move |before: &str| complete.complete(before));
        let history = args.history_file.clone();
        if let Some((screen, line)) = Screen::open(complete, password_at, history)? {
            return interactive::run(&args, login, completion, screen, line);
        }
    }
    piped::run(&args, &login, common, stdio)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let code = match error {
            ClientError::Socket(error) => return error.into(),
            ClientError::NotALine => exit::USAGE,
            ClientError::NoAnswer { .. } => exit::NOTHING_RECEIVED,
            ClientError::NotAChat { .. } => exit::RECEIVE_ERROR,
            ClientError::TooLong { .. } => exit::TOO_LARGE,
            _ => exit::OTHER,
        };
        let hint = match error {
            ClientError::PasswordNeeded { .. } => PASSWORD_HINT,
            _ => "",
        };
        Failure::new(code, error.to_string() + hint)
    }
}
