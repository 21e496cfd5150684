//! `sockit get`: the names of files: `-O`, `-J`, `--output-dir`, `--create-dirs`.

use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::process::run;

/// A server that proposes the name in the query of the URL, percent-encoded.
fn proposing() -> Http {
    Http::start(|asked, stream| {
        let name = asked.target().split_once('?').map_or("", |(_, name)| name);
        let field = match name {
            "" => String::new(),
            name => format!("Content-Disposition: attachment; filename*=UTF-8''{name}\r\n"),
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n{field}\r\nbody");
        let _ = stream.write_all(head.as_bytes());
        Then::Keep
    })
}

#[test]
fn a_url_without_a_file_name_is_index_html() {
    let server = Http::saying(ok(b"body"));
    let dir = TestDir::new();
    for path in ["/", "/a/", "/a/?b=c/d", ""] {
        run(&["get", "-O", "--output-dir", dir.path("").to_str().unwrap(), &server.url(path)])
            .expect_code(0);
        assert_eq!(dir.names(), ["index.html"], "{path}");
        fs::remove_file(dir.path("index.html")).unwrap();
    }
    run(&["get", "-O", &server.url("/a%2fb")]).expect_code(2).expect_error_line(&["-o FILE"]);
}

#[cfg(unix)]
#[test]
fn the_output_directory_holds_the_files() {
    let server = Http::saying(ok(b"body"));
    let (dir, url) = (TestDir::new(), server.url("/name"));
    let deep = dir.path("a/b");
    let missing = ["get", "--output-dir", deep.to_str().unwrap(), "-O", &url];
    run(&missing).expect_code(23).expect_error_line(&["a/b/name"]);
    run(&[&missing[..], &["--create-dirs"]].concat()).expect_code(0);
    assert_eq!(fs::read(dir.path("a/b/name")).unwrap(), b"body");
    let mode = fs::metadata(&deep).unwrap().permissions().mode();
    assert_eq!(mode & 0o027, 0, "at most 0750, as in curl: {mode:o}");
    let other = ["get", "--output-dir", deep.to_str().unwrap(), "-o", "c/d", &url];
    run(&[&other[..], &["--create-dirs"]].concat()).expect_code(0);
    assert_eq!(fs::read(dir.path("a/b/c/d")).unwrap(), b"body");
    // As in curl, an absolute path is below the directory.
    let absolute = ["get", "--output-dir", deep.to_str().unwrap(), "-o", "/e", &url];
    run(&absolute).expect_code(0);
    assert_eq!(fs::read(dir.path("a/b/e")).unwrap(), b"body");
    let finished = run(&["get", "--output-dir", deep.to_str().unwrap(), "-o", "-", &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), "body");
}

/// Runs `get -OJ` with these arguments in a directory.
fn run_named(dir: &TestDir, args: &[&str]) -> crate::common::process::Finished {
    let path = dir.path("");
    run(&[&["get", "-OJ", "--output-dir", path.to_str().expect("UTF-8")], args].concat())
}

#[test]
fn a_server_names_the_file_but_no_path() {
    let server = proposing();
    for (proposed, name) in [
        ("a%20b.txt", "a b.txt"),
        ("%e2%82%ac", "\u{20ac}"),
        ("..%2f..%2fpasswd", "passwd"),
        ("%2Fetc%2Fpasswd", "passwd"),
        ("C%3A%5Cx.dll", "x.dll"),
        (".bashrc", "_bashrc"),
        ("..", "url"),
        ("", "url"),
        ("a%0Ab%1B", "a_b_"),
        ("x.part", "x.part_"),
    ] {
        let dir = TestDir::new();
        let url = server.url(&format!("/url?{proposed}"));
        let finished = run_named(&dir, &["-w", "%{filename_effective}", &url]);
        assert!(finished.expect_code(0).stdout_text().ends_with(name), "{proposed}");
        assert_eq!(dir.names(), [name], "{proposed}");
        assert_eq!(fs::read(dir.path(name)).unwrap(), b"body");
    }
}

#[cfg(unix)]
#[test]
fn a_proposed_name_replaces_nothing() {
    let server = proposing();
    let (dir, url) = (TestDir::new(), server.url("/url?new"));
    fs::write(dir.path("new"), "old").unwrap();
    run_named(&dir, &[&url]).expect_code(23).expect_error_line(&["new", "exists"]);
    assert_eq!(fs::read(dir.path("new")).unwrap(), b"old");
    assert_eq!(dir.names(), ["new"]);
    run_named(&dir, &["--no-clobber", &url, &url]).expect_code(0);
    assert_eq!(dir.names(), ["new", "new.1", "new.2"]);
    assert_eq!(fs::read(dir.path("new.2")).unwrap(), b"body");
    fs::remove_file(dir.path("new")).unwrap();
    let outside = TestDir::new();
    std::os::unix::fs::symlink(outside.path("target"), dir.path("new")).unwrap();
    run_named(&dir, &[&url]).expect_code(23);
    assert!(outside.names().is_empty());
}

#[test]
fn simultaneous_transfers_of_one_proposed_name_do_not_mix() {
    let server = proposing();
    let (dir, url) = (TestDir::new(), server.url("/url?new"));
    let args = [&["-Z", "8", "--no-clobber"][..], &vec![&*url; 30]].concat();
    run_named(&dir, &args).expect_code(0);
    assert_eq!(dir.names().len(), 30);
    assert!(dir.names().iter().all(|name| fs::read(dir.path(name)).unwrap() == b"body"));
}

#[test]
fn a_proposed_name_needs_a_remote_name_and_no_heads() {
    for args in [&["-J"][..], &["-OJi"], &["-OJI"], &["-J", "-o", "x"]] {
        run(&[&["get"], args, &["http://127.0.0.1:1/"]].concat()).expect_code(2);
    }
}
