//! Sends the request of an attempt, and writes the heads that are wanted.

use http::header::{IF_RANGE, RANGE};

use super::Engine;
use crate::download::progress::Progress;
use crate::download::resume::Held;
use crate::download::sink::Sink;
use crate::error::Error;
use crate::event::Event;
use crate::request::Request;
use crate::response::Response;

impl Engine<'_> {
    /// Sends the request, for the bytes after the held ones.
    pub(super) fn send(&mut self, held: &Held) -> Result<Response, Error> {
        let mut request = Request(Ok(self.prepared.clone())).with_deadline(self.total.deadline);
        if let Some(range) = held.range() {
            request = request.with_header(RANGE, range);
        }
        if let Some(validator) = held.if_range() {
            request = request.with_header(IF_RANGE, validator.clone());
        }
        if held.bytes() > 0 && self.carried.is_none() {
            request = request.without_coding();
        }
        self.heads.clear();
        // The last attempt may write its heads at once; no other attempt replaces them.
        let at_once = match &self.sink {
            Sink::Direct { to, .. } if self.is_last() => Some(*to),
            _ => None,
        };
        let Engine { heads, progress, options, total, written, prepared, .. } = self;
        let until = total.deadline.or_cancelled(prepared.token.as_ref());
        let mut failed = None;
        let result = request.send_observed(&mut |event| {
            progress(Progress::Event(event));
            let (true, Event::Interim(head) | Event::Head(head)) = (options.heads, event) else {
                return;
            };
            let Some(to) = at_once else { return heads.extend_from_slice(head.raw()) };
            if failed.is_none() {
                failed = netcore::transfer::write_all_to(&to, head.raw(), until).err();
                *written += head.raw().len() as u64;
            }
        });
        match failed {
            Some(error) => Err(Error::not_written(error, 0).with_url(&self.prepared.url)),
            None => result,
        }
    }

    /// Writes the heads that came before an error, unless they were written already.
    pub(super) fn write_pending_heads(&mut self) {
        if let Sink::Direct { to, bytes: 0, .. } = &self.sink {
            // The error that ended the attempt is reported; this one would hide it.
            let _ = netcore::transfer::write_all_to(to, &self.heads, self.until());
        }
    }
}
