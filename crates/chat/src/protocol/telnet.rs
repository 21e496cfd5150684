//! Telnet commands in a client's input, without I/O (RFC 854, 855, 860, 1143).
//!
//! ```text
//!            IAC                    WILL, WONT, DO, DONT           option
//!   Text ───────────► Command ───────────────────────────► Option ───────► Text, refused
//!    ▲                 │ ▲  │ SB                                             │
//!    │ other commands  │ │  └────────► Subnegotiation, up to 1,024 bytes     │
//!    └─────────────────┘ └───────────────┘ IAC                               │
//!    ▲                                                                       │
//!    └───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The server refuses every option, so the state of each is *no* (RFC 1143) and none is stored.
//! WONT and DONT confirm that state and get no answer, so two sides that refuse everything cannot
//! loop.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// The byte that begins a command. UTF-8 text never contains it.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const AYT: u8 = 246;
/// The lowest command: RFC 885 and 1184 add some below those of RFC 854.
const FIRST: u8 = 236;

/// The option of RFC 860. After Ctrl-C, telnet(1) shows nothing until its request for a mark is
/// answered.
const TIMING_MARK: u8 = 6;

/// The most bytes of a subnegotiation. After these, the input counts as text again.
const MAX_SUBNEGOTIATION: u16 = 1024;

/// Bytes of answers to one piece of input, beyond which further requests get none.
const MAX_ANSWERS: usize = 1024;

/// The state of one client's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Telnet {
    /// In text.
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After IAC and this command. The option follows.
    Option(u8),
    /// In a subnegotiation, with the number of bytes that it may still have.
    Subnegotiation(u16),
    /// In a subnegotiation, after IAC.
    SubnegotiationIac(u16),
}

/// A piece of input, separated into text and telnet commands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Separated<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Answers to the commands, to be sent back.
    pub(crate) answers: Vec<u8>,
    /// `true` if the client sent Are You There (AYT).
    pub(crate) are_you_there: bool,
}

impl Separated<'_> {
    /// Returns input without telnet commands.
    pub(crate) fn text(input: &[u8]) -> Separated<'_> {
        Separated { text: Cow::Borrowed(input), answers: Vec::new(), are_you_there: false }
    }
}

impl Telnet {
    /// Separates `input`, the next piece of the stream, into text and commands. Input without a
    /// command is not copied.
    pub(crate) fn separate<'a>(&mut self, input: &'a [u8]) -> Separated<'a> {
        if *self == Telnet::Text && !input.contains(&IAC) {
            return Separated::text(input);
        }
        let (mut text, mut answers, mut are_you_there) = (Vec::new(), Vec::new(), false);
        for &byte in input {
            *self = match *self {
                Telnet::Text if byte == IAC => Telnet::Command,
                Telnet::Text => {
                    text.push(byte);
                    Telnet::Text
                }
                Telnet::Command => {
                    are_you_there |= byte == AYT;
                    command(byte, &mut text)
                }
                Telnet::Option(command) if is_option(byte) => match command {
                    SB => Telnet::Subnegotiation(MAX_SUBNEGOTIATION),
                    _ => {
                        answer(command, byte, &mut answers);
                        Telnet::Text
                    }
                },
                Telnet::Option(command) => after_text(&[IAC, command], byte, &mut text),
                Telnet::Subnegotiation(left) if byte == IAC => Telnet::SubnegotiationIac(left),
                Telnet::Subnegotiation(0) => after_text(&[], byte, &mut text),
                Telnet::Subnegotiation(left) => Telnet::Subnegotiation(left - 1),
                Telnet::SubnegotiationIac(left @ 1..) if byte == IAC => {
                    Telnet::Subnegotiation(left - 1)
                }
                // SE ends the subnegotiation. Another command ends it too and takes effect; RFC 855
                // has no rule for that.
                Telnet::SubnegotiationIac(_) => command(byte, &mut text),
            };
        }
        Separated { text: Cow::Owned(text), answers, are_you_there }
    }
}

/// Returns the state after IAC and `byte`.
fn command(byte: u8, text: &mut Vec<u8>) -> Telnet {
    match byte {
        SB | WILL | WONT | DO | DONT => Telnet::Option(byte),
        IAC => {
            text.push(IAC);
            Telnet::Text
        }
        // Interrupt, Data Mark, Erase Line and the like have no effect: a line that was sent cannot
        // be taken back.
        FIRST.. => Telnet::Text,
        _ => after_text(&[IAC], byte, text),
    }
}

/// Returns the state after `byte`. The `bytes` before it turned out to be text.
fn after_text(bytes: &[u8], byte: u8, text: &mut Vec<u8>) -> Telnet {
    text.extend_from_slice(bytes);
    if byte == IAC {
        return Telnet::Command;
    }
    text.push(byte);
    Telnet::Text
}

/// Returns `true` if `byte` can be an option. A line ending cannot, although RFC 652 and 655 assign
/// these numbers: text that is not UTF-8 (`FF FE`) must not swallow the line ending after it.
fn is_option(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\r' | FIRST..=254)
}

/// Refuses a request for an option, except for a timing mark, which has no lasting effect.
fn answer(command: u8, option: u8, answers: &mut Vec<u8>) {
    let word = match command {
        DO if option == TIMING_MARK => WILL,
        DO => WONT,
        WILL => DONT,
        _ => return,
    };
    if answers.len() < MAX_ANSWERS {
        answers.extend_from_slice(&[IAC, word, option]);
    }
}
