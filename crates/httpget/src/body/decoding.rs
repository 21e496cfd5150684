//! The decoder of a body.

use crate::limits::Limits;
use crate::protocol::ResponseHead;
#[cfg(feature = "download")]
use crate::protocol::coding::Coding;
use crate::protocol::coding::{CodingError, Decoded, Decoder, list};

/// The decoder of one body.
#[derive(Debug)]
pub(crate) struct Decoding {
    /// The decoder, or the reason why there is none. A body without content needs none.
    decoder: Result<Decoder, CodingError>,
    is_done: bool,
}

impl Decoding {
    /// Returns the decoder for the content behind `head`. Returns `None` for content without a
    /// coding.
    pub(crate) fn of(head: &ResponseHead, limits: &Limits) -> Option<Box<Decoding>> {
        let decoder = match list(head.headers(), limits.codings) {
            Ok(codings) if codings.is_empty() => return None,
            Ok(codings) => Ok(Decoder::new(&codings, limits)),
            Err(error) => Err(error),
        };
        Some(Box::new(Decoding { decoder, is_done: false }))
    }

    /// Returns the number of decoded bytes.
    pub(super) fn decoded(&self) -> u64 {
        self.decoder.as_ref().map_or(0, Decoder::decoded)
    }

    /// Returns `true` once the end of the content was read.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    pub(super) fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<Decoded, CodingError> {
        match &mut self.decoder {
            Ok(decoder) => decoder.decode(input, output),
            Err(_) if input.is_empty() => Ok(Decoded::default()),
            Err(error) => Err(error.clone()),
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), CodingError> {
        if let Ok(decoder) = &mut self.decoder {
            decoder.finish()?;
        }
        self.is_done = true;
        Ok(())
    }

    /// Returns the number of coded bytes that the decoder has consumed.
    #[cfg(feature = "download")]
    pub(crate) fn received(&self) -> u64 {
        self.decoder.as_ref().map_or(0, Decoder::received)
    }

    /// Returns the codings, in the order in which they were applied.
    #[cfg(feature = "download")]
    pub(crate) fn codings(&self) -> Vec<Coding> {
        self.decoder.as_ref().map_or(Vec::new(), Decoder::codings)
    }
}
