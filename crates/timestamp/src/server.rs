//! The timestamp service on netcore's event loop.

use std::time::{Duration, SystemTime};

use netcore::Address;
use netcore::server::{self, Output, Rejection, Reply};

use crate::format::Format;
use crate::responder::{Framing, Responder};
use crate::service::Service;
use crate::stamp::Stamp;
use crate::zone::Zone;

#[cfg(test)]
mod tests;

/// The ports below are for services, not for clients.
const UNPRIVILEGED: u16 = 1024;

/// Answers what it receives with `[TIME] ` and the same bytes, or provides another [`Service`], over
/// streams and datagrams: a [service](server::Service) for [`netcore::server::Server::run`], one for each worker.
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
    service: Service,
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
        let stamp = Stamp::new(format, zone);
        TimeService { service: Service::Timestamp, framing, stamp, exact }
    }

    /// Speaks another protocol. The framing is of no matter then, and the format only to
    /// [`Service::Daytime`].
    ///
    /// Over UDP, none but the timestamp protocol answers to a port below 1024, as inetd(8) does
    /// not: two such services that are shown one another by a forged sender would talk for ever.
    #[must_use]
    pub fn with_service(self, service: Service) -> TimeService {
        TimeService { service, ..self }
    }

    /// Whether a datagram from there is answered.
    fn answers(&self, from: &Address) -> bool {
        let is_service = from.inet().is_some_and(|from| from.port() < UNPRIVILEGED);
        self.service == Service::Timestamp || !is_service
    }

    fn now(&self, turn: impl FnOnce() -> SystemTime) -> SystemTime {
        if self.exact { SystemTime::now() } else { turn() }
    }
}

impl server::Service for TimeService {
    type Connection = Responder;

    fn open(&mut self, _: &Address, output: &mut Output) -> Responder {
        if self.service.speaks_first() {
            let now = self.now(|| output.time());
            self.service.answer(&[], now, &mut self.stamp, output.buffer());
            output.close();
        }
        Responder::new(self.framing)
    }

    fn receive(&mut self, responder: &mut Responder, input: &[u8], output: &mut Output) {
        match self.service {
            Service::Timestamp => {}
            Service::Echo => return output.send(input),
            Service::Daytime | Service::Time => return,
        }
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

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        // The first four bytes of these words would be a time in 1953, and an echo of nothing.
        if self.service != Service::Timestamp {
            return;
        }
        words.extend_from_slice(match why {
            Rejection::Full => {
                b"error: the server has as many clients as it may; try again later\n"
            }
            _ => b"error: the server has no descriptor left; try again later\n",
        });
    }

    fn datagram(&mut self, input: &[u8], from: &Address, reply: &mut Reply) {
        if !self.answers(from) {
            return;
        }
        let now = self.now(|| reply.time());
        self.service.answer(input, now, &mut self.stamp, reply.datagram());
    }
}
