//! A GET or HEAD before it is sent.

#[cfg(feature = "download")]
use http::header::ACCEPT_ENCODING;
use http::header::RANGE;
use http::{HeaderName, HeaderValue};
use netcore::{CancelToken, Deadline};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::limits::Limits;
use crate::protocol::{Field, RequestHead};
use crate::response::Response;
#[cfg(feature = "cookies")]
use crate::run::cookies::HopCookies;
use crate::run::{self, PreparedRequest};
use crate::timeouts::Timeouts;
use crate::url::{Credentials, Url};

#[cfg(test)]
mod tests;

/// Sends a GET for `url` with a new [`Client`]. The body is still to be read.
///
/// ```
/// # mod server { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serve/mod.rs")); }
/// # let response = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
/// # let url = &server::serve(response)?;
/// let page = httpget::get(url)?.error_for_status()?.text(1 << 20)?;
/// assert_eq!(page, "hello\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        Request(prepare(self, url, RequestHead::get))
    }

    /// Returns a HEAD of `url`, to be sent: the response is the head of a GET, without a body (RFC
    /// 9110 section 9.3.2). [`Response::content_length`] is the announced length. Redirects are
    /// followed by HEAD.
    pub fn head(&self, url: &str) -> Request {
        Request(prepare(self, url, RequestHead::head))
    }
}

/// A GET or HEAD to be sent, made by [`Client::get`] or [`Client::head`].
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
///
/// [`send`](Request::send) reports the first error in the URL or the fields. Nothing fails and
/// nothing is sent before.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request(pub(crate) Result<PreparedRequest, Error>);

impl Request {
    /// Sets a field. It replaces a default field, or fields of that name that were set before.
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

    /// Sets a field read by [`parse_field`](crate::protocol::parse_field): it replaces a default
    /// field, or removes one if it has no value.
    pub fn with_field(self, field: &Field) -> Request {
        self.change(|prepared| {
            prepared.head.apply(field);
            Ok(())
        })
    }

    /// Sends this user and password to the origin of the URL by Basic authentication, instead of
    /// those in the URL. They do not go to another origin.
    pub fn with_credentials(self, credentials: Credentials) -> Request {
        self.change(|prepared| {
            prepared.head.default_authorization(Some(&credentials));
            prepared.url = prepared.url.clone().with_credentials(credentials);
            Ok(())
        })
    }

    /// Adds cookies by hand, as `NAME=VALUE; NAME=VALUE`, behind those of the client's jar. They go
    /// to the origin of the URL only, and do not enter the jar. Feature `cookies`.
    #[cfg(feature = "cookies")]
    pub fn with_cookies(self, cookies: &str) -> Request {
        self.change(|prepared| {
            let value = HeaderValue::try_from(cookies).map_err(|error| invalid(error.into()))?;
            prepared.cookies.give(&value);
            Ok(())
        })
    }

    /// Asks for a range: `0-99` is the first hundred bytes, `100-` all after them, `-100` the last
    /// hundred (RFC 9110 section 14.1.1). The server may send all content instead. The status
    /// tells: 206 is a range, 200 all content.
    pub fn with_range(self, range: &str) -> Request {
        self.with_header(RANGE, format!("bytes={range}"))
    }

    /// Replaces the client's timeouts for this request.
    pub fn with_timeouts(self, timeouts: Timeouts) -> Request {
        self.change(|prepared| {
            prepared.timeouts = timeouts;
            Ok(())
        })
    }

    /// Replaces the client's limits for this request.
    pub fn with_limits(self, limits: Limits) -> Request {
        self.change(|prepared| {
            prepared.limits = limits;
            Ok(())
        })
    }

    /// Sets a deadline for the last byte of the body. Use it for an operation of several requests.
    /// It is reported as [`Timeouts::total`], which applies as well.
    pub fn with_deadline(self, deadline: Deadline) -> Request {
        self.change(|prepared| {
            prepared.deadline = deadline;
            Ok(())
        })
    }

    /// Cancels the request when `token` is cancelled, from any thread: a stop button. It replaces
    /// the [client's](Client::with_cancel) token.
    ///
    /// ```
    /// # let (url, _server) = {
    /// #     let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// #     (&format!("http://{}/endless", server.local_addr()?), server)
    /// # };
    /// use std::thread;
    /// use httpget::{CancelToken, Client, ErrorKind};
    ///
    /// let token = CancelToken::new();
    /// let request = Client::new().get(url).with_cancel(token.clone());
    /// let worker = thread::spawn(move || request.send()?.bytes(1 << 30));
    /// // Somebody presses the stop button.
    /// token.cancel();
    /// let error = worker.join().unwrap().unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Cancelled { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Each wait of the request ends at once with [`ErrorKind::Cancelled`]: for a look-up, a
    /// connection, a proxy, a TLS handshake, the response, the body, the pace of
    /// [`with_max_rate`](Request::with_max_rate), a target that is slow to accept the body, and the
    /// pause before another attempt of a download. The connection is closed, and no attempt
    /// follows. A [`Download`](crate::download::Download) keeps its partial file, so that a later
    /// one can resume it.
    ///
    /// One token serves any number of requests. A token that is cancelled stays cancelled: later
    /// requests with it fail before they send anything. A response that has arrived whole is not
    /// affected.
    pub fn with_cancel(self, token: CancelToken) -> Request {
        self.change(|prepared| {
            prepared.token = Some(token);
            Ok(())
        })
    }

    /// Follows redirects, up to [`Limits::redirects`]. The default is `true`.
    pub fn with_redirects(self, follow: bool) -> Request {
        self.change(|prepared| {
            prepared.follow = follow;
            Ok(())
        })
    }

    /// Leaves the body as it was sent: a chunked body keeps its sizes and trailers (RFC 9112
    /// section 7.1). The framing is still checked, and a truncated body is an error.
    /// [`Body::received`](crate::Body::received) counts only the content.
    pub fn with_raw(self, raw: bool) -> Request {
        self.change(|prepared| {
            prepared.raw = raw;
            Ok(())
        })
    }

    /// Receives at most `bytes` a second of the body, evenly. `None` removes the limit, which is
    /// the default. The content then goes through the program's memory instead of the kernel's
    /// copy.
    pub fn with_max_rate(self, bytes: impl Into<Option<u64>>) -> Request {
        self.change(|prepared| {
            prepared.rate = bytes.into();
            Ok(())
        })
    }

    /// Asks for content codings and undoes them, or not; see
    /// [`Client::with_decoding`], whose setting it replaces. A [raw](Request::with_raw) body stays
    /// as it is.
    #[cfg(feature = "coding")]
    pub fn with_decoding(self, decode: bool) -> Request {
        self.change(|prepared| {
            prepared.decode = decode;
            prepared.head.default_accept_encoding(decode);
            Ok(())
        })
    }

    /// Sends the URL before a redirect as the Referer of the request after it, without user and
    /// password, and never from https to http (RFC 9110 section 10.1.3). The default is `false`.
    pub fn with_auto_referer(self, wanted: bool) -> Request {
        self.change(|prepared| {
            prepared.referer = wanted;
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

    /// Returns the URL. Returns `None` if the given text is not a URL.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.0.as_ref().ok().map(|prepared| &prepared.url)
    }

    /// Sends the request, follows redirects, and returns when the head of the response has arrived.
    /// The body is still to be read.
    ///
    /// An idle connection of the client is used first. If it turns out dead before a byte arrives,
    /// the request is sent once more, on a new connection.
    ///
    /// # Errors
    ///
    /// By [`ErrorKind`]:
    ///
    /// - [`InvalidUrl`](ErrorKind::InvalidUrl),
    ///   [`UnsupportedScheme`](ErrorKind::UnsupportedScheme),
    ///   [`InvalidRequest`](ErrorKind::InvalidRequest): nothing was sent;
    /// - [`Resolve`](ErrorKind::Resolve), [`Connect`](ErrorKind::Connect),
    ///   [`Transport`](ErrorKind::Transport), with a [`netcore::Error`] as the cause;
    /// - [`InvalidProxy`](ErrorKind::InvalidProxy), [`ResolveProxy`](ErrorKind::ResolveProxy),
    ///   [`TunnelRefused`](ErrorKind::TunnelRefused), [`Tunnel`](ErrorKind::Tunnel),
    ///   [`Socks`](ErrorKind::Socks): a proxy that is malformed, not found, or opened no tunnel;
    /// - [`TimedOut`](ErrorKind::TimedOut): one of the [`Timeouts`] expired;
    /// - [`Cancelled`](ErrorKind::Cancelled): the [token](Request::with_cancel) was cancelled;
    /// - [`NothingReceived`](ErrorKind::NothingReceived),
    ///   [`HeadTruncated`](ErrorKind::HeadTruncated), [`Malformed`](ErrorKind::Malformed),
    ///   [`TooLarge`](ErrorKind::TooLarge), with a
    ///   [`ProtocolError`](crate::protocol::ProtocolError) as the cause if it adds anything;
    /// - [`TooManyRedirects`](ErrorKind::TooManyRedirects); and [`Malformed`](ErrorKind::Malformed)
    ///   for a redirect without a usable target.
    ///
    /// A status of 400 or above is not an error here; see
    /// [`error_for_status`](Response::error_for_status).
    pub fn send(self) -> Result<Response, Error> {
        self.send_observed(&mut |_| {})
    }

    /// Sends the request, as [`send`](Request::send) does, and calls `observer` for each event.
    /// Time spent in `observer` counts against the timeouts.
    ///
    /// # Errors
    ///
    /// As [`send`](Request::send).
    pub fn send_observed(self, observer: &mut dyn FnMut(Event<'_>)) -> Result<Response, Error> {
        run::run(self.0?, observer)
    }

    /// Asks for content without a coding, because it continues such content. An `Accept-Encoding`
    /// set by hand stays.
    #[cfg(feature = "download")]
    pub(crate) fn without_coding(self) -> Request {
        self.change(|prepared| {
            if prepared.decode && prepared.head.is_default(&ACCEPT_ENCODING) {
                prepared.head.set(ACCEPT_ENCODING, HeaderValue::from_static("identity"))?;
            }
            Ok(())
        })
    }

    /// Changes the prepared request, unless an earlier step failed.
    fn change(self, change: impl FnOnce(&mut PreparedRequest) -> Result<(), Error>) -> Request {
        Request(self.0.and_then(|mut prepared| match change(&mut prepared) {
            Ok(()) => Ok(prepared),
            Err(error) => Err(error.with_url(&prepared.url)),
        }))
    }
}

fn prepare(
    client: &Client,
    url: &str,
    head: fn(&Url) -> RequestHead,
) -> Result<PreparedRequest, Error> {
    let settings = &client.settings;
    let url = settings.authorize(Url::parse(url)?)?;
    let mut head = head(&url);
    #[cfg(feature = "coding")]
    head.default_accept_encoding(settings.decode);
    settings.fields.iter().for_each(|field| head.apply(field));
    Ok(PreparedRequest {
        client: client.clone(),
        url,
        head,
        #[cfg(feature = "cookies")]
        cookies: HopCookies::new(settings.cookies.clone()),
        limits: settings.limits.clone(),
        timeouts: settings.timeouts.clone(),
        deadline: Deadline::never(),
        token: settings.token.clone(),
        follow: true,
        raw: false,
        rate: None,
        referer: false,
        decode: settings.decode,
    })
}

fn invalid(error: http::Error) -> Error {
    Error::new(ErrorKind::InvalidRequest).with_cause(error)
}
