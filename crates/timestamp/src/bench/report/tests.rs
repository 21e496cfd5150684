use super::*;

/// Of a run in which nothing happened, in an open loop.
fn report() -> Report {
    let none = || Some(Latency::default());
    Report { lag: none(), uncorrected: none(), ..Report::default() }
}

#[test]
fn the_generator_is_the_limit_when_it_never_waits() {
    let limit = |busy, waited| Report { busy, waited, ..report() }.limit();
    assert_eq!(limit(0.94, Some(0.04)), None);
    assert_eq!(limit(0.94, None), None);
    assert_eq!(limit(0.95, Some(0.5)), Some(Limit::Busy(0.95)));
    assert_eq!(limit(0.2, Some(0.05)), Some(Limit::Waited(0.05)));
    let down = Duration::from_nanos(1);
    assert_eq!(Report { busy: 1.0, down, ..report() }.limit(), None, "the server was away");
}

#[test]
fn the_generator_is_the_limit_when_it_measures_its_own_lateness() {
    let limit = |latency, lag| {
        let mut report = report();
        (0..100).for_each(|_| report.latency.record(latency));
        (0..100).for_each(|_| report.lag.as_mut().unwrap().record(lag));
        report.limit()
    };
    assert_eq!(limit(1000, 499), None);
    assert_eq!(limit(1000, 500), Some(Limit::Late(Duration::from_nanos(500))));
    assert_eq!(limit(0, 0), None);
}

#[test]
fn rates_are_relative_to_the_window() {
    let elapsed = Duration::from_millis(500);
    let some = Report { elapsed, answers: 7, ..report() };
    assert_eq!((some.rate(), some.per_second(3)), (14.0, 6.0));
    assert_eq!(Report { elapsed: Duration::ZERO, ..some }.rate(), 0.0);
}

#[test]
fn two_threads_make_one_report() {
    let mut one = Report { answers: 3, lost: 1, busy: 0.3, waited: Some(0.1), ..report() };
    let mut other = Report { answers: 4, wrong: 2, busy: 0.6, waited: Some(0.0), ..report() };
    one.latency.record(5);
    other.latency.record(9);
    other.first_wrong = Some(b"x".to_vec());
    other.lag.as_mut().unwrap().record(1);
    one.merge(other);
    assert_eq!((one.answers, one.lost, one.wrong), (7, 1, 2));
    assert_eq!((one.busy, one.waited), (0.6, Some(0.1)));
    assert_eq!((one.latency.count(), one.lag.unwrap().count()), (2, 1));
    assert_eq!(one.first_wrong.as_deref(), Some(&b"x"[..]));
}
