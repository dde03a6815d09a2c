//! Orders that look random: functions of a seed, the same on every machine and in every version.

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What an order is for: different purposes of one seed have nothing in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Split = 1,
    /// The order of examples in an epoch.
    Epoch = 2,
    /// The tokens of a text that is written.
    Text = 3,
    /// The values that a search tries.
    Trial = 4,
    /// The examples of an update that draws each by itself.
    Draw = 5,
}

/// The numbers from 0 to `n`, in an order that depends on `seed`, `purpose` and `round` alone.
pub fn order(n: usize, seed: u64, purpose: Purpose, round: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    shuffle(&mut order, &mut bits(seed, purpose, round));
    order
}

/// A number from 0 to 1, below it, that depends on `seed`, `purpose` and `round` alone.
pub fn share(seed: u64, purpose: Purpose, round: u64) -> f64 {
    (bits(seed, purpose, round).next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// The numbers below `n`, each of them with the probability `rate` and whatever becomes of the others, in ascending order: a
/// function of `seed` and `round`.
pub fn drawn(n: usize, rate: f64, seed: u64, round: u64) -> Vec<u32> {
    if rate >= 1.0 {
        return (0..n as u32).collect();
    }
    let mut bits = bits(seed, Purpose::Draw, round);
    // Of 2⁶⁴ words so many are below the rate.
    let below = (rate * 2.0f64.powi(64)) as u64;
    (0..n as u32).filter(|_| bits.next_u64() < below).collect()
}

/// Fisher and Yates, from the end.
fn shuffle<T>(items: &mut [T], bits: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u64 + 1, bits) as usize);
    }
}

/// A number below `n`, all equally likely: the high half of a product, drawn again where the low half would favour some
/// (Lemire, 2019).
fn below(n: u64, bits: &mut ChaCha8Rng) -> u64 {
    let unfair = n.wrapping_neg() % n;
    loop {
        let product = u128::from(bits.next_u64()) * u128::from(n);
        if product as u64 >= unfair {
            return (product >> 64) as u64;
        }
    }
}

/// The key is written out here: how a library stretches a short seed may change between its versions.
fn bits(seed: u64, purpose: Purpose, round: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&round.to_le_bytes());
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}
