//! Telnet commands in a client's input, without I/O (RFC 854, 855, 860, 1143).
//!
//! ```text
//!            IAC                    WILL, WONT, DO, DONT           option
//!   Text ───────────► Command ───────────────────────────► Asked ────────► Text, refused
//!    ▲                 │ ▲  │ SB                                             │
//!    │ other commands  │ │  └────────► Inside, up to 1,024 bytes             │
//!    └─────────────────┘ └───────────────┘ IAC                               │
//!    ▲                                                                       │
//!    └───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Every option is refused, so that the state of all options is *no* (RFC 1143) and none has to be
//! remembered. WONT and DONT confirm that state and get no answer: two sides that refuse everything
//! cannot go round in a loop.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// Begins a command. No text in UTF-8 has this byte.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const AYT: u8 = 246;
/// The first of RFC 854's commands and of those that RFC 885 and 1184 add before it.
const FIRST: u8 = 236;

/// RFC 860. telnet(1) shows nothing after Ctrl-C until its request for a mark is answered.
const TIMING_MARK: u8 = 6;

/// Bytes of a subnegotiation. One that is longer has no end: what follows counts as text again.
const INSIDE: u16 = 1024;

/// Bytes of answers to one piece of input; requests beyond that get none.
const ANSWERS: usize = 1024;

/// The telnet state of one client's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Telnet {
    #[default]
    Text,
    /// Behind IAC.
    Command,
    /// Behind IAC and this command, which an option follows.
    Asked(u8),
    /// In a subnegotiation, of which so many bytes may still come.
    Inside(u16),
    /// In a subnegotiation, behind IAC.
    Leaving(u16),
}

/// A piece of input without its telnet commands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Bytes to send back.
    pub(crate) answers: Vec<u8>,
    /// The client asked whether the server is there (AYT).
    pub(crate) asks: bool,
}

impl Telnet {
    /// Takes the commands out of `input`, the next piece of the stream. Input without a command is
    /// not copied.
    pub(crate) fn take<'a>(&mut self, input: &'a [u8]) -> Taken<'a> {
        if *self == Telnet::Text && !input.contains(&IAC) {
            return Taken { text: Cow::Borrowed(input), answers: Vec::new(), asks: false };
        }
        let (mut text, mut answers, mut asks) = (Vec::new(), Vec::new(), false);
        for &byte in input {
            *self = match *self {
                Telnet::Text if byte == IAC => Telnet::Command,
                Telnet::Text => {
                    text.push(byte);
                    Telnet::Text
                }
                Telnet::Command => {
                    asks |= byte == AYT;
                    command(byte, &mut text)
                }
                Telnet::Asked(command) if is_option(byte) => match command {
                    SB => Telnet::Inside(INSIDE),
                    _ => {
                        answer(command, byte, &mut answers);
                        Telnet::Text
                    }
                },
                Telnet::Asked(command) => behind_text(&[IAC, command], byte, &mut text),
                Telnet::Inside(left) if byte == IAC => Telnet::Leaving(left),
                Telnet::Inside(0) => behind_text(&[], byte, &mut text),
                Telnet::Inside(left) => Telnet::Inside(left - 1),
                Telnet::Leaving(left @ 1..) if byte == IAC => Telnet::Inside(left - 1),
                // SE. Any other command ends it too, and is one (RFC 855 has no rule for that).
                Telnet::Leaving(_) => command(byte, &mut text),
            };
        }
        Taken { text: Cow::Owned(text), answers, asks }
    }
}

/// Returns the state behind IAC and `byte`.
fn command(byte: u8, text: &mut Vec<u8>) -> Telnet {
    match byte {
        SB | WILL | WONT | DO | DONT => Telnet::Asked(byte),
        IAC => {
            text.push(IAC);
            Telnet::Text
        }
        // Interrupt, Data Mark, Erase Line and the like: a line that was sent is not taken back.
        FIRST.. => Telnet::Text,
        _ => behind_text(&[IAC], byte, text),
    }
}

/// Returns the state behind `bytes` that are text after all, and `byte`.
fn behind_text(bytes: &[u8], byte: u8, text: &mut Vec<u8>) -> Telnet {
    text.extend_from_slice(bytes);
    if byte == IAC {
        return Telnet::Command;
    }
    text.push(byte);
    Telnet::Text
}

/// Returns `true` if `byte` can be an option. A line's end cannot, although RFC 652 and 655 gave
/// away these numbers: text that is not UTF-8 (`FF FE`) must not take the line's end with it.
fn is_option(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\r' | FIRST..=254)
}

/// Refuses the request for an option. A timing mark is no lasting option, and is granted.
fn answer(command: u8, option: u8, answers: &mut Vec<u8>) {
    let word = match command {
        DO if option == TIMING_MARK => WILL,
        DO => WONT,
        WILL => DONT,
        _ => return,
    };
    if answers.len() < ANSWERS {
        answers.extend_from_slice(&[IAC, word, option]);
    }
}
