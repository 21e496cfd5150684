//! The decisions of a session: what to send, when to reconnect, when to leave.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ::chat::{ClientError, Password, Sender};
use netcore::Deadline;
use netcore::backoff::Backoff;

use super::super::commands::{command, password};
use super::super::leave::{self, LEAVE_TIMEOUT};
use super::connection::{SessionEvent, Shared};
use crate::exit::{self, Failure};
use crate::screen::Entered;
use crate::threads;

/// Upper bounds of the first pause and of every pause before connecting again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Pause after the system refused a thread to connect with.
const NO_THREAD_PAUSE: Duration = Duration::from_secs(1);

/// Time limit for sending one line.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Most lines to queue while there is no connection.
const MAX_QUEUED: usize = 100;

/// First pause before asking again for a name. The server may still regard the lost connection as
/// alive, so that it holds the name. Each further pause is twice as long.
const NAME_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause before asking again for a name.
const MAX_NAME_PAUSE: Duration = Duration::from_secs(15 * 60);

/// A session across all of its connections.
pub(super) struct Session {
    shared: Shared,
    reconnects: bool,
    sender: Option<Sender>,
    /// Lines to send once there is a connection.
    queued: VecDeque<String>,
    backoff: Backoff,
    connected_since: Instant,
    /// Time of the next attempt to connect.
    reconnect_at: Option<Instant>,
    /// The last reason printed for the lack of a connection.
    last_reason: Option<String>,
    /// Failed attempts to connect since the last connection.
    attempts: u32,
    /// Time of the next request for the name.
    name_at: Option<Instant>,
    name_pause: Duration,
    /// `true` after a Ctrl-C on an empty line: the next one leaves.
    interrupted: bool,
}

impl Session {
    /// Makes the session. Its first connection is on its way.
    pub(super) fn new(shared: Shared, reconnects: bool) -> Session {
        Session {
            shared,
            reconnects,
            sender: None,
            queued: VecDeque::new(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            connected_since: Instant::now(),
            reconnect_at: None,
            last_reason: None,
            attempts: 0,
            name_at: None,
            name_pause: NAME_PAUSE,
            interrupted: false,
        }
    }

    /// Handles events until the user leaves, or the connection ends for good.
    pub(super) fn run(&mut self, incoming: &mpsc::Receiver<SessionEvent>) -> Result<(), Failure> {
        loop {
            let timers = [self.reconnect_at, self.name_at].into_iter().flatten().map(Deadline::at);
            let next = timers.fold(Deadline::never(), Deadline::earlier);
            let event = match next.remaining() {
                Some(time) => incoming.recv_timeout(time),
                None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(SessionEvent::Entered(entered)) => {
                    if self.handle_input(entered) {
                        return self.leave(incoming);
                    }
                }
                Ok(SessionEvent::Signal) => {
                    let _ = self.leave(incoming);
                    return Err(Failure::new(exit::OTHER, "ended by a signal"));
                }
                Ok(SessionEvent::Connected(sender)) => self.handle_connected(sender),
                Ok(SessionEvent::Disconnected(result)) => self.handle_disconnected(result)?,
                Err(RecvTimeoutError::Timeout) => self.handle_timers(),
                // Unreachable: this thread holds a sender itself, in `shared`.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Handles input of the user. Returns `true` if the user leaves.
    fn handle_input(&mut self, entered: Entered) -> bool {
        let was_interrupted = std::mem::take(&mut self.interrupted);
        match entered {
            Entered::Line(lines) => {
                for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                    if command(line) == Some("/quit") {
                        return true;
                    }
                    self.send_or_queue(line.to_owned());
                }
            }
            Entered::NotUtf8 => {
                let hint = "is the terminal set to UTF-8? Up recalls the line";
                self.shared.say(&format!("not sent, because it is not UTF-8; {hint}"));
            }
            Entered::Interrupt { cleared: false } if was_interrupted => return true,
            Entered::Interrupt { cleared: false } => {
                self.interrupted = true;
                self.shared.say("Ctrl-C again leaves");
            }
            Entered::Interrupt { cleared: true } => {}
            Entered::End => return true,
        }
        false
    }

    /// Fires the timers that are due.
    fn handle_timers(&mut self) {
        let now = Instant::now();
        if self.reconnect_at.take_if(|at| *at <= now).is_some() {
            let shared = self.shared.clone();
            if threads::start("connect", move || shared.reconnect()).is_err() {
                // The system may have a thread by then.
                self.reconnect_at = Some(now + NO_THREAD_PAUSE);
            }
        }
        if self.name_at.take_if(|at| *at <= now).is_some() {
            self.request_name();
        }
    }

    /// Uses a new connection: recovers the name, and sends the queued lines.
    fn handle_connected(&mut self, sender: Sender) {
        self.sender = Some(sender);
        self.connected_since = Instant::now();
        (self.last_reason, self.attempts) = (None, 0);
        let state = self.shared.state();
        let (has_lost_name, knows_who) = (state.has_lost_name(), state.knows_who());
        drop(state);
        self.name_pause = NAME_PAUSE;
        self.name_at = has_lost_name.then(|| Instant::now() + NAME_PAUSE);
        if has_lost_name {
            self.shared.say("your lost connection may still hold your name; asking again");
        }
        if !knows_who {
            self.send("/who".to_owned());
        }
        for line in std::mem::take(&mut self.queued) {
            self.send_or_queue(line);
        }
    }

    /// Asks again for the name of the lost connection, unless the user has taken another name.
    fn request_name(&mut self) {
        let state = self.shared.state();
        let name = state.granted.clone().filter(|_| !state.is_named);
        drop(state);
        if let Some(name) = name {
            self.send(format!("/nick {name}"));
            self.name_pause *= 2;
            self.name_at =
                (self.name_pause <= MAX_NAME_PAUSE).then(|| Instant::now() + self.name_pause);
        }
    }

    /// Handles the end of a connection or of an attempt, and schedules the next attempt.
    ///
    /// # Errors
    ///
    /// The session ends: the operator removed the client, the server refused the password or asks
    /// for one, or `--no-reconnect` is set.
    fn handle_disconnected(&mut self, result: Result<(), ClientError>) -> Result<(), Failure> {
        if self.sender.take().is_some() {
            self.backoff.reset_if_lasted(self.connected_since.elapsed());
        } else {
            self.attempts += 1;
        }
        self.name_at = None;
        let mut state = self.shared.state();
        let unconfirmed = state.unconfirmed.take();
        let (removed, endpoint) = (state.removed, state.login.endpoint.clone());
        drop(state);
        self.say_unconfirmed(&unconfirmed);
        let is_refused = matches!(
            result,
            Err(ClientError::WrongPassword { .. } | ClientError::PasswordNeeded { .. })
        );
        let failure = match result {
            Ok(()) => {
                let message = format!("{endpoint} closed the connection");
                Failure::new(exit::RECEIVE_ERROR, message)
            }
            Err(error) => error.into(),
        };
        if removed {
            return Err(Failure::new(exit::OTHER, "removed by the operator"));
        }
        // Another attempt would be refused in the same way, and count as a wrong password.
        if is_refused || !self.reconnects {
            return Err(failure);
        }
        let pause = self.backoff.next_wait();
        self.reconnect_at = Some(Instant::now() + pause);
        self.say_reason(failure.message().unwrap_or_default(), pause);
        Ok(())
    }

    /// Prints the reason for the lack of a connection. The same reason is repeated only at attempts
    /// 1, 2, 4, 8 and so on, so that the program is seen to try but does not print all night.
    fn say_reason(&mut self, reason: &str, pause: Duration) {
        let is_new = self.last_reason.as_deref() != Some(reason);
        if !is_new && !self.attempts.is_power_of_two() {
            return;
        }
        let tried = match self.attempts {
            0 | 1 => String::new(),
            attempts => format!("tried {attempts} times, "),
        };
        self.shared.say(&format!("{reason}; {tried}trying again in {:.1} s", pause.as_secs_f64()));
        self.last_reason = Some(reason.to_owned());
    }

    /// Sends an entered line, or queues it until there is a connection.
    fn send_or_queue(&mut self, line: String) {
        if self.sender.is_some() {
            self.send(line);
        } else if self.queued.len() < MAX_QUEUED {
            self.shared.say(&format!("queued until the connection is back: {}", shown(&line)));
            self.queued.push_back(line);
        } else {
            let limit = format!("the limit of {MAX_QUEUED} queued lines is reached");
            self.shared.say(&format!("dropped, because {limit}: {}", shown(&line)));
        }
    }

    fn send(&mut self, line: String) {
        let Some(sender) = &mut self.sender else { return };
        if let Some(password) = password(&line) {
            // The next connection says it by itself.
            self.shared.state().login.password = Password::new(password).ok();
        }
        // Before sending, because the line may come back immediately.
        if matches!(command(&line), None | Some("/msg")) {
            self.shared.state().unconfirmed.add(line.clone());
        }
        if sender.send(&line, Deadline::after(SEND_TIMEOUT)).is_err()
            && let Some(sender) = self.sender.take()
        {
            // The receiving thread then sees the end, and reports the reason.
            sender.close();
        }
    }

    /// Leaves the chat with `/quit`, and waits until the server has processed every sent line.
    fn leave(&mut self, incoming: &mpsc::Receiver<SessionEvent>) -> Result<(), Failure> {
        if let Some(sender) = &mut self.sender
            && sender.send("/quit", Deadline::after(LEAVE_TIMEOUT)).is_ok()
        {
            self.wait_for_end(incoming);
        }
        let unconfirmed = self.shared.state().unconfirmed.take();
        self.say_unconfirmed(&unconfirmed);
        leave::result(self.queued.len() + unconfirmed.len())
    }

    /// Waits until the server closes the connection, or the user or a signal ends the wait.
    fn wait_for_end(&self, incoming: &mpsc::Receiver<SessionEvent>) {
        let deadline = Deadline::after(LEAVE_TIMEOUT);
        while let Ok(event) = incoming.recv_timeout(deadline.remaining().unwrap_or_default()) {
            match event {
                // The server closes after it has processed all earlier lines.
                SessionEvent::Disconnected(Ok(())) => {
                    self.shared.state().unconfirmed.take();
                    return;
                }
                SessionEvent::Disconnected(Err(_)) | SessionEvent::Signal => return,
                SessionEvent::Entered(Entered::Interrupt { .. } | Entered::End) => return,
                _ => {}
            }
        }
    }

    /// Prints lines that may not have arrived.
    fn say_unconfirmed(&self, lines: &VecDeque<String>) {
        for line in lines {
            self.shared.say(&format!("may not have arrived: {line}"));
        }
    }
}

/// Returns a line as it may be shown: without a password.
fn shown(line: &str) -> &str {
    if password(line).is_some() { "/pass" } else { line }
}
