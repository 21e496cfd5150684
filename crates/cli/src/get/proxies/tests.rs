use httpget::Url;

use super::*;

fn args(proxy: Option<&str>, noproxy: Option<&str>, user: Option<&str>) -> ProxyArgs {
    ProxyArgs {
        proxy: proxy.map(Secret::new),
        noproxy: noproxy.map(str::to_owned),
        proxy_user: user.map(Secret::new),
        proxytunnel: false,
    }
}

/// The proxy of `http://h/` with these arguments, in an environment.
fn found(args: &ProxyArgs) -> Result<Option<Proxy>, Failure> {
    let environment = ProxyRules::from_variables([("http_proxy", "env:1"), ("no_proxy", "h")]);
    let url = Url::parse("http://h/").unwrap();
    Ok(rules(args, environment)?.find(&url).unwrap().cloned())
}

fn printed(args: &ProxyArgs) -> Option<String> {
    found(args).unwrap().map(|proxy| proxy.to_string())
}

#[test]
fn arguments_take_precedence_over_the_environment() {
    assert_eq!(printed(&args(None, None, None)), None, "no_proxy");
    assert_eq!(printed(&args(None, Some(""), None)).as_deref(), Some("http://env:1"));
    assert_eq!(printed(&args(None, Some("x"), None)).as_deref(), Some("http://env:1"));
    assert_eq!(printed(&args(Some("p:2"), None, None)), None, "no_proxy holds for --proxy");
    assert_eq!(printed(&args(Some("p:2"), Some(""), None)).as_deref(), Some("http://p:2"));
    assert_eq!(printed(&args(Some("p:2"), Some("*"), None)), None);
    assert_eq!(printed(&args(Some(""), Some(""), None)), None);
}

#[test]
fn a_user_by_hand_is_decoded_and_does_not_replace_that_of_the_proxy() {
    for (user, expected) in [
        ("ann:pass", ("ann", "pass")),
        ("ann", ("ann", "")),
        ("a%40%3ab:c%25:d", ("a@", "c%:d")),
        ("%4:%", ("%4", "%")),
        ("%ff:x", ("%ff", "x")),
    ] {
        let found = found(&args(Some("p"), Some(""), Some(user)));
        // A user has no colon, even an escaped one.
        if user.contains("%3a") {
            assert_eq!(found.unwrap_err().code(), exit::USAGE);
            continue;
        }
        let proxy = found.unwrap().unwrap();
        let credentials = proxy.credentials().unwrap();
        assert_eq!((credentials.user(), credentials.password().expose()), expected);
    }
    let own = found(&args(Some("own:x@p"), Some(""), Some("ann:pass"))).unwrap().unwrap();
    assert_eq!(own.credentials().unwrap().user(), "own");
}

#[test]
fn a_malformed_proxy_is_refused_without_its_password() {
    let failure = found(&args(Some("http://u:secret@p/x"), None, None)).unwrap_err();
    assert_eq!(failure.code(), exit::PROXY_NOT_RESOLVED);
    let message = failure.message().unwrap();
    assert!(message.starts_with("--proxy: \"…@p/x\" is not a proxy"), "{message}");
}
