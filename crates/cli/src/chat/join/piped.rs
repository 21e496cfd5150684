//! The session of a script: sends the lines of a pipe, and prints incoming messages.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::chat::{ClientError, Event, EventKind, Notice, Receiver, Sender};
use netcore::{Deadline, Endpoint};

use super::PASSWORD_HINT;
use super::commands::command;
use super::leave::{self, LEAVE_TIMEOUT};
use super::login::Login;
use super::server_check::{NOT_A_CHAT, ServerCheck};
use crate::args::chat::ChatJoin;
use crate::args::common::Common;
use crate::escape::quote;
use crate::exit::{self, Failure};
use crate::stdio::{NotUtf8, Printer, Stdio, TextLines};
use crate::threads;

#[cfg(test)]
mod tests;

/// Lines of standard input to read ahead.
const READ_AHEAD: usize = 64;

/// Time limit for sending one line. It is long, because a server with a rate limit reads slowly.
const SEND_TIMEOUT: Duration = Duration::from_secs(120);

/// The wait for the next line or the end of standard input, once the server has closed the
/// connection.
const INPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// An event from the threads that read standard input and the connection.
enum PipeEvent {
    Line(Result<String, NotUtf8>),
    /// Standard input ended.
    End(io::Result<()>),
    /// The connection ended, or standard output failed.
    Disconnected(Result<(), Failure>),
}

/// The time for which events were being printed. The lock is held while one is.
#[derive(Default)]
struct PrintTime(Mutex<Duration>);

impl PrintTime {
    fn lock(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the session until the end of input and of `--linger`.
pub(super) fn run(
    args: &ChatJoin,
    login: &Login,
    common: &Common,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (client, rejections) = login.connect()?;
    // Lines are never sent under another name or to another room.
    if let Some(rejection) = rejections.into_iter().next() {
        return Err(Failure::new(exit::OTHER, rejection.message));
    }
    let (mut sender, receiver) = client.split();
    let (events, incoming) = mpsc::sync_channel(READ_AHEAD);
    let (lines, reading) = (TextLines::new(stdio.input()), events.clone());
    threads::start("input", move || read(lines, &reading))?;
    let print_time = Arc::new(PrintTime::default());
    let (printer, json, from) = (stdio.printer.clone(), common.json, login.clone());
    let counted = print_time.clone();
    threads::start("receive", move || {
        events.send(PipeEvent::Disconnected(print(receiver, &from, &printer, &counted, json)))
    })?;
    let (refused, is_done) = send_all(args, login, &mut sender, &incoming)?;
    if !is_done {
        linger(args, &mut sender, &incoming, &print_time)?;
    }
    leave::result(refused)
}

/// Sends each line. Returns the number of skipped lines, and `true` if the server closed the
/// connection after `quit`.
fn send_all(
    args: &ChatJoin,
    login: &Login,
    sender: &mut Sender,
    incoming: &mpsc::Receiver<PipeEvent>,
) -> Result<(usize, bool), Failure> {
    let (mut left, mut refused) = (false, 0);
    loop {
        match incoming.recv() {
            Ok(PipeEvent::Line(_)) if left => return Err(not_last()),
            Ok(PipeEvent::Line(Err(error))) => {
                log::warn!("{error}; the line was not sent");
                refused += 1;
            }
            Ok(PipeEvent::Line(Ok(line))) => {
                let deadline = Deadline::after(SEND_TIMEOUT);
                let command = if args.text { None } else { command(&line) };
                if command.is_some() || !args.text && line.starts_with("//") {
                    sender.send(&line, deadline)?;
                } else {
                    sender.say(&line, deadline).map_err(|error| unsaid(error, &line))?;
                }
                left = command == Some("/quit");
            }
            Ok(PipeEvent::End(result)) => {
                result.map_err(|error| {
                    Failure::new(exit::OTHER, format!("standard input: {error}"))
                })?;
                return Ok((refused, false));
            }
            Ok(PipeEvent::Disconnected(result)) => {
                result?;
                disconnected(left, &login.endpoint, incoming)?;
                return Ok((refused, true));
            }
            // Both threads send an event before they end.
            Err(_) => return Ok((refused, true)),
        }
    }
}

/// Fails if standard input has lines that were not sent when the server closed the connection.
/// `left` is `true` if the last line was `quit`.
///
/// The server may close it before the next line, or the end of input, is read.
fn disconnected(
    left: bool,
    endpoint: &Endpoint,
    incoming: &mpsc::Receiver<PipeEvent>,
) -> Result<(), Failure> {
    match incoming.recv_timeout(INPUT_TIMEOUT) {
        Ok(PipeEvent::Line(_)) if left => Err(not_last()),
        Ok(PipeEvent::End(Ok(()))) => Ok(()),
        _ if left => Ok(()),
        _ => {
            let message = format!("{endpoint} closed the connection before all lines were sent");
            Err(Failure::new(exit::RECEIVE_ERROR, message))
        }
    }
}

/// Keeps printing for the time of `--linger`, and then half-closes the connection. The server then
/// sends the rest and closes, so all sent lines and the replies to them have arrived.
fn linger(
    args: &ChatJoin,
    sender: &mut Sender,
    incoming: &mpsc::Receiver<PipeEvent>,
    print_time: &PrintTime,
) -> Result<(), Failure> {
    match incoming.recv_timeout(args.linger) {
        Ok(PipeEvent::Disconnected(result)) => return result,
        Err(RecvTimeoutError::Timeout) => {}
        _ => return Ok(()),
    }
    // An error means that the connection has just ended.
    let _ = sender.finish();
    let mut left = LEAVE_TIMEOUT;
    while !left.is_zero() {
        let (before, start) = (*print_time.lock(), Instant::now());
        match incoming.recv_timeout(left) {
            Ok(PipeEvent::Disconnected(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(()),
        }
        // A slow reader of standard output does not use up the time of the server.
        let printed = print_time.lock().saturating_sub(before);
        left = left.saturating_sub(start.elapsed().saturating_sub(printed));
    }
    // The program ends now, and must not cut an event in two.
    std::mem::forget(print_time.lock());
    Ok(())
}

/// Returns the failure of lines that the server refused because it waits for its password.
fn password_needed(endpoint: &Endpoint) -> Failure {
    let message = format!("{endpoint} has a password, and refuses all lines{PASSWORD_HINT}");
    Failure::new(exit::OTHER, message)
}

/// Returns the failure of lines after `quit`.
fn not_last() -> Failure {
    Failure::new(exit::OTHER, "lines after quit were not sent")
}

/// Converts an error of sending `line` as text.
fn unsaid(error: ClientError, line: &str) -> Failure {
    match error {
        ClientError::NotALine => Failure::new(
            exit::OTHER,
            format!("cannot send {line:?}: the chat takes it as the command to leave"),
        ),
        error => error.into(),
    }
}

/// Reads lines to the end of input.
fn read(mut lines: TextLines, events: &SyncSender<PipeEvent>) {
    loop {
        let next = match lines.next() {
            Ok(Some(line)) => PipeEvent::Line(line),
            Ok(None) => PipeEvent::End(Ok(())),
            Err(error) => PipeEvent::End(Err(error)),
        };
        let ends = matches!(next, PipeEvent::End(_));
        if events.send(next).is_err() || ends {
            return;
        }
    }
}

/// Prints events until the server closes the connection, except for replies to the program's own
/// `/who`.
fn print(
    mut receiver: Receiver,
    login: &Login,
    printer: &Printer,
    print_time: &PrintTime,
    json: bool,
) -> Result<(), Failure> {
    let (mut own_replies, mut check) = (login.who_replies(), ServerCheck::default());
    let mut asked = false;
    while let Some(event) = receiver.recv(Deadline::never())? {
        if check.is_other_protocol(&event) {
            log::warn!("{}: {NOT_A_CHAT}", login.endpoint);
        }
        match event.kind {
            EventKind::TooLong { limit } => {
                log::warn!("skipped a line longer than {limit} bytes");
                continue;
            }
            EventKind::Notice { notice: Some(Notice::Members(_)), .. } if own_replies > 0 => {
                own_replies -= 1;
                continue;
            }
            // The first notice asks for the password. Another one means that a line was refused.
            EventKind::Notice { notice: Some(Notice::PasswordNeeded), .. }
                if std::mem::replace(&mut asked, true) =>
            {
                return Err(password_needed(&login.endpoint));
            }
            _ => {}
        }
        let text = if json { object(&event) } else { event.raw };
        let (mut total, start) = (print_time.lock(), Instant::now());
        printer.print(format!("{text}\n").as_bytes())?;
        *total += start.elapsed();
    }
    Ok(())
}

/// Returns the event in the server's `json` format. `time` and `room` are null if the server's
/// format lacks them.
fn object(event: &Event) -> String {
    let (from, to, kind, text) = match &event.kind {
        EventKind::Message { from, text } => (&**from, None, "message", text),
        EventKind::Private { from, to, text } => (&**from, Some(to), "private", text),
        EventKind::Notice { text, .. } => ("*", None, "notice", text),
        _ => ("*", None, "other", &event.raw),
    };
    let or_null = |text: &Option<String>| text.as_deref().map_or("null".to_owned(), quote);
    let to = to.map(|to| format!(",\"to\":{}", quote(to))).unwrap_or_default();
    let history = if event.history { ",\"history\":true" } else { "" };
    format!(
        "{{\"time\":{},\"room\":{},\"from\":{}{to},\"kind\":\"{kind}\",\"text\":{}{history}}}",
        or_null(&event.time),
        or_null(&event.room),
        quote(from),
        quote(text),
    )
}
