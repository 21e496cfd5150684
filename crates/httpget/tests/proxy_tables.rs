//! The tables of `docs/http.md` about proxies, row by row.
#![cfg(feature = "proxy")]

mod page;
#[allow(dead_code, reason = "the fuzz target's entry is for the test of the corpus")]
#[path = "corpus/proxy.rs"]
mod proxy;

use httpget::proxy::{NoProxy, Proxy, ProxyRules};
use httpget::{Limits, Url};
use netcore::testing::split_law;
use page::{rows, unescape};
use proxy::{Kind, tell};

fn refusal(error: &impl ToString) -> String {
    let text = error.to_string();
    let at = text.find("at byte").unwrap_or_else(|| panic!("no place in {text}"));
    text[at..].to_owned()
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

#[test]
fn each_address_of_a_proxy_matches() {
    for [case, text, expected, _] in rows("### Proxy addresses") {
        let text = String::from_utf8(unescape(&text)).unwrap();
        let parsed = match Proxy::parse(&text) {
            Ok(proxy) => proxy.to_string(),
            Err(error) => refusal(&error),
        };
        assert_eq!(parsed, expected, "{case}");
    }
}

#[test]
fn each_environment_matches() {
    for [case, environment, target, expected] in rows("### Environment variables") {
        let variables = environment.split_whitespace().map(|set| set.split_once('=').unwrap());
        let found = match ProxyRules::from_variables(variables).find(&url(&target)) {
            Ok(Some(proxy)) => proxy.to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => refusal(&error),
        };
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn each_list_of_hosts_without_a_proxy_matches() {
    for [case, list, target, expected] in rows("### Hosts without a proxy") {
        let covered = NoProxy::parse(&list).covers(&url(&target));
        assert_eq!(covered, expected == "yes", "{case}: {target} in {list:?}");
    }
}

#[test]
fn each_reply_of_a_proxy_matches_for_every_split() {
    let limits = Limits::default().with_head(160).with_fields(4).with_interim(2);
    for [case, kind, bytes, expected] in rows("### Replies of proxies") {
        let kind = match kind.as_str() {
            "CONNECT" => Kind::Connect,
            "SOCKS4" => Kind::Socks4,
            "SOCKS5" => Kind::Socks5,
            "SOCKS5 login" => Kind::Socks5WithLogin,
            kind => panic!("{case}: {kind}"),
        };
        let bytes = unescape(&bytes);
        let story = tell(kind, &limits, &[&bytes]);
        assert_eq!(story.to_string(), expected, "{case}");
        split_law(&bytes, |pieces| vec![tell(kind, &limits, pieces)]);
    }
}
