/// What a peer may make a client keep, read or follow, in one value.
///
/// ```
/// use httpget::Limits;
///
/// let limits = Limits { body: 1 << 20, redirects: 3, ..Limits::default() };
/// assert_eq!(limits.head, 64 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one response head, its status line and the blank line at its end included: 64 KiB.
    pub head: usize,
    /// Fields of one head, or of the trailers: 128. Never more than 32,768.
    pub fields: usize,
    /// Interim responses (1xx) before the final one: 16.
    pub interim: usize,
    /// Redirects that are followed: 10.
    pub redirects: usize,
    /// Bytes of content: no limit.
    pub body: u64,
    /// Bytes of the trailers behind a chunked body: 16 KiB.
    pub trailers: usize,
    /// Bytes of one chunk's size line, its extensions included: 4 KiB.
    pub chunk_line: usize,
    /// Bytes of a body nobody wants that are read so that the connection can be used again:
    /// 64 KiB. What is longer costs the connection.
    pub drain: u64,
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
        }
    }
}
