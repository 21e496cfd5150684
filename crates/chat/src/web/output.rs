//! The output of a client on a WebSocket: it closes with a close frame.

use bytes::Bytes;
use netcore::server::Output;
use tungstenite::protocol::frame::coding::Control;

use crate::shard::output::ClientOutput;
use crate::web::close_code::CloseCode;
use crate::web::websocket::push_control;

/// The sending half of the closing handshake (RFC 6455, section 5.5.1).
#[derive(Debug)]
pub(crate) struct Closing {
    /// The code of the close frame that is sent if the client leaves.
    pub(crate) code: CloseCode,
    is_sent: bool,
}

impl Closing {
    pub(crate) fn new() -> Closing {
        Closing { code: CloseCode::Normal, is_sent: false }
    }

    /// Sends the close frame behind all earlier output, and closes the connection.
    pub(crate) fn close(&mut self, output: &mut Output) {
        if !std::mem::replace(&mut self.is_sent, true) {
            push_control(Control::Close, &self.code.payload(), output.buffer());
        }
        output.close();
    }
}

/// The [`Output`] of a client on a WebSocket. Messages and notices are frames already.
#[derive(Debug)]
pub(crate) struct WebOutput<'a> {
    pub(crate) output: &'a mut Output,
    pub(crate) closing: &'a mut Closing,
}

impl ClientOutput for WebOutput<'_> {
    fn send(&mut self, bytes: &[u8]) {
        self.output.send(bytes);
    }

    fn share(&mut self, bytes: Bytes) {
        self.output.share(bytes);
    }

    fn unsent(&self) -> usize {
        self.output.unsent()
    }

    fn call_when_flushed(&mut self) {
        self.output.call_ready_when_flushed();
    }

    fn pause_reading(&mut self) {
        self.output.pause_reading();
    }

    fn resume_reading(&mut self) {
        self.output.resume_reading();
    }

    fn close(&mut self) {
        self.closing.close(self.output);
    }

    fn abort(&mut self) {
        self.output.abort();
    }
}
