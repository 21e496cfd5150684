//! Lines from a pipe, and what arrives as it comes.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;

use ::chat::{ClientError, Event, EventKind, Notice, Receiver, Sender};
use netcore::Deadline;

use super::{Kind, LEAVING, NO_CHAT, Place, command, unsent};
use crate::args::chat::ChatJoin;
use crate::args::common::Common;
use crate::escape::quote;
use crate::exit::{self, Failure};
use crate::stdio::{NotUtf8, Printer, Stdio, TextLines};
use crate::threads;

/// Lines that are read ahead.
const AHEAD: usize = 64;

/// How long a server may take no line at all: one that holds back who says too much is not broken.
const SENDING: Duration = Duration::from_secs(120);

/// How long there may be another line behind `quit` when the server has ended.
const BEHIND: Duration = Duration::from_secs(1);

/// What happens.
enum Told {
    Line(Result<String, NotUtf8>),
    /// Standard input has ended.
    End(io::Result<()>),
    /// The connection has, or standard output.
    Down(Result<(), Failure>),
}

pub(super) fn run(
    args: &ChatJoin,
    place: &Place,
    common: &Common,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (client, refused) = place.enter()?;
    // Nothing is said under another name, or elsewhere.
    if let Some(refused) = refused.into_iter().next() {
        return Err(Failure::new(exit::OTHER, refused.message));
    }
    let (mut sender, receiver) = client.split();
    let (tell, told) = mpsc::sync_channel(AHEAD);
    let (lines, reading) = (TextLines::new(stdio.input()), tell.clone());
    threads::start("input", move || read(lines, &reading))?;
    let (printer, json, whence) = (stdio.printer.clone(), common.json, place.clone());
    threads::start("receive", move || {
        tell.send(Told::Down(print(receiver, &whence, &printer, json)))
    })?;
    let (refused, is_done) = send_all(args, place, &mut sender, &told)?;
    if !is_done {
        linger(args, &mut sender, &told)?;
    }
    unsent(refused)
}

/// Sends each line. Returns the number of lines that were refused, and `true` if the server has
/// ended after `quit`.
fn send_all(
    args: &ChatJoin,
    place: &Place,
    sender: &mut Sender,
    told: &mpsc::Receiver<Told>,
) -> Result<(usize, bool), Failure> {
    let (mut left, mut refused) = (false, 0);
    loop {
        match told.recv() {
            Ok(Told::Line(_)) if left => return Err(not_last()),
            Ok(Told::Line(Err(error))) => {
                log::warn!("{error}; it was not sent");
                refused += 1;
            }
            Ok(Told::Line(Ok(line))) => {
                let deadline = Deadline::after(SENDING);
                let command = if args.text { None } else { command(&line) };
                if command.is_some() || !args.text && line.starts_with("//") {
                    sender.send(&line, deadline)?;
                } else {
                    sender.say(&line, deadline).map_err(|e| unsaid(e, &line))?;
                }
                left = command == Some("/quit");
            }
            Ok(Told::End(result)) => {
                result.map_err(|e| Failure::new(exit::OTHER, format!("standard input: {e}")))?;
                return Ok((refused, false));
            }
            // The server may be quicker to end than the line behind quit is to be read.
            Ok(Told::Down(result)) if left => match told.recv_timeout(BEHIND) {
                Ok(Told::Line(_)) => return Err(not_last()),
                _ => return result.map(|()| (refused, true)),
            },
            Ok(Told::Down(result)) => {
                result?;
                let message =
                    format!("{} closed the connection before all was sent", place.endpoint);
                return Err(Failure::new(exit::RECEIVE_ERROR, message));
            }
            // Both threads say how they end.
            Err(_) => return Ok((refused, true)),
        }
    }
}

/// Prints what still arrives for the time of `--linger`, and then half-closes the connection. The
/// server then sends the rest and ends, so all sent lines and the replies to them have arrived.
fn linger(
    args: &ChatJoin,
    sender: &mut Sender,
    told: &mpsc::Receiver<Told>,
) -> Result<(), Failure> {
    for patience in [args.linger, LEAVING] {
        match told.recv_timeout(patience) {
            Ok(Told::Down(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(()),
        }
        // It may have ended this moment.
        let _ = sender.finish();
    }
    Ok(())
}

fn not_last() -> Failure {
    Failure::new(exit::OTHER, "quit was not the last line")
}

fn unsaid(error: ClientError, line: &str) -> Failure {
    match error {
        ClientError::NotALine => {
            Failure::new(exit::OTHER, format!("{line:?} can't be said: it is how one leaves"))
        }
        error => error.into(),
    }
}

/// Reads lines to the end of input.
fn read(mut lines: TextLines, told: &SyncSender<Told>) {
    loop {
        let next = match lines.next() {
            Ok(Some(line)) => Told::Line(line),
            Ok(None) => Told::End(Ok(())),
            Err(e) => Told::End(Err(e)),
        };
        let ends = matches!(next, Told::End(_));
        if told.send(next).is_err() || ends {
            return;
        }
    }
}

/// Prints events until the server ends, except for the replies to the program's own `/who`.
fn print(
    mut receiver: Receiver,
    place: &Place,
    printer: &Printer,
    json: bool,
) -> Result<(), Failure> {
    let (mut unasked, mut kind) = (place.answers(), Kind::default());
    while let Some(event) = receiver.recv(Deadline::never())? {
        if kind.is_other(&event) {
            log::warn!("{}: {NO_CHAT}", place.endpoint);
        }
        match event.kind {
            EventKind::TooLong { limit } => {
                log::warn!("a line longer than {limit} bytes is left out");
                continue;
            }
            EventKind::Notice { notice: Some(Notice::Members(_)), .. } if unasked > 0 => {
                unasked -= 1;
                continue;
            }
            _ => {}
        }
        let text = if json { object(&event) } else { event.raw };
        printer.print(format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// The event as the server's `json` format has it. `time` and `room` are null where its format has
/// none.
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
