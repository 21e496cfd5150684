//! The session of a person at a terminal.
//!
//! It has four threads. One reads the input line, one receives from the server, one draws, and this
//! one owns the session and makes the decisions. None of them waits for another: a stopped terminal
//! does not hold up the chat, and a server that is gone does not hold up typing.

mod connection;
mod replay_filter;
mod session;
mod session_state;
mod unconfirmed;

use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex};

use super::completion::Completion;
use super::login::Login;
use super::view::{Bell, View};
use crate::args::chat::ChatJoin;
use crate::exit::Failure;
use crate::screen::{Entered, InputLine, Screen};
use crate::signals::Signals;
use crate::{logging, threads};
use connection::{SessionEvent, Shared};
use session::Session;
use session_state::SessionState;

/// Most events in the queue of the session.
const MAX_EVENTS: usize = 64;

/// Runs the session until the user leaves.
pub(super) fn run(
    args: &ChatJoin,
    login: Login,
    completion: Completion,
    screen: Screen,
    line: InputLine,
) -> Result<(), Failure> {
    let (client, rejections) = login.connect()?;
    let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let bell = match args.bell.as_str() {
        "never" => Bell::Never,
        "all" => Bell::All,
        _ => Bell::Name,
    };
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    let (events, incoming) = mpsc::sync_channel(MAX_EVENTS);
    let state = SessionState::new(View::new(color, bell, today), login);
    let state = Arc::new(Mutex::new(state));
    let shared = Shared { state, completion, screen: screen.clone(), events: events.clone() };
    let signalled = events.clone();
    let signals = Signals::watch(move |_| drop(signalled.send(SessionEvent::Signal)))?;
    // The screen has a thread of its own.
    signals.set_printing(false);
    logging::divert(&screen);
    let receiving = shared.clone();
    threads::start("receive", move || receiving.attend(client, rejections))?;
    // Started last: if the system refuses a thread, the terminal is still unchanged.
    threads::start("input", move || read_lines(line, &events))?;
    let result = Session::new(shared, !args.no_reconnect).run(&incoming);
    screen.close();
    result
}

/// Reads the input line until its end.
fn read_lines(mut line: InputLine, events: &SyncSender<SessionEvent>) {
    loop {
        let entered = line.read();
        let is_end = entered == Entered::End;
        if events.send(SessionEvent::Entered(entered)).is_err() || is_end {
            return;
        }
    }
}
