//! Usage errors: one line names the error, and the right command if it can be guessed.
//!
//! That is the case after a typo, without a command's group, and with the syntax of nc.

use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use netcore::resolve::service_port;
use netcore::{Deadline, Endpoint, Transport};

use crate::args::Args;
use crate::exit::{self, Failure};

/// Time limit for looking up a word as a service name.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of the longest suggestion. Of a longer one, only the name of the command is printed.
const MAX_SUGGESTED: usize = 200;

/// Options of nc, which are arguments, schemes or commands of sockit.
const NC_OPTIONS: [(&[&str], &str); 10] = [
    (&["-l"], "sockit listen :PORT listens"),
    (&["-u", "--udp"], "UDP is a scheme: udp://HOST:PORT"),
    (&["-U", "--unixsock"], "a Unix socket is unix:PATH"),
    (&["-z"], "sockit probe -z HOST:PORT says whether a port is open"),
    (&["-k"], "use sockit listen --keep-open"),
    (&["-p"], "a port stands behind a colon: sockit listen :PORT, connect HOST:PORT"),
    (&["-s"], "use sockit connect --local-address"),
    (&["-N"], "the end of standard input is always passed on; -w DUR ends an idle connection"),
    (&["-w"], "--timeout DUR bounds the connection; sockit send --wait DUR waits for an answer"),
    (&["-4", "-6"], "the address decides: 0.0.0.0:PORT or [::]:PORT"),
];

/// Returns the failure for arguments that clap rejects, in one line.
pub(crate) fn rejected(error: &clap::Error, args: &[String]) -> Failure {
    let words = first_paragraph(error);
    let invalid = |kind| text(error, kind).unwrap_or_default();
    let hint = match error.kind() {
        ErrorKind::InvalidSubcommand => elsewhere(args, &invalid(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => {
            let argument = invalid(ContextKind::InvalidArg);
            nc_hint(&argument, args).or_else(|| host_and_port(args, |port| port == argument))
        }
        _ => None,
    };
    let hint = hint.or_else(|| similar(error)).unwrap_or_else(|| see_help(args));
    Failure::new(exit::USAGE, format!("{words}; {hint}"))
}

/// Returns `failure`, or a usage error if an endpoint is malformed because HOST and PORT are two
/// words.
pub(crate) fn malformed(failure: Failure, args: &[String]) -> Failure {
    let is_malformed = failure.code() == exit::MALFORMED;
    match is_malformed.then(|| host_and_port(args, |_| true)).flatten() {
        Some(hint) => {
            Failure::new(exit::USAGE, format!("HOST and PORT form one word, HOST:PORT; {hint}"))
        }
        None => failure,
    }
}

/// Returns the first paragraph of clap's message. The others repeat the usage, which `--help`
/// prints.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let words = words.join(" ");
    words.strip_prefix("error: ").unwrap_or(&words).to_owned()
}

/// Returns a value of clap's context as text.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) if !texts.is_empty() => Some(texts.join("' or '")),
        _ => None,
    }
}

/// Names the similar words that clap has found.
fn similar(error: &clap::Error) -> Option<String> {
    let kinds =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let found = kinds.into_iter().find_map(|kind| text(error, kind))?;
    Some(format!("did you mean '{found}'?"))
}

/// Returns the command that the words name, its path, and the index of its first argument.
fn find_command(args: &[String]) -> (Command, String, usize) {
    let (mut command, mut path, mut behind) = (Args::command(), String::from("sockit"), 1);
    for (at, word) in args.iter().enumerate().skip(1) {
        if let Some(inner) = command.find_subcommand(word).cloned() {
            path = format!("{path} {word}");
            behind = at + 1;
            command = inner;
        }
    }
    (command, path, behind)
}

/// Suggests the help of the command that the arguments name.
fn see_help(args: &[String]) -> String {
    format!("see {} --help", find_command(args).1)
}

/// Suggests commands of that name in another group: `sockit time ping` for `sockit ping`.
fn elsewhere(args: &[String], name: &str) -> Option<String> {
    let mut found = Vec::new();
    collect(&Args::command(), "sockit", name, &mut found);
    let at = args.iter().skip(1).position(|word| word == name)? + 2;
    let rest = &args[at..];
    let commands = found.into_iter().map(|path| {
        let words = path.split(' ').map(str::to_owned).chain(rest.iter().cloned());
        let whole = shell(words);
        if whole.len() <= MAX_SUGGESTED { whole } else { format!("{path} …") }
    });
    let commands: Vec<String> = commands.collect();
    (!commands.is_empty()).then(|| format!("did you mean {}?", commands.join(" or ")))
}

/// Adds the path of each command called `name` below `command`, whose own path is `path`.
fn collect(command: &Command, path: &str, name: &str, found: &mut Vec<String>) {
    for inner in command.get_subcommands() {
        let path = format!("{path} {}", inner.get_name());
        if inner.get_name() == name {
            found.push(path.clone());
        }
        collect(inner, &path, name, found);
    }
}

/// Returns the hint for an option of nc, with the host and port of the command line if it has them.
fn nc_hint(option: &str, args: &[String]) -> Option<String> {
    let (_, hint) = NC_OPTIONS.iter().find(|(options, _)| options.contains(&option))?;
    let port = args.iter().position(|word| word.parse::<u16>().is_ok());
    let Some(port) = port.filter(|at| *at > 0) else { return Some((*hint).to_owned()) };
    let host = &args[port - 1];
    let endpoint = join_host_port(host, &args[port]).unwrap_or_else(|| "HOST:PORT".to_owned());
    let hint = hint.replace("HOST:PORT", &endpoint);
    Some(hint.replace(" :PORT", &format!(" :{}", args[port])))
}

/// Suggests the command with HOST and PORT as one word; nc takes two. `is_meant` returns `true` for
/// the words that may be the port.
fn host_and_port(args: &[String], is_meant: impl Fn(&str) -> bool) -> Option<String> {
    let (command, _, behind) = find_command(args);
    let (at, endpoint) = (behind..args.len().saturating_sub(1))
        .filter(|at| is_meant(&args[at + 1]) && !is_value(&command, &args[at - 1]))
        .find_map(|at| Some((at, join_host_port(&args[at], &args[at + 1])?)))?;
    let mut args = args.to_vec();
    args[0] = "sockit".to_owned();
    args.splice(at..=at + 1, [endpoint]);
    Some(format!("did you mean {}?", shell(args.into_iter())))
}

/// Returns `true` if a word behind `option` is its value instead of an endpoint.
fn is_value(command: &Command, option: &str) -> bool {
    command.get_arguments().any(|argument| {
        let long = argument.get_long().map(|long| format!("--{long}"));
        let short = argument.get_short().map(|short| format!("-{short}"));
        let is_named = [long, short].into_iter().flatten().any(|name| name == option);
        is_named && argument.get_action().takes_values() && argument.get_id() != "listen"
    })
}

/// Returns HOST and PORT as an endpoint. Returns `None` if HOST already is an endpoint or PORT is
/// not a port.
fn join_host_port(host: &str, port: &str) -> Option<String> {
    if host.starts_with('-') || host.parse::<Endpoint>().is_ok() {
        return None;
    }
    let is_number = port.parse::<u16>().is_ok() && !port.starts_with('+');
    if !is_number && service_port(port, Transport::Tcp, Deadline::after(LOOKUP_TIMEOUT)).is_err() {
        return None;
    }
    let bare = host.rsplit_once("://").map_or(host, |(_, bare)| bare);
    let endpoint = match bare.parse::<std::net::Ipv6Addr>() {
        Ok(_) => format!("{}[{bare}]:{port}", &host[..host.len() - bare.len()]),
        Err(_) => format!("{host}:{port}"),
    };
    endpoint.parse::<Endpoint>().is_ok().then_some(endpoint)
}

/// Joins words to a command line, quoted for a shell where necessary.
fn shell(words: impl Iterator<Item = String>) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.,:/@%+=".contains(c);
    let quoted = words.map(|word| match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}
