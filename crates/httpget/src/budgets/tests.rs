use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn timeouts() -> Timeouts {
    Timeouts {
        connect: Some(3 * SECOND),
        first_byte: Some(5 * SECOND),
        stall: Some(2 * SECOND),
        pace: None,
        total: Some(10 * SECOND),
    }
}

#[test]
fn whichever_ends_first_is_named() {
    let start = Instant::now();
    let budgets = Budgets::new(timeouts(), Deadline::never(), start);
    let cases = [
        (Budget::Connect, 0, Budget::Connect, 3),
        (Budget::Connect, 6, Budget::Connect, 9),
        (Budget::Connect, 8, Budget::Total, 10),
        (Budget::FirstByte, 1, Budget::FirstByte, 6),
        (Budget::FirstByte, 6, Budget::Total, 10),
        (Budget::Stall, 7, Budget::Stall, 9),
        // The same point in time: the step's own budget says more.
        (Budget::Stall, 8, Budget::Stall, 10),
        (Budget::Stall, 9, Budget::Total, 10),
        (Budget::Total, 9, Budget::Total, 10),
    ];
    for (asked, since, named, ends) in cases {
        let bound = budgets.bound(asked, start + since * SECOND);
        assert_eq!(bound.budget, named, "{asked} since {since}");
        assert_eq!(bound.deadline, Deadline::at(start + ends * SECOND), "{asked} since {since}");
    }
}

#[test]
fn without_a_budget_of_its_own_a_step_has_what_is_left_of_the_total() {
    let start = Instant::now();
    let none = Timeouts { connect: None, first_byte: None, stall: None, pace: None, total: None };
    let budgets = Budgets::new(none.clone(), Deadline::never(), start);
    assert_eq!(budgets.bound(Budget::Connect, start).deadline, Deadline::never());
    let outer = Deadline::at(start + 4 * SECOND);
    let budgets = Budgets::new(none, outer, start);
    let bound = budgets.bound(Budget::Stall, start + 3 * SECOND);
    assert_eq!((bound.deadline, bound.budget, bound.length), (outer, Budget::Total, 4 * SECOND));
}

#[test]
fn an_outer_deadline_is_what_is_left_of_the_same_total() {
    let start = Instant::now();
    let outer = Deadline::at(start + SECOND);
    let bound = Budgets::new(timeouts(), outer, start).total();
    assert_eq!((bound.deadline, bound.length), (outer, 10 * SECOND));
    let later = Deadline::at(start + 20 * SECOND);
    let bound = Budgets::new(timeouts(), later, start).total();
    assert_eq!(bound.deadline, Deadline::at(start + 10 * SECOND));
}

#[test]
fn a_timeout_of_the_systems_own_is_no_budgets() {
    let start = Instant::now();
    let budgets = Budgets::new(timeouts(), Deadline::never(), start);
    let timeout = || netcore::Error::new(netcore::Operation::Read, netcore::ErrorKind::TimedOut);
    let bound = budgets.bound(Budget::Stall, start + 3600 * SECOND);
    let bound = Bound { deadline: Deadline::at(start + 3600 * SECOND), ..bound };
    let error = bound.error(timeout(), Phase::Body, 7);
    assert_eq!(error.kind(), ErrorKind::Transport { phase: Phase::Body, received: 7 });
    let over = Bound { deadline: Deadline::at(start), ..bound };
    let error = over.error(timeout(), Phase::Body, 7);
    let ErrorKind::TimedOut { budget, phase, received, after } = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!((budget, phase, received), (Budget::Total, Phase::Body, 7));
    assert_eq!(after, 10 * SECOND);
}
