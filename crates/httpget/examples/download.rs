//! A download that survives server restarts and network failures. If the program is killed, start
//! it again to resume the download.
//!
//! ```text
//! cargo run -p httpget --example download -- http://127.0.0.1:8080/disk.img disk.img
//! ```

#[cfg(not(unix))]
fn main() {
    eprintln!("this example needs Unix, as httpget::download does");
}

#[cfg(unix)]
fn main() -> Result<(), httpget::Error> {
    use std::time::Duration;

    use httpget::download::{Download, Progress};
    use httpget::{Client, Timeouts};

    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(path)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: download URL FILE");
        return Ok(());
    };
    // At most a day in total; the default stall timeout is half a minute.
    let timeouts = Timeouts::default().with_total(Duration::from_secs(86_400));
    let client = Client::new().with_timeouts(timeouts);
    let done = Download::new(client.get(&url))
        .with_resume(true)
        .with_retries(100)
        .to_file_with_progress(path, &mut |progress| match progress {
            Progress::Begun { at, total: Some(total), .. } => eprintln!("from {at} of {total}"),
            Progress::Waiting { error, wait, .. } => eprintln!("{error}; again in {wait:.1?}"),
            _ => {}
        })?;
    println!("{done}");
    Ok(())
}
