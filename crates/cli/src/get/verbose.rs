//! `-v`: the events of the connection and both heads, on standard error.
//!
//! As in curl, `*` marks an event, `>` the request and `<` the response.

use std::fmt::Write as _;
use std::time::Duration;

use httpget::{Body, Event, http};

use crate::escape::visible;

/// Returns the lines for an event, or an empty text.
pub(crate) fn describe(event: &Event<'_>) -> String {
    let mut text = String::new();
    match event {
        Event::Proxy(proxy) => remark(&mut text, format_args!("through {}", proxy.name())),
        Event::Connect(event) => remark(&mut text, event),
        Event::Tunnel { target } => {
            remark(&mut text, format_args!("the tunnel to {target} is open"));
        }
        #[cfg(feature = "tls")]
        Event::Encrypted(info) | Event::ProxyEncrypted(info) => {
            let version = info.version().unwrap_or("TLS");
            let suite = info.cipher_suite().unwrap_or_default();
            let resumed = if info.is_resumed() { ", resumed" } else { "" };
            let hop = if matches!(event, Event::Encrypted(_)) { "" } else { "to the proxy " };
            remark(&mut text, format_args!("{hop}encrypted by {version}, {suite}{resumed}"));
        }
        Event::Reused { peer: Some(peer) } => remark(&mut text, format_args!("reused {peer}")),
        Event::Reused { peer: None } => remark(&mut text, "reused the connection"),
        Event::Retry => {
            remark(&mut text, "the reused connection was dead; trying once more on a new one")
        }
        Event::Request(bytes) | Event::TunnelRequest(bytes) => quote(&mut text, '>', bytes),
        Event::Interim(head) | Event::Head(head) | Event::TunnelReply(head) => {
            quote(&mut text, '<', head.raw());
        }
        Event::Warning(warning) => remark(&mut text, warning),
        Event::Redirect { to, dropped, insecure } => {
            let warning = if *insecure { ", which is not encrypted" } else { "" };
            remark(&mut text, format_args!("redirected to {to}{warning}"));
            if !dropped.is_empty() {
                let names: Vec<&str> = dropped.iter().map(http::HeaderName::as_str).collect();
                remark(&mut text, format_args!("not sent to another origin: {}", names.join(", ")));
            }
        }
        // The name of a cookie is a text of the server.
        Event::Cookie(report) => remark(&mut text, visible(&report.to_string())),
        Event::Kept => remark(&mut text, "the connection is kept"),
        Event::Closed { reason } => {
            remark(&mut text, format_args!("the connection is closed: {reason}"))
        }
        _ => {}
    }
    text
}

/// Returns the line about a complete file.
pub(crate) fn complete(bytes: u64) -> String {
    let mut text = String::new();
    remark(&mut text, format_args!("the file already has all {bytes} bytes; nothing is fetched"));
    text
}

/// Returns the line about a file in several ranges.
pub(crate) fn split(segments: usize) -> String {
    let mut text = String::new();
    remark(&mut text, format_args!("fetching up to {segments} ranges at once"));
    text
}

/// Returns the line about a retry that the time limit rules out.
pub(crate) fn too_late(wait: Duration) -> String {
    let mut text = String::new();
    let seconds = wait.as_secs_f64();
    remark(
        &mut text,
        format_args!(
            "no further attempt: the next would be due in {seconds:.1} s, beyond the time limit"
        ),
    );
    text
}

/// Returns the lines after a body: its trailers, its warnings after the first `printed`, and the
/// fate of the connection.
pub(crate) fn end(body: &Body, printed: usize) -> String {
    let mut text = String::new();
    for (name, value) in body.trailers().into_iter().flatten() {
        quote(&mut text, '<', &[name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
    }
    body.warnings().iter().skip(printed).for_each(|warning| remark(&mut text, warning));
    text.push_str(&body.connection_event().map(|event| describe(&event)).unwrap_or_default());
    text
}

fn remark(text: &mut String, message: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "* {message}");
}

/// Adds the lines of a head. Control characters, which a terminal could obey, are escaped.
/// Credentials are hidden, because such lines end up in bug reports.
fn quote(text: &mut String, mark: char, head: &[u8]) {
    let head = String::from_utf8_lossy(head);
    let mut hidden = false;
    for line in head.lines() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let is_folded = line.starts_with([' ', '\t']);
        let name = line.split_once(':').map(|(name, _)| name);
        hidden = match is_folded {
            true => hidden,
            false => name.is_some_and(is_secret),
        };
        let shown = match name {
            _ if hidden && is_folded => " [hidden]".into(),
            Some(name) if hidden => format!("{name}: [hidden]").into(),
            _ => visible(line),
        };
        text.push(mark);
        text.push(' ');
        text.push_str(&shown);
        text.push('\n');
    }
}

fn is_secret(name: &str) -> bool {
    name.parse().is_ok_and(|name| httpget::protocol::is_secret(&name))
}
