//! Random numbers without a state: each is a pure function of seed, step, site and place.
//!
//! They come from Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011), a bijection of four
//! 32-bit words under a key of two. The key is the seed. One block of four words serves four places that are 16 apart,
//! so that vectors of up to 16 lanes at neighbouring places share their work: the place `64 g + 16 w + l` (w < 4, l < 16)
//! reads word `w` of the block whose counter is `(16 g + l, step, site, 0)`.
//!
//! Everything is written over [`Ops`], so a back end that repeats these operations draws the same bits.

use super::{Clock, Draw};
use crate::scalar::Ops;
use crate::scalar::plain::Single;

/// The four words of the block at `counter` under `key`.
pub fn philox<O: Ops>(ops: &O, mut counter: [O::V; 4], mut key: [O::V; 2]) -> [O::V; 4] {
    let multipliers = [0xd251_1f53u32, 0xcd9e_8d57].map(|m| ops.int(m as i32));
    let weyl = [0x9e37_79b9u32, 0xbb67_ae85].map(|w| ops.int(w as i32));
    for round in 0..10 {
        if round > 0 {
            key = [ops.int_add(key[0], weyl[0]), ops.int_add(key[1], weyl[1])];
        }
        let [a, b, c, d] = counter;
        let high = [ops.int_mul_high(multipliers[0], a), ops.int_mul_high(multipliers[1], c)];
        counter = [
            ops.int_xor(ops.int_xor(high[1], b), key[0]),
            ops.int_mul(multipliers[1], c),
            ops.int_xor(ops.int_xor(high[0], d), key[1]),
            ops.int_mul(multipliers[0], a),
        ];
    }
    counter
}

/// The number of the block that serves the row-major `place`, and of the word in it.
pub fn block_and_word<O: Ops>(ops: &O, place: O::V) -> (O::V, O::V) {
    let group = ops.int_and(ops.int_shr(place, 2), ops.int(0x3fff_fff0));
    let block = ops.int_or(group, ops.int_and(place, ops.int(15)));
    (block, ops.int_and(ops.int_shr(place, 4), ops.int(3)))
}

/// The f32 that is drawn from the words of a block for its word number `word`.
///
/// Uniform: the upper 24 bits of the word as a fraction. Normal (Box & Muller, 1958): words 0 and 1 make a point of the
/// plane, whose two coordinates are the numbers 0 and 1; words 2 and 3 likewise.
pub fn draw<O: Ops>(ops: &O, draw: Draw, words: [O::V; 4], word: O::V) -> O::V {
    let bit = |mask| ops.int_equal(ops.int_and(word, ops.int(mask)), ops.int(0));
    let (even, first) = (bit(1), bit(2));
    let pick = |at: usize| ops.select(first, words[at], words[at + 2]);
    match draw {
        Draw::Uniform => {
            let word = ops.select(even, pick(0), pick(1));
            ops.mul(fraction(ops, word), ops.float(UNIT))
        }
        Draw::Normal => {
            // One more, for the logarithm of 0 would be infinite.
            let size = ops.mul(ops.add(fraction(ops, pick(0)), ops.float(1.0)), ops.float(UNIT));
            let radius = ops.sqrt(ops.mul(ops.log(size), ops.float(-2.0)));
            let angle = ops.mul(fraction(ops, pick(1)), ops.float(UNIT * std::f64::consts::TAU));
            ops.mul(radius, ops.select(even, ops.cos(angle), ops.sin(angle)))
        }
    }
}

/// The f32 that is drawn at one place: what a back end repeats where it does not share blocks.
pub fn number<O: Ops>(ops: &O, kind: Draw, seed: [O::V; 2], [step, site, place]: [O::V; 3]) -> O::V {
    let (block, word) = block_and_word(ops, place);
    draw(ops, kind, philox(ops, [block, step, site, ops.int(0)], seed), word)
}

/// 2⁻²⁴
const UNIT: f64 = 1.0 / 16777216.0;

/// The upper 24 bits as a whole number.
fn fraction<O: Ops>(ops: &O, word: O::V) -> O::V {
    ops.to_float(ops.int_and(ops.int_shr(word, 8), ops.int(0x00ff_ffff)))
}

/// The words of one block.
pub fn words(clock: Clock, site: u32, block: u32) -> [u32; 4] {
    philox(&Single, [block, clock.step, site, 0], [clock.seed as u32, (clock.seed >> 32) as u32])
}

/// The 32 random bits of one place.
pub fn bits(clock: Clock, site: u32, place: u32) -> u32 {
    let (block, word) = block_and_word(&Single, place);
    words(clock, site, block)[word as usize]
}

/// The numbers of the places from 0, `size` of them.
pub fn numbers(kind: Draw, clock: Clock, site: u32, size: usize) -> Vec<f32> {
    assert!(size <= i32::MAX as usize, "places are numbered in 31 bits");
    let mut numbers = vec![0.0; size];
    for (group, part) in numbers.chunks_mut(64).enumerate() {
        for lane in 0..part.len().min(16) {
            let words = words(clock, site, (16 * group + lane) as u32);
            for (word, number) in part[lane..].iter_mut().step_by(16).enumerate() {
                *number = f32::from_bits(draw(&Single, kind, words, word as u32));
            }
        }
    }
    numbers
}
