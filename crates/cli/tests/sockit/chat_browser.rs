//! The chat's page in a real browser, driven by the scripts in `tests/browser`. They need Chromium
//! and Python's websockets, so the test runs where those are: `cargo test -- --ignored`.

use std::path::Path;
use std::process::Command;

use crate::common::process::program;

#[test]
#[ignore = "needs chromium and python3-websockets"]
fn browsers_terminals_and_scripts_talk_in_one_room_over_restarts() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/chat.py");
    // Debian's Python, which has Debian's websockets.
    let output = Command::new("/usr/bin/python3")
        .arg(script)
        .arg(program())
        .output()
        .expect("python3 starts");
    let shown = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&shown));
}
