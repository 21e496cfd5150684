//! The calls of rustls's state machine.

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};
use rustls::{CommonState, Error};

/// The bytes and events that come out of the state machine.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Decrypted bytes for which the caller had no room.
    pub(super) plaintext: Vec<u8>,
    /// Ciphertext to send.
    pub(super) outgoing: Vec<u8>,
    /// The handshake is done.
    pub(super) established: bool,
    /// The peer has sent `close_notify`.
    pub(super) peer_ended: bool,
}

/// The result of one call of [`advance`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Number of bytes of the input that are of no more use.
    pub(super) consumed: usize,
    /// Number of decrypted bytes in the output.
    pub(super) written: usize,
}

/// The state machine of either role.
pub(super) trait Machine {
    type Data;

    fn step<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;

    fn common(&self) -> &CommonState;
}

impl Machine for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn common(&self) -> &CommonState {
        self
    }

    fn step<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

impl Machine for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn common(&self) -> &CommonState {
        self
    }

    fn step<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

/// Processes all whole messages in `input`. Decrypted bytes go to `output`, and behind it to the
/// buffers. After an error the buffers have the alert for the peer, and no further call is allowed.
pub(super) fn advance<M: Machine>(
    machine: &mut M,
    buffers: &mut Buffers,
    input: &mut [u8],
    output: &mut [u8],
) -> (Progress, Option<Error>) {
    let mut progress = Progress { consumed: 0, written: 0 };
    loop {
        let UnbufferedStatus { mut discard, state } = machine.step(&mut input[progress.consumed..]);
        let is_waiting = match state {
            Ok(ConnectionState::ReadTraffic(mut records)) => {
                while let Some(record) = records.next_record() {
                    match record {
                        Ok(record) => {
                            discard += record.discard;
                            let written = &mut progress.written;
                            put(record.payload, output, written, &mut buffers.plaintext);
                        }
                        Err(error) => return (progress, Some(error)),
                    }
                }
                false
            }
            Ok(ConnectionState::EncodeTlsData(mut message)) => {
                encode(&mut message, &mut buffers.outgoing);
                false
            }
            // The buffers have the message, and the caller sends it before anything else.
            Ok(ConnectionState::TransmitTlsData(message)) => {
                message.done();
                false
            }
            Ok(ConnectionState::PeerClosed) => {
                buffers.peer_ended = true;
                false
            }
            Ok(ConnectionState::WriteTraffic(_)) => {
                // A server of TLS 1.3 may write before the client has finished the handshake.
                buffers.established |= !machine.common().is_handshaking();
                true
            }
            Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => true,
            Ok(_) => {
                // Early data, which the configuration does not accept.
                return (progress, Some(Error::General("unexpected early data".into())));
            }
            Err(error) => {
                put_alert(machine, buffers);
                return (progress, Some(error));
            }
        };
        progress.consumed += discard;
        if is_waiting {
            return (progress, None);
        }
    }
}

/// Puts the alert that follows an error into the buffers.
///
/// The machine must not see the input again: it has not discarded the wrong record, and would fail
/// a second time.
fn put_alert<M: Machine>(machine: &mut M, buffers: &mut Buffers) {
    while machine.common().wants_write() {
        match machine.step(&mut []).state {
            Ok(ConnectionState::EncodeTlsData(mut message)) => {
                encode(&mut message, &mut buffers.outgoing);
            }
            _ => return,
        }
    }
}

/// Puts `payload` into `output` behind the first `written` bytes. Bytes without room there go to
/// `rest`.
fn put(payload: &[u8], output: &mut [u8], written: &mut usize, rest: &mut Vec<u8>) {
    let room = if rest.is_empty() { output.len() - *written } else { 0 };
    let (fitting, others) = payload.split_at(payload.len().min(room));
    output[*written..*written + fitting.len()].copy_from_slice(fitting);
    *written += fitting.len();
    rest.extend_from_slice(others);
}

fn encode<Data>(message: &mut EncodeTlsData<'_, Data>, outgoing: &mut Vec<u8>) {
    let start = outgoing.len();
    let mut room = 4096;
    loop {
        outgoing.resize(start + room, 0);
        match message.encode(&mut outgoing[start..]) {
            Ok(length) => return outgoing.truncate(start + length),
            Err(EncodeError::InsufficientSize(error)) => room = error.required_size,
            Err(EncodeError::AlreadyEncoded) => return outgoing.truncate(start),
        }
    }
}

/// Encrypts `bytes` into `output`, and returns the length of the result. Messages that precede the
/// data go to the buffers.
pub(super) fn encrypt<M: Machine>(
    machine: &mut M,
    buffers: &mut Buffers,
    incoming: &mut [u8],
    bytes: &[u8],
    output: &mut [u8],
) -> Result<usize, Error> {
    let mut traffic = writable(machine, buffers, incoming)?;
    let encrypted = traffic.encrypt(bytes, output);
    encrypted.map_err(|error| {
        put_alert(machine, buffers);
        match error {
            EncryptError::InsufficientSize(_) => Error::EncryptError,
            EncryptError::EncryptExhausted => Error::General("the keys are used up".into()),
        }
    })
}

/// Puts `close_notify` into the buffers, unless the handshake is not done or the connection has
/// failed.
pub(super) fn end<M: Machine>(machine: &mut M, buffers: &mut Buffers, incoming: &mut [u8]) {
    let mut notice = [0; 128];
    let Ok(mut traffic) = writable(machine, buffers, incoming) else { return };
    if let Ok(length) = traffic.queue_close_notify(&mut notice) {
        buffers.outgoing.extend_from_slice(&notice[..length]);
    }
}

/// Moves the machine to the state in which it takes data.
fn writable<'c, M: Machine>(
    machine: &'c mut M,
    buffers: &mut Buffers,
    incoming: &mut [u8],
) -> Result<WriteTraffic<'c, M::Data>, Error> {
    loop {
        match machine.step(incoming).state? {
            ConnectionState::WriteTraffic(_) => break,
            ConnectionState::EncodeTlsData(mut message) => {
                encode(&mut message, &mut buffers.outgoing);
            }
            ConnectionState::TransmitTlsData(message) => message.done(),
            ConnectionState::PeerClosed => buffers.peer_ended = true,
            _ => return Err(Error::HandshakeNotComplete),
        }
    }
    match machine.step(incoming).state? {
        ConnectionState::WriteTraffic(traffic) => Ok(traffic),
        _ => Err(Error::HandshakeNotComplete),
    }
}
