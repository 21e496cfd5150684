//! nginx: HEAD, conditions, proposed names, heads in a file, and a limited rate.

use std::fs;

use super::nginx::Nginx;
use crate::common::listening::bytes;
use crate::common::process::{Finished, run};

/// Runs `get` on `targets` with these arguments.
fn get(nginx: &Nginx, args: &[&str], targets: &[&str]) -> Finished {
    let ca = nginx.ca();
    let urls: Vec<String> = targets.iter().map(|target| nginx.url(target)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    run(&[&["get", "--cacert", &ca], args, &urls].concat())
}

#[test]
#[ignore = "needs nginx"]
fn heads_come_without_bodies_over_kept_connections() {
    let nginx = Nginx::start("gzip on; gzip_types *;", |dir| {
        fs::write(dir.path("www/a"), bytes(100_000)).unwrap();
    });
    for parallel in ["1", "8"] {
        let got = get(&nginx, &["-I", "-Z", parallel], &["/a"; 16]);
        let text = got.expect_code(0).expect_quiet().stdout_text();
        assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 16, "{text}");
        assert_eq!(text.matches("Content-Length: 100000\r\n").count(), 16, "{text}");
        assert_eq!(text.matches("\r\n\r\n").count(), 16, "{text}");
    }
    let got = get(
        &nginx,
        &["-I", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} "],
        &["/a"; 2],
    );
    assert_eq!(got.expect_code(0).stdout_text(), "1 0 ");
    // A coding has no content to decode, and a range is none of the head.
    for field in ["Accept-Encoding: gzip", "Range: bytes=0-9"] {
        let got = get(&nginx, &["-I", "-H", field], &["/a", "/missing"]);
        let text = got.expect_code(0).stdout_text();
        assert_eq!(text.matches("HTTP/1.1 404 Not Found\r\n").count(), 1, "{text}");
    }
    get(&nginx, &["-I", "--fail"], &["/missing"]).expect_code(22);
}

#[test]
#[ignore = "needs nginx"]
fn unchanged_files_are_not_fetched_again() {
    let nginx = Nginx::start("", |dir| fs::write(dir.path("www/a"), "first").unwrap());
    let path = |name: &str| nginx.dir().path(name).display().to_string();
    let (file, tag) = (path("file"), path("tag"));
    let by_time = ["-z", &*file, "-o", &file, "-w", "%{http_code}"];
    let by_tag = ["--etag-save", &*tag, "--etag-compare", &tag, "-o", &file, "-w", "%{http_code}"];
    for args in [&by_time[..], &by_tag] {
        for status in ["200", "304"] {
            let got = get(&nginx, args, &["/a"]);
            assert_eq!(got.expect_code(0).stdout_text(), status, "{args:?}");
            assert_eq!(fs::read(&file).unwrap(), b"first");
        }
        fs::remove_file(&file).unwrap();
    }
    fs::write(nginx.dir().path("www/a"), "the second").unwrap();
    let got = get(&nginx, &by_tag, &["/a"]);
    assert_eq!(got.expect_code(0).stdout_text(), "200");
    assert_eq!(fs::read(&file).unwrap(), b"the second");
}

#[test]
#[ignore = "needs nginx"]
fn a_proposed_name_and_the_heads_have_files() {
    let name = "..%2Fn%20%221%22.txt";
    let field = format!("\"attachment; filename=other; filename*=UTF-8''{name}\"");
    let proposal = &format!("add_header Content-Disposition {field};");
    let nginx = Nginx::start(proposal, |dir| fs::write(dir.path("www/a"), "text").unwrap());
    let path = |name: &str| nginx.dir().path(name).display().to_string();
    let (out, heads) = (path("new/out"), path("heads"));
    for (parallel, urls, files) in [("1", 4, 4), ("8", 8, 12)] {
        let args = ["-OJ", "--create-dirs", "--output-dir", &out, "--no-clobber", "-D", &heads];
        let urls = &["/a"; 8][..urls];
        get(&nginx, &[&args[..], &["-Z", parallel]].concat(), urls).expect_code(0).expect_quiet();
        assert_eq!(fs::read_dir(&out).unwrap().count(), files);
        let heads = fs::read_to_string(&heads).unwrap();
        assert_eq!(heads.matches("HTTP/1.1 200 OK\r\n").count(), urls.len(), "{heads}");
    }
    assert_eq!(fs::read(format!("{out}/n \"1\".txt")).unwrap(), b"text");
    assert_eq!(fs::read(format!("{out}/n \"1\".txt.11")).unwrap(), b"text");
}

#[test]
#[ignore = "needs nginx"]
fn transfers_with_a_limited_rate_are_complete() {
    let content = bytes(300_000);
    let nginx = Nginx::start("", |dir| fs::write(dir.path("www/a"), bytes(300_000)).unwrap());
    for parallel in ["1", "8"] {
        let args = ["--limit-rate", "10M", "-Z", parallel];
        let got = get(&nginx, &args, &["/a"; 8]);
        assert!(got.expect_code(0).expect_quiet().stdout() == content.repeat(8), "-Z {parallel}");
    }
    let args = ["--limit-rate", "1k", "-m", "500ms"];
    get(&nginx, &args, &["/a"]).expect_code(28).expect_error_line(&["the rate is limited"]);
}
