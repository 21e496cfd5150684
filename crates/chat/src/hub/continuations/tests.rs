use super::*;

const KEY: &str = "0123456789abcdef";

#[test]
fn lines_are_counted_over_connections_and_never_for_two_clients() {
    let all = Continuations::default();
    let [one, two, three] = [1, 2, 3].map(ClientId);
    let first = all.take(KEY, one);
    assert_eq!((first.lines, first.replaced), (None, None));
    assert!(first.continuation.count(one) && first.continuation.count(one));
    let second = all.take(KEY, two);
    assert_eq!((second.lines, second.replaced), (Some(2), Some(one)));
    assert!(!first.continuation.count(one));
    assert!(second.continuation.count(two));
    // The first client is not the current one any more, so its end changes nothing.
    all.release(&first.continuation, one);
    all.release(&second.continuation, two);
    let third = all.take(KEY, three);
    assert_eq!((third.lines, third.replaced), (Some(3), None));
    assert_eq!(all.take("another key of somebody", one).lines, None);
}

#[test]
fn the_clients_that_have_been_gone_longest_are_forgotten() {
    let all = Continuations::default();
    let key = |number: usize| format!("a key with number {number}");
    let stays = all.take("a client that stays", ClientId(1));
    assert!(stays.continuation.count(ClientId(1)));
    for number in 0..MAX_GONE + 10 {
        let client = ClientId(2 + number as u64);
        let taken = all.take(&key(number), client);
        all.release(&taken.continuation, client);
    }
    assert_eq!(lock(&all.0).all.len(), 1 + MAX_GONE);
    assert_eq!(lock(&all.0).gone.len(), MAX_GONE);
    let lines = |key: &str| all.take(key, ClientId(u64::MAX)).lines;
    assert_eq!([lines(&key(9)), lines(&key(10))], [None, Some(0)]);
    assert_eq!(lines("a client that stays"), Some(1));
}

#[test]
fn a_client_that_is_back_is_not_forgotten_for_an_earlier_end() {
    let all = Continuations::default();
    let taken = all.take(KEY, ClientId(1));
    all.release(&taken.continuation, ClientId(1));
    let back = all.take(KEY, ClientId(2));
    for number in 0..MAX_GONE {
        let client = ClientId(3 + number as u64);
        let taken = all.take(&format!("a key with number {number}"), client);
        all.release(&taken.continuation, client);
    }
    assert!(back.continuation.count(ClientId(2)));
    assert_eq!(all.take(KEY, ClientId(u64::MAX)).lines, Some(1));
}

#[test]
fn a_key_cannot_be_guessed() {
    for key in [KEY, &"x".repeat(64), "~!@#$%^&*()_+{}|"] {
        assert!(is_key(key), "{key}");
    }
    for key in ["", "0123456789abcde", &"x".repeat(65), "0123456789 abcdef", "0123456789abcdeé"] {
        assert!(!is_key(key), "{key}");
    }
}
