use super::*;

fn framed(length: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    push_frame(&vec![b'x'; length], &mut frame);
    frame
}

#[test]
fn the_length_of_a_frame_takes_as_few_bytes_as_possible() {
    for (length, header) in [
        (0, &[0x81, 0][..]),
        (125, &[0x81, 125]),
        (126, &[0x81, 126, 0, 126]),
        (65_535, &[0x81, 126, 0xff, 0xff]),
        (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let frame = framed(length);
        assert_eq!(&frame[..header.len()], header);
        assert_eq!(payload(&frame).len(), length);
    }
}

#[test]
fn the_mark_of_the_history_changes_the_length_of_a_frame() {
    for length in [100, 124, 125, 126, 65_530] {
        let object = format!("{{\"text\":\"{}\"}}", "x".repeat(length - 11));
        let (mut frame, mut marked) = (Vec::new(), Vec::new());
        push_frame(object.as_bytes(), &mut frame);
        mark_frame(&frame, &mut marked);
        let expected = object.replace("\"}", "\",\"history\":true}");
        assert_eq!(payload(&marked), expected.as_bytes());
        assert_eq!(
            marked.len() - payload(&marked).len(),
            framed(expected.len()).len() - expected.len()
        );
    }
}
