//! A person at a terminal.
//!
//! Four threads: one waits for what is interactive, one for what the server sends, one draws, and this one
//! has the say. None of them waits for another, so a terminal that is stopped does not hold up the
//! chat, nor a server that is gone the typing.

mod replay_filter;
mod session_state;
mod unconfirmed;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::chat::{Client, ClientError, Receiver, Sender, clean};
use netcore::Deadline;

use super::backoff::Backoff;
use super::completion::Completion;
use super::view::{Bell, View};
use super::{Kind, LEAVING, NO_CHAT, Place, Refused, command};
use crate::args::chat::ChatJoin;
use crate::exit::{self, Failure};
use crate::screen::{Entered, InputLine, Screen};
use crate::serve::Signals;
use crate::threads;
use session_state::SessionState;

/// Pause after the system gave no thread to connect with.
const NO_THREAD: Duration = Duration::from_secs(1);

/// How long a line may take to be sent.
const SENDING: Duration = Duration::from_secs(10);

/// Lines that are kept while there is no connection.
const MOST_KEPT: usize = 100;

/// A name that was had before the connection broke may be held by that: the server takes it for
/// living. The name is asked for again after this time, and after twice that, and so on.
const NAME_PAUSE: Duration = Duration::from_secs(5);
const LAST_NAME_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Things that wait for this thread.
const WAITING: usize = 64;

/// What happens.
enum Told {
    Entered(Entered),
    /// There is a connection.
    Up(Sender),
    /// There is none any more, or none has come about.
    Down(Result<(), ClientError>),
    Signal,
}

#[derive(Clone)]
struct Shared {
    state: Arc<Mutex<SessionState>>,
    names: Completion,
    screen: Screen,
    tell: SyncSender<Told>,
}

pub(super) fn run(
    args: &ChatJoin,
    place: Place,
    names: Completion,
    screen: Screen,
    line: InputLine,
) -> Result<(), Failure> {
    let (client, refused) = place.enter()?;
    let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let bell = match args.bell.as_str() {
        "never" => Bell::Never,
        "all" => Bell::All,
        _ => Bell::Name,
    };
    let today = chrono::Local::now().format("%Y-%m-%d").to_string();
    let (tell, told) = mpsc::sync_channel(WAITING);
    let state = SessionState::new(View::new(color, bell, today), place);
    let state = Arc::new(Mutex::new(state));
    let shared = Shared { state, names, screen: screen.clone(), tell: tell.clone() };
    let signals = tell.clone();
    let _signals = Signals::watch(move |_| drop(signals.send(Told::Signal)))?;
    crate::logging::divert(&screen);
    let listening = shared.clone();
    threads::start("receive", move || listening.attend(client, refused))?;
    // The last one: the terminal is as it was if a thread is missing.
    threads::start("input", move || type_lines(line, &tell))?;
    let mut session = Session {
        shared,
        reconnects: !args.no_reconnect,
        sender: None,
        kept: VecDeque::new(),
        backoff: Backoff::default(),
        up_since: Instant::now(),
        dial_at: None,
        lost: None,
        attempts: 0,
        name_at: None,
        name_pause: NAME_PAUSE,
        interrupted: false,
    };
    let ended = session.go(&told);
    screen.close();
    ended
}

fn type_lines(mut line: InputLine, tell: &SyncSender<Told>) {
    loop {
        let entered = line.read();
        let is_end = entered == Entered::End;
        if tell.send(Told::Entered(entered)).is_err() || is_end {
            return;
        }
    }
}

impl Shared {
    /// Has a connection as long as it lasts.
    fn attend(&self, client: Client, refused: Vec<Refused>) {
        let (sender, receiver) = client.split();
        self.state().begin(&refused);
        if self.tell.send(Told::Up(sender)).is_ok() {
            let result = self.listen(receiver);
            let _ = self.tell.send(Told::Down(result));
        }
    }

    /// Comes back.
    fn dial(&self) {
        let place = self.state().place.clone();
        match place.enter() {
            Ok((client, refused)) => {
                self.say("connected again");
                self.attend(client, refused);
            }
            Err(error) => drop(self.tell.send(Told::Down(Err(error)))),
        }
    }

    fn listen(&self, mut receiver: Receiver) -> Result<(), ClientError> {
        let mut kind = Kind::default();
        while let Some(event) = receiver.recv(Deadline::never())? {
            self.names.hear(&event);
            if kind.is_other(&event) {
                self.say(&format!("{}: {NO_CHAT}", self.state().place.endpoint));
            }
            if let Some(text) = self.state().hear(&event, receiver.name()) {
                self.screen.print(&text);
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something of the program's own. There may be in it what a person has pasted.
    fn say(&self, text: &str) {
        let text = self.state().view.own(&clean(text));
        self.screen.print(&text);
    }
}

struct Session {
    shared: Shared,
    reconnects: bool,
    sender: Option<Sender>,
    /// Lines for when there is a connection.
    kept: VecDeque<String>,
    backoff: Backoff,
    up_since: Instant,
    /// When to connect again.
    dial_at: Option<Instant>,
    /// The reason why there is none, as it was said last.
    lost: Option<String>,
    /// Attempts to connect that failed since there was one.
    attempts: u32,
    /// When to ask for the name again.
    name_at: Option<Instant>,
    name_pause: Duration,
    /// The last that was done was a Ctrl-C that found nothing to clear.
    interrupted: bool,
}

impl Session {
    /// Goes on until somebody has had enough.
    fn go(&mut self, told: &mpsc::Receiver<Told>) -> Result<(), Failure> {
        loop {
            let next = Deadline::never();
            let timers = [self.dial_at, self.name_at].into_iter().flatten().map(Deadline::at);
            let next = timers.fold(next, Deadline::earlier);
            let what = match next.remaining() {
                Some(time) => told.recv_timeout(time),
                None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match what {
                Ok(Told::Entered(Entered::Line(lines))) => {
                    self.interrupted = false;
                    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                        if command(line) == Some("/quit") {
                            return self.leave(told);
                        }
                        self.enter(line.to_owned());
                    }
                }
                Ok(Told::Entered(Entered::NotUtf8)) => {
                    self.interrupted = false;
                    let hint = "is the terminal set to UTF-8? Up brings the line back";
                    self.shared.say(&format!("not sent, because it is not UTF-8; {hint}"));
                }
                Ok(Told::Entered(Entered::Interrupt { cleared })) => {
                    if self.interrupted && !cleared {
                        return self.leave(told);
                    }
                    self.interrupted = !cleared;
                    if self.interrupted {
                        self.shared.say("Ctrl-C again leaves");
                    }
                }
                Ok(Told::Entered(Entered::End)) => return self.leave(told),
                Ok(Told::Signal) => {
                    let _ = self.leave(told);
                    return Err(Failure::new(exit::OTHER, "ended by a signal"));
                }
                Ok(Told::Up(sender)) => self.up(sender),
                Ok(Told::Down(result)) => self.down(result)?,
                Err(RecvTimeoutError::Timeout) => self.act(),
                // Each of the threads that tell has this one's own way to tell, too.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Does what it is time for.
    fn act(&mut self) {
        let now = Instant::now();
        if self.dial_at.take_if(|at| *at <= now).is_some() {
            let shared = self.shared.clone();
            if threads::start("dial", move || shared.dial()).is_err() {
                // Perhaps the system has one again then.
                self.dial_at = Some(now + NO_THREAD);
            }
        }
        if self.name_at.take_if(|at| *at <= now).is_some() {
            self.ask_for_the_name();
        }
    }

    fn up(&mut self, sender: Sender) {
        self.sender = Some(sender);
        self.up_since = Instant::now();
        (self.lost, self.attempts) = (None, 0);
        let state = self.shared.state();
        let wanted = state.place.nick.as_ref();
        let again = wanted.is_some() && wanted == state.granted.as_ref() && !state.is_named;
        let knows_who = state.knows_who;
        drop(state);
        self.name_pause = NAME_PAUSE;
        self.name_at = again.then(|| Instant::now() + NAME_PAUSE);
        if again {
            self.shared.say("your name may be held by your lost connection; asking again");
        }
        if !knows_who {
            self.send("/who".to_owned());
        }
        for line in std::mem::take(&mut self.kept) {
            self.enter(line);
        }
    }

    /// Asks once more for the name that was had, unless the person has taken another.
    fn ask_for_the_name(&mut self) {
        let state = self.shared.state();
        let name = state.granted.clone().filter(|_| !state.is_named);
        drop(state);
        if let Some(name) = name {
            self.send(format!("/nick {name}"));
            self.name_pause *= 2;
            self.name_at =
                (self.name_pause <= LAST_NAME_PAUSE).then(|| Instant::now() + self.name_pause);
        }
    }

    /// # Errors
    ///
    /// It is not to come back.
    fn down(&mut self, result: Result<(), ClientError>) -> Result<(), Failure> {
        if self.sender.take().is_some() {
            self.backoff.lasted(self.up_since.elapsed());
        } else {
            self.attempts += 1;
        }
        self.name_at = None;
        let mut state = self.shared.state();
        let unsure = state.unconfirmed.take();
        let (removed, endpoint) = (state.removed, state.place.endpoint.clone());
        drop(state);
        for line in unsure {
            self.shared.say(&format!("may not have arrived: {line}"));
        }
        let failure = match result {
            Ok(()) => {
                let message = format!("{endpoint} has closed the connection");
                Failure::new(exit::RECEIVE_ERROR, message)
            }
            Err(error) => error.into(),
        };
        if removed {
            return Err(Failure::new(exit::OTHER, "removed by the operator"));
        }
        if !self.reconnects {
            return Err(failure);
        }
        let pause = self.backoff.next(RandomState::new().hash_one(0));
        self.dial_at = Some(Instant::now() + pause);
        self.say_why(failure.message().unwrap_or_default(), pause);
        Ok(())
    }

    /// Prints why there is no connection. It repeats the same reason at attempts 1, 2, 4, 8 and so
    /// on, so that a person sees the program still trying, but not twice a minute all night.
    fn say_why(&mut self, why: &str, pause: Duration) {
        let is_new = self.lost.as_deref() != Some(why);
        if !is_new && !self.attempts.is_power_of_two() {
            return;
        }
        let tried = match self.attempts {
            0 | 1 => String::new(),
            attempts => format!("tried {attempts} times, "),
        };
        self.shared.say(&format!("{why}; {tried}trying again in {:.1} s", pause.as_secs_f64()));
        self.lost = Some(why.to_owned());
    }

    /// A line that was entered: it is sent, or kept until it can be.
    fn enter(&mut self, line: String) {
        if self.sender.is_some() {
            self.send(line);
        } else if self.kept.len() < MOST_KEPT {
            self.shared.say(&format!("kept until there is a connection: {line}"));
            self.kept.push_back(line);
        } else {
            self.shared.say(&format!("not kept, {MOST_KEPT} lines are: {line}"));
        }
    }

    fn send(&mut self, line: String) {
        let Some(sender) = &mut self.sender else { return };
        // Before it can come back.
        if matches!(command(&line), None | Some("/msg")) {
            self.shared.state().unconfirmed.sent(line.clone());
        }
        if sender.send(&line, Deadline::after(SENDING)).is_err()
            && let Some(sender) = self.sender.take()
        {
            // The thread that listens finds out, and says why.
            sender.close();
        }
    }

    /// Ends it in order, so that all that was entered arrives.
    fn leave(&mut self, told: &mpsc::Receiver<Told>) -> Result<(), Failure> {
        if let Some(sender) = &mut self.sender
            && sender.send("/quit", Deadline::after(LEAVING)).is_ok()
        {
            let deadline = Deadline::after(LEAVING);
            while let Ok(what) = told.recv_timeout(deadline.remaining().unwrap_or_default()) {
                match what {
                    // The server has dealt with all that came before.
                    Told::Down(Ok(())) => {
                        self.shared.state().unconfirmed.take();
                        break;
                    }
                    Told::Down(Err(_)) | Told::Signal => break,
                    Told::Entered(Entered::Interrupt { .. } | Entered::End) => break,
                    _ => {}
                }
            }
        }
        let unsure = self.shared.state().unconfirmed.take();
        for line in &unsure {
            self.shared.say(&format!("may not have arrived: {line}"));
        }
        super::unsent(self.kept.len() + unsure.len())
    }
}
