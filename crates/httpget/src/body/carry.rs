//! A download hands the decoder of a body on to the next body, and gives the body its token.

use netcore::CancelToken;

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

    /// Cancels the rest of the body with `token` instead of the request's.
    pub(crate) fn set_token(&mut self, token: CancelToken) {
        if let Some(connection) = &mut self.connection {
            connection.set_token(Some(token.clone()));
        }
        self.context.deadlines = self.context.deadlines.clone().with_token(Some(token));
    }
}
