//! The page for users of curl: each option that it names exists, and none of curl's is missing.

use std::collections::BTreeSet;

use crate::common::process::run;

const PAGE: &str = include_str!("../../../../docs/from-curl.md");

/// The long options of curl 7.88 that concern a GET (`curl --help all`).
#[rustfmt::skip]
const CURL: &[&str] = &[
    "--abstract-unix-socket", "--alt-svc", "--anyauth", "--aws-sigv4", "--basic", "--cacert",
    "--capath", "--cert", "--cert-status", "--cert-type", "--ciphers", "--compressed", "--config",
    "--connect-timeout", "--connect-to", "--continue-at", "--cookie", "--cookie-jar",
    "--create-dirs", "--create-file-mode", "--crlfile", "--curves", "--data", "--data-ascii",
    "--data-binary", "--data-raw", "--data-urlencode", "--delegation", "--digest", "--disable",
    "--disallow-username-in-url", "--dns-interface", "--dns-ipv4-addr", "--dns-ipv6-addr",
    "--dns-servers", "--doh-cert-status", "--doh-insecure", "--doh-url", "--dump-header",
    "--etag-compare", "--etag-save", "--expect100-timeout", "--fail", "--fail-early",
    "--fail-with-body", "--false-start", "--form", "--form-escape", "--form-string", "--get",
    "--globoff", "--happy-eyeballs-timeout-ms", "--haproxy-protocol", "--head", "--header",
    "--hsts", "--http0.9", "--http1.0", "--http1.1", "--http2", "--http2-prior-knowledge",
    "--http3", "--http3-only", "--ignore-content-length", "--include", "--insecure",
    "--interface", "--ipv4", "--ipv6", "--json", "--junk-session-cookies", "--keepalive-time",
    "--key", "--key-type", "--libcurl", "--limit-rate", "--local-port", "--location",
    "--location-trusted", "--max-filesize", "--max-redirs", "--max-time", "--metalink",
    "--negotiate", "--netrc", "--netrc-file", "--netrc-optional", "--next", "--no-alpn",
    "--no-buffer", "--no-clobber", "--no-keepalive", "--no-npn", "--no-progress-meter",
    "--no-sessionid", "--noproxy", "--ntlm", "--oauth2-bearer", "--output", "--output-dir",
    "--parallel", "--parallel-immediate", "--parallel-max", "--pass", "--path-as-is",
    "--pinnedpubkey", "--post301", "--post302", "--post303", "--preproxy", "--progress-bar",
    "--proto", "--proto-default", "--proto-redir", "--proxy", "--proxy-anyauth", "--proxy-basic",
    "--proxy-cacert", "--proxy-cert", "--proxy-digest", "--proxy-header", "--proxy-insecure",
    "--proxy-key", "--proxy-negotiate", "--proxy-ntlm", "--proxy-service-name", "--proxy-user",
    "--proxy1.0", "--proxytunnel", "--range", "--rate", "--raw", "--referer",
    "--remote-header-name", "--remote-name", "--remote-name-all", "--remote-time",
    "--remove-on-error", "--request", "--request-target", "--resolve", "--retry",
    "--retry-all-errors", "--retry-connrefused", "--retry-delay", "--retry-max-time",
    "--service-name", "--show-error", "--silent", "--socks4", "--socks4a", "--socks5",
    "--socks5-basic", "--socks5-gssapi", "--socks5-gssapi-nec", "--socks5-gssapi-service",
    "--socks5-hostname", "--speed-limit", "--speed-time", "--ssl", "--ssl-allow-beast",
    "--ssl-reqd", "--sslv2", "--sslv3", "--stderr", "--styled-output",
    "--suppress-connect-headers", "--tcp-fastopen", "--tcp-nodelay", "--time-cond", "--tls-max",
    "--tls13-ciphers", "--tlsv1", "--tlsv1.0", "--tlsv1.1", "--tlsv1.2", "--tlsv1.3",
    "--tr-encoding", "--trace", "--trace-ascii", "--trace-time", "--unix-socket", "--upload-file",
    "--url", "--url-query", "--user", "--user-agent", "--verbose", "--version", "--write-out",
    "--xattr",
];

/// Returns the texts in backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Returns the cells of the tables under a heading.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(heading).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &'static str| line.strip_prefix("| ")?.strip_suffix(" |");
    lines.filter_map(cells).map(|line| line.split(" | ").collect()).collect()
}

#[test]
fn each_option_on_the_page_is_in_the_help() {
    let help = run(&["get", "--help"]);
    let words: BTreeSet<&str> = help
        .stdout_text()
        .split([' ', ',', '\n', '[', ']', '='])
        .filter(|word| word.starts_with('-'))
        .map(|word| word.trim_end_matches("..."))
        .collect();
    let mut count = 0;
    for row in rows("## Options of curl") {
        // Our options stand in the second column, or in the first one of our own table.
        let ours = if row.len() == 2 { row[0] } else { row[1] };
        for option in code(ours).filter(|text| text.starts_with('-')) {
            assert!(words.contains(option), "{option} is not in the help: {row:?}");
            count += 1;
        }
    }
    assert!(count >= 60, "a page that is read: {count} options");
}

#[test]
fn each_option_of_curl_is_on_the_page() {
    let table = rows("## Options of curl");
    let named: BTreeSet<&str> = table.iter().flat_map(|row| code(row[0])).collect();
    let missing: Vec<_> = CURL.iter().filter(|option| !named.contains(*option)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    for row in &table {
        let is_answer = row.len() == 2
            || matches!(row[1], "no" | "default" | "URL" | "`sockit get`" | "---")
            || row[1].starts_with("`-");
        assert!(is_answer, "{row:?}");
    }
}
