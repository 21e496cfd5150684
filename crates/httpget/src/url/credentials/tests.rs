use super::*;

/// RFC 4648 section 10.
#[test]
fn base64_matches_the_rfc() {
    for (bytes, encoded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
        ("\u{fb}\u{ff}>>?", "w7vDvz4+Pw=="),
    ] {
        assert_eq!(base64(bytes.as_bytes()), encoded);
    }
}

/// RFC 7617 sections 2 and 2.1.
#[test]
fn basic_authentication_matches_the_rfc() {
    for (userinfo, basic) in [
        ("Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test:123%C2%A3", "Basic dGVzdDoxMjPCow=="),
        ("test:123£", "Basic dGVzdDoxMjPCow=="),
        ("user", "Basic dXNlcjo="),
    ] {
        let credentials = Credentials::from_userinfo(userinfo).unwrap().unwrap();
        assert_eq!(credentials.basic(), basic);
        assert!(credentials.basic().is_sensitive());
    }
}

#[test]
fn credentials_that_a_server_would_misread_are_refused() {
    use InvalidCredentials::{Colon, ControlCharacter};
    for (user, password, refused) in [
        ("a:b", "c", Some(Colon)),
        ("a\n", "c", Some(ControlCharacter)),
        ("a", "c\u{9b}", Some(ControlCharacter)),
        ("a", "b:c", None),
        ("", "", None),
    ] {
        let error = Credentials::new(user, password).err();
        assert_eq!(error, refused);
        if let Some(error) = error {
            netcore::testing::error_law(&error);
        }
    }
}

#[test]
fn escapes_are_decoded_once() {
    for (text, decoded) in
        [("%41%2542", "A%42"), ("%", "%"), ("%4", "%4"), ("%zz%4", "%zz%4"), ("%%41", "%A")]
    {
        assert_eq!(percent_decode(text.as_bytes()), decoded.as_bytes());
    }
}
