//! The interface of the decoder of one coding.

/// The decoder of one coding.
pub(super) trait Stage {
    /// Decodes bytes of `input` to `output`. Returns the numbers of consumed and of written bytes.
    ///
    /// All input is consumed unless `output` is full or the content is at its end. Behind a full
    /// output, further calls may write more without input. `room` is the memory in bytes that the
    /// windows of all stages may still take; a stage that allocates one takes it from there.
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        room: &mut u64,
    ) -> Result<(usize, usize), Fault>;

    /// Returns `true` if the content may end here. All output was taken.
    fn is_complete(&self) -> bool;
}

/// The reason why a stage fails.
#[cfg_attr(
    not(all(feature = "gzip", feature = "brotli", feature = "zstd")),
    allow(dead_code, reason = "each coding has some of the faults")
)]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Wrong bytes, behind the first `used` bytes of the input.
    Malformed { used: usize, what: &'static str },
    /// A window of `bytes`, where at most `max` are allowed.
    Window { bytes: u64, max: u64 },
}

#[cfg_attr(
    not(all(feature = "gzip", feature = "brotli", feature = "zstd")),
    allow(dead_code, reason = "each coding has some of the faults")
)]
impl Fault {
    pub(super) fn new(used: usize, what: &'static str) -> Fault {
        Fault::Malformed { used, what }
    }

    /// Returns the fault of an input that begins `before` bytes later.
    #[cfg(feature = "gzip")]
    pub(super) fn behind(self, before: usize) -> Fault {
        match self {
            Fault::Malformed { used, what } => Fault::Malformed { used: before + used, what },
            other => other,
        }
    }
}
