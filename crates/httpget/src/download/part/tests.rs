#[cfg(unix)]
use std::fs::Permissions;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderValue;
use netcore::Deadline;
use netcore::testing::TestDir;

use super::*;
use crate::download::resume::{Source, Validator};
use crate::download::target::Target;
use crate::url::Url;

fn open(path: &Path) -> Result<PartFile, FileError> {
    match Target::at(path, Deadline::after(Duration::from_secs(60)).into()).unwrap() {
        Target::File(place) => PartFile::open(place),
        Target::Direct(_) => panic!("{} is no file", path.display()),
    }
}

/// One of eight bytes.
fn version() -> Version {
    let url = Url::parse("http://host/file").unwrap();
    let validator = Validator::Tag(HeaderValue::from_static("\"v1\""));
    Version { source: Source::of(&url, &url), validator, total: Some(8) }
}

fn partial(bytes: u64) -> Option<Partial> {
    Some(Partial { bytes, version: version() })
}

/// A part of eight bytes that has the first ones.
fn begun(path: &Path, bytes: &[u8]) -> PartFile {
    let mut part = open(path).unwrap();
    part.begin(Some(version())).unwrap();
    part.file.write_all(bytes).unwrap();
    part
}

/// The permissions of a file, and nothing else of its mode.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_download_creates_a_file() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let part = begun(&path, b"all of it");
    assert_eq!(directory.names(), ["file.part", "file.part.meta"]);
    part.finish(9, None).unwrap();
    assert_eq!(directory.names(), ["file"]);
    assert_eq!(fs::read(&path).unwrap(), b"all of it");
}

#[cfg(unix)]
#[test]
fn the_permissions_of_a_new_file_are_those_of_the_umask() {
    let directory = TestDir::new();
    let (path, plain) = (directory.path("file"), directory.path("plain"));
    begun(&path, b"all of it").finish(9, None).unwrap();
    fs::write(&plain, "").unwrap();
    assert_eq!(mode(&path), mode(&plain));
}

#[cfg(unix)]
#[test]
fn the_old_file_stays_until_the_end_and_its_permissions_are_kept() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "old").unwrap();
    for permissions in [0o640, 0o4755, 0o600, 0o606] {
        fs::set_permissions(&path, Permissions::from_mode(permissions)).unwrap();
        let part = begun(&path, b"new");
        assert_eq!(
            mode(&directory.path("file.part")),
            0o600,
            "as long as it is none of the file's"
        );
        assert_ne!(fs::read(&path).unwrap(), b"");
        part.finish(3, None).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let now = fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!(now, permissions & 0o777, "{permissions:o}");
    }
}

#[test]
fn the_modification_time_is_set() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
    begun(&path, b"x").finish(1, Some(modified)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
}

#[test]
fn a_partial_file_stays_for_the_next_download() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "old").unwrap();
    drop(begun(&path, b"the"));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let mut part = open(&path).unwrap();
    assert_eq!(part.partial().unwrap(), partial(3));
    part.keep(3).unwrap();
    part.file.write_all(b" rest").unwrap();
    part.finish(8, None).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"the rest");
    assert_eq!(directory.names(), ["file"]);
}

#[test]
fn writing_continues_after_a_truncation() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let mut part = begun(&path, b"the wrong");
    part.keep(4).unwrap();
    part.file.write_all(b"rest").unwrap();
    part.finish(8, None).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"the rest");
}

#[test]
fn an_empty_partial_file_is_removed() {
    let directory = TestDir::new();
    let path = directory.path("file");
    drop(open(&path).unwrap());
    drop(begun(&path, b""));
    assert_eq!(directory.names(), [""; 0]);
    begun(&path, b"").finish(0, None).unwrap();
    assert_eq!(directory.names(), ["file"], "an empty file is a file");
}

#[test]
fn opening_keeps_the_content() {
    let directory = TestDir::new();
    let path = directory.path("file");
    drop(begun(&path, b"the"));
    drop(open(&path).unwrap());
    assert_eq!(fs::read(directory.path("file.part")).unwrap(), b"the");
    assert_eq!(open(&path).unwrap().partial().unwrap(), partial(3));
}

#[test]
fn content_of_unknown_version_is_not_resumed() {
    let directory = TestDir::new();
    let path = directory.path("file");
    drop(begun(&path, b"more than eight"));
    assert_eq!(open(&path).unwrap().partial().unwrap(), None, "more than there is");
    let mut part = begun(&path, b"the");
    part.begin(None).unwrap();
    part.file.write_all(b"another").unwrap();
    assert_eq!(part.partial().unwrap(), None, "the version was another one's");
    drop(part);
    assert_eq!(directory.names(), ["file.part", "file.part.meta"]);
    assert_eq!(open(&path).unwrap().partial().unwrap(), None);
}

#[test]
fn foreign_files_are_not_touched() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let (part, meta) = (directory.path("file.part"), directory.path("file.part.meta"));
    let refuse = |why: &str| {
        let error = open(&path).expect_err(why);
        assert_eq!(error.cause().kind(), io::ErrorKind::AlreadyExists, "{why}: {error}");
        assert!(error.cause().to_string().contains("another name"), "{:?}", error.cause());
    };
    for content in ["somebody's", ""] {
        fs::write(&part, content).unwrap();
        refuse("without a mark");
        fs::write(&meta, "somebody's").unwrap();
        refuse("with another file in the mark's place");
        fs::remove_file(&meta).unwrap();
        assert_eq!(directory.names(), ["file.part"]);
        assert_eq!(fs::read_to_string(&part).unwrap(), content);
    }
    fs::remove_file(&part).unwrap();
    fs::write(&meta, "somebody's").unwrap();
    refuse("in the mark's place alone");
    assert_eq!(directory.names(), ["file.part.meta"]);
    assert_eq!(fs::read(&meta).unwrap(), b"somebody's");
}

#[test]
fn a_mark_belongs_to_one_file() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let part = directory.path("file.part");
    drop(begun(&path, b"the"));
    if system::birth(&File::open(&part).unwrap()).unwrap().is_none() {
        println!("this file system keeps no births: this is not tested");
        return;
    }
    fs::rename(&part, directory.path("away")).unwrap();
    fs::write(&part, "somebody's").unwrap();
    open(&path).unwrap_err();
    assert_eq!(fs::read(&part).unwrap(), b"somebody's");
    fs::rename(directory.path("away"), &part).unwrap();
    assert_eq!(open(&path).unwrap().partial().unwrap(), partial(3), "renamed, it is the same");
}

#[test]
fn a_mark_without_a_file_is_ignored() {
    let directory = TestDir::new();
    let path = directory.path("file");
    drop(begun(&path, b"the"));
    fs::remove_file(directory.path("file.part")).unwrap();
    let mut part = open(&path).unwrap();
    part.file.write_all(b"new").unwrap();
    assert_eq!(part.partial().unwrap(), None);
    drop(part);
    assert_eq!(open(&path).unwrap().partial().unwrap(), None);
}

#[test]
fn a_mark_of_the_first_version_names_no_version_but_is_ours() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(directory.path("file.part"), "the").unwrap();
    let text = "httpget partial 1\ntag \"v1\"\ntotal 8\nend\n";
    fs::write(directory.path("file.part.meta"), text).unwrap();
    assert_eq!(open(&path).unwrap().partial().unwrap(), None);
    drop(begun(&path, b"the"));
    assert_eq!(open(&path).unwrap().partial().unwrap(), partial(3));
}

#[test]
fn two_do_not_write_one_file() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let first = begun(&path, b"the");
    let second = open(&path).unwrap_err();
    assert_eq!(second.cause().kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(second.path(), directory.path("file.part"));
    assert_eq!(fs::read(directory.path("file.part")).unwrap(), b"the");
    drop(first);
    drop(open(&path).unwrap());
}

#[cfg(unix)]
#[test]
fn a_link_instead_of_a_partial_file_is_refused() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let part = directory.path("file.part");
    let other = directory.path("other");
    fs::write(&other, "precious").unwrap();

    symlink(&other, &part).unwrap();
    open(&path).unwrap_err();
    fs::remove_file(&part).unwrap();
    fs::hard_link(&other, &part).unwrap();
    open(&path).unwrap_err();
    fs::remove_file(&part).unwrap();
    fs::create_dir(&part).unwrap();
    open(&path).unwrap_err();
    assert_eq!(fs::read(&other).unwrap(), b"precious");
}

#[test]
fn a_partial_file_changed_by_others_is_not_renamed() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let other = directory.path("other");
    fs::write(&path, "old").unwrap();
    let part = begun(&path, b"the rest");
    fs::write(directory.path("file.part"), "and more").unwrap();
    File::options()
        .append(true)
        .open(directory.path("file.part"))
        .unwrap()
        .write_all(b"!")
        .unwrap();
    part.finish(8, None).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let part = begun(&path, b"the rest");
    fs::write(&other, "the same").unwrap();
    fs::rename(&other, directory.path("file.part")).unwrap();
    part.finish(8, None).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_failed_rename_keeps_the_partial_file_and_its_mark() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let part = begun(&path, b"the rest");
    fs::create_dir(&path).unwrap();
    part.finish(8, None).unwrap_err();
    assert_eq!(directory.names(), ["file", "file.part", "file.part.meta"]);
    fs::remove_dir(&path).unwrap();
    assert_eq!(open(&path).unwrap().partial().unwrap(), partial(8));
}

#[test]
fn a_missing_directory_is_an_error() {
    let directory = TestDir::new();
    let missing = open(&directory.path("no-such/file")).unwrap_err();
    assert_eq!(missing.cause().kind(), io::ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_an_error() {
    let directory = TestDir::new();
    let closed = directory.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("file"), "old").unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    if fs::write(closed.join("probe"), "").is_ok() {
        println!("the superuser may write everywhere: that part is not tested");
        return;
    }
    let denied = open(&closed.join("file")).unwrap_err();
    assert_eq!(denied.cause().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(fs::read(closed.join("file")).unwrap(), b"old");
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
}
