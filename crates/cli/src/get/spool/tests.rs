use netcore::testing::TestDir;

use super::*;

/// All bytes of a spool.
fn content(spool: Spool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let emptied: io::Result<()> = spool.empty(|piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    });
    emptied.unwrap();
    bytes
}

#[test]
fn the_order_of_the_bytes_is_that_in_which_they_came() {
    let mut spool = Spool::default();
    let mut all = Vec::new();
    for number in 0..40 {
        let piece: Vec<u8> = (0..20_000_u32).map(|at| (at * 7 + number) as u8).collect();
        spool.keep(&piece).unwrap();
        all.extend(piece);
    }
    assert!(spool.memory.len() <= IN_MEMORY);
    assert_eq!(spool.memory.len() as u64 + spool.on_disk, 800_000);
    assert!(content(spool) == all);
}

#[test]
fn what_the_disk_does_not_take_is_kept() {
    let full = File::options().read(true).write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let mut spool = Spool { memory: b"memory ".to_vec(), file: Some(full), ..Spool::default() };
    spool.keep(b"the rest").unwrap_err();
    assert_eq!(content(spool), b"memory the rest");
}

#[test]
fn a_temporary_file_has_no_name() {
    let directory = TestDir::new();
    let _file = temporary(directory.root()).unwrap();
    assert_eq!(directory.names(), [""; 0]);
}
