//! The limits on what a server can make a client keep, read or follow.

/// The limits on what a server can make a client keep, read or follow, in one value.
///
/// ```
/// use httpget::Limits;
///
/// let limits = Limits::default().with_body(1 << 20).with_redirects(3);
/// assert_eq!(limits.head, 64 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one response head, its status line and the blank line at its end included: 64 KiB.
    pub head: usize,
    /// Fields of one head, or of the trailers: 128. The highest possible limit is 32,768.
    pub fields: usize,
    /// Interim responses (1xx) before the final one: 16.
    pub interim: usize,
    /// Redirects that are followed: 10.
    pub redirects: usize,
    /// Bytes of content: no limit. If content codings are undone, the limit holds for the decoded
    /// content.
    pub body: u64,
    /// Bytes of the trailers behind a chunked body: 16 KiB.
    pub trailers: usize,
    /// Bytes of one chunk's size line, its extensions included: 4 KiB.
    pub chunk_line: usize,
    /// Bytes of an unwanted body that are read so that the connection can be used again: 64 KiB.
    /// With a longer rest, the connection is closed.
    pub drain: u64,
    /// Content codings of one response that are undone: 5, as in curl.
    pub codings: usize,
    /// Bytes of the windows of all codings together, which earlier content is kept in: 16 MiB, the
    /// largest window of br. A window of gzip or deflate has 32 KiB and does not count.
    pub window: u64,
    /// Decoded bytes for each coded byte, beyond the first 64 MiB of decoded content: 2,000. Such
    /// content is a decompression bomb. One coding of gzip or deflate reaches at most 1,032. Empty
    /// disk images in br or zstd may reach more.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: 64 << 10,
            fields: 128,
            interim: 16,
            redirects: 10,
            body: u64::MAX,
            trailers: 16 << 10,
            chunk_line: 4 << 10,
            drain: 64 << 10,
            codings: 5,
            window: 16 << 20,
            ratio: 2_000,
        }
    }
}

impl Limits {
    /// Sets [`head`](Limits::head).
    #[must_use]
    pub fn with_head(self, bytes: usize) -> Limits {
        Limits { head: bytes, ..self }
    }

    /// Sets [`fields`](Limits::fields).
    #[must_use]
    pub fn with_fields(self, count: usize) -> Limits {
        Limits { fields: count, ..self }
    }

    /// Sets [`interim`](Limits::interim).
    #[must_use]
    pub fn with_interim(self, count: usize) -> Limits {
        Limits { interim: count, ..self }
    }

    /// Sets [`redirects`](Limits::redirects).
    #[must_use]
    pub fn with_redirects(self, count: usize) -> Limits {
        Limits { redirects: count, ..self }
    }

    /// Sets [`body`](Limits::body).
    #[must_use]
    pub fn with_body(self, bytes: u64) -> Limits {
        Limits { body: bytes, ..self }
    }

    /// Sets [`trailers`](Limits::trailers).
    #[must_use]
    pub fn with_trailers(self, bytes: usize) -> Limits {
        Limits { trailers: bytes, ..self }
    }

    /// Sets [`chunk_line`](Limits::chunk_line).
    #[must_use]
    pub fn with_chunk_line(self, bytes: usize) -> Limits {
        Limits { chunk_line: bytes, ..self }
    }

    /// Sets [`drain`](Limits::drain).
    #[must_use]
    pub fn with_drain(self, bytes: u64) -> Limits {
        Limits { drain: bytes, ..self }
    }

    /// Sets [`codings`](Limits::codings).
    #[must_use]
    pub fn with_codings(self, count: usize) -> Limits {
        Limits { codings: count, ..self }
    }

    /// Sets [`window`](Limits::window).
    #[must_use]
    pub fn with_window(self, bytes: u64) -> Limits {
        Limits { window: bytes, ..self }
    }

    /// Sets [`ratio`](Limits::ratio).
    #[must_use]
    pub fn with_ratio(self, ratio: u64) -> Limits {
        Limits { ratio, ..self }
    }
}
