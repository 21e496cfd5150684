//! The hash XXH64 with seed 0, the checksum of a zstd frame (RFC 8878 section 3.1.1).

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// A running hash.
pub(super) struct XxHash64 {
    lanes: [u64; 4],
    /// Bytes that are not yet a stripe.
    rest: [u8; 32],
    rest_length: usize,
    length: u64,
}

impl XxHash64 {
    pub(super) fn new() -> XxHash64 {
        let [one, two, ..] = PRIMES;
        let lanes = [one.wrapping_add(two), two, 0, one.wrapping_neg()];
        XxHash64 { lanes, rest: [0; 32], rest_length: 0, length: 0 }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.rest_length > 0 {
            let count = bytes.len().min(32 - self.rest_length);
            self.rest[self.rest_length..self.rest_length + count].copy_from_slice(&bytes[..count]);
            self.rest_length += count;
            bytes = &bytes[count..];
            if self.rest_length < 32 {
                return;
            }
            let rest = self.rest;
            self.stripe(&rest);
        }
        let mut stripes = bytes.chunks_exact(32);
        for stripe in &mut stripes {
            self.stripe(stripe);
        }
        let rest = stripes.remainder();
        self.rest[..rest.len()].copy_from_slice(rest);
        self.rest_length = rest.len();
    }

    fn stripe(&mut self, stripe: &[u8]) {
        for (lane, bytes) in self.lanes.iter_mut().zip(stripe.chunks_exact(8)) {
            *lane = round(*lane, number(bytes));
        }
    }

    /// Returns the hash of all bytes so far.
    pub(super) fn finish(&self) -> u64 {
        let [one, two, three, four, five] = PRIMES;
        let mut hash = if self.length < 32 {
            five
        } else {
            let turns = [1, 7, 12, 18];
            let lanes = self.lanes.iter().zip(turns);
            let joined =
                lanes.fold(0_u64, |sum, (lane, by)| sum.wrapping_add(lane.rotate_left(by)));
            self.lanes.iter().fold(joined, |hash, lane| {
                (hash ^ round(0, *lane)).wrapping_mul(one).wrapping_add(four)
            })
        };
        hash = hash.wrapping_add(self.length);
        let mut words = self.rest[..self.rest_length].chunks_exact(8);
        for word in &mut words {
            hash = (hash ^ round(0, number(word))).rotate_left(27);
            hash = hash.wrapping_mul(one).wrapping_add(four);
        }
        let mut halves = words.remainder().chunks_exact(4);
        for half in &mut halves {
            hash = (hash ^ number(half).wrapping_mul(one)).rotate_left(23);
            hash = hash.wrapping_mul(two).wrapping_add(three);
        }
        for byte in halves.remainder() {
            hash = (hash ^ u64::from(*byte).wrapping_mul(five)).rotate_left(11).wrapping_mul(one);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(two);
        hash = (hash ^ hash >> 29).wrapping_mul(three);
        hash ^ hash >> 32
    }
}

fn round(lane: u64, input: u64) -> u64 {
    let [one, two, ..] = PRIMES;
    lane.wrapping_add(input.wrapping_mul(two)).rotate_left(31).wrapping_mul(one)
}

/// Reads up to eight bytes as a number in little-endian order.
fn number(bytes: &[u8]) -> u64 {
    let mut padded = [0; 8];
    padded[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(padded)
}
