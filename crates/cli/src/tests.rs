#[cfg(unix)]
mod examples;

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use clap::CommandFactory;

use crate::args::Args;
use crate::{Streams, run};

/// A stream that a test can look into.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// The exit code, standard output and standard error.
fn sockit(args: &[&str], input: &'static str) -> (u8, String, String) {
    let (output, errors) = (Sink::default(), Sink::default());
    let streams = Streams {
        input: Box::new(input.as_bytes()),
        interactive: false,
        output: Box::new(output.clone()),
        errors: Box::new(errors.clone()),
    };
    let args = ["sockit"].iter().chain(args).map(OsString::from);
    (run(args, streams), output.text(), errors.text())
}

#[test]
fn the_arguments_are_consistent() {
    Args::command().debug_assert();
}

/// Words of the standard library and of clap for a value that does not parse.
const OTHERS_WORDS: [&str; 9] = [
    "invalid digit",
    "invalid float",
    "would be zero",
    "too large to fit",
    "too small to fit",
    "cannot parse",
    " is not in ",
    "invalid socket address",
    "invalid IP address",
];

#[test]
fn a_value_that_does_not_parse_is_answered_in_our_words() {
    let mut asked = 0;
    each_option(&Args::command(), &[], &mut |path, long| {
        for value in ["x", "", "-1", "+1", "0", "1.5", "99999999999999999999999999"] {
            let option = format!("--{long}={value}");
            let args = ["sockit"].iter().chain(path).copied().chain([option.as_str()]);
            let Err(error) = <Args as clap::Parser>::try_parse_from(args) else { continue };
            if error.kind() == clap::error::ErrorKind::ValueValidation {
                let text = error.to_string();
                let words = OTHERS_WORDS.iter().find(|words| text.contains(*words));
                assert_eq!(words, None, "{path:?} {option}: {text}");
                asked += 1;
            }
        }
    });
    assert!(asked > 100, "only {asked} values were refused");
}

/// Calls `visit` with the path and the name of every option that takes a value.
fn each_option<'a>(
    command: &'a clap::Command,
    path: &[&'a str],
    visit: &mut impl FnMut(&[&str], &str),
) {
    let options = command.get_arguments().filter(|option| option.get_action().takes_values());
    options.filter_map(clap::Arg::get_long).for_each(|long| visit(path, long));
    for inner in command.get_subcommands() {
        each_option(inner, &[path, &[inner.get_name()]].concat(), visit);
    }
}

#[test]
fn help_is_output_and_a_usage_error_is_one_line() {
    for help in [
        &["--help"][..],
        &["time", "serve", "-h"],
        &["chat", "serve", "--help"],
        &["probe", "--help"],
        &["port", "--help"],
        &["--version"],
    ] {
        let (code, output, errors) = sockit(help, "");
        assert_eq!((code, errors.as_str()), (0, ""), "{help:?}");
        assert!(!output.is_empty(), "{help:?}");
    }
    for wrong in [
        &["nonsense"][..],
        &["time", "serve", "--nonsense"],
        &["time", "serve", "--grace", "soon"],
        &["time", "serve", "--format", "+%!"],
        &["time", "serve", "--idle-timeout", "0"],
        &["time", "serve", "--workers", "0"],
        &["time", "client"],
        &["probe"],
        &["probe", "-4", "-6", "127.0.0.1:1"],
        &["port", "http/sctp"],
        &["chat", "serve", "--slow", "never"],
        &["chat", "serve", "--max-line", "-1"],
        &["chat", "serve", "--max-line", "0"],
        &["chat", "serve", "--max-clients", "0"],
        &["chat", "serve", "-v", "-q"],
        &["chat", "serve", "--listen", "udp://127.0.0.1:0"],
    ] {
        let (code, output, errors) = sockit(wrong, "");
        assert_eq!((code, output.as_str()), (2, ""), "{wrong:?}: {errors}");
        assert!(errors.starts_with("sockit: ") && errors.lines().count() == 1, "{errors}");
    }
}

#[test]
fn a_malformed_endpoint_is_3_and_a_failed_bind_is_1() {
    for command in [&["time", "client", "nowhere"][..], &["time", "serve", "--listen", "::1:80"]] {
        let (code, _, errors) = sockit(command, "");
        assert_eq!(code, 3, "{errors}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = taken.local_addr().unwrap().to_string();
    let (code, output, errors) = sockit(&["chat", "serve", "--listen", &endpoint], "");
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(errors.contains(&endpoint) && errors.contains("address in use"), "{errors}");
}

#[test]
fn a_closed_standard_output_ends_it_quietly() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let errors = Sink::default();
    let streams = Streams {
        input: Box::new(io::empty()),
        interactive: false,
        output: Box::new(Closed),
        errors: Box::new(errors.clone()),
    };
    let args = ["sockit", "time", "serve", "--listen", "127.0.0.1:0"].map(OsString::from);
    assert_eq!(run(args, streams), 0);
    assert_eq!(errors.text(), "");
}
