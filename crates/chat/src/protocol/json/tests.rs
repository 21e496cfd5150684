use super::{JsonError, Kind, Record};

const MESSAGE: &str = "{\"time\":\"2026-11-20T18:11:02+01:00\",\"room\":\"lobby\",\"from\":\"ann\",\
                       \"kind\":\"message\",\"text\":\"say \\\"hi\\\", C:\\\\ grüße\"}\n";

#[test]
fn a_line_is_parsed() {
    let record = Record::parse(MESSAGE.as_bytes()).unwrap();
    assert_eq!(record.time.to_rfc3339(), "2026-11-20T18:11:02+01:00");
    assert_eq!((&*record.room, &*record.from, &record.to), ("lobby", "ann", &None));
    assert_eq!((record.kind, &*record.text), (Kind::Message, "say \"hi\", C:\\ grüße"));
    assert!(!record.history);
    let earlier = MESSAGE.replace("}\n", ",\"history\":true}\n");
    assert_eq!(
        Record::parse(earlier.as_bytes()).unwrap(),
        Record { history: true, ..record.clone() }
    );
    // The ending, the order and unknown fields do not matter.
    assert_eq!(Record::parse(MESSAGE.trim_end().as_bytes()).unwrap(), record);
    let (open, rest) = MESSAGE.split_at(1);
    let more = format!("{open}\"id\":[7,{{\"a\":null}}],{rest}");
    assert_eq!(Record::parse(more.as_bytes()).unwrap(), record);
}

#[test]
fn private_messages_and_notices_are_distinguished() {
    let private = MESSAGE.replace("\"kind\":\"message\"", "\"to\":\"bob\",\"kind\":\"private\"");
    let record = Record::parse(private.as_bytes()).unwrap();
    assert_eq!((record.kind, record.to.as_deref()), (Kind::Private, Some("bob")));
    let notice = MESSAGE.replace("message", "notice").replace("\"ann\"", "\"*\"");
    let record = Record::parse(notice.as_bytes()).unwrap();
    assert_eq!((record.kind, &*record.from), (Kind::Notice, "*"));
}

#[test]
fn a_malformed_line_is_an_error_with_its_reason() {
    for (line, why) in [
        (MESSAGE.replace("\"room\"", "\"Room\""), "no string room"),
        (MESSAGE.replace("\"ann\"", "7"), "no string from"),
        (MESSAGE.replace("message", "private"), "no string to"),
        (MESSAGE.replace("message", "shout"), "the kind is not message, notice or private"),
        (MESSAGE.replace("+01:00", ""), "the time is not RFC 3339"),
        (MESSAGE.replace("-11-", "-13-"), "the time is not RFC 3339"),
        (MESSAGE.repeat(2), "not a JSON object"),
        (MESSAGE.replace("hi", "\0"), "not a JSON object"),
        (MESSAGE.replace("hi", "\\ud800"), "not a JSON object"),
        (format!("[{MESSAGE}]"), "not a JSON object"),
        ("[".repeat(100_000), "not a JSON object"),
        (String::new(), "not a JSON object"),
    ] {
        assert_eq!(Record::parse(line.as_bytes()).unwrap_err().to_string(), why, "{line:.200}");
    }
    let not_utf8 = [&MESSAGE.as_bytes()[..MESSAGE.len() - 3], b"\xff\"}"].concat();
    assert!(matches!(Record::parse(&not_utf8), Err(JsonError::Syntax(_))));
    // A part of a line is never a record.
    for end in 0..MESSAGE.trim_end().len() {
        assert!(Record::parse(&MESSAGE.as_bytes()[..end]).is_err(), "{end}");
    }
}
