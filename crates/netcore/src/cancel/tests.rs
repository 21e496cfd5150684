use std::thread;
use std::time::Duration;

use super::*;
use crate::fixture::{moment, patience};
use crate::sys::Interest;
use crate::wait;

#[test]
fn clones_are_the_same_token() {
    let token = CancelToken::new();
    let clone = token.clone();
    assert!(!token.is_cancelled());
    clone.cancel();
    assert!(token.is_cancelled());
    clone.cancel();
    assert!(token.is_cancelled());
    assert_eq!(format!("{token:?}"), "CancelToken { cancelled: true, .. }");
}

#[test]
fn a_child_is_cancelled_with_its_parent_or_alone() {
    let parent = CancelToken::new();
    let (alone, child) = (parent.child(), parent.child());
    let grandchild = child.child();
    alone.cancel();
    assert!(!parent.is_cancelled() && !child.is_cancelled() && !grandchild.is_cancelled());
    parent.cancel();
    assert!(child.is_cancelled() && grandchild.is_cancelled());
    assert!(parent.child().is_cancelled(), "of a cancelled token");
}

#[test]
fn a_token_forgets_children_that_are_gone() {
    let parent = CancelToken::new();
    let kept = parent.child();
    for _ in 0..1000 {
        drop(parent.child());
    }
    assert!(lock(&parent.0.children).len() < 10);
    parent.cancel();
    assert!(kept.is_cancelled());
}

#[test]
fn a_wait_ends_at_the_deadline_or_when_the_token_is_cancelled() {
    let token = CancelToken::new();
    assert!(!token.wait(moment()));
    assert!(!token.wait(Deadline::after(Duration::ZERO)));
    let child = token.child();
    let waiting = thread::spawn(move || child.wait(Deadline::never()));
    token.cancel();
    assert!(waiting.join().unwrap());
    assert!(token.wait(Deadline::after(Duration::ZERO)), "cancelled before the wait");
}

#[test]
fn the_pipe_is_readable_once_the_token_is_cancelled_before_or_after_it_was_made() {
    let is_readable = |token: &CancelToken, deadline| {
        let pipe = token.pipe().unwrap();
        wait::ready(pipe.socket(), Interest::Read, deadline).unwrap()
    };
    let token = CancelToken::new();
    assert!(!is_readable(&token, moment()));
    token.cancel();
    assert!(is_readable(&token, patience()));
    let token = CancelToken::new();
    token.cancel();
    assert!(is_readable(&token, patience()));
}
