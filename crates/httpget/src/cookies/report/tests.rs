use super::*;

#[test]
fn a_report_names_no_value_and_disturbs_no_terminal() {
    let refused =
        |value: &[u8]| CookieReport::new(value, Err(CookieRefusal::NoName), 0).to_string();
    assert_eq!(refused(b"sesame"), "refused a cookie: it has no name");
    assert_eq!(refused(b"sesame; a=b"), "refused a cookie: it has no name");
    assert_eq!(refused(b" id =sesame"), "refused the cookie id: it has no name");
    assert_eq!(
        refused(b"a\x1b[31m\xc2\x9b\xff=1"),
        "refused the cookie a\u{fffd}[31m\u{fffd}\u{fffd}: it has no name"
    );
    let long =
        CookieReport::new(&[b"x".repeat(99), b"=".to_vec()].concat(), Ok(Change::Removed), 0);
    assert_eq!(long.name().len(), MAX_NAME);
    assert_eq!(long.refusal(), None);
}
