use std::fmt;
use std::io;

use super::*;
use crate::error::{FileError, debug_as_chain};

/// An error whose texts the tests choose.
struct Scripted {
    own: &'static str,
    alternate: &'static str,
    cause: Option<io::Error>,
}

debug_as_chain!(Scripted { own, alternate, cause });

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { self.alternate } else { self.own })
    }
}

impl Error for Scripted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}

fn scripted(own: &'static str, alternate: &'static str, cause: Option<&'static str>) -> Scripted {
    Scripted { own, alternate, cause: cause.map(io::Error::other) }
}

#[test]
fn errors_that_obey_pass_with_their_line() {
    let error = scripted("read a", "read a: gone", Some("gone"));
    assert_eq!(check(&error), Ok(String::from("read a: gone")));
    let error = FileError::new("open", "a\tb".as_ref())(io::Error::other("gone"));
    assert_eq!(error_law(&error), "open a\\tb: gone");
}

#[test]
fn each_breach_is_told() {
    #[derive(Debug)]
    struct Derived;
    impl fmt::Display for Derived {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("derived")
        }
    }
    impl Error for Derived {}

    let breaches: [(Box<dyn Error>, &str); 6] = [
        (Box::new(scripted("", "", None)), "empty"),
        (Box::new(scripted("a\nb", "a\nb", None)), "control characters"),
        (Box::new(scripted("read a: gone", "x", Some("gone"))), "contains another"),
        (Box::new(scripted("read a: gone: gone", "x", None)), "occurs twice"),
        (Box::new(scripted("read a", "read a", Some("gone"))), "{:#} is not"),
        (Box::new(Derived), "{:?} is not"),
    ];
    for (error, breach) in breaches {
        let text = check(&*error).unwrap_err();
        assert!(text.contains(breach), "{breach}: {text}");
    }
}

#[test]
#[should_panic(expected = "{:?} is not the line with all causes")]
fn an_error_of_std_with_a_struct_dump_panics() {
    error_law(&io::Error::other("gone"));
}
