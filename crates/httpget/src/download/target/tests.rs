use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;

use netcore::Deadline;
use netcore::testing::TestDir;

use super::*;

fn transfer_deadline() -> Until<'static> {
    Deadline::after(Duration::from_secs(60)).into()
}

/// The place of what must be a file, or nothing.
fn place(path: &Path) -> FileTarget {
    match Target::at(path, transfer_deadline()).unwrap() {
        Target::File(place) => place,
        Target::Direct(direct) => {
            panic!("{} is written direct: {direct:?}", path.display())
        }
    }
}

fn direct(path: &Path) -> Direct {
    match Target::at(path, transfer_deadline()).unwrap() {
        Target::Direct(direct) => direct,
        Target::File(place) => panic!("{} is written aside: {place:?}", path.display()),
    }
}

/// The kind of an error, and its text.
fn refusal(path: &Path) -> (io::ErrorKind, String) {
    let error = Target::at(path, transfer_deadline()).unwrap_err();
    (error.cause().kind(), error.to_string())
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn regular_files_are_written_to_a_partial_file() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let nothing = place(&path);
    assert_eq!(nothing.path, path);
    assert!(nothing.replaced.is_none());
    assert_eq!(
        nothing.partial_paths(),
        ["file.part", "file.part.meta"].map(|it| directory.path(it))
    );

    fs::write(&path, "old").unwrap();
    let file = place(&path);
    assert_eq!(file.path, path);
    assert_eq!(file.replaced.unwrap().ino(), fs::metadata(&path).unwrap().ino());
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_bare_name_is_in_the_current_directory() {
    let place = place(Path::new("no-such-file"));
    assert_eq!(place.directory(), Path::new("."));
    assert_eq!(place.partial_paths()[0], Path::new("no-such-file.part"));
}

#[test]
fn a_name_without_room_for_a_suffix_is_shortened() {
    let directory = TestDir::new();
    let longest = "a".repeat(255);
    if fs::write(directory.path(&longest), "").is_err() {
        println!("names are shorter here: this is not tested");
        return;
    }
    for length in [245, 246, 250, 255] {
        let name = "a".repeat(length);
        let aside = place(&directory.path(&name)).partial_paths();
        for (path, suffix) in aside.iter().zip([PART, MARK]) {
            let plain = format!("{name}{suffix}");
            assert_eq!(path == &directory.path(&plain), length == 245, "{}", path.display());
            assert!(path.to_str().unwrap().ends_with(suffix));
            fs::write(path, "").unwrap();
        }
    }
    // Another end is another name, and no character is cut.
    let umlauts = ["\u{fc}".repeat(124), format!("{}ae", "\u{fc}".repeat(123))];
    let [one, other] = umlauts.map(|name| place(&directory.path(&name)).partial_paths()[0].clone());
    assert_ne!(one, other);
    let name = format!("{}~dfbcfd2c62658ec5.part", "\u{fc}".repeat(32));
    assert_eq!(one, directory.path(&name));
    // The hash's own test vector: a later release finds the same names.
    assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
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
fn directories_and_empty_names_are_refused() {
    let directory = TestDir::new();
    let (kind, text) = refusal(directory.root());
    assert_eq!(kind, io::ErrorKind::IsADirectory);
    assert_eq!(text, format!("write {}: is a directory", directory.root().display()));
    assert_eq!(refusal(Path::new("")).0, io::ErrorKind::NotFound);
    assert_eq!(refusal(&directory.path("no-such/..")).0, io::ErrorKind::NotFound);
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
