//! What needs a process of its own: to be killed, or to have a limit.

use std::process::{Child, Command, Stdio};
use std::thread;

use super::*;

/// What the child has to download, and where to.
const URL: &str = "HTTPGET_TEST_URL";
const FILE: &str = "HTTPGET_TEST_FILE";

/// In the child: the download that its parent wants. In the parent: nothing.
#[test]
fn child() {
    let (Ok(url), Some(file)) = (std::env::var(URL), std::env::var_os(FILE)) else { return };
    let request = Client::new().get(&url);
    let error = run(Download::new(request).with_resume(true), Path::new(&file)).unwrap_err();
    println!("{error:?}");
    assert_eq!(error.kind(), ErrorKind::Write);
}

/// This program with the test [`child`] alone, started by a shell that does `setup` before.
fn start(setup: &str, url: &str, file: &Path) -> Child {
    let script =
        format!("{setup} exec \"$0\" --exact {} --nocapture", "download::tests::killed::child");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(URL, url)
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_download_is_resumed() {
    let (arrived, wait) = std::sync::mpsc::channel::<()>();
    let hold = Step::Do(Box::new(move || assert!(wait.recv().is_err())));
    let server =
        Server::play([vec![asks_all(), send(cut(10)), hold], vec![asks_rest(10), send(rest(10))]]);
    let place = FileTarget::new();
    let mut child = start("", &server.url("/f"), &place.file);
    let deadline = Instant::now() + crate::fixture::PATIENCE;
    while !fs::metadata(place.part()).is_ok_and(|part| part.len() == 10) {
        assert!(Instant::now() < deadline, "the child downloads: {:?}", place.directory.names());
        thread::sleep(Duration::from_millis(5));
    }
    let busy = run(download(&server), &place.file).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Write, "as long as the child lives");
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    drop(arrived);
    place.assert_left(10);
    let request = Client::new().get(&server.url("/f"));
    run(Download::new(request).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_file_above_rlimit_fsize_is_a_write_error_and_can_be_resumed() {
    let body = vec![b'x'; 1 << 20];
    let all = response("200 OK", &["ETag: \"v1\""], &body);
    // It asks whether the older one is the whole.
    let server = Server::play([vec![get_that("/f", |_| ()), send(all)]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    // 256 blocks of 512 bytes. Without the trap the signal would end the process.
    let url = server.url("/f");
    let child = start("trap '' XFSZ; ulimit -f 256;", &url, &place.file);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("EFBIG") || text.contains("File too large"), "{text}");
    assert_eq!(fs::read(&place.file).unwrap(), b"an older one");
    assert_eq!(place.directory.names(), ["file", "file.part", "file.part.meta"]);
    let bytes = fs::metadata(place.part()).unwrap().len() as usize;
    assert!(0 < bytes && bytes <= 256 << 10, "{bytes}");
    server.finish();

    let range = content_range(bytes, body.len() - 1, body.len());
    let left = response("206 Partial Content", &[&range, "ETag: \"v1\""], &body[bytes..]);
    let server = Server::play([vec![asks_rest(bytes), send(left)]]);
    run(Download::new(request_by(&url, &server)).with_resume(true), &place.file).unwrap();
    place.assert_whole(&body);
    server.finish();
}
