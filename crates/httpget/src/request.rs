#[cfg(test)]
mod tests;

use http::header::RANGE;
use http::{HeaderName, HeaderValue};
use netcore::Deadline;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::limits::Limits;
use crate::protocol::{Field, RequestHead};
use crate::response::Response;
use crate::run::{self, PreparedRequest};
use crate::timeouts::Timeouts;
use crate::url::Url;

/// Sends a GET for `url` with a new [`Client`]. The body is still to be read.
///
/// # Errors
///
/// As [`Request::send`].
pub fn get(url: &str) -> Result<Response, Error> {
    Client::new().get(url).send()
}

impl Client {
    /// Returns a GET of `url`, to be sent. Sending it reports a malformed URL.
    pub fn get(&self, url: &str) -> Request {
        Request(prepare(self, url))
    }
}

/// A GET to be sent, made by [`Client::get`].
///
/// What is wrong with it is the error of [`send`](Request::send), the first fault if there are
/// several; until then nothing fails and nothing is sent.
///
/// ```no_run
/// use httpget::Client;
/// use httpget::http::header;
///
/// let response = Client::new()
///     .get("http://example.net/page")
///     .with_header(header::ACCEPT_LANGUAGE, "de")
///     .with_range("0-1023")
///     .send()?;
/// println!("{}, {:?} bytes", response.status(), response.content_length());
/// # Ok::<(), httpget::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is asked before it is sent"]
pub struct Request(pub(crate) Result<PreparedRequest, Error>);

impl Request {
    /// Sends this field in place of a default, or of those of that name that were set before.
    pub fn with_header<N, V>(self, name: N, value: V) -> Request
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        self.change(|prepared| {
            let name = name.try_into().map_err(|error| invalid(error.into()))?;
            let value = value.try_into().map_err(|error| invalid(error.into()))?;
            Ok(prepared.head.set(name, value)?)
        })
    }

    /// A field as people write it, sent in place of a default, or a default that is not sent: what
    /// [`parse_field`](crate::protocol::parse_field) made.
    pub fn with_field(self, field: &Field) -> Request {
        self.change(|prepared| {
            prepared.head.apply(field);
            Ok(())
        })
    }

    /// Asks for a part: `0-99` for the first hundred bytes, `100-` for what follows them, `-100` for
    /// the last hundred (RFC 9110 section 14.1.1). The server may send the whole instead, which its
    /// status says: 206 is a part, 200 the whole.
    pub fn with_range(self, range: &str) -> Request {
        self.with_header(RANGE, format!("bytes={range}"))
    }

    /// The time budgets of this request, in place of the client's.
    pub fn with_timeouts(self, timeouts: Timeouts) -> Request {
        self.change(|prepared| {
            prepared.timeouts = timeouts;
            Ok(())
        })
    }

    /// The limits of this request, in place of the client's.
    pub fn with_limits(self, limits: Limits) -> Request {
        self.change(|prepared| {
            prepared.limits = limits;
            Ok(())
        })
    }

    /// A point in time by which all is done, the last byte of the body included, for what consists
    /// of several requests. It counts as [`Timeouts::total`], which holds besides.
    pub fn with_deadline(self, deadline: Deadline) -> Request {
        self.change(|prepared| {
            prepared.deadline = deadline;
            Ok(())
        })
    }

    /// Whether redirects are followed, up to [`Limits::redirects`]; they are without this.
    pub fn with_redirects(self, follow: bool) -> Request {
        self.change(|prepared| {
            prepared.follow = follow;
            Ok(())
        })
    }

    /// Whether the body is left as it was sent: a chunked one with its sizes and trailers (RFC 9112
    /// section 7.1). Its framing is followed all the same, and one that is cut short an error.
    /// [`Body::received`](crate::Body::received) counts the content alone.
    pub fn with_raw(self, raw: bool) -> Request {
        self.change(|prepared| {
            prepared.raw = raw;
            Ok(())
        })
    }

    /// Sends an HTTP/1.0 request. Its connection ends with the response.
    pub fn with_http_1_0(self) -> Request {
        self.change(|prepared| {
            prepared.head.http_1_0();
            Ok(())
        })
    }

    /// The URL, if it is one.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.0.as_ref().ok().map(|prepared| &prepared.url)
    }

    /// Sends it, follows redirects, and returns when the head of the response is there. The body is
    /// still to be read.
    ///
    /// An idle connection of the client's is used again. Where that turns out dead before a byte
    /// has come back, the request is sent once more, on a new connection.
    ///
    /// # Errors
    ///
    /// By their [`ErrorKind`]:
    ///
    /// - [`InvalidUrl`](ErrorKind::InvalidUrl), [`UnsupportedScheme`](ErrorKind::UnsupportedScheme),
    ///   [`InvalidRequest`](ErrorKind::InvalidRequest): nothing was sent;
    /// - [`Resolve`](ErrorKind::Resolve), [`Connect`](ErrorKind::Connect),
    ///   [`Transport`](ErrorKind::Transport), with a [`netcore::Error`] as the cause;
    /// - [`TimedOut`](ErrorKind::TimedOut): one of the [`Timeouts`] ran out;
    /// - [`NothingReceived`](ErrorKind::NothingReceived),
    ///   [`HeadTruncated`](ErrorKind::HeadTruncated), [`Malformed`](ErrorKind::Malformed),
    ///   [`TooLarge`](ErrorKind::TooLarge), with a
    ///   [`ProtocolError`](crate::protocol::ProtocolError) as the cause where there is more to say;
    /// - [`TooManyRedirects`](ErrorKind::TooManyRedirects); and
    ///   [`Malformed`](ErrorKind::Malformed) for a redirect that leads nowhere.
    ///
    /// A status of 400 or above is no error here, but of
    /// [`error_for_status`](Response::error_for_status).
    pub fn send(self) -> Result<Response, Error> {
        self.send_observed(&mut |_| {})
    }

    /// [`send`](Request::send), and `observer` is told what happens, as it happens. Time that it
    /// takes is time that the transfer does not get.
    ///
    /// # Errors
    ///
    /// As [`send`](Request::send).
    pub fn send_observed(self, observer: &mut dyn FnMut(Event<'_>)) -> Result<Response, Error> {
        run::run(self.0?, observer)
    }

    /// Changes what is to be sent, unless it is past that.
    fn change(self, change: impl FnOnce(&mut PreparedRequest) -> Result<(), Error>) -> Request {
        Request(self.0.and_then(|mut prepared| match change(&mut prepared) {
            Ok(()) => Ok(prepared),
            Err(error) => Err(error.with_url(&prepared.url)),
        }))
    }
}

fn prepare(client: &Client, url: &str) -> Result<PreparedRequest, Error> {
    let url = Url::parse(url)?;
    let settings = &client.settings;
    let mut head = RequestHead::get(&url);
    settings.fields.iter().for_each(|field| head.apply(field));
    Ok(PreparedRequest {
        client: client.clone(),
        url,
        head,
        limits: settings.limits.clone(),
        timeouts: settings.timeouts.clone(),
        deadline: Deadline::never(),
        follow: true,
        raw: false,
    })
}

fn invalid(error: http::Error) -> Error {
    Error::new(ErrorKind::InvalidRequest).with_cause(error)
}
