//! The checks of the fuzz target over its corpus, without a fuzzer.
#![cfg(feature = "client")]

#[path = "corpus/checks.rs"]
mod checks;

use std::path::Path;
use std::{fs, io};

#[test]
fn what_servers_send() -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/chat");
    if !directory.exists() {
        println!("no corpus here, as in a package: nothing is tested");
        return Ok(());
    }
    let (mut said, mut silent) = (0, 0);
    for entry in fs::read_dir(&directory)? {
        let file = entry?.path();
        println!("{}", file.display());
        match checks::chat(&fs::read(file)?) {
            true => said += 1,
            false => silent += 1,
        }
    }
    assert!(said >= 12 && silent >= 12, "both kinds: {said} with a message, {silent} without");
    Ok(())
}
