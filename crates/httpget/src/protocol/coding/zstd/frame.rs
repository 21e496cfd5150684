//! The header of a zstd frame (RFC 8878 section 3.1.1).

use super::limits::Wrong;

/// The fields of a frame header.
#[derive(Default)]
pub(super) struct FrameHeader {
    /// The size of the window in bytes.
    pub(super) window: u64,
    /// The length of the content in bytes, if the header states it.
    pub(super) content_size: Option<u64>,
    pub(super) has_checksum: bool,
}

/// The kind of a frame, by its magic number.
pub(super) enum Magic {
    Frame,
    Skippable,
}

/// Reads a magic number.
pub(super) fn magic(bytes: &[u8]) -> Result<Magic, Wrong> {
    match little_endian(bytes) {
        0xfd2f_b528 => Ok(Magic::Frame),
        0x184d_2a50..=0x184d_2a5f => Ok(Magic::Skippable),
        _ => Err(Wrong::Bytes("a zstd frame expected")),
    }
}

/// Reads up to eight bytes as a number.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

impl FrameHeader {
    /// Returns the length of the header in bytes, from its first byte.
    pub(super) fn length(descriptor: u8) -> usize {
        let (window, dictionary, size) = FrameHeader::lengths(descriptor);
        1 + window + dictionary + size
    }

    /// Returns the lengths of the window descriptor, the dictionary ID and the content size.
    fn lengths(descriptor: u8) -> (usize, usize, usize) {
        let is_single = descriptor & (1 << 5) != 0;
        let size = match descriptor >> 6 {
            0 => usize::from(is_single),
            flag => 1 << flag,
        };
        (usize::from(!is_single), [0, 1, 2, 4][usize::from(descriptor & 3)], size)
    }

    /// Reads a complete header.
    pub(super) fn parse(bytes: &[u8]) -> Result<FrameHeader, Wrong> {
        let descriptor = bytes[0];
        if descriptor & (1 << 3) != 0 {
            return Err(Wrong::Bytes("a reserved bit is set"));
        }
        let (window, dictionary, size) = FrameHeader::lengths(descriptor);
        let (window, rest) = bytes[1..].split_at(window);
        let (dictionary, content_size) = rest.split_at(dictionary);
        if little_endian(dictionary) != 0 {
            return Err(Wrong::Bytes("a frame that needs a dictionary"));
        }
        let content_size = match size {
            0 => None,
            2 => Some(little_endian(content_size) + 256),
            _ => Some(little_endian(content_size)),
        };
        let window = match window.first() {
            None => content_size.unwrap_or(0),
            Some(byte) => {
                let base = 1 << (10 + (byte >> 3));
                base + base / 8 * u64::from(byte & 7)
            }
        };
        let has_checksum = descriptor & (1 << 2) != 0;
        Ok(FrameHeader { window, content_size, has_checksum })
    }
}
