//! HTTP responses (RFC 9110, RFC 9112).

use std::borrow::Cow;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::http_head::Status;

impl Status {
    /// Returns the fields that the status demands.
    fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Status::MethodNotAllowed => &[("Allow", "GET, HEAD")],
            // RFC 6455, section 4.4; RFC 9110, section 15.5.22.
            Status::UpgradeRequired => &[
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            ],
            Status::Unavailable => &[("Retry-After", "10")],
            _ => &[],
        }
    }
}

/// Fields of every response.
const FIELDS: [(&str, &str); 5] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];

/// A response, before it is rendered.
#[derive(Debug, Clone)]
pub(crate) struct Response<'a> {
    pub(crate) status: Status,
    pub(crate) content_type: &'a str,
    pub(crate) content: Cow<'static, str>,
    pub(crate) etag: Option<&'a str>,
}

impl Response<'_> {
    /// Returns a response whose content is a line of text.
    pub(crate) fn text(status: Status, text: impl Into<Cow<'static, str>>) -> Response<'static> {
        let content_type = "text/plain; charset=utf-8";
        Response { status, content_type, content: text.into(), etag: None }
    }

    /// Appends the head of the response to `out`. It announces the end of the connection if
    /// `close`.
    pub(crate) fn render_head(&self, time: SystemTime, close: bool, out: &mut Vec<u8>) {
        out.extend(format!("HTTP/1.1 {}\r\n", self.status.line()).bytes());
        let date = DateTime::<Utc>::from(time).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let length = self.content.len().to_string();
        let mut fields = vec![("Date", &*date)];
        if self.has_content() {
            fields.push(("Content-Type", self.content_type));
            fields.push(("Content-Length", &length));
        }
        fields.extend(self.etag.map(|etag| ("ETag", etag)));
        fields.push(("Cache-Control", if self.etag.is_some() { "no-cache" } else { "no-store" }));
        fields.extend(FIELDS);
        fields.extend(self.status.fields());
        if close {
            fields.push(("Connection", "close"));
        }
        for (name, value) in fields {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Returns `true` if the response to a GET has content.
    pub(crate) fn has_content(&self) -> bool {
        self.status != Status::NotModified
    }
}
