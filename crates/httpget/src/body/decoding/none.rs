//! Bodies without content codings: the features for them are off.

/// A decoder, which does not exist.
#[derive(Debug)]
pub(crate) enum Decoding {}

impl Decoding {
    pub(super) fn decoded(&self) -> u64 {
        match *self {}
    }

    pub(super) fn is_done(&self) -> bool {
        match *self {}
    }

    #[cfg(feature = "download")]
    pub(crate) fn received(&self) -> u64 {
        match *self {}
    }

    #[cfg(feature = "download")]
    pub(crate) fn codings(&self) -> &'static [()] {
        match *self {}
    }
}
