//! The decoder of a broken body, which another body goes on with.

use super::Body;
use super::decoding::Decoding;

impl Body {
    /// Takes the decoder out of a broken body.
    pub(crate) fn take_decoding(&mut self) -> Option<Box<Decoding>> {
        self.decoding.take()
    }

    /// Lets the decoder of an earlier body continue with this one.
    pub(crate) fn decode_by(&mut self, decoding: Box<Decoding>) {
        self.decoding = Some(decoding);
    }
}
