//! Framings: the forms in which messages reach clients, each rendered once for all clients.

use crate::protocol::format::{Format, Message, Renderer, mark_history};

#[cfg(test)]
mod tests;

/// First byte of a frame that is a whole text message (RFC 6455, section 5.2): FIN and opcode 1.
const TEXT: u8 = 0x81;

/// The longest payload whose length stands in the second byte of a frame.
const SHORT: usize = 125;

/// The form in which a client receives messages and notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Framing {
    /// Lines in the format of the configuration.
    #[default]
    Lines,
    /// WebSocket text messages, each one object of the `json` format.
    WebSocket,
}

/// Renderers for the messages of rooms.
#[derive(Debug)]
pub(crate) struct Renderers {
    /// Renders lines.
    pub(crate) lines: Renderer,
    /// Renders WebSocket messages, if there can be clients that receive these.
    pub(crate) web: Option<WebRenderer>,
    /// Renders for the log on disk, if there is one.
    pub(crate) disk: Option<Renderer>,
}

impl Renderers {
    /// Appends `message` to `out` in the framing of one client.
    pub(crate) fn render(&mut self, framing: Framing, message: &Message<'_>, out: &mut Vec<u8>) {
        match (framing, &mut self.web) {
            (Framing::WebSocket, Some(web)) => web.render(message, out),
            _ => self.lines.render(message, out),
        }
    }
}

/// Renders messages as WebSocket text messages.
#[derive(Debug)]
pub(crate) struct WebRenderer {
    json: Renderer,
    /// The object of the last message, reused.
    object: Vec<u8>,
}

impl WebRenderer {
    pub(crate) fn new() -> WebRenderer {
        WebRenderer { json: Renderer::new(Format::Json), object: Vec::new() }
    }

    /// Appends the frame for `message` to `out`.
    pub(crate) fn render(&mut self, message: &Message<'_>, out: &mut Vec<u8>) {
        self.render_with(message, "", out);
    }

    /// Appends the frame for `message` to `out`, with `fields` at the end of its object: a comma
    /// and the fields in JSON, or nothing.
    pub(crate) fn render_with(&mut self, message: &Message<'_>, fields: &str, out: &mut Vec<u8>) {
        self.object.clear();
        self.json.render(message, &mut self.object);
        self.object.truncate(self.object.len().saturating_sub("}\n".len()));
        self.object.extend_from_slice(fields.as_bytes());
        self.object.push(b'}');
        push_frame(&self.object, out);
    }
}

/// Appends `frames`, one WebSocket message, in the form that it has in the history.
pub(crate) fn mark_frame(frame: &[u8], out: &mut Vec<u8>) {
    let mut line = payload(frame).to_vec();
    line.push(b'\n');
    let mut marked = Vec::with_capacity(line.len() + 16);
    mark_history(Format::Json, &line, &mut marked);
    marked.pop();
    push_frame(&marked, out);
}

/// Appends a frame of the server with a whole text message. Frames of servers have no mask.
fn push_frame(payload: &[u8], out: &mut Vec<u8>) {
    let length = payload.len();
    out.push(TEXT);
    match u16::try_from(length) {
        Ok(short) if length <= SHORT => out.push(short as u8),
        Ok(length) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// Returns the payload of a frame that [`push_frame`] has made.
fn payload(frame: &[u8]) -> &[u8] {
    let header = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    frame.get(header..).unwrap_or_default()
}
