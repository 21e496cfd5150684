use std::time::Instant;

use super::*;
use crate::error::ErrorKind;
use crate::fixture::patience;

#[test]
fn the_deadline_or_the_token_ends_it() {
    let now = Deadline::at(Instant::now());
    assert!(Until::from(now).is_over() && !Until::from(now).is_cancelled());
    assert!(!Until::from(patience()).is_over());
    let token = CancelToken::new();
    let until = patience().or_cancelled(&token);
    assert!(!until.is_over());
    assert!(until.earlier(now).is_over());
    token.cancel();
    assert!(until.is_over() && until.is_cancelled() && until.earlier(now).is_cancelled());
    assert!(!patience().or_cancelled(None).is_over());
}

#[test]
fn its_error_says_what_ended_it() {
    let kind = |until: Until<'_>| until.error(Operation::Read).kind();
    let token = CancelToken::new();
    let passed = Deadline::after(Duration::ZERO);
    assert_eq!(kind(passed.or_cancelled(&token)), ErrorKind::TimedOut);
    token.cancel();
    assert_eq!(kind(passed.or_cancelled(&token)), ErrorKind::Cancelled);
    assert_eq!(kind(Until::from(&token)), ErrorKind::Cancelled);
    assert_eq!(kind(passed.into()), ErrorKind::TimedOut);
}

#[test]
fn a_sleep_ends_with_it() {
    let forever = Duration::MAX;
    let token = CancelToken::new();
    Deadline::after(Duration::ZERO).or_cancelled(&token).sleep(forever);
    Until::from(Deadline::after(Duration::from_millis(1))).sleep(forever);
    let sleeping = token.clone();
    let sleeper = thread::spawn(move || Until::from(&sleeping).sleep(forever));
    token.cancel();
    sleeper.join().unwrap();
}
