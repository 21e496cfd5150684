use super::*;

#[test]
fn domains_match_their_subdomains() {
    for (host, domain, expected) in [
        ("example.com", "example.com", true),
        ("www.example.com", "example.com", true),
        ("a.b.example.com", "example.com", true),
        ("example.com", "www.example.com", false),
        ("badexample.com", "example.com", false),
        ("example.com.evil.example", "example.com", false),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "0.0.1", false),
        ("::1", "::1", true),
    ] {
        assert_eq!(domain_matches(host, domain), expected, "{host}, {domain}");
    }
}

#[test]
fn public_suffixes_are_known() {
    for domain in ["com", "co.uk", "github.io", "city.ck", "localhost", "xn--55qx5d.cn", "corp"] {
        assert!(is_public_suffix(domain), "{domain}");
    }
    // The list has rules with * and exceptions from them.
    for domain in ["example.com", "example.co.uk", "me.github.io", "www.ck", "intranet.corp"] {
        assert!(!is_public_suffix(domain), "{domain}");
    }
}

#[test]
fn addresses_are_told_from_names() {
    for host in ["1.2.3.4", "::1", "fe80::1%eth0"] {
        assert!(is_address(host), "{host}");
    }
    for host in ["example.com", "1.2.3.4.example", "1.2.3", "localhost"] {
        assert!(!is_address(host), "{host}");
    }
}

#[test]
fn paths_match_whole_segments() {
    for (path, cookie_path, expected) in [
        ("/", "/", true),
        ("/a", "/", true),
        ("/a", "/a", true),
        ("/a/", "/a", true),
        ("/a/b", "/a", true),
        ("/a/b", "/a/", true),
        ("/a", "/a/", false),
        ("/ab", "/a", false),
        ("/A", "/a", false),
    ] {
        assert_eq!(
            path_matches(path.as_bytes(), cookie_path.as_bytes()),
            expected,
            "{path}, {cookie_path}"
        );
    }
    for (target, path, default) in [
        ("/", "/", "/"),
        ("/a", "/a", "/"),
        ("/a/", "/a/", "/a"),
        ("/a/b?c/d", "/a/b", "/a"),
        ("/?/a", "/", "/"),
    ] {
        assert_eq!(path_of(target), path.as_bytes());
        assert_eq!(default_path(path.as_bytes()), default.as_bytes());
    }
}
