use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn timeouts() -> Timeouts {
    Timeouts {
        connect: Some(3 * SECOND),
        first_byte: Some(5 * SECOND),
        stall: Some(2 * SECOND),
        min_speed: None,
        total: Some(10 * SECOND),
    }
}

#[test]
fn the_earlier_deadline_is_named() {
    let start = Instant::now();
    let deadlines = Deadlines::new(timeouts(), Deadline::never(), start);
    let cases = [
        (Timeout::Connect, 0, Timeout::Connect, 3),
        (Timeout::Connect, 6, Timeout::Connect, 9),
        (Timeout::Connect, 8, Timeout::Total, 10),
        (Timeout::FirstByte, 1, Timeout::FirstByte, 6),
        (Timeout::FirstByte, 6, Timeout::Total, 10),
        (Timeout::Stall, 7, Timeout::Stall, 9),
        // The same point in time: the step's own budget says more.
        (Timeout::Stall, 8, Timeout::Stall, 10),
        (Timeout::Stall, 9, Timeout::Total, 10),
        (Timeout::Total, 9, Timeout::Total, 10),
    ];
    for (asked, since, named, ends) in cases {
        let step = deadlines.step(asked, start + since * SECOND);
        assert_eq!(step.timeout, named, "{asked} since {since}");
        assert_eq!(step.deadline, Deadline::at(start + ends * SECOND), "{asked} since {since}");
    }
}

#[test]
fn a_step_without_a_timeout_has_the_total_deadline() {
    let start = Instant::now();
    let none =
        Timeouts { connect: None, first_byte: None, stall: None, min_speed: None, total: None };
    let deadlines = Deadlines::new(none.clone(), Deadline::never(), start);
    assert_eq!(deadlines.step(Timeout::Connect, start).deadline, Deadline::never());
    let outer = Deadline::at(start + 4 * SECOND);
    let deadlines = Deadlines::new(none, outer, start);
    let step = deadlines.step(Timeout::Stall, start + 3 * SECOND);
    assert_eq!((step.deadline, step.timeout, step.length), (outer, Timeout::Total, 4 * SECOND));
}

#[test]
fn an_outer_deadline_counts_as_total_timeout() {
    let start = Instant::now();
    let outer = Deadline::at(start + SECOND);
    let step = Deadlines::new(timeouts(), outer, start).total();
    assert_eq!((step.deadline, step.length), (outer, 10 * SECOND));
    let later = Deadline::at(start + 20 * SECOND);
    let step = Deadlines::new(timeouts(), later, start).total();
    assert_eq!(step.deadline, Deadline::at(start + 10 * SECOND));
}

#[test]
fn a_timeout_of_the_system_is_not_ours() {
    let start = Instant::now();
    let deadlines = Deadlines::new(timeouts(), Deadline::never(), start);
    let timeout = || netcore::Error::new(netcore::Operation::Read, netcore::ErrorKind::TimedOut);
    let step = deadlines.step(Timeout::Stall, start + 3600 * SECOND);
    let step = StepDeadline { deadline: Deadline::at(start + 3600 * SECOND), ..step };
    let error = step.error(timeout(), Phase::Body, 7);
    assert_eq!(error.kind(), ErrorKind::Transport { phase: Phase::Body, received: 7 });
    let over = StepDeadline { deadline: Deadline::at(start), ..step };
    let error = over.error(timeout(), Phase::Body, 7);
    let ErrorKind::TimedOut { timeout, phase, received, after } = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!((timeout, phase, received), (Timeout::Total, Phase::Body, 7));
    assert_eq!(after, 10 * SECOND);
}
