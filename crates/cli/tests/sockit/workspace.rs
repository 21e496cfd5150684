//! Rules for the source of the whole workspace: imports without cycles, a map with every module,
//! and limits for comments and files.

mod modules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use modules::{Modules, imports, module_path, sources};

const CRATES: [&str; 5] = ["netcore", "timestamp", "chat", "httpget", "cli"];

/// The columns of a line, comments included.
const MAX_WIDTH: usize = 100;

/// The lines of a file, tests excepted.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn no_module_imports_itself_through_others() {
    let mut cycles = Vec::new();
    for name in CRATES {
        let found = Modules::of(name).cycles();
        cycles.extend(found.iter().map(|cycle| format!("{name}: {}", cycle.join(" -> "))));
    }
    assert!(cycles.is_empty(), "cycles of imports:\n{}", cycles.join("\n"));
}

/// A crate's root re-exports names for users. Inside the crate such an import would hide the true
/// graph.
#[test]
fn names_are_imported_from_the_module_that_defines_them() {
    let mut found = Vec::new();
    for name in CRATES {
        let modules = Modules::of(name);
        let is_module =
            |first: &str| modules.0.keys().any(|module| module.split("::").next() == Some(first));
        for (file, text) in code(name) {
            let from_root = imports(&text).into_iter().filter_map(|path| {
                let first = path.strip_prefix("crate::")?.split("::").next()?.to_owned();
                (!is_module(&first)).then_some(path)
            });
            found.extend(from_root.map(|path| format!("{file}: use {path}")));
        }
    }
    assert!(found.is_empty(), "imports from the root of a crate:\n{}", found.join("\n"));
}

#[test]
fn every_module_is_on_the_map_of_the_architecture_page() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("a file");
    for name in CRATES {
        let (_, section) = page
            .split_once(&format!("\n### {name}\n"))
            .unwrap_or_else(|| panic!("docs/architecture.md has no section {name}"));
        let section = section.split("\n### ").next().unwrap_or(section);
        let section = section.split("\n## ").next().unwrap_or(section);
        // A module stands there by its name, or by a path that ends in it: `ping/state`.
        let mapped: BTreeSet<&str> = section
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|path| path.rsplit(['/', ':']).next())
            .collect();
        let modules = Modules::of(name).0.into_keys();
        let missing: Vec<String> = modules
            .filter(|module| !module.rsplit("::").next().is_some_and(|own| mapped.contains(own)))
            .collect();
        assert!(missing.is_empty(), "docs/architecture.md, {name}: not on the map: {missing:?}");
    }
}

/// rustfmt keeps code within the limit, and leaves comments alone.
#[test]
fn no_comment_is_wider_than_the_code() {
    let files = CRATES.iter().flat_map(|name| sources(&root().join("crates").join(name)));
    let mut wide = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.chars().count() > MAX_WIDTH {
                wide.push(format!("{}:{}", file.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "wider than {MAX_WIDTH} columns:\n{}", wide.join("\n"));
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let files = CRATES.iter().flat_map(|name| code(name));
    let long = files.map(|(file, text)| (file, text.lines().count()));
    let long: Vec<_> = long.filter(|(_, lines)| *lines > MAX_LINES).collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {long:#?}");
}

/// A listing of the files shows that line only.
#[test]
fn the_first_line_of_a_module_is_a_whole_sentence() {
    let files = CRATES.iter().flat_map(|name| code(name));
    let first = files.map(|(file, text)| (file, text.lines().next().unwrap_or("").to_owned()));
    let is_sentence = |line: &str| line.ends_with('.') || line.ends_with("README.md\")]");
    let cut: Vec<_> = first.filter(|(_, line)| !is_sentence(line)).collect();
    assert!(cut.is_empty(), "first lines that are no sentences: {cut:#?}");
}

/// Returns the name and text of every source file of a crate that is not a test's.
fn code(name: &str) -> Vec<(String, String)> {
    let folder = root().join("crates").join(name).join("src");
    let is_code =
        |file: &PathBuf| file.strip_prefix(&folder).is_ok_and(|path| module_path(path).is_some());
    let files = sources(&folder).into_iter().filter(is_code);
    files
        .map(|file| (file.display().to_string(), fs::read_to_string(&file).expect("a source file")))
        .collect()
}
