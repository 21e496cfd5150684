use super::*;

fn covers(list: &str, url: &str) -> bool {
    NoProxy::parse(list).covers(&Url::parse(url).unwrap())
}

/// The table of curl's own test of its list, with the differences that `docs/http.md` names.
#[test]
fn the_list_is_read_as_by_curl() {
    for (host, list, expected) in [
        ("www.example.com", "localhost,.example.com,.example.de", true),
        ("www.example.com.", "localhost,.example.com,.example.de", true),
        ("example.com", "localhost,.example.com,.example.de", true),
        ("example.com.", "localhost,.example.com,.example.de", true),
        ("www.example.com", "localhost,.example.com.,.example.de", true),
        ("www.example.com", "localhost,www.example.com.,.example.de", true),
        ("example.com", "localhost,example.com,.example.de", true),
        ("127.0.0.1", "127.0.0.1,localhost", true),
        ("127.0.0.1", "127.0.0.1,localhost,", true),
        ("127.0.0.1", "127.0.0.1/8,localhost,", true),
        ("127.0.0.1", "127.0.0.1/28,localhost,", true),
        ("127.0.0.1", "127.0.0.1/31,localhost,", true),
        ("127.0.0.1", "localhost,127.0.0.1", true),
        ("localhost", "127.0.0.1,localhost", true),
        ("foobar", "barfoo", false),
        ("foobar", "foobar", true),
        ("192.168.0.1", "foobar", false),
        ("192.168.0.1", "192.168.0.0/16", true),
        ("192.168.0.1", "192.168.0.0/24", true),
        ("192.168.0.1", "192.168.0.0/32", false),
        ("192.168.0.1", "192.168.0.0", false),
        ("192.168.1.1", "192.168.0.0/24", false),
        ("192.168.1.1", "foo, bar, 192.168.0.0/16", true),
        ("[::1]", "foo, bar, 192.168.0.0/16", false),
        ("[::1]", "foo, bar, ::1/64", true),
        ("bar", "foo, bar, ::1/64", true),
        ("BAr", "foo, bar, ::1/64", true),
        ("BAr", "foo,,,,,              bar, ::1/64", true),
        ("www.example.com", "foo, .example.com", true),
        ("www.example.com", "www2.example.com, .example.net", false),
        ("nonexample.com", ".example.com, .example.net", false),
    ] {
        assert_eq!(covers(list, &format!("http://{host}/")), expected, "{host} in {list:?}");
    }
}

#[test]
fn the_bits_of_a_network_count_exactly() {
    for (list, url, expected) in [
        ("10.1.2.128/25", "http://10.1.2.127/", false),
        ("10.1.2.128/25", "http://10.1.2.255/", true),
        ("0.0.0.0/0", "http://203.0.113.9/", true),
        ("0.0.0.0/0", "http://[2001:db8::1]/", false),
        ("::/0", "http://[2001:db8::1]/", true),
        ("2001:db8::/33", "http://[2001:db8:7fff::1]/", true),
        ("2001:db8::/33", "http://[2001:db8:8000::1]/", false),
        ("[2001:db8::]/32", "http://[2001:db8::1]/", true),
        ("fe80::/10", "http://[fe80::1%25eth0]/", true),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]/", true),
        ("10.0.0.0/33", "http://10.0.0.0/", false),
        ("10.0.0.0/+8", "http://10.0.0.0/", false),
        ("10.0.0.0/", "http://10.0.0.0/", false),
        ("10.0.0.0/8/8", "http://10.0.0.0/", false),
        ("10/8", "http://10.0.0.0/", false),
        ("example.com/8", "http://example.com/", false),
    ] {
        assert_eq!(covers(list, url), expected, "{url} in {list}");
    }
}

#[test]
fn a_port_restricts_an_entry() {
    for (list, url, expected) in [
        ("h:81", "http://h:81/", true),
        ("h:81", "http://www.h:81/", true),
        ("h:81", "http://h/", false),
        ("h:443", "https://h/", true),
        ("[::1]:80", "http://[::1]/", true),
        ("[::1]:80", "http://[::1]:81/", false),
        ("[::1]", "http://[::1]:81/", true),
        ("127.0.0.1:80", "http://127.0.0.1/", true),
        ("127.0.0.0/8:80", "http://127.0.0.1:81/", false),
        ("*:81", "http://any:81/", true),
        ("*:81", "http://any/", false),
        ("h:", "http://h/", false),
        ("h:+80", "http://h/", false),
        ("h:99999", "http://h/", false),
        ("h:http", "http://h/", false),
    ] {
        assert_eq!(covers(list, url), expected, "{url} in {list}");
    }
}

#[test]
fn nothing_else_is_a_pattern() {
    for (list, url, expected) in [
        ("", "http://h/", false),
        (" , ,", "http://h/", false),
        (".", "http://h/", false),
        ("*", "http://h/", true),
        ("a,*", "http://h/", true),
        ("a\tb\nh", "http://h/", true),
        ("*.h", "http://www.h/", false),
        ("0.0.1", "http://127.0.0.1/", false),
        ("127.0.0.1", "http://x.127.0.0.a/", false),
        ("]:80", "http://h/", false),
        ("[", "http://h/", false),
    ] {
        assert_eq!(covers(list, url), expected, "{url} in {list:?}");
    }
}
