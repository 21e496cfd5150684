//! Every public error, in every form.

use std::error::Error;

use netcore::testing::error_law;

use crate::config::SlowConsumer;
use crate::protocol::format::Format;

#[test]
fn unknown_words_obey_the_law_and_are_quoted() {
    let table: [(Box<dyn Error>, &str); 2] = [
        (
            Box::new("xml\n".parse::<Format>().unwrap_err()),
            "unknown message format \"xml\\n\": not line, classic or json",
        ),
        (
            Box::new("wait".parse::<SlowConsumer>().unwrap_err()),
            "unknown treatment of slow consumers \"wait\": not disconnect or skip",
        ),
    ];
    for (error, line) in table {
        assert_eq!(error_law(&*error), line);
    }
}

#[cfg(feature = "backplane")]
#[test]
fn the_errors_of_a_backplane_obey_the_law() {
    use crate::backplane::join_error::JoinError;
    use crate::backplane::settings::Offline;

    let table: [(Box<dyn Error>, &str); 4] = [
        (
            Box::new("drop".parse::<Offline>().unwrap_err()),
            "unknown treatment of lines while the engine is away \"drop\": not refuse or queue",
        ),
        (
            Box::new(JoinError::Away { reason: "connection refused".into() }),
            "the chat's engine is away: connection refused",
        ),
        (Box::new(JoinError::NodeTaken { name: "n1".into() }), "another node is called n1"),
        (
            Box::new(JoinError::Thread { reason: "out of memory".into() }),
            "can't start the thread of the node: out of memory",
        ),
    ];
    for (error, line) in table {
        assert_eq!(error_law(&*error), line);
    }
}

#[cfg(feature = "client")]
#[test]
fn every_error_of_a_client_obeys_the_law_and_names_the_server() {
    use crate::client::error::ClientError;

    let peer = || String::from("192.0.2.7:4000");
    let rejected = |reason: &str| ClientError::Rejected {
        peer: peer(),
        request: String::from("/nick ann"),
        reason: String::from(reason),
    };
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let reset = netcore::Error::from_io(netcore::Operation::Read, reset).at("chat.example:4000");
    let table = [
        (ClientError::Socket(reset), "read from chat.example:4000: connection reset"),
        (ClientError::NotALine, "a message must be one line, and must not be quit"),
        (
            rejected("this name is taken"),
            "192.0.2.7:4000 rejected \"/nick ann\": this name is taken",
        ),
        (rejected(""), "192.0.2.7:4000 rejected \"/nick ann\" without a reason"),
        (
            ClientError::NoAnswer { peer: peer(), last_notice: String::new() },
            "192.0.2.7:4000 closed the connection without an answer",
        ),
        (
            ClientError::NoAnswer { peer: peer(), last_notice: String::from("the server is full") },
            "192.0.2.7:4000 closed the connection without an answer; its last notice: the server is full",
        ),
        (
            ClientError::NotAChat { peer: peer(), received: String::from("HTTP/1.1 400\r") },
            "192.0.2.7:4000 is not a chat server: it answered \"HTTP/1.1 400\\r\"",
        ),
        (
            ClientError::TooLong { peer: peer(), limit: 9 },
            "192.0.2.7:4000 sent more than 9 bytes before its answer",
        ),
        (
            ClientError::WrongPassword { peer: peer() },
            "192.0.2.7:4000 refused the password: it is wrong",
        ),
        (
            ClientError::PasswordNeeded { peer: peer() },
            "192.0.2.7:4000 has a password, which this client has not said",
        ),
    ];
    for (error, line) in table {
        assert_eq!(error_law(&error), line);
    }
}

#[cfg(all(unix, feature = "journal"))]
#[test]
fn the_error_of_a_journal_obeys_the_law_and_names_its_directory() {
    let missing = "/no/such/directory";
    let opened = crate::Chat::builder(crate::config::Config::default())
        .open(missing, crate::journal::sync_policy::SyncPolicy::Never);
    let Err(error) = opened else { panic!("{missing} exists") };
    assert!(error_law(&error).starts_with("create /no/such/directory: "), "{error}");
}
