//! The report of one transfer, for `--json` and `--write-out`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use httpget::digest::Checksum;
use httpget::http::Version;
use httpget::protocol::ResponseHead;
use httpget::{Event, Response, Timings, Url};
use netcore::connect::ConnectEvent;

use crate::exit::Failure;

/// The data of one transfer so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Number of the URL, from 0.
    pub(crate) index: usize,
    /// Start of the first attempt.
    pub(crate) begin: Option<Instant>,
    /// The URL as the user wrote it, with user and password.
    pub(crate) url: String,
    /// The digest that the body must have.
    pub(crate) checksum: Option<Checksum>,
    /// Head of the last response. `None` without a response.
    pub(crate) head: Option<ResponseHead>,
    /// URL of the last request.
    pub(crate) effective: Option<Url>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) connects: usize,
    pub(crate) redirects: usize,
    pub(crate) retries: u32,
    /// `true` if the last request went through a proxy.
    pub(crate) is_proxied: bool,
    /// Status of the last reply to CONNECT, or 0 as in curl.
    pub(crate) tunnel_status: u16,
    /// Remarks about the last head.
    pub(crate) warnings: usize,
    /// Bytes of content received.
    pub(crate) received: u64,
    /// Bytes of all heads.
    pub(crate) head_bytes: usize,
    pub(crate) request_bytes: usize,
    /// Referer of the last request.
    pub(crate) referer: Option<String>,
    /// Timings of the last attempt.
    pub(crate) timings: Timings,
    /// Total time, with failed attempts but without waits for other transfers.
    pub(crate) total: Duration,
    pub(crate) file: Option<String>,
    pub(crate) method: &'static str,
    /// `true` if the body goes to standard output.
    pub(crate) is_printed: bool,
    /// The heads for `-D` that are not yet written.
    pub(crate) heads: Vec<u8>,
    /// The failure of writing a head for `-D`.
    pub(crate) dump_failure: Option<Failure>,
    pub(crate) exit_code: u8,
    pub(crate) error: Option<String>,
}

impl Report {
    /// Adds an event of the transfer.
    pub(crate) fn add_event(&mut self, event: &Event<'_>) {
        match event {
            Event::Connect(ConnectEvent::Resolved { .. }) => self.timings.resolved = self.now(),
            Event::Connect(ConnectEvent::Connected { address, .. }) => {
                self.connects += 1;
                self.remote = address.inet();
                self.timings.connected = self.now();
            }
            #[cfg(feature = "tls")]
            Event::Encrypted(_) => self.timings.encrypted = self.now(),
            Event::Proxy(_) => self.is_proxied = true,
            Event::TunnelRequest(bytes) => self.request_bytes += bytes.len(),
            Event::TunnelReply(head) => {
                self.tunnel_status = head.status().as_u16();
                self.head_bytes += head.raw().len();
            }
            Event::Tunnel { .. } => self.timings.tunneled = self.now(),
            Event::Request(bytes) => {
                self.request_bytes += bytes.len();
                self.referer = sent_field(bytes, "referer");
            }
            Event::Interim(head) => {
                self.head_bytes += head.raw().len();
                self.timings.first_byte = self.timings.first_byte.or(self.now());
            }
            Event::Head(head) => {
                self.head_bytes += head.raw().len();
                self.timings.first_byte = self.timings.first_byte.or(self.now());
                self.head = Some((*head).clone());
                self.warnings = 0;
            }
            Event::Warning(_) => self.warnings += 1,
            Event::Redirect { to, .. } => {
                self.redirects += 1;
                self.is_proxied = false;
                self.timings = Timings::default();
                self.timings.redirected = self.now().unwrap_or_default();
                self.effective = Some((*to).clone());
            }
            _ => {}
        }
    }

    /// Adds the addresses and timings of a response.
    pub(crate) fn settle(&mut self, response: &Response) {
        self.local = response.local_address().and_then(|address| address.inet());
        self.remote = response.peer_address().and_then(|address| address.inet());
        self.timings = *response.timings();
    }

    /// Returns the time since the transfer began.
    pub(crate) fn now(&self) -> Option<Duration> {
        self.begin.map(|begin| begin.elapsed())
    }

    /// Returns the status, or 0 without a response, as in curl.
    pub(crate) fn status(&self) -> u16 {
        self.head.as_ref().map_or(0, |head| head.status().as_u16())
    }

    pub(crate) fn version(&self) -> &'static str {
        match self.head.as_ref().map(ResponseHead::version) {
            // The spelling of curl.
            Some(Version::HTTP_10) => "1",
            Some(_) => "1.1",
            None => "0",
        }
    }

    /// Returns the first value of a field of the last head, or an empty text.
    pub(crate) fn field(&self, name: &str) -> String {
        let value = self.head.as_ref().and_then(|head| head.headers().get(name));
        value
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default()
    }

    /// Returns the number of fields of the last head.
    pub(crate) fn fields(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.headers().len())
    }

    /// Returns the URL as given.
    pub(crate) fn given(&self) -> Option<Url> {
        Url::parse(&self.url).ok()
    }

    /// Returns the URL of the last request.
    pub(crate) fn last(&self) -> Option<Url> {
        self.effective.clone()
    }

    pub(crate) fn effective_url(&self) -> String {
        self.effective.as_ref().map_or_else(|| url_to_show(&self.url), Url::to_string)
    }

    /// Returns the target of a redirect that was not followed, or an empty text.
    pub(crate) fn redirect_url(&self) -> String {
        let Some(head) = self.head.as_ref().filter(|head| head.status().is_redirection()) else {
            return String::new();
        };
        let location = head.headers().get("location");
        let to = location.zip(self.effective.as_ref()).map(|(to, from)| from.join(to.as_bytes()));
        to.and_then(Result::ok).map_or_else(String::new, |url| url.to_string())
    }

    pub(crate) fn scheme(&self) -> String {
        self.effective.as_ref().map_or_else(String::new, |url| url.scheme().to_string())
    }

    /// Returns bytes per second.
    pub(crate) fn speed(&self) -> u64 {
        let seconds = self.total.as_secs_f64();
        if seconds > 0.0 { (self.received as f64 / seconds) as u64 } else { 0 }
    }
}

/// Returns the value of a field in the head of a request.
fn sent_field(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let value = fields.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value));
    value.map(str::to_owned)
}

/// Returns a URL as the user wrote it, without user and password.
pub(crate) fn url_to_show(url: &str) -> String {
    match Url::parse(url).is_ok_and(|url| url.credentials().is_none()) {
        true => url.to_owned(),
        // In a malformed URL, everything before an @ may be a password.
        false => match url.rsplit_once('@') {
            Some((before, behind)) => {
                let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
                let colon = if scheme.is_empty() { "" } else { "://" };
                format!("{scheme}{colon}{behind}")
            }
            None => url.to_owned(),
        },
    }
}
