use super::*;

#[test]
fn numbers_are_those_of_the_reference_implementation() {
    // https://prng.di.unimi.it/splitmix64.c with x = 1234567.
    let mut random = Random::new(1_234_567);
    let numbers: Vec<u64> = (0..3).map(|_| random.number()).collect();
    let expected =
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
    assert_eq!(numbers, expected);
}

#[test]
fn numbers_cover_their_range() {
    let mut random = Random::new(0);
    let mut seen = [0; 6];
    for _ in 0..600 {
        seen[random.below(6)] += 1;
    }
    assert!(seen.iter().all(|count| (50..200).contains(count)), "{seen:?}");
    let fractions: Vec<f64> = (0..600).map(|_| random.fraction()).collect();
    assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
    let mean = fractions.iter().sum::<f64>() / 600.0;
    assert!((0.4..0.6).contains(&mean), "{mean}");
}
