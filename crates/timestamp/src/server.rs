//! The timestamp service on netcore's event loop.

use std::time::{Duration, SystemTime};

use netcore::Address;
use netcore::server::{Output, Refusal, Reply, Service};

use crate::{Format, Framing, Responder, Stamp, Zone, answer};

#[cfg(test)]
mod tests;

/// Answers what it receives with `[TIME] ` and the same bytes, over streams and datagrams: a
/// [`Service`] for [`netcore::server::Server::run`], one for each worker.
///
/// ```
/// use netcore::server::{Config, Server};
/// use timestamp::{Format, Framing, TimeService, Zone};
///
/// let endpoints = ["127.0.0.1:0".parse()?, "udp://127.0.0.1:0".parse()?];
/// let server = Server::bind(&endpoints, Config::default())?;
/// # server.handle().stop();
/// server.run(|_| TimeService::new(Framing::Chunk, Format::Ctime, Zone::Local))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TimeService {
    framing: Framing,
    stamp: Stamp,
    /// The text shows more than the time of the loop's turn is exact to.
    exact: bool,
}

impl TimeService {
    /// A service that frames streams by `framing` and writes the time as `format` says, in `zone`.
    /// A datagram is always answered as a whole.
    pub fn new(framing: Framing, format: Format, zone: Zone) -> TimeService {
        let exact = format.tick() < Duration::from_secs(1);
        TimeService { framing, stamp: Stamp::new(format, zone), exact }
    }

    fn now(&self, turn: impl FnOnce() -> SystemTime) -> SystemTime {
        if self.exact { SystemTime::now() } else { turn() }
    }
}

impl Service for TimeService {
    type Connection = Responder;

    fn open(&mut self, _: &Address, _: &mut Output) -> Responder {
        Responder::new(self.framing)
    }

    fn receive(&mut self, responder: &mut Responder, input: &[u8], output: &mut Output) {
        let now = self.now(|| output.time());
        if responder.receive(input, now, &mut self.stamp, output.buffer()).is_err() {
            output.close();
        }
    }

    fn end(&mut self, responder: &mut Responder, output: &mut Output) {
        let now = self.now(|| output.time());
        responder.finish(now, &mut self.stamp, output.buffer());
        output.close();
    }

    fn refuse(&mut self, why: Refusal, words: &mut Vec<u8>) {
        words.extend_from_slice(match why {
            Refusal::Full => b"error: the server has as many clients as it may; try again later\n",
            _ => b"error: the server has no descriptor left; try again later\n",
        });
    }

    fn datagram(&mut self, input: &[u8], _: &Address, reply: &mut Reply) {
        let now = self.now(|| reply.time());
        answer(input, now, &mut self.stamp, reply.datagram());
    }
}
