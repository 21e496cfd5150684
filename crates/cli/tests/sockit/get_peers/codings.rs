//! Content codings of nginx, and files that were made by others' encoders.

use std::fs;
use std::process::Command;

use super::nginx::Nginx;
use crate::common::process::run;

/// Text of `length` bytes that compresses.
fn text(length: usize) -> Vec<u8> {
    let numbers =
        (0_u32..).flat_map(|it| format!("{} ", it.wrapping_mul(2_654_435_761) >> 12).into_bytes());
    numbers.take(length).collect()
}

const SIZES: [usize; 5] = [0, 1, 3000, 300_000, 3 << 20];

/// A server that compresses `/gzip`, has files in gzip at `/static`, and files in br and zstd.
fn nginx() -> Nginx {
    let directives = "default_type text/plain;\n\
        location /gzip/ { gzip on; gzip_types text/plain; gzip_min_length 0; gzip_http_version 1.0; }\n\
        location /static/ { gzip_static always; }\n\
        location /br/ { add_header Content-Encoding br; }\n\
        location /zstd/ { add_header Content-Encoding zstd; }\n";
    Nginx::start(directives, |dir| {
        for folder in ["gzip", "static", "br", "zstd"] {
            fs::create_dir(dir.path("www").join(folder)).expect("make a folder");
        }
        let run = |program: &str, args: &[&str]| {
            let status = Command::new(program).args(args).status();
            assert!(status.unwrap_or_else(|error| panic!("{program}: {error}")).success());
        };
        for (number, size) in SIZES.iter().enumerate() {
            let path = |folder: &str, name: String| {
                dir.path("www").join(folder).join(name).display().to_string()
            };
            let plain = path("gzip", number.to_string());
            fs::write(&plain, text(*size)).expect("write a file");
            fs::copy(&plain, path("static", number.to_string())).expect("copy a file");
            run("gzip", &[&path("static", number.to_string())]);
            run("brotli", &["-q", "5", "-o", &path("br", number.to_string()), &plain]);
            let level = if number % 2 == 0 { "-12" } else { "-1" };
            run("zstd", &["-q", level, "-o", &path("zstd", number.to_string()), &plain]);
        }
    })
}

#[test]
#[ignore = "needs nginx, brotli and zstd"]
fn files_in_every_coding_are_decoded() {
    let nginx = nginx();
    for parallel in ["1", "8"] {
        let mut words: Vec<String> =
            ["get", "--compressed", "--cacert", &nginx.ca(), "-Z", parallel]
                .map(String::from)
                .into();
        let mut files = Vec::new();
        for folder in ["gzip", "static", "br", "zstd"] {
            for (number, size) in SIZES.iter().enumerate() {
                let file = nginx.dir().path(format!("{parallel}-{folder}-{number}"));
                words.extend(["-o".to_owned(), file.display().to_string()]);
                words.push(nginx.url(&format!("/{folder}/{number}")));
                files.push((file, size));
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&words).expect_code(0).expect_quiet();
        for (file, size) in files {
            assert!(fs::read(&file).unwrap() == text(*size), "{}", file.display());
        }
    }
}

#[test]
#[ignore = "needs nginx, brotli and zstd"]
fn nginx_compresses_only_on_request() {
    let nginx = nginx();
    let (ca, url) = (nginx.ca(), nginx.url("/gzip/3"));
    let size = |args: &[&str]| {
        let format = "%{size_download}";
        let all = [&["get", "--cacert", &ca, "-o", "/dev/null", "-w", format][..], args, &[&url]];
        run(&all.concat()).expect_code(0).stdout_text().parse::<usize>().unwrap()
    };
    assert_eq!(size(&[]), SIZES[3]);
    let compressed = size(&["--compressed"]);
    assert!(compressed < SIZES[3] * 2 / 3, "{compressed}");
    let by_hand = size(&["-H", "Accept-Encoding: gzip"]);
    assert_eq!(by_hand, compressed);
}

/// `-C` asks for the bytes behind the file without a coding.
#[test]
#[ignore = "needs nginx, brotli and zstd"]
fn a_complete_file_is_not_fetched_again() {
    let nginx = nginx();
    let file = nginx.dir().path("file");
    let (ca, name) = (nginx.ca(), file.display().to_string());
    let args = ["get", "--compressed", "--cacert", &ca, "-C", "-o", &name, &nginx.url("/gzip/3")];
    run(&args).expect_code(0);
    let format = ["-w", "%{size_download} %{http_code}"];
    let again = run(&[&args[..], &format].concat());
    assert_eq!(again.expect_code(0).stdout_text(), "0 416");
    assert!(fs::read(&file).unwrap() == text(SIZES[3]));
}
