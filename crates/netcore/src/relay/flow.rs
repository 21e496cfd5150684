//! One direction of a relay, from its source to its sink. Its end half-closes the sink.

use std::io;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Operation};
use crate::relay::end::End;
use crate::relay::error::{Failed, Side};
use crate::stream::Stream;
use crate::sys::{Interest, PollEntry};
use crate::transfer::{Pump, Step, error_of, operation};

/// One direction of a relay.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    /// The side that its bytes come from.
    from: Side,
    source: End<'a>,
    sink: End<'a>,
    pump: Pump<'a>,
    phase: Phase,
    /// The readiness that it waits for.
    interest: Interest,
    /// `true` if the sink may still report an error while the source is silent.
    watched: bool,
}

/// The phases of a direction.
///
/// ```text
///   Open ──the source ends──► Ending ──the sink has the end──► Closed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The sink has all bytes but not the end: over TLS, the socket has no room for `close_notify`.
    Ending,
    Closed,
}

/// The condition of a sink.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No error, or an error that the next write will return.
    None,
    /// The sink accepts no more bytes, and none were on their way to it.
    Closed,
    Failed(Failed),
}

impl<'a> Flow<'a> {
    pub(super) fn new(from: Side, source: End<'a>, sink: End<'a>) -> io::Result<Flow<'a>> {
        let pump = Pump::new(source.input()?, sink.output()?, None, None);
        let (phase, interest) = (Phase::Open, Interest::Read);
        Ok(Flow { from, source, sink, pump, phase, interest, watched: true })
    }

    /// Returns `true` unless this direction is over.
    pub(super) fn is_open(&self) -> bool {
        self.phase != Phase::Closed
    }

    pub(super) fn moved(&self) -> u64 {
        self.pump.moved()
    }

    /// Moves the available bytes, or the end. `passes_on` ends the sink after the source. Returns
    /// `false` if nothing could move.
    pub(super) fn step(&mut self, passes_on: bool) -> Result<bool, Failed> {
        if self.phase == Phase::Ending {
            return self.end();
        }
        let step = self.pump.step();
        match step.map_err(|(at, error)| self.failed(at, error_of(operation(at), error)))? {
            Step::Moved => Ok(true),
            Step::Wait(interest) => {
                self.interest = interest;
                Ok(false)
            }
            Step::Done => {
                self.phase = if passes_on { Phase::Ending } else { Phase::Closed };
                if passes_on {
                    self.end()?;
                }
                Ok(true)
            }
        }
    }

    /// Ends the sink. Returns `false` if it has no room for the end.
    fn end(&mut self) -> Result<bool, Failed> {
        match self.sink.stream.map_or(Ok(()), Stream::try_end) {
            Ok(()) => {
                self.phase = Phase::Closed;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.interest = Interest::Write;
                Ok(false)
            }
            Err(error) => Err(self.failed(Interest::Write, error_of(Operation::Shutdown, error))),
        }
    }

    /// Ends this direction without a word to the sink.
    pub(super) fn give_up(&mut self) {
        self.phase = Phase::Closed;
    }

    /// Returns `true` if the sink may still send although it accepts no more bytes.
    pub(super) fn sink_may_speak(&self) -> bool {
        self.sink.stream.is_some()
    }

    /// Returns `true` if bytes can move although poll(2) may report nothing.
    pub(super) fn is_ready(&self) -> bool {
        self.is_open() && self.pump.is_ready(self.interest)
    }

    /// Returns the descriptor and the readiness to wait for.
    pub(super) fn entry(&self) -> PollEntry<'_> {
        self.pump.poll_entry(self.interest)
    }

    /// Returns the sink to watch for errors while the source is silent.
    pub(super) fn lookout(&self) -> Option<PollEntry<'_>> {
        let looks_out = self.interest == Interest::Read && self.watched;
        looks_out.then(|| self.pump.to.trouble_entry())
    }

    /// Returns the longest silence of the other direction after this one's source has ended.
    pub(super) fn half_closed_limit(&self) -> Option<Duration> {
        self.source.half_closed.filter(|_| self.phase != Phase::Open)
    }

    /// Returns the source of this direction if it has not ended.
    pub(super) fn open_side(&self) -> Option<Side> {
        (self.phase == Phase::Open).then_some(self.from)
    }

    /// Returns `true` if bytes or an end are on their way that the sink has not accepted.
    pub(super) fn holds(&self) -> bool {
        match self.phase {
            Phase::Open => self.pump.holds(),
            Phase::Ending => true,
            Phase::Closed => false,
        }
    }

    /// Classifies an error or hang-up that poll(2) reported for the sink.
    pub(super) fn trouble(&mut self) -> Trouble {
        let failed = |error| Error::from_io(Operation::Write, error);
        if let Some(error) = self.pump.to.take_error() {
            return Trouble::Failed(self.failed(Interest::Write, failed(error)));
        }
        self.watched = false;
        match self.sink.stream.map_or(Ok(()), Stream::check_writable).map_err(failed) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Trouble::Closed,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Trouble::None,
            Err(error) => Trouble::Failed(self.failed(Interest::Write, error)),
            Ok(()) => Trouble::None,
        }
    }

    /// Returns the failure to read from the source, or to write to the sink.
    fn failed(&self, at: Interest, error: Error) -> Failed {
        let (side, end, descriptor) = match at {
            Interest::Read => (self.from, &self.source, &self.pump.from),
            Interest::Write => (self.from.other(), &self.sink, &self.pump.to),
        };
        let error = match end.stream {
            Some(stream) => stream.name(error),
            None => error.at(descriptor.name()),
        };
        Failed { from: Some(self.from), side: Some(side), error }
    }
}
