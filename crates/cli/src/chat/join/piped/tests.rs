use ::chat::Parser;

use super::*;

#[test]
fn an_event_is_the_same_object_whatever_the_format() {
    let json = r#"{"time":"2026-11-20T18:11:02+01:00","room":"dev","from":"ann","to":"bob","kind":"private","text":"a \"b\""}"#;
    let earlier = json.replace('}', r#","history":true}"#);
    for (line, expected) in [
        (json, json),
        (&*earlier, &*earlier),
        (
            "2026-11-20 18:11:02 ann: a \"b\"",
            r#"{"time":"2026-11-20 18:11:02","room":null,"from":"ann","kind":"message","text":"a \"b\""}"#,
        ),
        (
            "* you are ann",
            r#"{"time":null,"room":null,"from":"*","kind":"notice","text":"you are ann"}"#,
        ),
        ("SSH-2.0", r#"{"time":null,"room":null,"from":"*","kind":"other","text":"SSH-2.0"}"#),
    ] {
        let event = Parser::new(1000).next(&mut format!("{line}\n").as_bytes()).unwrap();
        assert_eq!(object(&event), expected);
    }
}

#[test]
fn only_what_the_chat_knows_is_a_command() {
    for line in ["/nick ann", "/who", "/quit", "quit", " quit ", "/msg\tann hi"] {
        assert!(command(line).is_some(), "{line}");
    }
    for line in ["/etc/passwd is missing", "//nick ann", "/nickname", "quite", " /who", "/", ""] {
        assert!(command(line).is_none(), "{line}");
    }
}
