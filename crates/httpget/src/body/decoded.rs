//! Decoded content: decoding sits between the framing and the reader.

use super::{Body, Decoded};
use crate::error::Error;

impl Body {
    /// Reads decoded content.
    pub(super) fn take_decoded(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            let framed = self.decode()?;
            let Some(decoding) = &mut self.decoding else { return Ok(0) };
            let input = match (&framed, &self.connection) {
                (Decoded::Content, Some(connection)) => connection.at(self.content.clone()),
                _ => &[],
            };
            let done = match decoding.decode(input, buffer) {
                Ok(done) => done,
                Err(error) => return Err(self.fail(Error::from(error))),
            };
            self.content.start += done.used;
            if done.used > 0 {
                self.release_if_whole();
            }
            if done.written > 0 {
                return Ok(done.written);
            }
            match framed {
                Decoded::Content => {}
                Decoded::NeedMore => {
                    self.keep_pace()?;
                    self.wait_at_min_speed()?;
                    self.fill(self.stall())?;
                }
                Decoded::End => {
                    let finished = self.decoding.as_mut().map_or(Ok(()), |it| it.finish());
                    return finished.map(|()| 0).map_err(|error| self.fail(Error::from(error)));
                }
            }
        }
    }
}
