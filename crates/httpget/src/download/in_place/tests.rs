use std::fs;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderValue;
use netcore::testing::TestDir;

use super::*;
use crate::download::resume::{Source, Validator};
use crate::url::Url;

fn version() -> Version {
    let url = Url::parse("http://host/file").unwrap();
    let validator = Validator::Tag(HeaderValue::from_static("\"v1\""));
    Version { source: Source::of(&url, &url), validator, total: Some(8) }
}

#[test]
fn the_content_stays_until_new_content_comes() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "an older one").unwrap();
    let mut file = InPlace::open(&path).unwrap();
    assert_eq!((file.whole().unwrap(), file.partial().unwrap()), (Some(12), None));
    assert_eq!(fs::read(&path).unwrap(), b"an older one");

    file.begin(Some(version())).unwrap();
    assert_eq!((file.whole().unwrap(), file.partial().unwrap()), (None, None));
    file.file.write_all(b"the wrong").unwrap();
    file.keep(4).unwrap();
    assert_eq!(file.partial().unwrap(), Some(Partial { bytes: 4, version: version() }));
    file.file.write_all(b"rest").unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
    file.finish(8, Some(modified)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"the rest");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
    assert_eq!(directory.names(), ["file"]);
}

#[test]
fn two_do_not_write_one_file() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "old").unwrap();
    let first = InPlace::open(&path).unwrap();
    let busy = InPlace::open(&path).unwrap_err();
    assert_eq!(busy.cause().kind(), io::ErrorKind::ResourceBusy);
    drop(first);
    let mut file = InPlace::open(&path).unwrap();
    file.begin(None).unwrap();
    fs::write(&path, "somebody's").unwrap();
    file.finish(3, None).unwrap_err();
}
