use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::*;

#[test]
fn a_resolver_that_hangs_is_abandoned_at_the_deadline() {
    let hung = Arc::new(Barrier::new(2));
    let look_up = {
        let hung = Arc::clone(&hung);
        move || {
            hung.wait();
            Ok(())
        }
    };
    let error =
        on_lookup_thread(Deadline::after(Duration::from_millis(20)).into(), look_up).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    hung.wait();
}

#[test]
fn a_resolver_that_hangs_is_abandoned_when_the_token_is_cancelled() {
    let hung = Arc::new(Barrier::new(2));
    let token = CancelToken::new();
    let look_up = {
        let (hung, token) = (Arc::clone(&hung), token.clone());
        move || {
            token.cancel();
            hung.wait();
            Ok(())
        }
    };
    let error = on_lookup_thread(Until::from(&token), look_up).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Resolve, ErrorKind::Cancelled));
    hung.wait();
    let nothing = || -> Result<(), LookupError> { panic!("not called") };
    let error = on_lookup_thread(Until::from(&token), nothing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_resolver_that_dies_is_an_error() {
    let look_up = || -> Result<(), LookupError> { panic!("on purpose") };
    let error = on_lookup_thread(Deadline::never().into(), look_up).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
}

#[test]
fn without_a_thread_the_caller_makes_the_look_up() {
    let here = thread::current().id();
    let looked_up = Arc::new(Mutex::new(None));
    let there = Arc::clone(&looked_up);
    let work = Box::new(move || *lock(&there) = Some(thread::current().id()));
    let refused = |_| Err(io::ErrorKind::WouldBlock.into());
    run(Deadline::never().into(), work, refused).unwrap();
    assert_eq!(*lock(&looked_up), Some(here));
    let error = run(Deadline::after(Duration::ZERO).into(), Box::new(|| {}), refused).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn permits_are_limited_and_returned() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut taken: Vec<_> = (0..MAX_LOOKUPS).map(|_| Permit::take(&COUNT).unwrap()).collect();
    assert!(Permit::take(&COUNT).is_none());
    taken.pop();
    assert!(Permit::take(&COUNT).is_some());
    drop(taken);
    assert_eq!(COUNT.load(Ordering::Relaxed), 0);
}
