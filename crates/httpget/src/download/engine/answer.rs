//! Decides whether a response is an answer to the request.

use http::StatusCode;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};

use super::Engine;
use super::attempt::Failure;
use super::range::range;
use crate::download::resume::{Held, check_asked};
use crate::download::sink::Sink;
use crate::error::Error;
use crate::protocol::ProtocolError;
use crate::response::Response;

impl Engine<'_> {
    /// Returns `true` if a response with `status` is the requested content, or counts as it.
    pub(super) fn is_answer(&self, status: StatusCode, held: &Held) -> bool {
        let is_rest = matches!(held, Held::Part(_));
        let is_page = status.is_client_error() || status.is_server_error();
        match status {
            _ if status.is_success() => true,
            StatusCode::RANGE_NOT_SATISFIABLE if held.bytes() > 0 => true,
            // A 304 has no content; that must not be taken for an empty file.
            StatusCode::NOT_MODIFIED => !is_rest && self.may_stay(),
            _ => !is_rest && (!is_page || self.options.errors),
        }
    }

    /// Returns `true` if a 304 is an answer: no file would be missing, or the request has asked for
    /// it.
    fn may_stay(&self) -> bool {
        let asked = |name| self.prepared.head.value(name).is_some();
        matches!(self.sink, Sink::Direct { .. })
            || self.is_head()
            || asked(&IF_NONE_MATCH)
            || asked(&IF_MODIFIED_SINCE)
    }

    /// Returns an error if the content is larger than the limit. The check comes before any byte of
    /// it is received and before existing content is given up.
    pub(super) fn check_size(
        &self,
        response: &Response,
        total: Option<u64>,
    ) -> Result<(), Failure> {
        let max = self.prepared.limits.body;
        match total {
            Some(total) if total > max && !response.is_decoded() => {
                let limit = ProtocolError::TooLarge { limit: "body", max };
                Err(Error::from(limit).with_url(response.url()).into())
            }
            _ => Ok(()),
        }
    }

    /// Returns an error if the request asked for a range and the response is another one. `sent` is
    /// the announced or received number of bytes.
    pub(super) fn check_range(
        &self,
        response: &Response,
        sent: Option<u64>,
    ) -> Result<(), Failure> {
        // The content of a HEAD has no range.
        let asked = self.prepared.head.value(&RANGE).filter(|_| !self.is_head());
        let Some(asked) = asked else { return Ok(()) };
        let checked = check_asked(asked, response.status(), response.headers(), sent);
        checked.map_err(|fault| range(fault, response))
    }
}
