//! The environment variables that name proxies, as curl reads them.

use std::ffi::OsStr;

use super::address::Proxy;
use super::no_proxy::NoProxy;
use super::rules::{ProxyRules, Rule};

/// All variables, each with an upper-case name that is read if the lower-case one is not set. A web
/// server passes the field `Proxy` of a request to a CGI program as `HTTP_PROXY`, so that name is
/// not read.
const VARIABLES: [[&str; 2]; 4] = [
    ["http_proxy", ""],
    ["https_proxy", "HTTPS_PROXY"],
    ["all_proxy", "ALL_PROXY"],
    ["no_proxy", "NO_PROXY"],
];

impl ProxyRules {
    /// Returns the rules in the environment of this process: `http_proxy`, `https_proxy`,
    /// `all_proxy` and `no_proxy`. An empty variable counts as one that is not set.
    ///
    /// A lower-case name takes precedence over the upper-case one. `HTTP_PROXY` in upper case is
    /// not read, since a web server sets it from a field of a request (CGI, RFC 3875 section
    /// 4.1.18). On Windows, where names have no case, `http_proxy` is not read in a CGI program.
    ///
    /// A malformed variable is an error only for URLs that need it.
    #[must_use]
    pub fn from_env() -> ProxyRules {
        let in_cgi = cfg!(windows) && std::env::var_os("REQUEST_METHOD").is_some();
        let names = VARIABLES.into_iter().flatten().filter(|name| !name.is_empty());
        let names = names.filter(|name| !in_cgi || *name != "http_proxy");
        ProxyRules::from_variables(names.filter_map(|name| Some((name, std::env::var_os(name)?))))
    }

    /// Returns the rules in `variables`, names and values, as
    /// [`from_env`](ProxyRules::from_env) does for the environment.
    ///
    /// ```
    /// use httpget::proxy::ProxyRules;
    ///
    /// let rules = ProxyRules::from_variables([
    ///     ("all_proxy", "socks5h://proxy.example"),
    ///     ("NO_PROXY", "localhost"),
    /// ]);
    /// let proxy = rules.find(&"https://example.com/".parse()?)?;
    /// assert_eq!(proxy.map(|proxy| proxy.port()), Some(1080));
    /// assert!(rules.find(&"http://localhost/".parse()?)?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_variables<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> ProxyRules {
        let set: Vec<(N, V)> =
            variables.into_iter().filter(|(_, value)| !value.as_ref().is_empty()).collect();
        let text = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let (_, value) = set.iter().find(|(given, _)| given.as_ref() == name)?;
                // A text that is not UTF-8 is no proxy, and its replacement characters say so.
                Some((name, value.as_ref().to_string_lossy().into_owned()))
            })
        };
        let [http, https, all, no_proxy] = VARIABLES.map(text);
        let rules = [http, https, all].map(|set| set.map(|(name, text)| rule(name, &text)));
        let no_proxy = no_proxy.map(|(_, list)| NoProxy::parse(&list));
        ProxyRules::of(rules).with_no_proxy(no_proxy.unwrap_or_default())
    }
}

fn rule(name: &'static str, text: &str) -> Rule {
    Proxy::parse(text).map_err(|error| error.of_variable(name))
}
