//! Errors of a client.

use netcore::error::debug_as_chain;
use thiserror::Error;

/// Errors of a [`Client`](crate::Client), a [`Sender`](crate::Sender) or a
/// [`Receiver`](crate::Receiver).
#[derive(Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The socket failed, or a deadline passed.
    #[error(transparent)]
    Socket(#[from] netcore::Error),
    /// The text to send is more than one line, or is `quit`, which is a command everywhere.
    #[error("a message must be one line, and must not be quit")]
    NotALine,
    /// The server rejected a name or a room.
    #[error("{peer} rejected {request:?}{}", because(reason))]
    #[non_exhaustive]
    Rejected {
        /// Address of the server.
        peer: String,
        /// The command that asked for the name or the room.
        request: String,
        /// The server's notice; empty if there was none.
        reason: String,
    },
    /// The server refused the password.
    #[error("{peer} refused the password: it is wrong")]
    #[non_exhaustive]
    WrongPassword {
        /// Address of the server.
        peer: String,
    },
    /// The server has a password, and this client has not said it.
    #[error("{peer} has a password, which this client has not said")]
    #[non_exhaustive]
    PasswordNeeded {
        /// Address of the server.
        peer: String,
    },
    /// The server closed the connection instead of answering.
    #[error("{peer} closed the connection without an answer{}", after(last_notice))]
    #[non_exhaustive]
    NoAnswer {
        /// Address of the server.
        peer: String,
        /// The server's last notice, which often is the reason; empty if there was none.
        last_notice: String,
    },
    /// The server's first line is in no format of a chat. It may serve another protocol.
    #[error("{peer} is not a chat server: it answered {received:?}")]
    #[non_exhaustive]
    NotAChat {
        /// Address of the server.
        peer: String,
        /// The first characters of its answer, at most 80.
        received: String,
    },
    /// The server sent too much before its answer.
    #[error("{peer} sent more than {limit} bytes before its answer")]
    #[non_exhaustive]
    TooLong {
        /// Address of the server.
        peer: String,
        /// The most bytes that are kept.
        limit: usize,
    },
}

debug_as_chain!(enum ClientError {
    Socket(error),
    NotALine,
    Rejected { peer, request, reason },
    WrongPassword { peer },
    PasswordNeeded { peer },
    NoAnswer { peer, last_notice },
    NotAChat { peer, received },
    TooLong { peer, limit },
});

fn because(reason: &str) -> String {
    if reason.is_empty() { " without a reason".to_owned() } else { format!(": {reason}") }
}

fn after(notice: &str) -> String {
    if notice.is_empty() { String::new() } else { format!("; its last notice: {notice}") }
}
