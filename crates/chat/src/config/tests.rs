use super::SlowConsumer;
use crate::protocol::format::Format;

#[test]
fn words_are_parsed_as_they_are_displayed() {
    for format in [Format::Line, Format::Classic, Format::Json] {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        assert_eq!(slow.to_string().parse(), Ok(slow));
    }
    assert!("Line".parse::<Format>().is_err());
    assert!("".parse::<SlowConsumer>().is_err());
}
