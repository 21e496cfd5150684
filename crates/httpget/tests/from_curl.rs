//! The names of this crate on the page for users of ureq stand in its examples, which are tests.

use std::fs;
use std::path::Path;

#[test]
fn every_name_of_the_table_is_in_an_example() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/from-curl.md");
    if !page.exists() {
        println!("no page here, as in a package: nothing is tested");
        return;
    }
    let page = fs::read_to_string(page).unwrap();
    let (_, ours) = page.split_once("## Calls of ureq").expect("the section");
    let examples: String = ours.split("```").skip(1).step_by(2).collect();
    let rows = ours.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut count = 0;
    for (theirs, here) in rows {
        for name in here.split('`').skip(1).step_by(2).filter(|name| is_ours(name)) {
            let method = name.rsplit("::").next().unwrap_or_default();
            let is_used = examples.contains(name) || examples.contains(&format!(".{method}("));
            assert!(is_used, "{theirs}: {name} is in no example");
            count += 1;
        }
    }
    assert!(count >= 40, "{count} names");
}

fn is_ours(name: &str) -> bool {
    name.contains("::") && !name.starts_with("serde_json") && *name != *"httpget::protocol"
}

#[test]
fn links_lead_to_sections() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/from-curl.md");
    let Ok(page) = fs::read_to_string(page) else { return };
    for (link, _) in page.split("](#").skip(1).filter_map(|rest| rest.split_once(')')) {
        let heading = |line: &str| {
            line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-") == link
        };
        let found = page.lines().filter(|line| line.starts_with('#')).any(heading);
        assert!(found, "no section for #{link}");
    }
}
