use redis::Value;

use crate::backplane::redis::connection::check_greeting;

fn greeting(version: &str, mode: &str) -> Value {
    let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    Value::Array(vec![
        text("server"),
        text("redis"),
        text("version"),
        text(version),
        text("proto"),
        Value::Int(2),
        text("mode"),
        text(mode),
    ])
}

#[test]
fn an_engine_is_recent_enough_and_standalone() {
    for version in ["6.2.0", "6.10.1", "7.0.15", "8.0.0-rc1", "255.255.255"] {
        assert_eq!(check_greeting(&greeting(version, "standalone")), Ok(()), "{version}");
    }
    for version in ["6.0.16", "5.0.7", "", "x"] {
        let error = check_greeting(&greeting(version, "standalone")).unwrap_err();
        assert!(error.contains("6.2 or later"), "{error}");
    }
    let error = check_greeting(&greeting("7.0.15", "cluster")).unwrap_err();
    assert!(error.contains("cluster mode"), "{error}");
    assert!(check_greeting(&Value::Okay).is_err());
}
