//! The content that exists before a request, and its source.

use super::Engine;
use super::attempt::Failure;
use super::source::source;
use crate::download::resume::{Held, Source};
use crate::response::Response;

impl Engine<'_> {
    /// Returns the content that exists before the request.
    pub(super) fn held(&self) -> Result<Held, Failure> {
        if !self.may_resume || !self.is_resumable() {
            return Ok(Held::Nothing);
        }
        if let Some(held) = self.held_by_decoder() {
            return Ok(held);
        }
        if let Some(partial) = self.sink.partial().map_err(|error| self.failed(error))? {
            let asked = self.asked();
            if partial.version.source.asked == asked.asked {
                return Ok(Held::Part(partial));
            }
            log::info!(
                "get {}: the partial file belongs to {}",
                asked.asked,
                partial.version.source.asked
            );
            return Ok(Held::Nothing);
        }
        self.report_unknown_part();
        let whole = match self.options.resume {
            true => self.sink.whole().map_err(|error| self.failed(error))?,
            false => None,
        };
        Ok(whole.map_or(Held::Nothing, Held::File))
    }

    /// Returns the source of a response that was not redirected.
    fn asked(&self) -> Source {
        source(&self.prepared, &self.prepared.url)
    }

    pub(super) fn source(&self, response: &Response) -> Source {
        source(&self.prepared, response.url())
    }
}
