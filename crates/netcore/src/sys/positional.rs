//! Reads and writes at a position: pread(2), pwrite(2).

#[cfg(unix)]
use std::os::unix::fs::FileExt;
#[cfg(windows)]
use std::os::windows::fs::FileExt;

use std::fs::File;
use std::io;

/// Reads some bytes of `file` from `position` on: pread(2). Returns their number, 0 at the end of
/// the file. The position of the file itself stays, except that other reads and writes at the same
/// time may meet another one on Windows.
///
/// # Errors
///
/// The system's.
pub fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return file.read_at(buffer, position);
    #[cfg(windows)]
    {
        use std::io::{Seek, SeekFrom};

        let mut own = file;
        let before = own.stream_position()?;
        let read = file.seek_read(buffer, position);
        own.seek(SeekFrom::Start(before))?;
        read
    }
}

/// Fills `buffer` from `position` on, as [`read_at`] reads it.
///
/// # Errors
///
/// The system's, and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file ends before.
pub fn read_exact_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<()> {
    let (mut rest, mut position) = (buffer, position);
    while !rest.is_empty() {
        match read_at(file, rest, position) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                rest = &mut rest[count..];
                position += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes` from `position` on: pwrite(2). The position of the file itself stays on
/// Unix, and is undefined on Windows.
///
/// # Errors
///
/// The system's. An unknown part of `bytes` has then been written.
pub fn write_all_at(file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
    #[cfg(unix)]
    return file.write_all_at(bytes, position);
    #[cfg(windows)]
    {
        let (mut rest, mut position) = (bytes, position);
        while !rest.is_empty() {
            match file.seek_write(rest, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    position += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
