//! The modules of a crate and the imports between them, read from the source text.
//!
//! The reader knows `use` trees, `pub use` and paths that begin with `crate` or `super`. It does
//! not expand macros. An import through a module that re-exports a name counts as an import from
//! the module that re-exports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of one crate by path, with the modules that each imports.
#[derive(Debug, Default)]
pub(crate) struct Modules(pub(crate) BTreeMap<String, BTreeSet<String>>);

impl Modules {
    /// Reads the modules of `crates/NAME`, except those that only tests use.
    pub(crate) fn of(name: &str) -> Self {
        let root = super::root().join("crates").join(name).join("src");
        let sources: BTreeMap<String, String> = sources(&root)
            .into_iter()
            .filter_map(|file| Some((module_path(file.strip_prefix(&root).ok()?)?, file)))
            .map(|(module, file)| {
                (module, without_tests(&fs::read_to_string(file).expect("a source file")))
            })
            .collect();
        let imports = |module: &str, text: &str| -> BTreeSet<String> {
            let paths = paths(text).into_iter().filter_map(|path| absolute(module, &path));
            let modules = paths.filter_map(|path| longest_module(&path, &sources));
            modules.filter(|found| found != module).collect()
        };
        Self(sources.iter().map(|(name, text)| (name.clone(), imports(name, text))).collect())
    }

    /// Returns for each module in a cycle of imports the shortest cycle through it, each cycle
    /// once.
    pub(crate) fn cycles(&self) -> Vec<Vec<String>> {
        let mut found = BTreeMap::new();
        for cycle in self.0.keys().filter_map(|start| self.way_back(start)) {
            let members: BTreeSet<String> = cycle.iter().cloned().collect();
            found.entry(members).or_insert(cycle);
        }
        found.into_values().collect()
    }

    /// Returns the shortest way along imports from a module back to itself.
    fn way_back(&self, start: &String) -> Option<Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut ways = std::collections::VecDeque::from([vec![start.clone()]]);
        while let Some(way) = ways.pop_front() {
            for next in &self.0[&way[way.len() - 1]] {
                let longer = [way.clone(), vec![next.clone()]].concat();
                if next == start {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    ways.push_back(longer);
                }
            }
        }
        None
    }
}

/// Returns every `.rs` file below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns `server::worker` for `server/worker.rs`, or `None` for the root of a crate and for
/// tests.
pub(crate) fn module_path(file: &Path) -> Option<String> {
    let parts: Vec<&str> = file.iter().map(|part| part.to_str().expect("UTF-8")).collect();
    let path = parts.join("::");
    let path = path.strip_suffix(".rs")?;
    let names: Vec<&str> = path.split("::").collect();
    let for_tests = names.iter().any(|name| ["tests", "fixture"].contains(name));
    let root = ["lib", "main"].contains(&path);
    (!for_tests && !root).then(|| path.strip_suffix("::mod").unwrap_or(path).to_owned())
}

/// Removes comments, and each statement that `#[cfg(test)]` marks, up to its semicolon.
fn without_tests(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut pieces = code.split("#[cfg(test)]");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |kept, piece| kept + piece.split_once(';').map_or("", |(_, rest)| rest))
}

/// Returns the paths of all `use` declarations of a file, tests left out.
pub(crate) fn imports(text: &str) -> Vec<String> {
    uses(&without_tests(text))
}

/// Returns the paths of all imports, and the paths that stand in the code.
fn paths(text: &str) -> Vec<String> {
    let mut found = uses(text);
    for root in ["crate::", "super::"] {
        let begins = |at: &usize| !text[..*at].ends_with([':', '$']);
        let inline = text.match_indices(root).map(|(at, _)| at).filter(begins).map(|at| {
            let path = &text[at..];
            let end = path.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
            path[..end.unwrap_or(path.len())].to_owned()
        });
        // A path that ends in a colon is the head of a `use` tree.
        found.extend(inline.filter(|path| !path.ends_with(':')));
    }
    found
}

fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let begins_a_word = rest[..at].chars().next_back().is_none_or(|c| c.is_whitespace());
        rest = &rest[at + 4..];
        if begins_a_word {
            let (tree, behind) = rest.split_once(';').unwrap_or((rest, ""));
            expand("", tree, &mut found);
            rest = behind;
        }
    }
    found
}

/// Expands `a::{b, c::{d, e}}` into `a::b`, `a::c::d` and `a::c::e`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, inner)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        return found.push(format!("{prefix}{path}"));
    };
    let prefix = format!("{prefix}{}", head.trim());
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[start..at].trim().is_empty() {
                    expand(&prefix, &inner[start..at], found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Returns the path from the root of the crate, or `None` for a path into another crate.
fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    let mut parents: Vec<&str> = module.split("::").collect();
    let mut rest = path.strip_prefix("self::").unwrap_or(path);
    while let Some(above) = rest.strip_prefix("super::") {
        parents.pop();
        rest = above;
    }
    Some(parents.into_iter().chain([rest]).collect::<Vec<_>>().join("::"))
}

/// Returns the module whose path is the longest prefix of `path`.
fn longest_module(path: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let names: Vec<&str> = path.split("::").collect();
    let prefixes = (1..=names.len()).rev().map(|len| names[..len].join("::"));
    prefixes.into_iter().find(|prefix| sources.contains_key(prefix))
}
