use std::fs::{self, File};

use super::*;
use crate::fixture::TestDir;

#[test]
fn a_lock_belongs_to_one_open_and_ends_with_its_last_descriptor() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "").unwrap();
    let one = File::open(&path).unwrap();
    let copy = one.try_clone().unwrap();
    let other = File::options().append(true).open(&path).unwrap();
    assert!(try_lock(&one).unwrap());
    if cfg!(unix) {
        assert!(try_lock(&copy).unwrap(), "a copy has it too");
    }
    assert!(!try_lock(&other).unwrap());
    drop(one);
    assert!(!try_lock(&other).unwrap(), "the copy still has it");
    drop(copy);
    assert!(try_lock(&other).unwrap());
}

#[test]
fn unlocking_frees_the_lock_despite_copies() {
    let directory = TestDir::new();
    let path = directory.path("file");
    fs::write(&path, "").unwrap();
    let one = File::open(&path).unwrap();
    let _copy = one.try_clone().unwrap();
    let other = File::options().append(true).open(&path).unwrap();
    assert!(try_lock(&one).unwrap());
    unlock(&one).unwrap();
    assert!(try_lock(&other).unwrap());
}
