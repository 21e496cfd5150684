//! The arguments of `sockit get` about credentials and cookies.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args as Group;
use httpget::Secret;

/// The arguments of `sockit get` about credentials and cookies.
#[derive(Debug, Group)]
#[command(next_help_heading = "Credentials and cookies")]
pub(crate) struct CredentialArgs {
    /// User and password for the origin of each URL; without a colon, the password is asked for on
    /// the terminal; other users can see arguments, so prefer --netrc
    #[arg(short, long, value_name = "USER:PASSWORD")]
    pub(crate) user: Option<Login>,
    /// Take users and passwords for each host from the file in $NETRC, or ~/.netrc
    #[arg(short, long)]
    pub(crate) netrc: bool,
    /// Take users and passwords for each host from FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) netrc_file: Option<PathBuf>,
    /// As --netrc, but the file need not exist
    #[arg(long)]
    pub(crate) netrc_optional: bool,
    /// Cookies to send to the origin of each URL, as 'NAME=VALUE; NAME=VALUE', or without = a file
    /// to read cookies from (- is standard input); may be repeated
    #[arg(short = 'b', long = "cookie", value_name = "DATA|FILE", allow_hyphen_values = true)]
    pub(crate) cookies: Vec<CookieSource>,
    /// File to write all cookies to at the end; - is standard output
    #[arg(short, long, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) cookie_jar: Option<PathBuf>,
    /// Leave out cookies without an expiry when reading files: begin a new session
    #[arg(short, long, requires = "cookies")]
    pub(crate) junk_session_cookies: bool,
}

/// The value of `--user`.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: Secret,
    /// `None` if it is to be asked for.
    pub(crate) password: Option<Secret>,
}

/// A value of `--cookie`.
#[derive(Clone, Debug)]
pub(crate) enum CookieSource {
    /// Cookies to send.
    Pairs(Secret),
    /// A file to read, or an empty name for none.
    File(PathBuf),
}

// Neither refuses a text: the error would show it.
impl FromStr for Login {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Login, Infallible> {
        Ok(match text.split_once(':') {
            Some((user, password)) => {
                Login { user: Secret::new(user), password: Some(Secret::new(password)) }
            }
            None => Login { user: Secret::new(text), password: None },
        })
    }
}

impl FromStr for CookieSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<CookieSource, Infallible> {
        Ok(match text.contains('=') {
            true => CookieSource::Pairs(Secret::new(text)),
            false => CookieSource::File(PathBuf::from(text)),
        })
    }
}
