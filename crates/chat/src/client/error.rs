use thiserror::Error;

/// What a client can't do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The socket failed, or a deadline passed.
    #[error(transparent)]
    Socket(#[from] netcore::Error),
    /// What was to be sent is not one line, or is `quit` where a text is wanted.
    #[error("a message is one line, and not quit")]
    NotALine,
    /// The server has refused a name or a room.
    #[error("{}", if words.is_empty() { "refused without a reason" } else { words })]
    #[non_exhaustive]
    Refused {
        /// Why, as the server said it.
        words: String,
    },
    /// The server closed the connection instead of an answer.
    #[error("{peer} closed the connection without an answer{}", last(words))]
    #[non_exhaustive]
    Ended {
        /// The server.
        peer: String,
        /// What it said before, which often is the reason.
        words: String,
    },
    /// The server's first line is in no format of a chat. It may serve another protocol.
    #[error("{peer} is no chat server: it answered {said:?}")]
    #[non_exhaustive]
    NotAChat {
        /// The server.
        peer: String,
        /// The beginning of its answer, at most 80 characters.
        said: String,
    },
    /// Too much came before an answer.
    #[error("more than {limit} bytes came from {peer} before an answer")]
    #[non_exhaustive]
    TooMuch {
        /// The server.
        peer: String,
        /// The most bytes that are kept.
        limit: usize,
    },
}

fn last(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(", after it said: {words}") }
}
