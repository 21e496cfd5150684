use super::*;
use crate::protocol::parse_field;

fn rules(variables: &[(&str, &str)]) -> ProxyRules {
    ProxyRules::from_variables(variables.iter().copied())
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The route of each URL, in one transfer with these fields.
fn routes<const N: usize>(rules: &ProxyRules, fields: &[&str], urls: [&str; N]) -> [Route; N] {
    let mut head = RequestHead::get(&url(urls[0]));
    fields.iter().for_each(|field| head.apply(&parse_field(field).unwrap()));
    let mut routes = Routes::new(Some(rules), &mut head);
    assert_eq!(head.value(&http::header::PROXY_AUTHORIZATION), None, "no origin gets it");
    urls.map(|text| routes.find(&url(text), &head).unwrap())
}

fn authorization(route: &Route) -> Option<String> {
    let value = route.via()?.authorization.as_ref()?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn one_connection_in_absolute_form_serves_all_origins_and_a_tunnel_one() {
    let proxied = rules(&[("all_proxy", "http://p:1")]);
    let [a, b, c, d, e] = routes(
        &proxied,
        &[],
        ["http://a/", "http://b/x", "https://a/", "https://b/", "https://a/y"],
    );
    assert_eq!(a, b);
    assert_ne!(a, c);
    assert_ne!(c, d);
    assert_eq!(c, e);
    let [direct] = routes(&ProxyRules::new(), &[], ["https://a/"]);
    assert_ne!(direct, c);
    let [other] = routes(&rules(&[("all_proxy", "http://u:p@p:1")]), &[], ["https://a/"]);
    assert_ne!(other, c, "other credentials");
    let [tunnel] = routes(&proxied.clone().with_tunnel(true), &[], ["http://a/"]);
    assert_ne!(tunnel, a, "another mode");
    let [agent] = routes(&proxied, &["User-Agent: x"], ["https://a/"]);
    assert_eq!(agent, c);
}

#[test]
fn credentials_go_to_their_own_proxy() {
    let proxied =
        rules(&[("http_proxy", "http://a:b@p"), ("https_proxy", "q"), ("no_proxy", "direct")]);
    let urls = ["http://x/", "https://x/", "http://direct/", "http://y/"];
    let [http, https, direct, again] = routes(&proxied, &[], urls);
    assert_eq!(authorization(&http).as_deref(), Some("Basic YTpi"));
    assert_eq!(authorization(&https), None);
    assert_eq!(authorization(&direct), None);
    assert_eq!(authorization(&again).as_deref(), Some("Basic YTpi"));
}

#[test]
fn a_field_by_hand_goes_to_the_first_proxy_only() {
    let proxied = rules(&[("http_proxy", "http://a:b@p"), ("https_proxy", "http://c:d@q")]);
    let urls = ["http://x/", "https://x/", "http://y/"];
    let [http, https, again] = routes(&proxied, &["Proxy-Authorization: hand"], urls);
    assert_eq!(authorization(&http).as_deref(), Some("hand"));
    assert_eq!(authorization(&https).as_deref(), Some("Basic Yzpk"));
    assert_eq!(authorization(&again).as_deref(), Some("hand"));
    let [http, https, _] = routes(&proxied, &["Proxy-Authorization:"], urls);
    assert_eq!(authorization(&http), None);
    assert_eq!(authorization(&https).as_deref(), Some("Basic Yzpk"));
    let socks = rules(&[("http_proxy", "socks5://a:b@p"), ("https_proxy", "q")]);
    let [socks, http, _] = routes(&socks, &["Proxy-Authorization: hand"], urls);
    assert_eq!((authorization(&socks), authorization(&http).as_deref()), (None, Some("hand")));
}

#[test]
fn a_request_in_absolute_form_has_the_url_and_the_credentials_of_the_proxy() {
    let proxied = rules(&[("http_proxy", "http://a:b@p")]);
    let encoded = |text: &str, proxied: &ProxyRules| {
        let [route] = routes(proxied, &[], [text]);
        let mut bytes = Vec::new();
        let mut head = RequestHead::get(&url(text));
        head.remove(&http::header::ACCEPT);
        head.remove(&USER_AGENT);
        route.encode(&head, &url(text), &mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(
        encoded("http://u:v@H:81/x/../y?z#w", &proxied),
        "GET http://h:81/y?z HTTP/1.1\r\nHost: h:81\r\nAuthorization: Basic dTp2\r\n\
         Proxy-Authorization: Basic YTpi\r\n\r\n"
    );
    let scoped = encoded("http://[fe80::1%25eth0]/", &proxied);
    assert!(
        scoped.starts_with("GET http://[fe80::1]/ HTTP/1.1\r\nHost: [fe80::1]\r\n"),
        "{scoped}"
    );
    let tunnelled = encoded("http://h/", &proxied.with_tunnel(true));
    assert_eq!(tunnelled, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}
