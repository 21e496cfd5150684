use super::*;

/// The line as it is written after it was read.
fn again(line: &str) -> Result<Option<String>, BadLine> {
    let mut out = Vec::new();
    let cookie = parse(line.as_bytes())?;
    Ok(cookie.map(|cookie| {
        write(&cookie, &mut out);
        String::from_utf8(out).unwrap()
    }))
}

#[test]
fn lines_of_other_programs_are_read_and_written_alike() {
    for line in [
        "example.com\tFALSE\t/\tFALSE\t0\ta\tb",
        ".example.com\tTRUE\t/a\tTRUE\t1790000000\ta\tb c=\"d\"",
        "#HttpOnly_example.com\tFALSE\t/\tFALSE\t0\ta\t",
        "#HttpOnly_.example.com\tTRUE\t/\tFALSE\t0\ta\tb",
        "fe80::a%ETH0\tFALSE\t/\tFALSE\t0\ta\tb",
        "::1\tFALSE\t/\tFALSE\t0\ta\t\u{20ac}",
    ] {
        assert_eq!(again(line), Ok(Some(format!("{line}\n"))));
    }
    for (line, written) in [
        ("Example.COM\tfalse\t/\tFalse\t0\ta\tb", "example.com\tFALSE\t/\tFALSE\t0\ta\tb\n"),
        ("example.com\tTRUE\t/\tFALSE\t0\ta\tb", ".example.com\tTRUE\t/\tFALSE\t0\ta\tb\n"),
        (".example.com\tFALSE\t/\tFALSE\t0\ta\tb", "example.com\tFALSE\t/\tFALSE\t0\ta\tb\n"),
        ("example.com\tFALSE\t/\tFALSE\t0\ta", "example.com\tFALSE\t/\tFALSE\t0\ta\t\n"),
    ] {
        assert_eq!(again(line), Ok(Some(written.to_owned())));
    }
    for nothing in ["", "  ", "# a comment", "#\ta\tb", "#HttpOnly_", "#HttpOnly_# a"] {
        assert_eq!(again(nothing), Ok(None), "{nothing:?}");
    }
}

#[test]
fn bad_lines_are_named() {
    for (line, bad) in [
        ("example.com", BadLine::Fields),
        ("example.com FALSE / FALSE 0 a b", BadLine::Fields),
        ("h\tFALSE\t/\tFALSE\t0", BadLine::Fields),
        ("h\tFALSE\t/\tFALSE\t0\ta\tb\tc", BadLine::Fields),
        ("h\tYES\t/\tFALSE\t0\ta\tb", BadLine::Flag),
        ("h\tTRUE\t/\t\t0\ta\tb", BadLine::Flag),
        ("h\tFALSE\t/\tFALSE\t\ta\tb", BadLine::Expiry),
        ("h\tFALSE\t/\tFALSE\t1.5\ta\tb", BadLine::Expiry),
        ("h\tFALSE\t/\tFALSE\t99999999999999999999\ta\tb", BadLine::Expiry),
        ("\tFALSE\t/\tFALSE\t0\ta\tb", BadLine::Text),
        ("..h\tFALSE\t/\tFALSE\t0\ta\tb", BadLine::Text),
        (".#h\tFALSE\t/\tFALSE\t0\ta\tb", BadLine::Text),
        (".\tTRUE\t/\tFALSE\t0\ta\tb", BadLine::Text),
        ("h\tFALSE\ta\tFALSE\t0\ta\tb", BadLine::Text),
        ("h\tFALSE\t/\tFALSE\t0\t\tb", BadLine::Text),
        ("h\tFALSE\t/\tFALSE\t0\ta=b\tc", BadLine::Text),
        ("h\tFALSE\t/\tFALSE\t0\ta\tb; c=d", BadLine::Text),
        ("h\tFALSE\t/\tFALSE\t0\ta\tb\u{1}", BadLine::Text),
    ] {
        assert_eq!(again(line), Err(bad), "{line:?}");
    }
}
