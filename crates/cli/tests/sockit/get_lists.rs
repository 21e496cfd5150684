//! `sockit get --url-file`: each line is a job of its own.

use std::fs;
use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::process::{Process, run, run_with_input, sockit};

/// Starts a server that answers with the path.
fn echo() -> Http {
    Http::start(|asked, stream| {
        let _ = stream.write_all(&ok(format!("{} ", asked.target()).as_bytes()));
        Then::Keep
    })
}

#[test]
fn a_malformed_line_fails_by_itself_with_its_line_number() {
    let server = echo();
    let dir = TestDir::new();
    let list = dir.path("list");
    let lines = [
        b"\xef\xbb\xbf".to_vec(),
        format!("{}\r\n# a remark\r\n", server.url("/1")).into_bytes(),
        b"http://[bad/\n\xff\xfe\n".to_vec(),
        format!("{}\n", "x".repeat(100_000)).into_bytes(),
        server.url("/2").into_bytes(),
    ];
    fs::write(&list, lines.concat()).unwrap();
    let path = list.to_str().unwrap();
    for at_once in ["1", "4"] {
        let finished = run(&["get", "-Z", at_once, "--url-file", path]);
        finished.expect_code(3);
        assert_eq!(finished.stdout_text(), "/1 /2 ");
        let mut said: Vec<&str> = finished.stderr().lines().collect();
        said.sort_unstable();
        assert_eq!(said.len(), 3, "{}", finished.story());
        for (line, number, words) in
            [(said[0], 3, "bracket"), (said[1], 4, "not UTF-8"), (said[2], 5, "longer than")]
        {
            let place = format!("sockit: {path}:{number}: ");
            assert!(line.starts_with(&place) && line.contains(words), "{line:?}");
        }
    }
}

#[test]
fn a_url_without_a_file_name_does_not_stop_later_lines() {
    let server = echo();
    let dir = TestDir::new();
    let list = format!("{}\n{}\n{}\n", server.url("/a"), server.url("/d/%2f"), server.url("/b"));
    let mut command = sockit(&["get", "-O", "--json", "--url-file", "-"]);
    command.current_dir(dir.path(""));
    let mut process = Process::spawn(command);
    process.feed(list.as_bytes());
    process.close_stdin();
    let finished = process.finish();
    finished.expect_code(2).expect_error_line(&["standard input:2: -O", "/d/%2f"]);
    assert_eq!(finished.stdout_text().lines().count(), 3, "each one is told of");
    assert_eq!(fs::read_to_string(dir.path("a")).unwrap(), "/a ");
    assert_eq!(fs::read_to_string(dir.path("b")).unwrap(), "/b ");
}

#[test]
fn a_list_is_read_as_it_arrives() {
    let server = echo();
    for at_once in ["1", "3"] {
        let mut process = Process::spawn(sockit(&["get", "-Z", at_once, "--url-file", "-"]));
        process.feed(format!("{}\n", server.url("/1")).as_bytes());
        process.stdout_when("first body", |text| text == "/1 ");
        process.feed(format!("{}\n", server.url("/2")).as_bytes());
        process.stdout_when("second body", |text| text == "/1 /2 ");
        process.close_stdin();
        process.finish().expect_code(0).expect_quiet();
    }
}

#[test]
fn output_files_are_assigned_to_lines_in_order() {
    let server = echo();
    let dir = TestDir::new();
    let (a, b) = (dir.path("a"), dir.path("b"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    let args = ["get", "-o", a, "-o", b, "--url-file", "-"];
    let list = |lines: &[String]| run_with_input(&args, lines.join("\n").as_bytes());
    list(&["http://[".to_owned(), server.url("/2")]).expect_code(3);
    assert!(!fs::exists(a).unwrap());
    assert_eq!(fs::read_to_string(b).unwrap(), "/2 ");
    let finished = list(&[server.url("/1"), server.url("/2"), server.url("/3")]);
    finished.expect_code(2).expect_error_line(&["standard input:3", "2 -o for 3 URLs"]);
    assert_eq!(fs::read_to_string(a).unwrap(), "/1 ");
    list(&["-".to_owned(), server.url("/3")]).expect_code(3).expect_error_line(&["- is not a URL"]);
    assert_eq!(fs::read_to_string(b).unwrap(), "/3 ");
    list(&[server.url("/4")]).expect_code(2).expect_error_line(&["2 -o for 1 URLs"]);
    assert_eq!(fs::read_to_string(a).unwrap(), "/4 ");
}

#[test]
fn an_unreadable_list_exits_with_26() {
    let server = echo();
    let dir = TestDir::new();
    let missing = dir.path("missing");
    let args = ["get", "--url-file", missing.to_str().unwrap(), &server.url("/1")];
    run(&args).expect_code(26).expect_error_line(&["open", "missing"]);
    let directory = dir.path("");
    let args = ["get", "--url-file", directory.to_str().unwrap(), &server.url("/1")];
    let finished = run(&args);
    match cfg!(windows) {
        // Windows opens no directory, so nothing is sent.
        true => finished.expect_code(26).expect_error_line(&["open"]),
        false => finished.expect_code(26).expect_error_line(&["irectory"]),
    };
    assert_eq!(finished.stdout_text(), if cfg!(windows) { "" } else { "/1 " });
}

#[test]
fn a_line_may_name_its_file() {
    let server = echo();
    let dir = TestDir::new();
    let list = format!(
        "{a} first\n{b}\n{c}\ta name with spaces.txt\n{d} -\n",
        a = server.url("/a"),
        b = server.url("/b"),
        c = server.url("/c"),
        d = server.url("/d")
    );
    let path = dir.path("");
    let args = ["get", "--output-dir", path.to_str().unwrap(), "-O", "--url-file", "-"];
    let finished = run_with_input(&args, list.as_bytes());
    assert_eq!(finished.expect_code(0).expect_quiet().stdout_text(), "/d ");
    assert_eq!(dir.names(), ["a name with spaces.txt", "b", "first"]);
    assert_eq!(fs::read_to_string(dir.path("first")).unwrap(), "/a ");
    assert_eq!(fs::read_to_string(dir.path("a name with spaces.txt")).unwrap(), "/c ");
    // A line that names its file uses up no -o.
    let args = ["get", "--output-dir", path.to_str().unwrap(), "-o", "given", "--url-file", "-"];
    let list = format!("{} named\n{}\n", server.url("/e"), server.url("/f"));
    run_with_input(&args, list.as_bytes()).expect_code(0);
    assert_eq!(fs::read_to_string(dir.path("given")).unwrap(), "/f ");
    assert_eq!(fs::read_to_string(dir.path("named")).unwrap(), "/e ");
}
