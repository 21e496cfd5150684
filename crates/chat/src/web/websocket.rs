//! A client's side of a WebSocket without I/O (RFC 6455, section 5): frames in, lines out.
//!
//! ```text
//!            header complete            payload complete
//!   Header ───────────────────► Payload ────────────────► Header
//!                                        a close frame └─► Closed
//! ```
//!
//! The codec of the headers is tungstenite's; the rules for their order are here. A message is
//! never buffered: its text goes on piece by piece, and its line ends with the message.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::web::close_code::{CloseCode, is_allowed};
use crate::web::utf8::Utf8Validator;

#[cfg(test)]
mod tests;

/// The longest header of a frame from a client.
const MAX_HEADER: usize = 14;

/// The longest payload of a control frame (section 5.5).
const MAX_CONTROL: usize = 125;

/// The receiving half of a WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    phase: Phase,
    /// The begin of a header.
    header: [u8; MAX_HEADER],
    header_length: u8,
    /// The unfinished message, if there is one.
    message: Option<Message>,
    max_message: u64,
    /// Payload of the unfinished control frame.
    control: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Header,
    Payload { kind: Kind, mask: [u8; 4], offset: usize, left: u64 },
    Closed,
}

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text frame or a continuation of it.
    Text {
        is_final: bool,
    },
    Ping,
    Pong,
    Close,
}

/// A text message of which some frames have arrived.
#[derive(Debug, Default)]
struct Message {
    /// Bytes of all frames up to now, as their headers say.
    length: u64,
    utf8: Utf8Validator,
    /// An LF has arrived, and nothing after it.
    has_gap: bool,
}

/// Events of the receiving half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SocketEvent {
    /// A text message is complete, and its line has been appended.
    Message,
    /// A ping, whose payload belongs in the pong.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A close frame. The code is the answer to it. No event follows.
    Close(CloseCode),
}

impl WebSocket {
    /// Creates the half of a client whose messages have at most `max_message` bytes.
    pub(crate) fn new(max_message: usize) -> WebSocket {
        WebSocket {
            phase: Phase::Header,
            header: [0; MAX_HEADER],
            header_length: 0,
            message: None,
            max_message: max_message as u64,
            control: Vec::new(),
        }
    }

    /// Takes bytes from `input`, and appends the text of messages to `lines`. A line ends with LF;
    /// an LF within a message becomes a space, because a message is one line.
    ///
    /// Returns `None` once `input` is empty.
    ///
    /// # Errors
    ///
    /// The [`CloseCode`] of the rule that the client broke. The WebSocket is closed then.
    pub(crate) fn next(
        &mut self,
        input: &mut &[u8],
        lines: &mut Vec<u8>,
    ) -> Result<Option<SocketEvent>, CloseCode> {
        let event = self.advance(input, lines);
        if event.is_err() {
            self.phase = Phase::Closed;
        }
        event
    }

    fn advance(
        &mut self,
        input: &mut &[u8],
        lines: &mut Vec<u8>,
    ) -> Result<Option<SocketEvent>, CloseCode> {
        loop {
            match self.phase {
                Phase::Closed => {
                    *input = &[];
                    return Ok(None);
                }
                Phase::Header => {
                    let Some(phase) = self.read_header(input)? else { return Ok(None) };
                    self.phase = phase;
                }
                Phase::Payload { kind, mask, offset, left } => {
                    let fitting = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let (piece, rest) = input.split_at(fitting);
                    *input = rest;
                    self.read_payload(kind, piece, mask, offset, lines)?;
                    let left = left - fitting as u64;
                    if left > 0 {
                        let offset = (offset + fitting) % mask.len();
                        self.phase = Phase::Payload { kind, mask, offset, left };
                        return Ok(None);
                    }
                    self.phase = Phase::Header;
                    if let Some(event) = self.finish_frame(kind, lines)? {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    /// Reads a header. Returns `None` if it is not complete.
    fn read_header(&mut self, input: &mut &[u8]) -> Result<Option<Phase>, CloseCode> {
        loop {
            let length = usize::from(self.header_length);
            if length >= 2 && length == header_length(self.header[1]) {
                break;
            }
            let Some((first, rest)) = input.split_first() else { return Ok(None) };
            self.header[length] = *first;
            self.header_length += 1;
            *input = rest;
        }
        let length = usize::from(std::mem::take(&mut self.header_length));
        let mut cursor = Cursor::new(&self.header[..length]);
        // The only error is a reserved opcode.
        let Ok(Some((header, payload))) = FrameHeader::parse(&mut cursor) else {
            return Err(CloseCode::Protocol);
        };
        // Section 5.2: the length takes as few bytes as possible, and at most 63 bits.
        if header.len(payload) != length || payload > i64::MAX as u64 {
            return Err(CloseCode::Protocol);
        }
        self.begin_frame(&header, payload).map(Some)
    }

    /// Checks the rules for the header of a frame with `length` bytes of payload.
    fn begin_frame(&mut self, header: &FrameHeader, length: u64) -> Result<Phase, CloseCode> {
        // Section 5.1: a client masks every frame. Section 5.2: without an extension there are no
        // reserved bits.
        let Some(mask) = header.mask else { return Err(CloseCode::Protocol) };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(CloseCode::Protocol);
        }
        let kind = match header.opcode {
            OpCode::Control(control) => {
                if !header.is_final || length > MAX_CONTROL as u64 {
                    return Err(CloseCode::Protocol);
                }
                match control {
                    Control::Ping => Kind::Ping,
                    Control::Pong => Kind::Pong,
                    Control::Close => Kind::Close,
                    Control::Reserved(_) => return Err(CloseCode::Protocol),
                }
            }
            // Section 5.4: the frames of a message follow one another.
            OpCode::Data(Data::Continue) if self.message.is_none() => {
                return Err(CloseCode::Protocol);
            }
            OpCode::Data(Data::Text | Data::Binary) if self.message.is_some() => {
                return Err(CloseCode::Protocol);
            }
            OpCode::Data(Data::Binary) => return Err(CloseCode::Unsupported),
            OpCode::Data(Data::Reserved(_)) => return Err(CloseCode::Protocol),
            OpCode::Data(Data::Text | Data::Continue) => {
                let message = self.message.get_or_insert_default();
                message.length = message.length.saturating_add(length);
                if message.length > self.max_message {
                    return Err(CloseCode::TooBig);
                }
                Kind::Text { is_final: header.is_final }
            }
        };
        Ok(Phase::Payload { kind, mask, offset: 0, left: length })
    }

    fn read_payload(
        &mut self,
        kind: Kind,
        piece: &[u8],
        mask: [u8; 4],
        offset: usize,
        lines: &mut Vec<u8>,
    ) -> Result<(), CloseCode> {
        let unmasked =
            piece.iter().zip(mask.iter().cycle().skip(offset)).map(|(byte, mask)| byte ^ mask);
        match (kind, &mut self.message) {
            (Kind::Text { .. }, Some(message)) => {
                let start = lines.len();
                lines.extend(unmasked);
                if message.utf8.check(&lines[start..]).is_err() {
                    // An LF in it would end a line.
                    lines.truncate(start);
                    return Err(CloseCode::InvalidPayload);
                }
                message.join_lines(start, lines);
            }
            _ => self.control.extend(unmasked),
        }
        Ok(())
    }

    fn finish_frame(
        &mut self,
        kind: Kind,
        lines: &mut Vec<u8>,
    ) -> Result<Option<SocketEvent>, CloseCode> {
        if let Kind::Text { is_final } = kind {
            let Some(mut message) = self.message.take_if(|_| is_final) else { return Ok(None) };
            message.utf8.finish().map_err(|_| CloseCode::InvalidPayload)?;
            lines.push(b'\n');
            return Ok(Some(SocketEvent::Message));
        }
        let payload = std::mem::take(&mut self.control);
        Ok(Some(match kind {
            Kind::Ping => SocketEvent::Ping(payload),
            Kind::Close => {
                let answer = close_answer(&payload)?;
                self.phase = Phase::Closed;
                SocketEvent::Close(answer)
            }
            _ => SocketEvent::Pong,
        }))
    }
}

impl Message {
    /// Makes one line of the text in `lines` from `start` on: an LF becomes a space, and is dropped
    /// at the end of the message.
    fn join_lines(&mut self, start: usize, lines: &mut Vec<u8>) {
        if !self.has_gap && !lines[start..].contains(&b'\n') {
            return;
        }
        let piece = lines.split_off(start);
        for byte in piece {
            if byte == b'\n' {
                self.has_gap = true;
                continue;
            }
            if std::mem::take(&mut self.has_gap) {
                lines.push(b' ');
            }
            lines.push(byte);
        }
    }
}

/// Returns the length of a header with this second byte.
fn header_length(second: u8) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + length + mask
}

/// Returns the answer to a close frame with this payload (sections 5.5.1 and 7.4).
fn close_answer(payload: &[u8]) -> Result<CloseCode, CloseCode> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(CloseCode::Echo(None))
        } else {
            Err(CloseCode::Protocol)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_allowed(code) {
        return Err(CloseCode::Protocol);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(CloseCode::Echo(Some(code))),
        Err(_) => Err(CloseCode::InvalidPayload),
    }
}

/// Appends a control frame of the server to `out`.
pub(crate) fn push_control(opcode: Control, payload: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode: OpCode::Control(opcode), ..FrameHeader::default() };
    // Writing to a vector does not fail.
    let _ = header.format(payload.len() as u64, out);
    out.extend_from_slice(payload);
}
