#[cfg(unix)]
mod unix;

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

/// The kind of an error, and its text.
fn refusal(path: &Path) -> (io::ErrorKind, String) {
    let error = Target::at(path, transfer_deadline()).unwrap_err();
    (error.cause().kind(), error.to_string())
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
    assert_eq!(file.replaced.unwrap().len(), 3);
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
fn directories_and_empty_names_are_refused() {
    let directory = TestDir::new();
    let (kind, text) = refusal(directory.root());
    assert_eq!(kind, io::ErrorKind::IsADirectory);
    assert_eq!(text, format!("write {}: is a directory", directory.root().display()));
    assert_eq!(refusal(Path::new("")).0, io::ErrorKind::NotFound);
    if cfg!(unix) {
        // Windows removes `..` and the name before it without a look at the disk.
        assert_eq!(refusal(&directory.path("no-such/..")).0, io::ErrorKind::NotFound);
    }
}

#[cfg(windows)]
#[test]
fn the_device_that_drops_everything_is_written_directly() {
    match Target::at(Path::new("NUL"), transfer_deadline()).unwrap() {
        Target::Direct(Direct::File(mut file)) => {
            std::io::Write::write_all(&mut file, b"x").unwrap()
        }
        other => panic!("{other:?}"),
    }
}
