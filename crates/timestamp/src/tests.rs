//! Every public error, in every form.

use std::error::Error;
use std::io;

use netcore::Operation;
use netcore::testing::error_law;

use crate::client::ClientError;
use crate::format::{Format, FormatError};
use crate::pattern::{Pattern, PatternError};
use crate::service::Service;

fn refused() -> netcore::Error {
    let cause = io::Error::from(io::ErrorKind::ConnectionRefused);
    netcore::Error::from_io(Operation::Connect, cause).at("time.example:7000")
}

fn peer() -> String {
    String::from("192.0.2.7:7000")
}

#[test]
fn every_error_obeys_the_law_and_names_its_target() {
    let format = |text: &str| -> FormatError { text.parse::<Format>().unwrap_err() };
    let pattern = |text: &str| -> PatternError { Pattern::new(text).unwrap_err() };
    let table: [(Box<dyn Error>, &str); 13] = [
        (
            Box::new(ClientError::Socket(refused())),
            "connect to time.example:7000: connection refused",
        ),
        (
            Box::new(ClientError::NoAnswer { peer: peer() }),
            "192.0.2.7:7000 closed the connection without an answer",
        ),
        (
            Box::new(ClientError::CutShort { peer: peer(), received: 3 }),
            "192.0.2.7:7000 closed the connection after 3 bytes of an answer",
        ),
        (
            Box::new(ClientError::TooLong { peer: peer(), limit: 9 }),
            "the answer from 192.0.2.7:7000 is longer than 9 bytes",
        ),
        (
            Box::new(ClientError::NotALine),
            "a request is one line, without a line feed before its end",
        ),
        (
            Box::new(ClientError::Closed { peer: peer() }),
            "the connection to 192.0.2.7:7000 was given up after an earlier error",
        ),
        (Box::new(format("iso\n")), "unknown time format \"iso\\n\": not ctime, "),
        (
            Box::new(format("+%Q")),
            "strftime pattern \"%Q\": unknown or incomplete specifier at byte 0",
        ),
        (Box::new(format("+")), "empty strftime pattern"),
        (Box::new(pattern("")), "empty strftime pattern"),
        (Box::new(pattern("%Q")), "strftime pattern \"%Q\": "),
        (
            Box::new(pattern("%H\u{7}")),
            "strftime pattern \"%H\\u{7}\": contains the control character '\\u{7}'",
        ),
        (
            Box::new("chargen".parse::<Service>().unwrap_err()),
            "unknown service \"chargen\": not timestamp, echo, daytime or time",
        ),
    ];
    for (error, own) in table {
        error_law(&*error);
        assert!(error.to_string().starts_with(own), "{error}");
    }
}

#[cfg(all(unix, feature = "bench"))]
#[test]
fn every_error_of_a_run_obeys_the_law() {
    use crate::bench::BenchError;

    let table = [
        (BenchError::Settings("the timeout must be longer than zero"), "the timeout must be "),
        (BenchError::Socket(refused()), "connect to time.example:7000: connection refused"),
        (BenchError::Stopped, "stopped before the first connection was made"),
        (BenchError::Log(io::Error::other("the disk is full")), "write the log: the disk is full"),
    ];
    for (error, own) in table {
        error_law(&error);
        assert!(error.to_string().starts_with(own), "{error}");
    }
}
