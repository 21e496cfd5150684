use std::ops::Range;
use std::time::Duration;

use crate::backplane::key;
use crate::backplane::settings::Offline;

mod world;

use world::{Dice, World};

/// Seeds of the worlds of a test; `CHAT_SEEDS` sets another number of them.
fn seeds(usual: u64) -> Range<u64> {
    0..std::env::var("CHAT_SEEDS").map_or(usual, |text| text.parse().expect("a number"))
}

/// Runs a world for a while with everything that may go wrong, and then without it until it is
/// calm. Faults are numbers below `faults`: see [`World::fault`].
fn run(seed: u64, offline: Offline, faults: u64) -> World {
    let mut world = World::new(seed, offline, 3);
    let mut random = Dice::new(seed);
    world.pass(Duration::from_secs(3));
    for _ in 0..60 {
        for _ in 0..random.below(8) {
            world.act();
        }
        if random.below(6) == 0 {
            let which = random.below(faults);
            world.fault(which);
        }
        world.pass(Duration::from_millis(random.below(1500)));
    }
    world.calm();
    world
}

#[test]
fn every_line_comes_back_once_to_every_node_in_one_order_or_is_refused() {
    for seed in seeds(100) {
        let world = run(seed, Offline::Refuse, world::FAULTS);
        world.check_order(seed);
        world.check_lines(seed);
        world.check_names(seed);
    }
}

#[test]
fn queued_lines_are_sent_in_their_order_once_the_engine_is_back() {
    for seed in seeds(60) {
        let world = run(seed, Offline::Queue, world::FAULTS);
        world.check_order(seed);
        world.check_lines(seed);
        world.check_names(seed);
        world.check_senders(seed);
    }
}

#[test]
fn removed_entries_are_reported_by_every_node_that_has_not_read_them() {
    let mut missed = 0;
    for seed in seeds(100) {
        let mut world = World::new(seed, Offline::Refuse, 2);
        world.pass(Duration::from_secs(3));
        for _ in 0..20 {
            (0..5).for_each(|_| world.act());
            world.pass(Duration::from_millis(40));
            world.model.streams.entry(key::room("lobby")).or_default().clear();
            world.pass(Duration::from_millis(500));
        }
        world.calm();
        missed += world.check_missed(seed);
    }
    assert!(missed > 0, "nothing was removed too early");
}

#[test]
fn an_engine_that_lost_its_data_is_filled_again() {
    for seed in seeds(100) {
        let mut world = run(seed, Offline::Refuse, world::FAULTS);
        world.model.lose_data();
        world.pass(Duration::from_secs(20));
        world.calm();
        world.check_names(seed);
        world.check_registered(seed);
    }
}
