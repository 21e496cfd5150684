//! The page: its files, embedded in the program.

use sha1::{Digest, Sha1};

use crate::http_head::Status;
use crate::web::base64;
use crate::web::http::Request;
use crate::web::response::Response;

#[cfg(test)]
mod tests;

/// Path of the WebSocket.
pub(crate) const SOCKET_PATH: &str = "/ws";

const HTML: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/chat.js");
const STYLE: &str = include_str!("page/chat.css");

/// A file of the page.
#[derive(Debug, Clone)]
struct PageFile {
    path: &'static str,
    content_type: &'static str,
    content: &'static str,
    /// The entity tag, in its quotes (RFC 9110, section 8.8.3).
    etag: String,
}

/// The files of the page.
#[derive(Debug, Clone)]
pub(crate) struct Page(Vec<PageFile>);

impl Page {
    pub(crate) fn new() -> Page {
        let files = [
            ("/", "text/html; charset=utf-8", HTML),
            ("/chat.js", "text/javascript; charset=utf-8", SCRIPT),
            ("/chat.css", "text/css; charset=utf-8", STYLE),
        ];
        let file = |(path, content_type, content): (&'static str, &'static str, &'static str)| {
            let etag = format!("\"{}\"", base64::encode(&Sha1::digest(content)));
            PageFile { path, content_type, content, etag }
        };
        Page(files.into_iter().map(file).collect())
    }

    /// Returns the response to a request for a file.
    pub(crate) fn respond(&self, request: &Request<'_>) -> Response<'_> {
        let Some(file) = self.0.iter().find(|file| file.path == request.path) else {
            return Response::text(Status::NotFound, "there is no such page\n");
        };
        let has_it = |tag: &str| {
            request.lists("if-none-match", tag)
                || request.lists("if-none-match", &format!("W/{tag}"))
                || request.lists("if-none-match", "*")
        };
        Response {
            status: if has_it(&file.etag) { Status::NotModified } else { Status::Ok },
            content_type: file.content_type,
            content: file.content.into(),
            etag: Some(&file.etag),
        }
    }
}
