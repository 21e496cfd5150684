use std::time::SystemTime;

use super::*;

/// Returns the values of an attribute, which the page writes in quotes.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    html.split(&*begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let links = [values(HTML, "src"), values(HTML, "href")].concat();
    let (icons, files): (Vec<&str>, Vec<&str>) =
        links.into_iter().partition(|link| link.starts_with("data:image/svg+xml,"));
    assert_eq!((icons.len(), files), (1, vec!["chat.js", "chat.css"]));
    for word in ["url(", "@import", "@font-face"] {
        assert!(!STYLE.contains(word), "{word}");
    }
    for word in ["import ", "import(", "fetch(", "XMLHttpRequest", "sendBeacon", "EventSource"] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    // Text of others never becomes markup or code.
    for word in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("]
    {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    for word in [" onclick", " onload", " style=", "<style", "<script>"] {
        assert!(!HTML.contains(word), "{word}");
    }
}

#[test]
fn the_policy_allows_only_what_the_page_itself_has() {
    let mut head = Vec::new();
    Response::text(Status::Ok, "").render_head(SystemTime::UNIX_EPOCH, false, &mut head);
    let head = String::from_utf8(head).unwrap();
    let policies = head.lines().filter_map(|line| line.strip_prefix("Content-Security-Policy: "));
    let [policy] = policies.collect::<Vec<_>>()[..] else { panic!("{head}") };
    let mut forbidden = vec!["default-src", "base-uri", "form-action", "frame-ancestors"];
    for directive in policy.split("; ") {
        let (name, sources) = directive.split_once(' ').unwrap();
        let allowed: &[&str] = match name {
            "script-src" | "style-src" | "connect-src" => &["'self'"],
            "img-src" => &["'self'", "data:"],
            _ => &["'none'"],
        };
        assert!(sources.split(' ').eq(allowed.iter().copied()), "{directive}");
        forbidden.retain(|other| *other != name);
    }
    assert_eq!(forbidden, [""; 0], "{policy}");
}
