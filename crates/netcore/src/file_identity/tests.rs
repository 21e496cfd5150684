use std::fs::{self, File};
use std::io::ErrorKind;

use super::FileIdentity;
use crate::testing::TestDir;

#[test]
fn a_file_keeps_its_identity_and_another_one_of_its_name_has_its_own() {
    let dir = TestDir::new();
    let [first, second] = ["first", "second"].map(|name| dir.path(name));
    let file = File::create(&first).unwrap();
    let identity = FileIdentity::of(&file).unwrap();
    assert_eq!(FileIdentity::at(&first).unwrap(), identity);
    assert_eq!(FileIdentity::behind(&first).unwrap(), identity);
    fs::rename(&first, &second).unwrap();
    assert_eq!(FileIdentity::at(&second).unwrap(), identity);
    assert_eq!(FileIdentity::at(&first).unwrap_err().kind(), ErrorKind::NotFound);
    File::create(&first).unwrap();
    let other = FileIdentity::at(&first).unwrap();
    assert_ne!(other, identity);
    assert_ne!(other.to_string(), identity.to_string());
}

#[test]
fn a_directory_has_an_identity() {
    let dir = TestDir::new();
    let path = dir.path("directory");
    fs::create_dir(&path).unwrap();
    let identity = FileIdentity::at(&path).unwrap();
    assert_eq!(FileIdentity::at(&path).unwrap(), identity);
    assert_ne!(FileIdentity::at(&dir.path(".")).unwrap(), identity);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_has_an_identity_of_its_own() {
    let dir = TestDir::new();
    let [file, link] = ["file", "link"].map(|name| dir.path(name));
    File::create(&file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let identity = FileIdentity::at(&file).unwrap();
    assert_ne!(FileIdentity::at(&link).unwrap(), identity);
    assert_eq!(FileIdentity::behind(&link).unwrap(), identity);
}
