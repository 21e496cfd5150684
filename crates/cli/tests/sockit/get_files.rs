//! `sockit get`: the output file, the partial file and other files beside it.

use std::fs;
use std::io::Write;
use std::process::Command;

use netcore::testing::TestDir;

use crate::common::http::{Asked, Http, Then, ok, ranged};
use crate::common::listening::bytes;
#[cfg(target_os = "linux")]
use crate::common::process::Finished;
use crate::common::process::{Process, program, run};

/// Starts a server of `/a` and `/b`, which have the same size and entity tag. The first transfer
/// breaks.
fn two_of_one_tag() -> Http {
    Http::start(|asked, stream| {
        let fill = if asked.target() == "/a" { b'A' } else { b'B' };
        let reply = ranged(asked, "\"5f3e-30d40\"", &[fill; 200_000]);
        let end = if asked.number == 0 { 70_000 } else { reply.len() };
        let _ = stream.write_all(&reply[..end]);
        Then::Close
    })
}

#[test]
fn partial_downloads_of_two_urls_are_never_joined() {
    let server = two_of_one_tag();
    let dir = TestDir::new();
    let file = dir.path("file");
    let path = file.to_str().unwrap();
    run(&["get", "-C", "-o", path, &server.url("/a")]).expect_code(18);
    run(&["get", "-C", "-o", path, &server.url("/b")]).expect_code(0).expect_quiet();
    assert!(fs::read(&file).unwrap() == [b'B'; 200_000]);
    assert_eq!(server.asked()[1].field("range"), None);
}

#[test]
fn a_part_file_of_the_user_is_left_alone() {
    let server = Http::saying(ok(b"new"));
    let dir = TestDir::new();
    let (file, part) = (dir.path("file"), dir.path("file.part"));
    fs::write(&part, "a browser's").unwrap();
    let url = server.url("/");
    for more in [&[][..], &["-C"], &["--retry", "3"]] {
        let args = [&["get", "-o", file.to_str().unwrap(), &url][..], more].concat();
        let says = ["file.part", "untouched", "another name"];
        run(&args).expect_code(23).expect_error_line(&says);
    }
    assert_eq!(fs::read(&part).unwrap(), b"a browser's");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(server.asked().len(), 0, "nothing is asked for that could not be kept");
}

#[test]
fn a_complete_file_is_reported_as_complete() {
    let body = bytes(5000);
    let whole = body.clone();
    let server = Http::start(move |asked, stream| {
        let _ = stream.write_all(&ranged(asked, "\"v1\"", &whole));
        Then::Keep
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let args = ["get", "-v", "-C", "-o", file.to_str().unwrap(), &server.url("/")];
    run(&args).expect_code(0);
    let finished = run(&args);
    finished.expect_code(0);
    assert!(
        finished.stderr().contains("* the file already has all 5000 bytes"),
        "{}",
        finished.story()
    );
    fs::write(&file, "another one").unwrap();
    run(&args).expect_code(0);
    assert!(fs::read(&file).unwrap() == body);
    let range = |asked: &Asked| asked.field("range").map(str::to_owned);
    let ranges: Vec<_> = server.asked().iter().map(range).collect();
    let wanted = [None, Some("bytes=5000-"), Some("bytes=11-"), None];
    assert_eq!(ranges, wanted.map(|range| range.map(str::to_owned)));
}

#[test]
fn without_a_further_attempt_the_last_response_counts() {
    let reply = "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 4\r\n\r\nbusy";
    let server = Http::saying(reply);
    let url = server.url("/");
    for limit in [&[][..], &["--max-time", "20s"]] {
        let args = [&["get", "--retry", "2", &url][..], limit].concat();
        let finished = run(&args);
        assert_eq!(finished.expect_code(0).expect_quiet().stdout_text(), "busy");
        let finished = run(&[&args[..], &["--fail"]].concat());
        finished.expect_code(22).expect_error_line(&["503", "3600 s"]);
    }
    let finished = run(&["get", "-v", "--retry", "2", &server.url("/")]);
    assert!(finished.stderr().contains("* no further attempt"), "{}", finished.story());
    assert_eq!(server.asked().len(), 5, "each once");
}

#[test]
fn a_range_from_zero_accepts_the_whole_resource() {
    let server = Http::saying(ok(b"0123456789"));
    for (range, code) in [("0-", 0), ("0-9", 0), ("0-99", 0), ("-10", 0), ("1-", 33), ("0-8", 33)] {
        let finished = run(&["get", "-r", range, &server.url("/")]);
        finished.expect_code(code);
        assert_eq!(finished.stdout_text(), if code == 0 { "0123456789" } else { "" }, "{range}");
    }
}

#[test]
fn a_body_announced_above_the_limit_fails_at_once() {
    let server = Http::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
        Then::Stall
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    fs::write(&file, "old").unwrap();
    let url = server.url("/");
    for more in [&[][..], &["-o", file.to_str().unwrap()], &["--json"], &["-i"]] {
        // A client that waits for the body ends with 28.
        let args = [&["get", "--max-filesize", "5", "--max-time", "20s", &url][..], more].concat();
        run(&args).expect_code(63);
    }
    assert_eq!(fs::read(&file).unwrap(), b"old");
    let server = Http::saying(ok(&bytes(2_000_000)));
    let url = server.url("/");
    for more in [&[][..], &["--json"]] {
        let args = [&["get", "--max-filesize", "0", &url][..], more].concat();
        run(&args).expect_code(0);
    }
}

#[test]
fn verbose_names_the_side_that_closes() {
    let reply = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";
    let server = Http::saying(reply);
    for (more, says) in [
        (&["-H", "Connection: close"][..], "the connection is closed: the request asked for it"),
        (&["--http1.0"], "the connection is closed: the request asked for it"),
        (&[], "the connection is kept"),
    ] {
        let finished = run(&[&["get", "-v", &server.url("/")][..], more].concat());
        finished.expect_code(0);
        let last = finished.stderr().lines().last();
        assert_eq!(last, Some(&*format!("* {says}")), "{}", finished.story());
    }
}

#[cfg(unix)]
/// SIGXFSZ does not end the program. The write fails instead.
#[test]
fn a_file_above_the_process_limit_exits_with_23() {
    let server = Http::saying(ok(&bytes(1_000_000)));
    let dir = TestDir::new();
    let file = dir.path("file");
    for (to, left) in [(Some(&file), "file.part"), (None, "output")] {
        let mut command = Command::new("sh");
        // 512 blocks of 512 bytes.
        command.args(["-c", "ulimit -f 512; exec \"$0\" \"$@\"", program()]);
        command.args(["get", &server.url("/")]);
        if let Some(file) = to {
            command.arg("-o").arg(file);
        }
        command.stdout(fs::File::create(dir.path("output")).unwrap());
        let finished = Process::spawn_with_stdout(command).finish();
        finished.expect_code(23).expect_error_line(&["too large"]);
        assert!(fs::metadata(dir.path(left)).unwrap().len() > 0);
    }
    assert!(!file.exists());
}

/// A name of up to 255 bytes has no room for `.part.meta`.
#[test]
fn file_names_may_have_the_maximum_length() {
    let body = bytes(100_000);
    let whole = body.clone();
    let server = Http::start(move |asked, stream| {
        let reply = ranged(asked, "\"v1\"", &whole);
        let end = if asked.number % 2 == 0 { reply.len() / 2 } else { reply.len() };
        let _ = stream.write_all(&reply[..end]);
        Then::Close
    });
    let dir = TestDir::new();
    for length in [245, 246, 251, 255] {
        let file = dir.path("a".repeat(length));
        let args = ["get", "-C", "-o", file.to_str().unwrap(), &server.url("/")];
        run(&args).expect_code(18);
        assert_eq!(fs::read_dir(dir.path(".")).unwrap().count(), 2, "the part and its mark");
        run(&args).expect_code(0);
        assert!(fs::read(&file).unwrap() == body, "{length}");
        assert!(server.asked().last().unwrap().field("range").is_some(), "{length}");
        fs::remove_file(file).unwrap();
        assert_eq!(fs::read_dir(dir.path(".")).unwrap().count(), 0, "nothing is left");
    }
    let asked = server.asked().len();
    let file = dir.path("a".repeat(256));
    run(&["get", "-o", file.to_str().unwrap(), &server.url("/")]).expect_code(23);
    assert_eq!(server.asked().len(), asked, "found out before the transfer");
}

/// Runs a shell with `args` in a mount namespace of its own. Returns `None` if this user may not
/// create one.
#[cfg(target_os = "linux")]
fn in_namespace(script: &str, args: &[&str]) -> Option<Finished> {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|it| it.success()) {
        println!("no mount namespace to be had: this is not tested");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-ec", script, program()]).args(args);
    Some(Process::spawn(command).finish())
}

#[cfg(target_os = "linux")]
#[test]
fn a_mounted_file_is_written_in_place() {
    let server = Http::saying(ok(b"new"));
    let dir = TestDir::new();
    let (host, mounted) = (dir.path("host"), dir.path("mounted"));
    fs::write(&host, "an older one").unwrap();
    fs::write(&mounted, "").unwrap();
    let script = "mount --bind \"$2\" \"$3\"; \"$0\" get -o \"$3\" \"$1\"; cat \"$3\"";
    let args = [&server.url("/"), host.to_str().unwrap(), mounted.to_str().unwrap()];
    let Some(finished) = in_namespace(script, &args) else { return };
    assert_eq!(finished.expect_code(0).expect_quiet().stdout_text(), "new");
    assert_eq!(fs::read(&host).unwrap(), b"new");
    assert_eq!(fs::read_dir(dir.path(".")).unwrap().count(), 2, "nothing is left beside");
}

/// The directory is read-only, but the file in it is not.
#[cfg(target_os = "linux")]
#[test]
fn a_file_in_a_read_only_directory_is_written_in_place() {
    let body = bytes(300_000);
    let whole = body.clone();
    let server = Http::start(move |asked, stream| {
        let reply = match asked.target() {
            "/gone" => b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n".to_vec(),
            _ => ranged(asked, "\"v1\"", &whole),
        };
        let end = if asked.number == 1 { 100_000 } else { reply.len() };
        let _ = stream.write_all(&reply[..end]);
        Then::Close
    });
    let dir = TestDir::new();
    let (host, closed) = (dir.path("host"), dir.path("closed"));
    fs::write(&host, "an older one").unwrap();
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("file"), "").unwrap();
    let script = "mount --bind \"$3\" \"$3\"; mount -o remount,ro,bind \"$3\"
        mount --bind \"$2\" \"$3/file\"
        if \"$0\" get --fail -o \"$3/file\" \"$1/gone\"; then exit 1; fi; cat \"$3/file\" >&2
        \"$0\" get --retry 1 -o \"$3/file\" \"$1/\"
        \"$0\" get -C -v -o \"$3/file\" \"$1/\"; ls \"$3\"
        if \"$0\" get -o \"$3/other\" \"$1/\"; then exit 1; fi";
    let args = [&server.url(""), host.to_str().unwrap(), closed.to_str().unwrap()];
    let Some(finished) = in_namespace(script, &args) else { return };
    assert_eq!(finished.expect_code(0).stdout_text(), "file\n");
    let said = finished.stderr();
    assert!(said.contains("an older one"), "a 404 leaves it as it was: {said}");
    assert!(said.contains("* the file already has all 300000 bytes"), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(fs::read(&host).unwrap() == body);
}

/// Another user's file in a directory such as /tmp may be written, but not replaced.
#[cfg(target_os = "linux")]
#[test]
fn another_users_file_in_a_sticky_directory_is_written_in_place() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let server = Http::saying(
        "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 3\r\n\r\nnew",
    );
    let dir = TestDir::new();
    let (sticky, copy) = (dir.path("sticky"), dir.path("sockit"));
    fs::create_dir(&sticky).unwrap();
    let file = sticky.join("file");
    fs::write(&file, "an older one").unwrap();
    for (path, mode) in [(&sticky, 0o1777), (&file, 0o666), (&dir.path("."), 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::copy(program(), &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(["get", "-o", file.to_str().unwrap(), &server.url("/")]).uid(65534).gid(65534);
    if command.status().is_err() {
        println!("only the superuser may become another user: this is not tested");
        return;
    }
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(fs::read_dir(&sticky).unwrap().count(), 1, "nothing is left beside");
}
