//! Types of files that only Unix has.

use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;

use super::*;

fn direct(path: &Path) -> Direct {
    match Target::at(path, transfer_deadline()).unwrap() {
        Target::Direct(direct) => direct,
        Target::File(place) => panic!("{} is written aside: {place:?}", path.display()),
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn links_are_followed() {
    let directory = TestDir::new();
    let inner = directory.path("inner");
    fs::create_dir(&inner).unwrap();
    // link -> inner/link -> ../file, which is not there yet.
    symlink("inner/link", directory.path("link")).unwrap();
    symlink("../file", inner.join("link")).unwrap();
    let nothing = place(&directory.path("link"));
    assert_eq!(nothing.path, inner.join("../file"));
    assert!(nothing.replaced.is_none());
    fs::write(directory.path("file"), "old").unwrap();
    assert!(place(&directory.path("link")).replaced.is_some());
}

#[test]
fn links_in_a_circle_and_links_to_directories_are_refused() {
    let directory = TestDir::new();
    symlink("two", directory.path("one")).unwrap();
    symlink("one", directory.path("two")).unwrap();
    assert!(refusal(&directory.path("one")).1.starts_with("open "));
    symlink(".", directory.path("here")).unwrap();
    assert_eq!(refusal(&directory.path("here")).0, io::ErrorKind::IsADirectory);
}

#[test]
fn a_file_that_can_not_be_written_is_not_replaced() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    if File::options().write(true).open(&path).is_ok() {
        println!("the superuser may write everything: this is not tested");
        return;
    }
    assert_eq!(refusal(&path).0, io::ErrorKind::PermissionDenied);
}

#[test]
fn devices_are_written_directly() {
    for path in ["/dev/null", "/dev/full"] {
        let Direct::File(mut file) = direct(Path::new(path)) else { panic!("no file") };
        assert_eq!(file.write_all(b"x").is_ok(), path == "/dev/null", "{path}");
    }
}

#[test]
fn opening_a_fifo_waits_for_a_reader() {
    let directory = TestDir::new();
    let path = directory.path("fifo");
    fifo(&path);
    let nobody = Target::at(&path, Deadline::after(Duration::from_millis(30)).into()).unwrap_err();
    assert_eq!(nobody.cause().kind(), io::ErrorKind::TimedOut);

    let reader = thread::spawn({
        let path = path.clone();
        move || {
            let mut text = String::new();
            File::open(path).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    let Direct::File(mut file) = direct(&path) else { panic!("no file") };
    file.write_all(b"through").unwrap();
    drop(file);
    assert_eq!(reader.join().unwrap(), "through");
}

#[test]
fn a_socket_is_connected() {
    let directory = TestDir::new();
    let path = directory.path("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let Direct::Socket(mut stream) = direct(&path) else { panic!("no socket") };
    let (mut peer, _) = listener.accept().unwrap();
    stream.write_all(b"through").unwrap();
    drop(stream);
    let mut text = String::new();
    peer.read_to_string(&mut text).unwrap();
    assert_eq!(text, "through");
    drop(listener);
    assert_eq!(refusal(&path).0, io::ErrorKind::ConnectionRefused);
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_in_proc_is_written_directly() {
    use std::os::fd::AsRawFd;

    let directory = TestDir::new();
    let path = directory.path("log");
    fs::write(&path, "before ").unwrap();
    let open = File::options().append(true).open(&path).unwrap();
    symlink(format!("/dev/fd/{}", open.as_raw_fd()), directory.path("link")).unwrap();
    let Direct::File(mut file) = direct(&directory.path("link")) else { panic!("no file") };
    file.write_all(b"behind").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before behind");
}
