//! Random numbers for back-offs and tests, not for secrets: SplitMix64 (Steele, Lea, Flood 2014).

use std::hash::{BuildHasher, RandomState};

/// Returns a seed that differs from call to call.
pub(crate) fn seed() -> u64 {
    // The keys of each `RandomState` come from the system's random number generator.
    RandomState::new().hash_one(0)
}

/// Returns the next number of the generator in `state`.
pub(crate) const fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns the next number as a fraction: 0 or more, and less than 1.
pub(crate) fn fraction(state: &mut u64) -> f64 {
    // The upper 53 bits, which an f64 holds exactly.
    (next(state) >> 11) as f64 / (1_u64 << 53) as f64
}
