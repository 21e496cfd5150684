use std::fs;
use std::io::BufReader;

use netcore::testing::{TestDir, error_law};

use super::*;
use crate::cookies::limits::CookieLimits;
use crate::cookies::refusal::CookieRefusal;

const NOW: i64 = 1_790_000_000;

/// The names that are read, and the skipped lines.
fn names(limits: CookieLimits, content: &[u8], buffer: usize) -> (String, Vec<(usize, BadLine)>) {
    let mut store = Store::new(limits);
    let mut skipped = Vec::new();
    let mut reader = BufReader::with_capacity(buffer, content);
    read(&mut store, &mut reader, NOW, &mut |line, bad| skipped.push((line, bad))).unwrap();
    let names = store.cookies().map(|cookie| String::from_utf8_lossy(&cookie.name).into_owned());
    (names.collect::<Vec<_>>().join(" "), skipped)
}

#[test]
fn a_file_is_read_without_its_bad_lines() {
    let long = "x".repeat(4096 + OTHER_FIELDS);
    let content = format!(
        "# Netscape HTTP Cookie File\r\n\r\n\
         h\tFALSE\t/\tFALSE\t0\ta\t1\r\n\
         bad\n\
         .co.uk\tTRUE\t/\tFALSE\t0\tsuper\t1\n\
         h\tFALSE\t/\tFALSE\t{NOW}\texpired\t1\n\
         {long}\n\
         .192.0.2.1\tTRUE\t/\tFALSE\t0\tb\t1\n\
         h\tFALSE\t/\tFALSE\t0\t__Secure-c\t1\n\
         h\tFALSE\t/\tFALSE\t0\tlast\t1"
    );
    let expected = [
        (4, BadLine::Fields),
        (5, BadLine::Refused(CookieRefusal::PublicSuffix)),
        (7, BadLine::Long),
        (9, BadLine::Refused(CookieRefusal::Prefix)),
    ];
    for buffer in [1, 7, 64 << 10] {
        let (names, skipped) = names(CookieLimits::default(), content.as_bytes(), buffer);
        assert_eq!(names, "a b last");
        assert_eq!(skipped, expected);
    }
    for (_, bad) in expected {
        error_law(&bad);
    }
}

#[test]
fn a_file_and_its_lines_have_limits() {
    let limits = CookieLimits::default().with_file(99);
    let mut store = Store::new(limits.clone());
    for endless in [b'\n', b'x'] {
        let mut reader = BufReader::new(io::repeat(endless));
        let error = read(&mut store, &mut reader, NOW, &mut |_, _| ()).unwrap_err();
        assert_eq!(error.to_string(), "longer than 99 bytes");
    }
    assert_eq!(names(limits, &[b'\n'; 99], 16), (String::new(), Vec::new()));
    let many = (0..9).map(|n| format!("h\tFALSE\t/\tFALSE\t0\tn{n}\t\n")).collect::<String>();
    let (names, _) = names(CookieLimits::default().with_domain(2), many.as_bytes(), 64);
    assert_eq!(names, "n7 n8");
}

#[test]
fn a_file_is_replaced_only_when_it_is_complete() {
    let dir = TestDir::new();
    let path = dir.path("jar");
    save(&path, b"one").unwrap();
    save(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    // A file of a killed process of the same number.
    fs::write(aside(&path, 0), b"left").unwrap();
    save(&path, b"three").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"three");
    let missing = path.join("below/jar");
    let error = save(&missing, b"x").unwrap_err();
    error_law(&error);
    let long = dir.path("x".repeat(250));
    save(&long, b"x").unwrap();
    assert_eq!(fs::read(long).unwrap(), b"x");
}

#[cfg(unix)]
#[test]
fn permissions_links_and_devices_stay_as_they_are() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let dir = TestDir::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = dir.path("jar");
    save(&path, b"x").unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = dir.path("link");
    symlink("jar", &link).unwrap();
    save(&link, b"y").unwrap();
    assert!(link.is_symlink());
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"y".to_vec(), 0o640));
    let dangling = dir.path("dangling");
    symlink("new", &dangling).unwrap();
    save(&dangling, b"z").unwrap();
    assert!(dangling.is_symlink());
    assert_eq!(
        (fs::read(dir.path("new")).unwrap(), mode(&dir.path("new"))),
        (b"z".to_vec(), 0o600)
    );
    save(Path::new("/dev/null"), b"x").unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}
