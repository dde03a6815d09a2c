//! Random numbers without a state: what is drawn is a function of the seed, the step, the site and the place.
//!
//! The generator is Philox (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011), with ten
//! rounds. The seed, the step and the site make a stream once; each place of it costs one round trip through the smaller
//! of the two sizes. Everything is written over [`Ops`], so that every back end draws the same numbers.

use super::{Clock, Draw};
use crate::scalar::Ops;
use crate::scalar::plain::Single;

/// What all draws of one site in one step share.
pub struct Stream<V> {
    key: V,
    number: V,
}

impl<V> Stream<V> {
    /// The stream in another form.
    pub fn map<W>(self, mut form: impl FnMut(V) -> W) -> Stream<W> {
        Stream { key: form(self.key), number: form(self.number) }
    }
}

/// The stream of `site` in a step; the seed comes as its lower and its upper half.
pub fn stream<O: Ops>(ops: &O, seed: [O::V; 2], step: O::V, site: u32) -> Stream<O::V> {
    let zero = ops.int(0);
    let [key, number, ..] = philox_4x32(ops, [ops.int(site as i32), step, zero, zero], seed);
    Stream { key, number }
}

/// The f32 that is drawn at `place`, an i32 whose bits count from 0 to 2³² - 1.
pub fn draw<O: Ops>(ops: &O, draw: Draw, stream: &Stream<O::V>, place: O::V) -> O::V {
    let words = philox_2x32(ops, [place, stream.number], stream.key);
    let unit = ops.float(1.0 / 16777216.0);
    // The upper 24 bits, a number that an f32 holds.
    let [first, second] = words.map(|word| ops.int_and(ops.int_shr(word, 8), ops.int(0x00ff_ffff)));
    match draw {
        Draw::Uniform => ops.mul(ops.to_float(first), unit),
        // Box and Muller, 1958; the logarithm is of a number in (0, 1].
        Draw::Normal => {
            let size = ops.mul(ops.to_float(ops.int_add(first, ops.int(1))), unit);
            let angle = ops.mul(ops.to_float(second), ops.float(std::f64::consts::TAU / 16777216.0));
            ops.mul(ops.sqrt(ops.mul(ops.float(-2.0), ops.log(size))), ops.cos(angle))
        }
    }
}

/// The f32 that is drawn at a row-major place.
pub fn value(clock: Clock, site: u32, draw: Draw, place: usize) -> f32 {
    let seed = [clock.seed as u32, (clock.seed >> 32) as u32];
    let stream = stream(&Single, seed, clock.step, site);
    f32::from_bits(self::draw(&Single, draw, &stream, u32::try_from(place).expect("a place below 2³²")))
}

/// The numbers of the places from 0, `size` of them.
pub fn numbers(draw: Draw, clock: Clock, site: u32, size: usize) -> Vec<f32> {
    assert!(u32::try_from(size).is_ok(), "places are numbered in 32 bits");
    let seed = [clock.seed as u32, (clock.seed >> 32) as u32];
    let stream = stream(&Single, seed, clock.step, site);
    (0..size as u32).map(|place| f32::from_bits(self::draw(&Single, draw, &stream, place))).collect()
}

const ROUNDS: usize = 10;

/// Four words of a counter, mixed (Salmon et al., 2011).
pub fn philox_4x32<O: Ops>(ops: &O, counter: [O::V; 4], key: [O::V; 2]) -> [O::V; 4] {
    let ([mut a, mut b, mut c, mut d], [mut key_0, mut key_1]) = (counter, key);
    for round in 0..ROUNDS {
        if round > 0 {
            key_0 = ops.int_add(key_0, ops.int(0x9e37_79b9_u32 as i32));
            key_1 = ops.int_add(key_1, ops.int(0xbb67_ae85_u32 as i32));
        }
        let (high_0, low_0) = product(ops, a, 0xd251_1f53);
        let (high_1, low_1) = product(ops, c, 0xcd9e_8d57);
        a = ops.int_xor(ops.int_xor(high_1, b), key_0);
        c = ops.int_xor(ops.int_xor(high_0, d), key_1);
        (b, d) = (low_1, low_0);
    }
    [a, b, c, d]
}

/// The same of two words.
pub fn philox_2x32<O: Ops>(ops: &O, counter: [O::V; 2], mut key: O::V) -> [O::V; 2] {
    let [mut a, mut b] = counter;
    for round in 0..ROUNDS {
        if round > 0 {
            key = ops.int_add(key, ops.int(0x9e37_79b9_u32 as i32));
        }
        let (high, low) = product(ops, a, 0xd256_d193);
        (a, b) = (ops.int_xor(ops.int_xor(high, key), b), low);
    }
    [a, b]
}

/// The upper and the lower half of an unsigned product.
fn product<O: Ops>(ops: &O, a: O::V, factor: u32) -> (O::V, O::V) {
    let factor = ops.int(factor as i32);
    (ops.int_mul_high(a, factor), ops.int_mul(a, factor))
}
