//! Runs a request up to the head of its response: connecting, sending, redirects, one retry.

#[cfg(feature = "cookies")]
pub(crate) mod cookies;

use std::time::Instant;

use http::HeaderValue;
use http::header::REFERER;
use netcore::{CancelToken, Deadline};

use crate::body::decoding::Decoding;
use crate::body::{Check, Context};
use crate::client::Client;
use crate::client::connect::ConnectStep;
use crate::connection::{BUFFER, Connection};
use crate::deadlines::Deadlines;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::limits::Limits;
use crate::pace::Pace;
use crate::protocol::{self, Exchange, Redirects, RequestHead, ResponseHead, redirect_request};
use crate::response::Response;
use crate::route::Route;
use crate::timeouts::{Phase, Timeout, Timeouts};
use crate::timings::Timings;
use crate::url::{Scheme, Url};
#[cfg(feature = "cookies")]
use cookies::HopCookies;

#[cfg(test)]
mod tests;

/// A request with everything that is needed to send it.
#[derive(Clone, Debug)]
pub(crate) struct PreparedRequest {
    pub(crate) client: Client,
    pub(crate) url: Url,
    pub(crate) head: RequestHead,
    #[cfg(feature = "cookies")]
    pub(crate) cookies: HopCookies,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) deadline: Deadline,
    pub(crate) token: Option<CancelToken>,
    pub(crate) follow: bool,
    pub(crate) raw: bool,
    /// The most bytes of content a second.
    pub(crate) rate: Option<u64>,
    /// `true` if a redirect sends the URL before it as Referer.
    pub(crate) referer: bool,
    /// `true` if content codings are undone.
    pub(crate) decode: bool,
}

impl PreparedRequest {
    /// Returns the deadlines of a transfer that begins at `start`.
    pub(crate) fn deadlines(&self, start: Instant) -> Deadlines {
        let deadlines = Deadlines::new(self.timeouts.clone(), self.deadline, start);
        deadlines.with_token(self.token.clone())
    }
}

type Observer<'a> = &'a mut dyn FnMut(Event<'_>);

/// Runs `prepared`, up to the head of the last response.
pub(crate) fn run(
    mut prepared: PreparedRequest,
    observer: Observer<'_>,
) -> Result<Response, Error> {
    let start = Instant::now();
    let deadlines = prepared.deadlines(start);
    let client = prepared.client.clone();
    let began_secure = prepared.url.scheme() == Scheme::Https;
    let mut redirects =
        Redirects::new(prepared.limits.redirects).with_insecure(client.settings.downgrade);
    let mut timings = Timings::default();
    let mut routes = client.settings.routes(&mut prepared.head);
    loop {
        #[cfg(feature = "cookies")]
        prepared.cookies.send(&prepared.url, &mut prepared.head);
        let mut hop = Hop { prepared: &prepared, deadlines: &deadlines, start, timings };
        let response = routes
            .find(&prepared.url, &prepared.head)
            .and_then(|route| hop.run(&route, observer))
            .map_err(|error| error.with_url(&prepared.url))?;
        let PreparedRequest {
            url,
            head,
            follow,
            referer,
            #[cfg(feature = "cookies")]
            cookies,
            ..
        } = &mut prepared;
        #[cfg(feature = "cookies")]
        cookies.receive(url, response.head(), observer);
        if !*follow {
            return Ok(response);
        }
        let to = match redirects.next(url, response.head()) {
            Ok(Some(to)) => to,
            Ok(None) => return Ok(response),
            Err(error) => return Err(Error::from(error).with_url(url)),
        };
        // A server that lost TLS on the way to a host does not get the user's password for it.
        let is_downgraded = began_secure && to.scheme() == Scheme::Http;
        let to = if is_downgraded { to } else { client.settings.authorize(to)? };
        #[cfg(feature = "cookies")]
        cookies.redirect(url, &to, head);
        let dropped = redirect_request(url, &to, head);
        if *referer {
            refer(url, &to, head)?;
        }
        let insecure = url.scheme() == Scheme::Https && to.scheme() == Scheme::Http;
        observer(Event::Redirect { to: &to, dropped: &dropped, insecure });
        let mut body = response.into_body();
        body.drain();
        if let Some(connection_event) = body.connection_event() {
            observer(connection_event);
        }
        timings = Timings {
            redirects: redirects.followed(),
            redirected: start.elapsed(),
            connects: body.timings().connects,
            ..Timings::default()
        };
        *url = to;
    }
}

/// One request and the head of its response.
struct Hop<'a> {
    prepared: &'a PreparedRequest,
    deadlines: &'a Deadlines,
    start: Instant,
    timings: Timings,
}

impl Hop<'_> {
    fn run(&mut self, route: &Route, observer: Observer<'_>) -> Result<Response, Error> {
        let PreparedRequest { client, url, .. } = self.prepared;
        #[cfg(feature = "proxy")]
        if let Some(via) = route.via() {
            observer(Event::Proxy(&via.proxy));
        }
        if let Some(connection) = client.pool.take_at(Instant::now(), route) {
            observer(Event::Reused { peer: connection.peer() });
            match self.exchange(connection, route, observer) {
                // RFC 9112 section 9.3.1: a server may close an idle connection at any time, also
                // while a request is on its way.
                Err(error) if is_dead(&error) => {
                    log::debug!("get {url}: {}; once more on a new connection", error.kind());
                    observer(Event::Retry);
                }
                result => return result,
            }
        }
        let connection = client.connect(url, route, self.deadlines, observer, |reached, now| {
            let step = Some(now.duration_since(self.start));
            match reached {
                ConnectStep::Resolved => self.timings.resolved = step,
                ConnectStep::Connected => self.timings.connected = step,
                #[cfg(feature = "proxy")]
                ConnectStep::Tunneled => self.timings.tunneled = step,
                #[cfg(feature = "tls")]
                ConnectStep::Encrypted => self.timings.encrypted = step,
            }
        })?;
        self.timings.connects += 1;
        self.exchange(connection, route, observer)
    }

    fn exchange(
        &mut self,
        connection: Connection,
        route: &Route,
        observer: Observer<'_>,
    ) -> Result<Response, Error> {
        let PreparedRequest { client, url, head, limits, raw, rate, decode, .. } = self.prepared;
        let mut connection = connection
            .with_slice(rate.map_or(BUFFER, Pace::slice))
            .with_token(self.deadlines.token().cloned());
        connection.send(|request| route.encode(head, url, request), self.deadlines)?;
        let sent = Instant::now();
        self.timings.sent = Some(sent.duration_since(self.start));
        observer(Event::Request(connection.request()));
        let mut exchange = match head.is_head() {
            true => Exchange::for_head(limits),
            false => Exchange::new(limits),
        };
        let answer = self.receive_head(&mut connection, &mut exchange, sent, observer)?;
        observer(Event::Head(&answer));
        exchange.warnings().iter().for_each(|warning| observer(Event::Warning(*warning)));
        let context = Context {
            pool: client.pool.clone(),
            url: url.clone(),
            route: route.clone(),
            deadlines: self.deadlines.clone(),
            start: self.start,
            timings: self.timings,
            drain: limits.drain,
            last: head.asks_for_close(),
            raw: *raw,
            check: Check::of(&answer, head.is_head()),
            pace: rate.map(|rate| Pace::after(rate, connection.unread().len())),
        };
        let decoding = match *decode && !*raw && !exchange.is_done() {
            true => decoding(&answer, limits, &mut exchange),
            false => None,
        };
        Ok(Response::new(answer, exchange, connection, decoding, context))
    }

    fn receive_head(
        &mut self,
        connection: &mut Connection,
        exchange: &mut Exchange,
        sent: Instant,
        observer: Observer<'_>,
    ) -> Result<ResponseHead, Error> {
        let mut step = self.deadlines.step(Timeout::FirstByte, sent);
        let mut phase = Phase::Wait;
        connection.wait(step, phase)?;
        loop {
            if connection.fill(step, (phase, 0)).or_else(ended_in_disorder)? == 0 {
                exchange.closed()?;
            }
            let now = Instant::now();
            if phase == Phase::Wait {
                self.timings.first_byte = Some(now.duration_since(self.start));
            }
            phase = Phase::Head;
            step = self.deadlines.step(Timeout::Stall, now);
            while !connection.unread().is_empty() {
                let (used, event) = exchange.receive(connection.unread())?;
                if let protocol::Event::Interim(interim) = &event {
                    observer(Event::Interim(interim));
                }
                connection.consume(used);
                if let Some(head) = exchange.take_head() {
                    return Ok(head);
                }
            }
        }
    }
}

/// Returns 0, the end of the stream, if the server has ended it without close_notify. A head has an
/// end of its own.
fn ended_in_disorder(error: Error) -> Result<usize, Error> {
    if error.is_unexpected_end() { Ok(0) } else { Err(error) }
}

/// Sets the Referer of the request for `to`. RFC 9110 section 10.1.3: a request in the clear tells
/// nothing about an encrypted one.
fn refer(from: &Url, to: &Url, head: &mut RequestHead) -> Result<(), Error> {
    head.remove(&REFERER);
    if from.scheme() == Scheme::Http || to.scheme() == Scheme::Https {
        let value = HeaderValue::try_from(from.as_str()).map_err(http::Error::from);
        let value =
            value.map_err(|error| Error::new(ErrorKind::InvalidRequest).with_cause(error))?;
        head.set(REFERER, value)?;
    }
    Ok(())
}

/// Returns the decoder of the content behind `head`.
#[cfg(feature = "coding")]
fn decoding(
    head: &ResponseHead,
    limits: &Limits,
    exchange: &mut Exchange,
) -> Option<Box<Decoding>> {
    let decoding = Decoding::of(head, limits)?;
    exchange.lift_body_limit();
    Some(decoding)
}

#[cfg(not(feature = "coding"))]
fn decoding(_: &ResponseHead, _: &Limits, _: &mut Exchange) -> Option<Box<Decoding>> {
    None
}

/// Returns `true` if the server closed an idle connection before it could answer.
fn is_dead(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::NothingReceived => true,
        ErrorKind::Transport { phase, .. } => matches!(phase, Phase::Send | Phase::Wait),
        _ => false,
    }
}
