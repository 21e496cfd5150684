use std::time::Duration;

use crate::journal::fixture::{capture_log, logged};
use crate::journal::sync_policy::SyncPolicy;

mod world;

use world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Number of worlds of a test; `CHAT_SEEDS` sets another one.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    0..std::env::var("CHAT_SEEDS").map_or(usual, |text| text.parse().expect("a number"))
}

fn world(policy: SyncPolicy) -> World {
    capture_log();
    World::new(0, policy)
}

#[test]
fn the_log_has_every_line_once_in_the_order_of_the_stream_or_says_what_is_missing() {
    let policies = [SyncPolicy::Every(SECOND), SyncPolicy::Every(Duration::ZERO)];
    for seed in seeds(100) {
        let mut world = World::new(seed, policies[(seed % 2) as usize]);
        for _ in 0..60 {
            world.act();
            world.fault();
            world.pass();
        }
        world.finish();
        world.check();
    }
}

#[test]
fn a_killed_server_goes_on_behind_the_last_line_of_its_log() {
    let mut world = world(SyncPolicy::Never);
    world.say("lobby", 3);
    world.run();
    world.kill();
    world.say("lobby", 2);
    world.run();
    world.kill();
    world.restart();
    world.run();
    assert_eq!(world.texts("lobby"), ["t1", "t2", "t3", "t4", "t5"]);
    world.check();
}

#[test]
fn a_torn_line_and_lines_that_no_sync_has_covered_are_read_again_after_a_power_loss() {
    let mut world = world(SyncPolicy::Every(SECOND));
    world.say("lobby", 3);
    world.run();
    world.advance(2 * SECOND);
    world.run();
    world.say("lobby", 3);
    world.run();
    assert_eq!(world.texts("lobby").len(), 6);
    world.lose_power(10);
    assert!(world.content("lobby").len() > 3 * 100);
    world.restart();
    world.run();
    assert_eq!(world.texts("lobby"), ["t1", "t2", "t3", "t4", "t5", "t6"]);
    world.check();
}

#[test]
fn lines_that_were_removed_too_early_are_counted_in_the_log() {
    let mut world = world(SyncPolicy::Never);
    world.say("lobby", 2);
    world.run();
    world.kill();
    let _ = logged();
    world.say("lobby", 3);
    world.trim("lobby", 5);
    world.restart();
    world.run();
    let texts = world.texts("lobby");
    let missing = "2 lines are missing: they were removed from the chat's engine too early";
    assert_eq!(texts, ["t1", "t2", missing, "t5"]);
    assert_eq!(logged(), [format!("ERROR: log of room lobby: {missing}")]);
    // At the end of a stream they show by the number that the engine has counted.
    world.kill();
    world.say("lobby", 1);
    world.trim("lobby", 99);
    world.restart();
    world.run();
    world.advance(3 * SECOND);
    world.run();
    let missing = "1 line is missing: it was removed from the chat's engine too early";
    assert_eq!(world.texts("lobby")[4..], [missing]);
    world.say("lobby", 1);
    world.run();
    assert_eq!(world.texts("lobby")[4..], [missing, "t7"]);
    assert_eq!(world.lost(), 3);
    world.check();
}

#[test]
fn an_engine_that_lost_its_data_leaves_a_mark_and_its_lines_follow() {
    let mut world = world(SyncPolicy::Never);
    world.say("lobby", 2);
    world.run();
    let _ = logged();
    world.lose_data();
    world.say("lobby", 2);
    world.advance(3 * SECOND);
    world.run();
    let text = "lines may be missing: the chat's engine has lost data, or is another one";
    assert_eq!(world.texts("lobby"), ["t1", "t2", text, "t3", "t4"]);
    assert_eq!(logged().len(), 1);
    world.kill();
    world.lose_data();
    world.say("lobby", 1);
    world.restart();
    world.run();
    assert_eq!(world.texts("lobby")[5..], [text, "t5"]);
    world.check();
}

#[test]
fn a_full_disk_costs_nothing_while_the_stream_has_the_lines() {
    let mut world = world(SyncPolicy::Every(SECOND));
    world.say("lobby", 2);
    world.run();
    let _ = logged();
    world.fill_disk(true);
    world.say("lobby", 3);
    world.run();
    world.advance(SECOND);
    world.say("lobby", 1);
    world.run();
    world.advance(6 * SECOND);
    world.run();
    // Some of the lines may have found room.
    let all = ["t1", "t2", "t3", "t4", "t5", "t6"];
    let texts = world.texts("lobby");
    assert!(texts.len() < all.len() && texts == all[..texts.len()], "{texts:?}");
    let errors = logged().into_iter().filter(|line| line.starts_with("ERROR"));
    assert_eq!(errors.count(), 1, "in 30 s");
    world.fill_disk(false);
    world.advance(8 * SECOND);
    world.run();
    assert_eq!(world.texts("lobby"), all);
    assert!(logged().contains(&"WARN: log of room lobby: written again".to_owned()));
    assert_eq!(world.lost(), 0);
    world.check();
}

#[test]
fn every_room_is_followed_and_a_room_that_is_opened_again_lacks_nothing() {
    let mut world = world(SyncPolicy::Never);
    world.open("Dev");
    world.say("dev", 2);
    world.open("ops");
    world.say("ops", 1);
    world.run();
    world.advance(3 * SECOND);
    world.run();
    assert_eq!(world.texts("dev"), ["t1", "t2"]);
    assert_eq!(world.texts("ops"), ["t3"]);
    assert!(world.content("dev").contains("\"room\":\"Dev\""));
    // The room expires, and its stream with it.
    world.advance(600 * SECOND);
    world.reap();
    world.run();
    world.kill();
    world.restart();
    world.run();
    world.open("dev");
    world.say("dev", 1);
    world.advance(3 * SECOND);
    world.run();
    assert_eq!(world.texts("dev"), ["t1", "t2", "t4"]);
    world.check();
}

#[test]
fn a_stopping_server_writes_every_line_that_the_streams_have() {
    let mut world = world(SyncPolicy::Never);
    world.say("lobby", 1);
    world.run();
    world.open("new");
    world.say("new", 700);
    world.say("lobby", 1);
    world.stop();
    assert_eq!((world.texts("new").len(), world.texts("lobby").len()), (700, 2));
    world.check();
}

#[test]
fn the_files_of_later_days_follow_whatever_the_clock_does() {
    let mut world = world(SyncPolicy::Every(SECOND));
    world.say("lobby", 1);
    world.run();
    world.advance(26 * 3600 * SECOND);
    world.say("lobby", 1);
    world.run();
    // The next engine has a clock that is late.
    world.lose_data();
    world.set_back(40 * 3600 * SECOND);
    world.say("lobby", 2);
    world.advance(3 * SECOND);
    world.run();
    assert_eq!(world.files("lobby"), 2);
    let texts = world.texts("lobby");
    assert_eq!([&texts[..2], &texts[3..]].concat(), ["t1", "t2", "t3", "t4"]);
    world.check();
}
