//! Downloads that are cancelled, and go on later.

use std::thread;

use netcore::CancelToken;

use super::*;
use crate::fixture::streams;

#[track_caller]
fn phase(error: &Error) -> Phase {
    match error.kind() {
        ErrorKind::Cancelled { phase, .. } => phase,
        _ => panic!("{error:?}"),
    }
}

/// A download from `server` with a token.
fn with_token(server: &Server, token: &CancelToken) -> Download {
    Download::new(request_by(URL, server).with_cancel(token.clone()))
        .with_backoff(Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600)))
        .with_retries(9)
        .with_retry_any_error(true)
}

#[test]
fn a_cancelled_download_is_not_retried_and_can_be_resumed() {
    let server = Server::play([
        vec![asks_all(), send(cut(10)), Step::Gone],
        vec![asks_rest(10), send(rest(10))],
    ]);
    let place = FileTarget::new();
    let token = CancelToken::new();
    let error = with_token(&server, &token)
        .to_file_with_progress(&place.file, &mut |step| {
            if let Progress::Arrived { bytes: 10 } = step {
                token.cancel();
            }
        })
        .unwrap_err();
    assert_reason(&error, "cancelled while receiving the body, after 10 bytes");
    place.assert_left(10);
    download(&server).with_resume(true).to_file(&place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn the_wait_between_two_attempts_is_cancelled() {
    let server = Server::play([vec![asks_all(), send(cut(10)), Step::Close]]);
    let place = FileTarget::new();
    let token = CancelToken::new();
    let error = with_token(&server, &token)
        .to_file_with_progress(&place.file, &mut |step| {
            if let Progress::Waiting { .. } = step {
                let button = token.clone();
                thread::spawn(move || button.cancel());
            }
        })
        .unwrap_err();
    assert_reason(&error, "cancelled while waiting before another attempt");
    place.assert_left(10);
    server.finish();
}

#[cfg(unix)]
#[test]
fn the_wait_for_the_reader_of_a_fifo_is_cancelled() {
    let place = FileTarget::new();
    assert!(std::process::Command::new("mkfifo").arg(&place.file).status().unwrap().success());
    let server = Server::play([]);
    let token = CancelToken::new();
    let error = thread::scope(|scope| {
        let download = with_token(&server, &token);
        let waiting = scope.spawn(|| download.to_file(&place.file));
        token.cancel();
        waiting.join().unwrap().unwrap_err()
    });
    assert_eq!(phase(&error), Phase::Open);
    server.finish();
}

#[test]
fn a_download_to_another_target_counts_what_is_written() {
    let server = Server::play([vec![asks_all(), send(cut(10)), Step::Gone]]);
    let (reader, writer) = streams();
    let token = CancelToken::new();
    let mut written = 0;
    let error = with_token(&server, &token)
        .to_with_progress(&writer, &mut |step| {
            if let Progress::Arrived { bytes } = step {
                written = bytes;
                token.cancel();
            }
        })
        .unwrap_err();
    assert_eq!((phase(&error), written), (Phase::Body, 10));
    drop(reader);
    server.finish();
}
