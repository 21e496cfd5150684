//! One direction of a relay, from its source to its sink. Its end half-closes the sink.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::relay::end::End;
use crate::relay::error::Side;
use crate::sys::{Interest, PollEntry};
use crate::transfer::{Pump, Step, operation};

/// A failure, with the source of the failed direction.
pub(super) type Failed = (Option<Side>, Error);

/// One direction of a relay.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    /// The side that its bytes come from.
    from: Side,
    source: End<'a>,
    sink: End<'a>,
    pump: Pump<'a>,
    open: bool,
    /// The readiness that it waits for.
    interest: Interest,
    /// `true` if the sink may still report an error while the source is silent.
    watched: bool,
}

/// The condition of a sink.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No error, or an error that the next write will return.
    None,
    /// The sink accepts no more bytes, and none were on their way to it.
    Closed,
    Failed(Error),
}

impl<'a> Flow<'a> {
    pub(super) fn new(from: Side, source: End<'a>, sink: End<'a>) -> io::Result<Flow<'a>> {
        let pump = Pump::new(source.input()?, sink.output()?, None, None);
        let interest = Interest::Read;
        Ok(Flow { from, source, sink, pump, open: true, interest, watched: true })
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn moved(&self) -> u64 {
        self.pump.moved()
    }

    pub(super) fn step(&mut self) -> Result<Step, Error> {
        let step = self
            .pump
            .step()
            .map_err(|(side, error)| self.name(Error::from_io(operation(side), error)))?;
        if let Step::Wait(interest) = step {
            self.interest = interest;
        }
        Ok(step)
    }

    /// Ends this direction after all bytes of the source have arrived. `pass_on` ends the sink too.
    pub(super) fn end(&mut self, pass_on: bool) -> Result<(), Error> {
        self.open = false;
        match self.sink.stream {
            Some(stream) if pass_on => stream.shutdown(Shutdown::Write),
            _ => Ok(()),
        }
    }

    /// Ends this direction without a word to the sink.
    pub(super) fn give_up(&mut self) {
        self.open = false;
    }

    /// Returns `true` if the sink may still send although it accepts no more bytes.
    pub(super) fn sink_may_speak(&self) -> bool {
        self.sink.stream.is_some()
    }

    /// Returns the descriptor and the readiness to wait for.
    pub(super) fn entry(&self) -> PollEntry<'_> {
        match self.interest {
            Interest::Read => PollEntry::new(&self.pump.from, Interest::Read),
            Interest::Write => PollEntry::new(&self.pump.to, Interest::Write),
        }
    }

    /// Returns the sink to watch for errors while the source is silent.
    pub(super) fn lookout(&self) -> Option<PollEntry<'_>> {
        let looks_out = self.interest == Interest::Read && self.watched;
        looks_out.then(|| PollEntry::trouble(&self.pump.to))
    }

    /// Returns the longest silence of the other direction after this one has ended.
    pub(super) fn half_closed_limit(&self) -> Option<Duration> {
        self.source.half_closed.filter(|_| !self.open)
    }

    /// Returns the source of this direction if it is still open.
    pub(super) fn open_side(&self) -> Option<Side> {
        self.open.then_some(self.from)
    }

    /// Returns `true` if bytes are on their way that the sink has not accepted.
    pub(super) fn holds(&self) -> bool {
        self.open && self.pump.holds()
    }

    /// Classifies an error or hang-up that poll(2) reported for the sink.
    pub(super) fn trouble(&mut self) -> Trouble {
        if let Some(error) = self.pump.to.take_error() {
            return Trouble::Failed(self.name(Error::from_io(Operation::Write, error)));
        }
        self.watched = false;
        match self.sink.stream.map(|stream| stream.write_deadline(&[], Deadline::never())) {
            Some(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Trouble::Closed,
            Some(Err(error)) => Trouble::Failed(error),
            Some(Ok(_)) | None => Trouble::None,
        }
    }

    pub(super) fn blame(&self, error: Error) -> Failed {
        (Some(self.from), error)
    }

    fn name(&self, error: Error) -> Error {
        let (end, descriptor) = match error.operation() {
            Operation::Read => (&self.source, &self.pump.from),
            _ => (&self.sink, &self.pump.to),
        };
        match end.stream {
            Some(stream) => stream.name(error),
            None => error.at(descriptor.name()),
        }
    }
}
