use netcore::testing::error_law;

use super::*;

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

#[test]
fn only_the_same_text_is_the_password() {
    let long = "x".repeat(Password::MAX);
    for own in ["a", "open sesame", " spaces ", "pässwörd", &long] {
        assert!(password(own).is(own), "{own}");
        for other in ["", "b", "open sesam", "open sesame ", "open sesame\0", "spaces", &long[1..]]
        {
            assert!(!password(own).is(other), "{own} and {other:?}");
        }
        // A longer text with the same beginning.
        assert!(!password(own).is(&format!("{own}x")), "{own}");
    }
}

#[test]
fn a_password_does_not_print_itself() {
    assert_eq!(format!("{:?}", password("sesame")), "Password(Secret(..))");
}

#[test]
fn a_text_that_no_client_can_say_is_refused() {
    use PasswordError::{Control, Empty, TooLong};
    assert!(matches!(Password::new(""), Err(Empty)));
    assert!(matches!(Password::new(&"x".repeat(Password::MAX + 1)), Err(TooLong)));
    for text in ["a\tb", "a\nb", "a\0b", "a\u{85}b"] {
        assert!(matches!(Password::new(text), Err(Control)), "{text:?}");
    }
}

#[test]
fn the_first_line_of_a_file_is_the_password() {
    let read = Password::from_first_line;
    for bytes in [&b"sesame"[..], b"sesame\n", b"sesame\r\n", b"sesame\nanother line\n"] {
        assert_eq!(read(bytes).unwrap().expose(), "sesame");
    }
    assert_eq!(read(b" a b \n").unwrap().expose(), " a b ");
    assert!(matches!(read(b""), Err(PasswordError::Empty)));
    assert!(matches!(read(b"\nsecond\n"), Err(PasswordError::Empty)));
    assert!(matches!(read(b"a\xff\n"), Err(PasswordError::NotUtf8)));
    let longest = [vec![b'x'; Password::MAX], b"\r\nrest".to_vec()].concat();
    assert_eq!(read(&longest).unwrap().expose().len(), Password::MAX);
    for text in ["xx", "ß"] {
        let long = text.repeat(Password::MAX);
        let long = format!("x{long}");
        assert!(
            matches!(read(&long.as_bytes()[..Password::MAX + 3]), Err(PasswordError::TooLong)),
            "{text}"
        );
    }
}

#[test]
fn a_missing_file_is_an_error_with_its_cause() {
    let error = Password::from_file("/nonexistent/password").unwrap_err();
    assert!(matches!(error, PasswordError::Unreadable(_)), "{error:?}");
    error_law(&error);
}
