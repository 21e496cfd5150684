//! The credentials and cookies of a run.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use httpget::cookies::CookieJar;
use httpget::netrc::Netrc;
use httpget::{Client, Credentials, Request, Secret};

use super::password;
use crate::args::get::Get;
use crate::args::get::credentials::{CookieSource, CredentialArgs, Login};
use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// Most bad lines of one cookie file that the log names.
const MAX_NAMED: usize = 5;

/// The variable of the environment with the directory of the user.
const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// The credentials and cookies of a run.
#[derive(Debug)]
pub(super) struct Access {
    /// The user and password of `-u`.
    credentials: Option<Credentials>,
    netrc: Option<Netrc>,
    /// The cookies by hand.
    pairs: Vec<Secret>,
    /// The cookies of `-b FILE` and of the responses. `None` if there is neither `-b FILE` nor
    /// `-c`, as in curl.
    jar: Option<CookieJar>,
}

impl Access {
    /// Reads the files of the command line, and asks for a password if it lacks one.
    ///
    /// # Errors
    ///
    /// - [`exit::USAGE`] for a user or password that cannot be sent, and for a password that is
    ///   neither given nor typed;
    /// - [`exit::UNREADABLE`] for a file that cannot be read, and a malformed netrc file.
    pub(super) fn of(args: &Get, stdio: &mut Stdio) -> Result<Access, Failure> {
        let given = &args.credentials;
        let reads_input =
            given.cookies.iter().any(|it| matches!(it, CookieSource::File(file) if is_dash(file)));
        let is_taken = args.url_file.as_deref().is_some_and(is_dash)
            || args.write_out.as_deref() == Some("@-");
        if reads_input && is_taken {
            let message = "standard input cannot be -b - and --url-file - or -w @- at once";
            return Err(Failure::new(exit::USAGE, message));
        }
        let credentials = given.user.as_ref().map(|login| credentials(login, stdio));
        Ok(Access {
            credentials: credentials.transpose()?,
            // As in curl, -u takes the place of the file.
            netrc: if given.user.is_none() { netrc(given)? } else { None },
            pairs: given.cookies.iter().filter_map(CookieSource::pairs).cloned().collect(),
            jar: jar(given, stdio)?,
        })
    }

    /// Returns the client with the netrc file and the cookies.
    pub(super) fn configure(&self, client: Client) -> Client {
        let client = match &self.netrc {
            Some(netrc) => client.with_netrc(netrc.clone()),
            None => client,
        };
        match &self.jar {
            Some(jar) => client.with_cookies(jar.clone()),
            None => client,
        }
    }

    /// Returns the request with `-u` and the cookies by hand.
    pub(super) fn authorize(&self, mut request: Request) -> Request {
        if let Some(credentials) = &self.credentials {
            request = request.with_credentials(credentials.clone());
        }
        self.pairs.iter().fold(request, |request, pairs| request.with_cookies(pairs.expose()))
    }

    /// Writes the cookies to the file of `-c`.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`] if it cannot be written.
    pub(super) fn save(&self, args: &Get, stdio: &Stdio) -> Result<(), Failure> {
        let file = args.credentials.cookie_jar.as_deref();
        let (Some(jar), Some(file)) = (&self.jar, file) else { return Ok(()) };
        let now = SystemTime::now();
        if is_dash(file) {
            return stdio.printer.print(&jar.to_netscape(now));
        }
        let failed =
            |error| Failure::new(exit::WRITE_ERROR, format!("-c: {}", exit::chain(&error)));
        jar.save(file, now).map_err(failed)
    }
}

impl CookieSource {
    fn pairs(&self) -> Option<&Secret> {
        match self {
            CookieSource::Pairs(pairs) => Some(pairs),
            CookieSource::File(_) => None,
        }
    }
}

fn is_dash(file: &Path) -> bool {
    file == Path::new("-")
}

fn credentials(login: &Login, stdio: &Stdio) -> Result<Credentials, Failure> {
    let password = match &login.password {
        Some(password) => password.clone(),
        None if stdio.interactive => password::ask(login.user.expose())?,
        None => {
            let message = "-u has no password, and there is no terminal to ask for it; -u USER: \
                           sends an empty one, and --netrc-file reads a file";
            return Err(Failure::new(exit::USAGE, message));
        }
    };
    Credentials::new(login.user.expose(), password.expose())
        .map_err(|error| Failure::new(exit::USAGE, format!("-u: {error}")))
}

/// Reads the netrc file of the command line.
fn netrc(args: &CredentialArgs) -> Result<Option<Netrc>, Failure> {
    if !args.netrc && !args.netrc_optional && args.netrc_file.is_none() {
        return Ok(None);
    }
    let path = match &args.netrc_file {
        Some(file) => file.clone(),
        None => default_netrc()?,
    };
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new(exit::UNREADABLE, format!("netrc file {}: {reason}", path.display()))
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if args.netrc_optional && error.kind() == io::ErrorKind::NotFound => {
            log::info!("netrc file {}: {error}", path.display());
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    // As ssh and ftp do. curl says nothing.
    if file.metadata().is_ok_and(|metadata| is_exposed(&metadata)) {
        log::warn!("netrc file {}: other users can read it; chmod 600 it", path.display());
    }
    let mut content = Vec::new();
    let most = Netrc::MAX_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut content).map_err(|error| failed(&error))?;
    Netrc::parse(&content).map(Some).map_err(|error| failed(&error))
}

fn default_netrc() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    match std::env::var_os(HOME).filter(|home| !home.is_empty()) {
        Some(home) => Ok(Path::new(&home).join(".netrc")),
        None => {
            let message = format!("--netrc: {HOME} is not set; --netrc-file names a file");
            Err(Failure::new(exit::UNREADABLE, message))
        }
    }
}

/// Returns `true` for a file that users other than its owner can read. On Windows the directory of
/// the user decides about that.
fn is_exposed(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return metadata.is_file() && std::os::unix::fs::MetadataExt::mode(metadata) & 0o044 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Returns a jar with the cookies of the files.
fn jar(args: &CredentialArgs, stdio: &mut Stdio) -> Result<Option<CookieJar>, Failure> {
    let files = args.cookies.iter().filter_map(|source| match source {
        CookieSource::File(file) => Some(file.as_path()),
        CookieSource::Pairs(_) => None,
    });
    let files: Vec<&Path> = files.collect();
    if files.is_empty() && args.cookie_jar.is_none() {
        return Ok(None);
    }
    let jar = CookieJar::new();
    for file in files.into_iter().filter(|file| !file.as_os_str().is_empty()) {
        read_cookies(&jar, file, stdio)?;
    }
    if args.junk_session_cookies {
        jar.end_session();
    }
    Ok(Some(jar))
}

fn read_cookies(jar: &CookieJar, path: &Path, stdio: &mut Stdio) -> Result<(), Failure> {
    let name = path.display();
    let failed =
        |error: io::Error| Failure::new(exit::UNREADABLE, format!("cookie file {name}: {error}"));
    let mut skipped = 0;
    let mut skip = |line, reason| {
        skipped += 1;
        if skipped <= MAX_NAMED {
            log::warn!("cookie file {name}: line {line} is skipped: {reason}");
        }
    };
    let now = SystemTime::now();
    if is_dash(path) {
        jar.read(&mut stdio.input(), now, &mut skip).map_err(failed)?;
    } else {
        match File::open(path) {
            Ok(file) => jar.read(&mut BufReader::new(file), now, &mut skip).map_err(failed)?,
            // The first run of `-b FILE -c FILE` has none.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                log::info!("cookie file {name}: {error}");
            }
            Err(error) => return Err(failed(error)),
        }
    }
    if skipped > MAX_NAMED {
        log::warn!("cookie file {name}: {} more lines are skipped", skipped - MAX_NAMED);
    }
    Ok(())
}
