//! The tables of `docs/http.md` about proxies, row by row.
#![cfg(feature = "proxy")]

#[allow(dead_code, reason = "the fuzz target's entry is for the test of the corpus")]
#[path = "corpus/proxy.rs"]
mod proxy;

use httpget::proxy::{NoProxy, Proxy, ProxyRules};
use httpget::{Limits, Url};
use netcore::testing::split_law;
use proxy::{Kind, tell};

const PAGE: &str = include_str!("../../../docs/http.md");

/// The cells of the table under a heading, without its two first lines.
fn rows(heading: &str) -> Vec<[String; 4]> {
    let mut lines = PAGE.lines().skip_while(|line| *line != heading);
    assert_eq!(lines.next(), Some(heading));
    let section = lines.take_while(|line| !line.starts_with('#'));
    let rows: Vec<_> = section.filter(|line| line.starts_with('|')).skip(2).map(cells).collect();
    assert!(rows.len() >= 10, "{heading}: {} rows", rows.len());
    rows
}

/// Code has backticks around it.
fn cells(line: &str) -> [String; 4] {
    let line = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    let line = line.unwrap_or_else(|| panic!("no row: {line:?}"));
    let cells: Vec<String> = line
        .split(" | ")
        .map(|cell| {
            let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
            code.unwrap_or(cell).to_owned()
        })
        .collect();
    cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
}

/// `\r`, `\n` and `\xHH`; each character else is itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((literal, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(literal.as_bytes());
        let length = if escape.starts_with('x') { 3 } else { 1 };
        bytes.push(match &escape[..length] {
            "r" => b'\r',
            "n" => b'\n',
            hexadecimal => u8::from_str_radix(&hexadecimal[1..], 16).expect("two digits"),
        });
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

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
