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

#[test]
fn a_server_that_closes_after_the_last_line_but_before_the_end_of_input_is_read_is_no_error() {
    let endpoint = "127.0.0.1:1".parse().unwrap();
    let after = |left, events: Vec<PipeEvent>| {
        let (sender, incoming) = mpsc::sync_channel(READ_AHEAD);
        events.into_iter().for_each(|event| sender.send(event).unwrap());
        drop(sender);
        disconnected(left, &endpoint, &incoming).map_err(|failure| failure.code())
    };
    let line = || PipeEvent::Line(Ok("more".to_owned()));
    for left in [false, true] {
        after(left, vec![PipeEvent::End(Ok(()))]).unwrap();
    }
    assert_eq!(after(false, vec![line(), PipeEvent::End(Ok(()))]), Err(exit::RECEIVE_ERROR));
    assert_eq!(after(true, vec![line(), PipeEvent::End(Ok(()))]), Err(exit::OTHER));
    assert_eq!(after(false, vec![]), Err(exit::RECEIVE_ERROR));
    assert_eq!(after(true, vec![]), Ok(()));
    let unreadable = PipeEvent::End(Err(io::ErrorKind::PermissionDenied.into()));
    assert_eq!(after(false, vec![unreadable]), Err(exit::RECEIVE_ERROR));
}
