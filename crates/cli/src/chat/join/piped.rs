//! Lines from a pipe, and what arrives as it comes.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use ::chat::{ClientError, Event, News, Receiver, What};
use netcore::Deadline;

use super::{LEAVING, Place, command};
use crate::args::{ChatJoin, Common};
use crate::exit::{self, Failure};
use crate::streams::{Console, Printer};
use crate::values::quote;

/// The rest of a longer line counts as the next.
const LONGEST: u64 = 64 * 1024;

/// Lines that are read ahead.
const AHEAD: usize = 64;

/// How long a server may take no line at all: one that holds back who says too much is not broken.
const SENDING: Duration = Duration::from_secs(120);

/// How long there may be another line behind `quit` when the server has ended.
const BEHIND: Duration = Duration::from_secs(1);

/// What happens.
enum Told {
    Line(String),
    /// Standard input has ended.
    End(io::Result<()>),
    /// The connection has, or standard output.
    Down(Result<(), Failure>),
}

pub(super) fn run(
    args: &ChatJoin,
    place: &Place,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let (client, refused) = place.enter()?;
    // Nothing is said under another name, or elsewhere.
    if let Some(refused) = refused.into_iter().next() {
        return Err(Failure::new(exit::OTHER, refused.words));
    }
    let (mut sender, receiver) = client.split();
    let (tell, told) = mpsc::sync_channel(AHEAD);
    let (input, reading) = (console.input(), tell.clone());
    thread::spawn(move || read(input, &reading));
    let (printer, json, unasked) = (console.printer.clone(), common.json, place.answers());
    thread::spawn(move || tell.send(Told::Down(print(receiver, unasked, &printer, json))));

    let mut left = false;
    loop {
        match told.recv() {
            Ok(Told::Line(_)) if left => return Err(not_last()),
            Ok(Told::Line(line)) => {
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
                break;
            }
            // The server may be quicker to end than the line behind quit is to be read.
            Ok(Told::Down(result)) if left => match told.recv_timeout(BEHIND) {
                Ok(Told::Line(_)) => return Err(not_last()),
                _ => return result,
            },
            Ok(Told::Down(result)) => {
                result?;
                let words = format!("{} closed the connection before all was sent", place.endpoint);
                return Err(Failure::new(exit::RECEIVE_ERROR, words));
            }
            // Both threads say how they end.
            Err(_) => return Ok(()),
        }
    }
    // Once it knows that no more comes, the server sends what it owes and ends. So what was sent is
    // sure to arrive, and so is what it gave rise to.
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

/// Reads lines to the end of input. What is not UTF-8 is replaced.
fn read(mut input: Box<dyn BufRead + Send>, told: &SyncSender<Told>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let next = match input.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => Told::End(Ok(())),
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                Told::Line(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Err(e) => Told::End(Err(e)),
        };
        let ends = matches!(next, Told::End(_));
        if told.send(next).is_err() || ends {
            return;
        }
    }
}

/// Prints what comes until the server ends, but for so many answers to `/who`.
fn print(
    mut receiver: Receiver,
    mut unasked: usize,
    printer: &Printer,
    json: bool,
) -> Result<(), Failure> {
    while let Some(event) = receiver.recv(Deadline::never())? {
        match event.what {
            What::TooLong { limit } => {
                log::warn!("a line longer than {limit} bytes is left out");
                continue;
            }
            What::Notice { news: Some(News::Here(_)), .. } if unasked > 0 => {
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
    let (from, to, kind, text) = match &event.what {
        What::Message { from, text } => (&**from, None, "message", text),
        What::Private { from, to, text } => (&**from, Some(to), "private", text),
        What::Notice { text, .. } => ("*", None, "notice", text),
        _ => ("*", None, "other", &event.raw),
    };
    let or_null = |text: &Option<String>| text.as_deref().map_or("null".to_owned(), quote);
    let to = to.map(|to| format!(",\"to\":{}", quote(to))).unwrap_or_default();
    format!(
        "{{\"time\":{},\"room\":{},\"from\":{}{to},\"kind\":\"{kind}\",\"text\":{}}}",
        or_null(&event.time),
        or_null(&event.room),
        quote(from),
        quote(text),
    )
}
