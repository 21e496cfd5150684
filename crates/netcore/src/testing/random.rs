//! Random numbers that a printed seed repeats.

use crate::random;

#[cfg(test)]
mod tests;

/// Random numbers from a seed: SplitMix64. The same seed always gives the same numbers.
///
/// ```
/// use netcore::testing::Random;
///
/// let (mut random, mut again) = (Random::new(7), Random::new(7));
/// assert_eq!(random.number(), again.number());
/// assert!(random.below(6) < 6);
/// assert!((0.0..1.0).contains(&random.fraction()));
/// ```
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Returns the numbers of `seed`. Every seed is good, 0 included.
    #[must_use]
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns the numbers of [`seed_from_env`].
    ///
    /// # Panics
    ///
    /// As [`seed_from_env`].
    #[must_use]
    pub fn from_env(variable: &str) -> Random {
        Random(seed_from_env(variable))
    }

    /// Returns a random number.
    pub fn number(&mut self) -> u64 {
        random::next(&mut self.0)
    }

    /// Returns a random number below `end`.
    ///
    /// # Panics
    ///
    /// Panics if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    /// Returns a random fraction: 0 or more, and less than 1.
    pub fn fraction(&mut self) -> f64 {
        random::fraction(&mut self.0)
    }

    /// Returns a random item of a slice that is not empty.
    ///
    /// # Panics
    ///
    /// Panics if `items` is empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Returns the seed in the environment variable `variable`, a decimal number. Without the variable
/// the seed differs from call to call. The seed is printed, so that a failed test shows how to
/// repeat it.
///
/// # Panics
///
/// Panics if the variable is set but is not a number.
#[must_use]
pub fn seed_from_env(variable: &str) -> u64 {
    let seed = seed(variable);
    println!("{variable}={seed} repeats this");
    seed
}

/// Returns the seed in the environment variable, or a random one.
pub(super) fn seed(variable: &str) -> u64 {
    match std::env::var(variable) {
        Ok(text) => match text.parse() {
            Ok(seed) => seed,
            Err(_) => panic!("{variable} is not a number: {text:?}"),
        },
        Err(_) => random::seed(),
    }
}
