//! A response that brings nothing, because the content has not changed.

use http::StatusCode;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

use super::Engine;
use super::attempt::{Done, Failure};
use crate::download::field::{date, single};
use crate::download::sink::Sink;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

impl Engine<'_> {
    /// Returns `true` if the content has not changed: by a 304, or by a Last-Modified that is not
    /// after the If-Modified-Since of the request. Many servers ignore that field, as RFC 9110
    /// section 13.1.3 allows; curl compares the two as well.
    pub(super) fn is_unchanged(&self, response: &Response) -> bool {
        match response.status() {
            _ if self.is_head() => false,
            StatusCode::NOT_MODIFIED => true,
            StatusCode::OK => self.is_too_old(response),
            _ => false,
        }
    }

    fn is_too_old(&self, response: &Response) -> bool {
        let head = &self.prepared.head;
        let since = head.value(&IF_MODIFIED_SINCE).and_then(date);
        let modified = single(response.headers(), LAST_MODIFIED).and_then(date);
        // RFC 9110 section 13.1.3: an entity tag precedes the date.
        let counts = head.value(&IF_NONE_MATCH).is_none();
        counts && modified.zip(since).is_some_and(|(modified, since)| modified <= since)
    }

    /// Ends the download and leaves the file as it is. Heads go to a target that is written
    /// directly.
    pub(super) fn leave_unchanged(&mut self, response: Response) -> Result<Done, Failure> {
        let heads = std::mem::take(&mut self.heads);
        if let Sink::Direct { to, .. } = &self.sink {
            netcore::transfer::write_all_to(to, &heads, self.total.deadline).map_err(|error| {
                Error::new(ErrorKind::Write).with_cause(error).with_url(response.url())
            })?;
            self.written += heads.len() as u64;
        }
        Ok(Done { response, bytes: self.written, resumed_from: 0, stays: true })
    }
}
