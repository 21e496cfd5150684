//! The server's side of the opening handshake, without I/O (RFC 6455, section 4.2).

use sha1::{Digest, Sha1};

use crate::http_head::Status;
use crate::web::base64;
use crate::web::http::{Method, Request};
use crate::web::origin::Origin;

#[cfg(test)]
mod tests;

/// The value that proves that the server has understood the request (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A refusal of the handshake: the status of the response and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    pub(crate) text: &'static str,
}

/// Checks a request for a WebSocket, and returns the response that opens it. `allowed` are the
/// origins of other pages that may open one.
///
/// # Errors
///
/// A [`Refusal`] if the request is malformed, of another version, or from another page.
pub(crate) fn accept(request: &Request<'_>, allowed: &[Origin]) -> Result<Vec<u8>, Refusal> {
    let refuse = |status, text| Err(Refusal { status, text });
    let asks_for_upgrade =
        request.lists("upgrade", "websocket") && request.lists("connection", "upgrade");
    if request.method != Method::Get || !request.is_http_1_1 || !asks_for_upgrade {
        return refuse(Status::UpgradeRequired, "this path is for WebSockets\n");
    }
    // A browser cannot leave Origin out, and no page can forge it. Another program can do both.
    if request.has("origin") {
        let origin = request.only("origin").and_then(|origin| std::str::from_utf8(origin).ok());
        let origin = origin.and_then(|origin| origin.parse::<Origin>().ok());
        if !origin.is_some_and(|origin| origin.may_open(request.host, allowed)) {
            return refuse(Status::Forbidden, "this origin may not open a WebSocket here\n");
        }
    }
    if request.only("sec-websocket-version") != Some(b"13") {
        return refuse(Status::UpgradeRequired, "only version 13 of WebSocket is supported\n");
    }
    let key = request.only("sec-websocket-key").filter(|key| base64::is_16_bytes(key));
    let Some(key) = key else {
        return refuse(Status::BadRequest, "Sec-WebSocket-Key is not 16 bytes in Base64\n");
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept_value(key)
    );
    Ok(response.into_bytes())
}

/// Returns the value of Sec-WebSocket-Accept for `key`.
fn accept_value(key: &[u8]) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    base64::encode(&hash)
}
