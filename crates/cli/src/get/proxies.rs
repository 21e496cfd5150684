//! The proxies of a run, as the command line and the environment describe them.

use httpget::proxy::{NoProxy, Proxy, ProxyRules};
use httpget::{Credentials, Secret};

use crate::args::get::proxy::ProxyArgs;
use crate::exit::{self, Failure};

#[cfg(test)]
mod tests;

/// Returns the rules that choose a proxy for a URL. `environment` has the rules of the environment.
///
/// # Errors
///
/// [`exit::PROXY_NOT_RESOLVED`] for a malformed `--proxy`, and [`exit::USAGE`] for an unusable
/// `--proxy-user`.
pub(super) fn rules(args: &ProxyArgs, environment: ProxyRules) -> Result<ProxyRules, Failure> {
    let mut rules = match args.proxy.as_ref().map(Secret::expose) {
        None => environment,
        Some("") => ProxyRules::new(),
        Some(text) => {
            let proxy = Proxy::parse(text).map_err(|error| {
                Failure::new(exit::PROXY_NOT_RESOLVED, format!("--proxy: {error}"))
            })?;
            // As in curl, the exceptions of the environment hold for --proxy too.
            ProxyRules::from(proxy).with_no_proxy(environment.no_proxy().clone())
        }
    };
    if let Some(list) = &args.noproxy {
        rules = rules.with_no_proxy(NoProxy::parse(list));
    }
    if let Some(user) = &args.proxy_user {
        rules = rules.with_credentials(&credentials(user)?);
    }
    Ok(rules.with_tunnel(args.proxytunnel))
}

/// Reads `USER:PASSWORD`, percent-encoded as in curl: a percent sign is `%25`.
fn credentials(text: &Secret) -> Result<Credentials, Failure> {
    let (user, password) = text.expose().split_once(':').unwrap_or((text.expose(), ""));
    Credentials::new(decoded(user), decoded(password))
        .map_err(|error| Failure::new(exit::USAGE, format!("--proxy-user: {error}")))
}

/// Decodes escapes. As in curl, a `%` that begins none stands for itself.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|it| it.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) if byte == b'%' => {
                bytes.push(escaped);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
