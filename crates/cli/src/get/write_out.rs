//! `--write-out`: a format with the variables of curl.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use httpget::Url;

use super::report::{Report, url_to_show};
use crate::escape::{quote, visible};
use crate::exit::{self, Failure};
use crate::stdio::Stdio;

#[cfg(test)]
mod tests;

/// A parsed format.
#[derive(Clone, Debug)]
pub(crate) struct WriteOut(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Variable(&'static Variable),
    /// `%header{NAME}`
    Header(String),
    /// `%{json}`
    Json,
    /// `%{header_json}`
    HeaderJson,
    /// The following parts are only for a failed transfer.
    OnError,
    ToErrors,
    ToOutput,
    /// `%output{FILE}`, or `%output{>>FILE}` to append.
    ToFile {
        path: PathBuf,
        append: bool,
    },
}

/// The name of a variable, and the function that returns its value.
#[derive(Debug)]
struct Variable {
    name: &'static str,
    value: fn(&Report) -> Value,
}

/// The value of a variable. Only texts are quoted in JSON.
enum Value {
    Text(String),
    Number(String),
}

impl Value {
    /// Returns the value as one line. Line ends of servers and file names are escaped.
    fn printable(self) -> String {
        match self {
            Value::Text(text) => visible(&text).into_owned(),
            Value::Number(number) => number,
        }
    }

    fn json(self) -> String {
        match self {
            Value::Text(text) => quote(&text),
            Value::Number(number) => number,
        }
    }
}

fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

fn number(value: impl ToString) -> Value {
    Value::Number(value.to_string())
}

fn seconds(value: Option<std::time::Duration>) -> Value {
    Value::Number(format!("{:.6}", value.unwrap_or_default().as_secs_f64()))
}

/// The variables, in alphabetical order as in `%{json}`.
static VARIABLES: [Variable; 39] = [
    Variable { name: "content_type", value: |r| text(r.field("content-type")) },
    Variable { name: "errormsg", value: |r| text(r.error.as_deref().unwrap_or_default()) },
    Variable { name: "exitcode", value: |r| number(r.exit_code) },
    Variable { name: "filename_effective", value: |r| text(r.file.as_deref().unwrap_or_default()) },
    Variable { name: "http_code", value: |r| number(format!("{:03}", r.status())) },
    Variable { name: "http_connect", value: |r| number(format!("{:03}", r.tunnel_status)) },
    Variable { name: "http_version", value: |r| text(r.version()) },
    Variable {
        name: "local_ip",
        value: |r| text(r.local.map_or(String::new(), |a| a.ip().to_string())),
    },
    Variable { name: "local_port", value: |r| number(r.local.map_or(0, |a| a.port())) },
    Variable { name: "method", value: |r| text(r.method) },
    Variable { name: "num_connects", value: |r| number(r.connects) },
    Variable { name: "num_headers", value: |r| number(r.fields()) },
    Variable { name: "num_redirects", value: |r| number(r.redirects) },
    Variable { name: "num_retries", value: |r| number(r.retries) },
    Variable { name: "proxy_used", value: |r| number(u8::from(r.is_proxied)) },
    Variable { name: "redirect_url", value: |r| text(r.redirect_url()) },
    Variable { name: "referer", value: |r| text(r.referer.as_deref().unwrap_or_default()) },
    Variable {
        name: "remote_ip",
        value: |r| text(r.remote.map_or(String::new(), |a| a.ip().to_string())),
    },
    Variable { name: "remote_port", value: |r| number(r.remote.map_or(0, |a| a.port())) },
    Variable { name: "response_code", value: |r| number(format!("{:03}", r.status())) },
    Variable { name: "scheme", value: |r| text(r.scheme()) },
    Variable { name: "size_download", value: |r| number(r.received) },
    Variable { name: "size_header", value: |r| number(r.head_bytes) },
    Variable { name: "size_request", value: |r| number(r.request_bytes) },
    Variable { name: "size_upload", value: |_| number(0) },
    Variable { name: "speed_download", value: |r| number(r.speed()) },
    Variable { name: "speed_upload", value: |_| number(0) },
    // As in curl, 0 is a verified certificate.
    Variable {
        name: "ssl_verify_result",
        value: |r| number(u8::from(r.exit_code == exit::UNTRUSTED)),
    },
    Variable { name: "time_appconnect", value: |r| seconds(r.timings.encrypted) },
    Variable { name: "time_connect", value: |r| seconds(r.timings.connected) },
    Variable { name: "time_namelookup", value: |r| seconds(r.timings.resolved) },
    Variable { name: "time_posttransfer", value: |r| seconds(r.timings.sent) },
    Variable {
        name: "time_pretransfer",
        value: |r| seconds(r.timings.encrypted.or(r.timings.tunneled).or(r.timings.connected)),
    },
    Variable { name: "time_redirect", value: |r| seconds(Some(r.timings.redirected)) },
    Variable { name: "time_starttransfer", value: |r| seconds(r.timings.first_byte) },
    Variable { name: "time_total", value: |r| seconds(Some(r.total)) },
    Variable { name: "url", value: |r| text(url_to_show(&r.url)) },
    Variable { name: "url_effective", value: |r| text(r.effective_url()) },
    Variable { name: "urlnum", value: |r| number(r.index) },
];

/// Parts of the URL (`url.`), and of the one of the last request (`urle.`). They are not in
/// `%{json}`, which has both URLs.
static URL_PARTS: [Variable; 10] = [
    Variable { name: "url.scheme", value: |r| of_url(r.given(), |url| url.scheme().to_string()) },
    Variable { name: "url.host", value: |r| of_url(r.given(), |url| url.host().to_owned()) },
    Variable { name: "url.port", value: |r| of_url(r.given(), |url| url.port().to_string()) },
    Variable { name: "url.path", value: |r| of_url(r.given(), |url| path(url).to_owned()) },
    Variable { name: "url.query", value: |r| of_url(r.given(), |url| query(url).to_owned()) },
    Variable { name: "urle.scheme", value: |r| of_url(r.last(), |url| url.scheme().to_string()) },
    Variable { name: "urle.host", value: |r| of_url(r.last(), |url| url.host().to_owned()) },
    Variable { name: "urle.port", value: |r| of_url(r.last(), |url| url.port().to_string()) },
    Variable { name: "urle.path", value: |r| of_url(r.last(), |url| path(url).to_owned()) },
    Variable { name: "urle.query", value: |r| of_url(r.last(), |url| query(url).to_owned()) },
];

fn of_url(url: Option<Url>, part: fn(&Url) -> String) -> Value {
    Value::Text(url.as_ref().map_or_else(String::new, part))
}

fn path(url: &Url) -> &str {
    url.target().split_once('?').map_or(url.target(), |(path, _)| path)
}

fn query(url: &Url) -> &str {
    url.target().split_once('?').map_or("", |(_, query)| query)
}

/// Bytes of the longest format in a file: 1 MiB.
const MAX_FORMAT: u64 = 1 << 20;

/// Reads a format from a file, or from standard input (`-`). As in curl, line ends are removed;
/// `\n` stands for one.
///
/// # Errors
///
/// [`exit::UNREADABLE`] if the format cannot be read, is longer than 1 MiB, or is not UTF-8.
pub(super) fn read(file: &str, stdio: &mut Stdio) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(exit::UNREADABLE, format!("-w @{file}: {error}"));
    let input: Box<dyn BufRead> = match file {
        "-" => stdio.input(),
        file => Box::new(BufReader::new(File::open(file).map_err(failed)?)),
    };
    let mut text = String::new();
    let count = input.take(MAX_FORMAT + 1).read_to_string(&mut text).map_err(failed)?;
    if count as u64 > MAX_FORMAT {
        return Err(failed(io::Error::other("longer than 1 MiB")));
    }
    text.retain(|c| !matches!(c, '\r' | '\n'));
    Ok(text)
}

impl FromStr for WriteOut {
    type Err = String;

    fn from_str(format: &str) -> Result<WriteOut, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            plain.push_str(&rest[..at]);
            let special = &rest[at..];
            let (part, length) = if special.starts_with('\\') {
                let (c, length) = escaped(special);
                plain.push_str(c);
                (None, length)
            } else if special.starts_with("%%") {
                plain.push('%');
                (None, 2)
            } else if let Some(body) = special.strip_prefix("%output{") {
                let end = body.find('}').ok_or("%output{ lacks its }")?;
                (Some(file(&body[..end])?), end + 9)
            } else if let Some(body) = special.strip_prefix("%header{") {
                let end = body.find('}').ok_or("%header{ lacks its }")?;
                (Some(Part::Header(body[..end].to_ascii_lowercase())), end + 9)
            } else if let Some(body) = special.strip_prefix("%{") {
                let end = body.find('}').ok_or("%{ lacks its }")?;
                (Some(part(&body[..end])?), end + 3)
            } else {
                plain.push('%');
                (None, 1)
            };
            if let Some(part) = part {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(part);
            }
            rest = &special[length..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(WriteOut(parts))
    }
}

/// Returns the character for a backslash sequence at the start of `special`, and the length of the
/// sequence. Unknown sequences stand for themselves.
fn escaped(special: &str) -> (&str, usize) {
    match special.as_bytes().get(1) {
        Some(b'n') => ("\n", 2),
        Some(b'r') => ("\r", 2),
        Some(b't') => ("\t", 2),
        Some(b'\\') => ("\\", 2),
        _ => ("\\", 1),
    }
}

/// Returns the part for the name in `%output{name}`.
fn file(name: &str) -> Result<Part, String> {
    let path = name.strip_prefix(">>");
    match path.unwrap_or(name) {
        "" => Err("%output{} lacks the name of its file".to_owned()),
        file => Ok(Part::ToFile { path: file.into(), append: path.is_some() }),
    }
}

/// Returns the part for a name in `%{name}`.
fn part(name: &str) -> Result<Part, String> {
    Ok(match name {
        "json" => Part::Json,
        "header_json" => Part::HeaderJson,
        "onerror" => Part::OnError,
        "stderr" => Part::ToErrors,
        "stdout" => Part::ToOutput,
        name => {
            let all = VARIABLES.iter().chain(&URL_PARTS);
            let variable = all.into_iter().find(|variable| variable.name == name);
            Part::Variable(variable.ok_or_else(|| format!("unknown variable '{name}'"))?)
        }
    })
}

/// The texts for standard output, standard error and files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) files: Vec<WrittenFile>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// The text for a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrittenFile {
    path: PathBuf,
    append: bool,
    text: String,
}

impl WrittenFile {
    /// Writes the text.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`].
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let WrittenFile { path, append, text } = self;
        // One call appends all of the text, beside other transfers.
        let opened = match append {
            true => File::options().append(true).create(true).open(path),
            false => File::create(path),
        };
        opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
            Failure::new(exit::WRITE_ERROR, format!("-w %output{{{}}}: {error}", path.display()))
        })
    }
}

/// The target of the next parts.
enum Target {
    Output,
    Errors,
    /// The last one of [`Written::files`].
    File,
}

impl WriteOut {
    pub(crate) fn write(&self, report: &Report) -> Written {
        let mut written = Written::default();
        let mut target = Target::Output;
        for part in &self.0 {
            let words = match part {
                Part::Text(text) => text.clone(),
                Part::Variable(variable) => (variable.value)(report).printable(),
                Part::Header(name) => Value::Text(report.field(name)).printable(),
                Part::Json => json(report),
                Part::HeaderJson => header_json(report),
                Part::OnError if report.exit_code == 0 => break,
                Part::OnError => continue,
                Part::ToErrors => {
                    target = Target::Errors;
                    continue;
                }
                Part::ToOutput => {
                    target = Target::Output;
                    continue;
                }
                Part::ToFile { path, append } => {
                    let (path, append) = (path.clone(), *append);
                    written.files.push(WrittenFile { path, append, text: String::new() });
                    target = Target::File;
                    continue;
                }
            };
            match (&target, written.files.last_mut()) {
                (Target::Errors, _) => written.errors.push_str(&words),
                (Target::File, Some(file)) => file.text.push_str(&words),
                _ => written.output.push_str(&words),
            }
        }
        written
    }
}

/// Returns all variables as one JSON object on one line.
pub(crate) fn json(report: &Report) -> String {
    let members = VARIABLES.iter().map(|variable| {
        let value = match variable.name {
            // Numbers in JSON have no leading zeros.
            "http_code" | "response_code" => report.status().to_string(),
            "http_connect" => report.tunnel_status.to_string(),
            _ => (variable.value)(report).json(),
        };
        format!("{}:{value}", quote(variable.name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Returns the fields of the head as a JSON object: each name once, with all of its values.
pub(crate) fn header_json(report: &Report) -> String {
    let Some(head) = &report.head else { return "{}".to_owned() };
    let members = head.headers().keys().map(|name| {
        let values = head.headers().get_all(name).iter();
        let values = values.map(|value| quote(&String::from_utf8_lossy(value.as_bytes())));
        format!("{}:[{}]", quote(name.as_str()), values.collect::<Vec<_>>().join(","))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
