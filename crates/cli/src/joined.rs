//! Standard input and output joined to a stream, both ways at once.
//!
//! They are the process's own descriptors here, not those of `Streams`: the kernel copies between
//! them and the socket. Their blocking mode, which other processes share, stays as it is.

use std::io;
use std::time::Duration;

use netcore::{
    Deadline, End, Error, ErrorKind, Operation, RelayError, Side, SocketOptions, Stream, relay,
};

use crate::exit::{self, Failure};

/// Carries bytes until standard input and the peer have both ended; the end of one is passed on,
/// and ends the other way no sooner. It lasts as long as the two want; `half_closed`, if there is
/// one, is how long standard input may be silent once the peer has ended.
pub(crate) fn join(stream: &Stream, half_closed: Option<Duration>) -> Result<(), Failure> {
    let (input, output) = (io::stdin(), io::stdout());
    let (left, right) = (End::new(&input, &output), End::from(stream));
    let right = half_closed.map_or(right, |patience| right.with_half_closed(patience));
    match relay(left, right, None, Deadline::never()) {
        Ok(_) => Ok(()),
        Err(error) => {
            // Or else the peer would take for whole what is not.
            let _ = SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(stream);
            Err(failure(error))
        }
    }
}

fn failure(failed: RelayError) -> Failure {
    let side = failed.side();
    let error = failed.error();
    match (side, error.operation()) {
        (Some(Side::Left), Operation::Write) if error.kind() == ErrorKind::BrokenPipe => {
            Failure::silent(exit::DONE)
        }
        (Some(Side::Left), Operation::Write) => standard("output", exit::WRITE_ERROR, error),
        (Some(Side::Left), _) => standard("input", exit::OTHER, error),
        _ => Failure::of(error),
    }
}

fn standard(which: &str, code: u8, error: &Error) -> Failure {
    Failure::new(code, format!("standard {which}: {}", exit::chain(error)))
}
