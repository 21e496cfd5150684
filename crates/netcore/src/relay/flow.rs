//! One direction of a relay.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::relay::end::End;
use crate::relay::error::Side;
use crate::sys::{Interest, PollEntry};
use crate::transfer::{Pump, Step, operation};

/// A failure, and the side from which the bytes came that it is about.
pub(super) type Failed = (Option<Side>, Error);

/// One way of a relay.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    /// From where its bytes come.
    from: Side,
    source: End<'a>,
    sink: End<'a>,
    pump: Pump<'a>,
    open: bool,
    /// What it waits for.
    interest: Interest,
    /// Whether, while the source is silent, the sink may still report an error.
    watched: bool,
}

/// What is the matter with a sink.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing, or the next write will tell.
    None,
    /// It takes no more, and nothing was on its way there.
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

    /// The source has ended and all has arrived; `pass_on` says whether the sink is told.
    pub(super) fn end(&mut self, pass_on: bool) -> Result<(), Error> {
        self.open = false;
        match self.sink.stream {
            Some(stream) if pass_on => stream.shutdown(Shutdown::Write),
            _ => Ok(()),
        }
    }

    /// Nothing goes this way any more.
    pub(super) fn give_up(&mut self) {
        self.open = false;
    }

    /// Whether what takes no more may have something to say all the same.
    pub(super) fn sink_may_speak(&self) -> bool {
        self.sink.stream.is_some()
    }

    /// What to wait for.
    pub(super) fn entry(&self) -> PollEntry<'_> {
        match self.interest {
            Interest::Read => PollEntry::new(&self.pump.from, Interest::Read),
            Interest::Write => PollEntry::new(&self.pump.to, Interest::Write),
        }
    }

    /// Where meanwhile to look out for an error.
    pub(super) fn lookout(&self) -> Option<PollEntry<'_>> {
        let looks_out = self.interest == Interest::Read && self.watched;
        looks_out.then(|| PollEntry::trouble(&self.pump.to))
    }

    /// How long the other way may be silent, now that this one has ended.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.source.half_closed.filter(|_| !self.open)
    }

    /// The end whose bytes go this way, if they still may.
    pub(super) fn open_side(&self) -> Option<Side> {
        self.open.then_some(self.from)
    }

    /// Whether bytes are on their way that the sink does not take.
    pub(super) fn holds(&self) -> bool {
        self.open && self.pump.holds()
    }

    /// What it is that poll(2) reported of the sink though nobody waited for it.
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
