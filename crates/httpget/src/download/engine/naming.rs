//! A file whose name depends on the first response that brings the content.

use super::Engine;
use super::attempt::Failure;
use crate::download::resume::Held;
use crate::download::sink::Sink;
use crate::download::target::FileTarget;
use crate::response::Response;

impl Engine<'_> {
    /// Opens the file for `response`, unless it is open. Returns its content if that can be
    /// resumed, which `response` does not do.
    pub(super) fn open_named(&mut self, response: &Response) -> Result<Option<Held>, Failure> {
        if self.name.is_none() || self.is_unchanged(response) {
            return Ok(None);
        }
        self.check_size(response, response.content_length())?;
        let Some(name) = self.name.take() else { return Ok(None) };
        let target = name(response).and_then(|path| FileTarget::new_file(&path));
        self.sink = target.and_then(Sink::at).map_err(|error| self.failed(error))?;
        let held = self.held()?;
        Ok(matches!(held, Held::Part(_)).then_some(held))
    }
}
