//! The service for netcore's event loop.

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

/// The first port for clients; the ports below belong to services.
const UNPRIVILEGED: u16 = 1024;

/// Answers streams and datagrams with `[TIME] ` and the same bytes, or as another [`Service`] does:
/// a [service](server::Service) for [`netcore::server::Server::run`], one for each worker.
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
    /// `true` if the format shows fractions of a second, so the time of the loop's turn is too
    /// coarse.
    is_precise: bool,
}

impl TimeService {
    /// Creates a service that divides streams by `framing` and writes the time in `format` and
    /// `zone`. A datagram always gets one answer.
    pub fn new(framing: Framing, format: Format, zone: Zone) -> TimeService {
        let is_precise = format.tick() < Duration::from_secs(1);
        let stamp = Stamp::new(format, zone);
        TimeService { service: Service::Timestamp, framing, stamp, is_precise }
    }

    /// Selects another service. It ignores the framing, and only [`Service::Daytime`] uses the
    /// format.
    ///
    /// Over UDP, only the timestamp protocol answers a datagram from a port below 1024, like
    /// inetd(8). With a forged sender address, two such services would answer each other forever.
    #[must_use]
    pub fn with_service(self, service: Service) -> TimeService {
        TimeService { service, ..self }
    }

    /// Returns `true` if a datagram from `from` is answered.
    fn answers(&self, from: &Address) -> bool {
        let is_from_service = from.inet().is_some_and(|from| from.port() < UNPRIVILEGED);
        self.service == Service::Timestamp || !is_from_service
    }

    fn now(&self, turn: impl FnOnce() -> SystemTime) -> SystemTime {
        if self.is_precise { SystemTime::now() } else { turn() }
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
        // A client would take the first four bytes of this text for a time in 1953, or for an echo.
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
