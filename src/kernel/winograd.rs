//! Convolutions with 3×3 weights and stride 1 by Winograd's F(4×4, 3×3): each result costs 2.25 products for a channel
//! in place of 9.
//!
//! The tiles of an image, the weights and the gradients of results are changed to 36 points, at each of which a
//! product over channels (or, for the gradient of weights, over tiles) gives the same point of what is asked for. See
//! [`formulas`].

use std::cmp::Reverse;

use super::affine::{Affine, Var};
use super::{Body, Line, Load, Reg, Work};
use crate::tensor::Dtype;

mod eval;
pub mod formulas;

pub use eval::Memory;
use formulas::{POINTS, RESULTS, TAPS};

/// A convolution or the gradient of its weights. Both are `Σ image · other` over the axes `inner`.
///
/// Bits are those of [`formulas`], applied along the width first, with what is outside of the image or of the space as
/// zeros, and at each point of one chain of fused multiply-adds from zero: over the channels, or over the tiles in
/// row-major order of the outer axes, height and width. Tiles begin at every fourth place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Winograd {
    pub inner: Vec<usize>,
    pub image: Reader,
    /// The weights, or the gradient of the results.
    pub other: Load,
    pub roles: Roles,
    /// Where weights, tiles and sums at all points lie.
    pub room: usize,
}

/// How the image is read: a value for each place `height + tap, width + tap` and each channel, which is zero outside
/// of it. One of its loads moves from place to place; others differ from channel to channel at most.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reader {
    pub body: Body,
    pub value: Reg,
}

/// What the axes of a kernel are to a convolution; the last axis of the space is that of the other's channels.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Roles {
    /// Axes of the image beside its height and width, such as the examples.
    pub outer: Vec<usize>,
    /// The height and the width of the results.
    pub places: [usize; 2],
    /// Those of the weights.
    pub taps: [usize; 2],
    /// The channels of the image.
    pub channel: usize,
    /// Whether it is the gradient of weights.
    pub gradient: bool,
}

/// Channels come in whole registers of any machine.
pub const CHANNELS: usize = 16;

/// An image has at least so many tiles, for fewer of which changing the weights costs more than is saved.
const TILES: usize = 4;

/// Tiles reach at most this much over the image, in hundredths of its places.
const OVER: usize = 135;

/// The sum of products of an image and another factor over the axes `inner` by Winograd's method, where it can be
/// computed so and gains by it. What it depends on are extents and strides, never the machine or the number of
/// examples.
pub fn by_winograd(space: &[usize], inner: &[usize], image: Reader, other: &Load) -> Option<Winograd> {
    let roles = roles(space, inner, &image, other).filter(|roles| gains(space, inner, roles))?;
    // The room is found when memory is laid out.
    Some(Winograd { inner: inner.to_vec(), image, other: other.clone(), roles, room: usize::MAX })
}

/// Whether few enough results of tiles are thrown away, and weights are changed for enough of them.
fn gains(space: &[usize], inner: &[usize], roles: &Roles) -> bool {
    let axes = [space, inner].concat();
    let [height, width] = roles.places.map(|axis| axes[axis]);
    let tiled = height.next_multiple_of(RESULTS) * width.next_multiple_of(RESULTS);
    tiled / (RESULTS * RESULTS) >= TILES && 100 * tiled <= OVER * height * width
}

/// The most operations that are done again for each tile that reads a value.
const AGAIN: usize = 6;

/// The roles of the axes of a product, if it is such a convolution.
pub fn roles(space: &[usize], inner: &[usize], image: &Reader, other: &Load) -> Option<Roles> {
    let (axes, rank) = ([space, inner].concat(), space.len());
    let last = rank.checked_sub(1)?;
    let moves = |load: &&Load| image.body.expand(&load.at).terms().len() > 1;
    let main = image.loads().find(moves)?;
    let at = [image.body.expand(&main.at), other.at.clone()];
    let factor = |which: usize, axis: usize| at[which].factor(Var::Axis(axis as u32));
    let is_row = factor(0, last) == 0 && factor(1, last) == 1 && axes[last].is_multiple_of(CHANNELS);
    let plain = at.iter().flat_map(Affine::terms).all(|term| matches!(term.0, Var::Axis(_)));
    // The weights move along what is summed, and so do the gradients of results.
    let (outside, summed): (Vec<usize>, Vec<usize>) = ((0..last).collect(), (rank..axes.len()).collect());
    let stays = outside.iter().all(|&axis| factor(1, axis) == 0);
    if !is_row || !plain || !stays || !other.guards.is_empty() || axes.contains(&0) {
        return None;
    }
    [(false, &outside, &summed), (true, &summed, &outside)].into_iter().find_map(|(gradient, places, weights)| {
        let weights: Vec<usize> = weights.iter().copied().filter(|&axis| axes[axis] > 1).collect();
        let channel = weights.iter().copied().find(|&axis| factor(0, axis) == 1)?;
        let taps = weights.iter().filter(|&&axis| axis != channel).map(|&tap| {
            let stride = factor(0, tap);
            let place = *places.iter().find(|&&place| factor(0, place) == stride && stride > 1)?;
            (axes[tap] == TAPS).then_some((Reverse(stride), place, tap))
        });
        let mut taps = taps.collect::<Option<Vec<(Reverse<i64>, usize, usize)>>>()?;
        taps.sort_unstable();
        let [(_, height, high), (_, width, wide)] = taps[..] else { return None };
        let outer: Vec<usize> = places.iter().copied().filter(|&axis| axis != height && axis != width).collect();
        let in_order = height != width && (!gradient || factor(1, height) > 0 && factor(1, width) > 0);
        let roles = Roles { outer, places: [height, width], taps: [high, wide], channel, gradient };
        let borders = image
            .body
            .guards
            .iter()
            .all(|guard| (0..2).any(|it| guard.divisor == 1 && guard.value.terms() == roles.steps(it)));
        let readable = image.is_of(main, &roles);
        (in_order && borders && readable && axes[channel].is_multiple_of(CHANNELS)).then_some(roles)
    })
}

impl Reader {
    pub fn loads(&self) -> impl Iterator<Item = &Load> {
        self.body.lines.iter().filter_map(|line| match &line.work {
            Work::Load(load) => Some(load),
            _ => None,
        })
    }

    /// Whether it is computed from one load that moves and others that differ from channel to channel, by few
    /// operations, and is zero where the load has no place.
    fn is_of(&self, main: &Load, roles: &Roles) -> bool {
        let channel = Affine::var(Var::Axis(roles.channel as u32));
        let moving = |at: &Affine| at.plus(-at.constant);
        // Where the load has a place, nothing else is left out.
        let within = |guards: &[u32]| guards.iter().all(|guard| main.guards.contains(guard));
        let line = |line: &Line| match &line.work {
            Work::Load(load) => {
                let beside = moving(&self.body.expand(&load.at)) == channel && within(&load.guards);
                line.dtype == Dtype::F32 && (load == main || beside)
            }
            Work::Map(scalar, _) => scalar.def().ulp == 0.0 && line.dtype != Dtype::I32,
            Work::Const(_) => line.dtype != Dtype::I32,
            Work::Mask(guards, _) => within(guards),
            Work::Core | Work::Index(_) | Work::Random { .. } | Work::Step => false,
        };
        let lines = &self.body.lines;
        let operations = lines.iter().filter(|line| matches!(line.work, Work::Map(..))).count();
        // Outside of the guards of the load there is nothing, and so there has to be of what is made of it.
        let mut guarded: Vec<u32> = vec![];
        let mut reg = self.value;
        while let Work::Mask(guards, of) = &lines[reg.0 as usize].work {
            guarded.extend(guards);
            reg = *of;
        }
        let zero = |guard: &u32| guarded.contains(guard) || lines[reg.0 as usize].work == Work::Load(main.clone());
        lines.iter().all(line)
            && operations <= AGAIN
            && self.body.dtype(self.value) == Dtype::F32
            && main.guards.iter().all(zero)
    }
}

impl Roles {
    /// A place of the image along its height or width, counted from that of the first tap of the first result.
    fn steps(&self, it: usize) -> [(Var, i64); 2] {
        let mut axes = [self.places[it], self.taps[it]].map(|axis| (Var::Axis(axis as u32), 1));
        axes.sort_unstable();
        axes
    }
}

impl Winograd {
    /// The extents of the outer axes, and of height and width.
    pub fn extents(&self, axes: &[usize]) -> (Vec<usize>, [usize; 2]) {
        (self.roles.outer.iter().map(|&axis| axes[axis]).collect(), self.roles.places.map(|axis| axes[axis]))
    }

    /// What is read of the image in memory, from place to place.
    pub fn main(&self) -> &Load {
        let moves = |load: &&Load| self.image.body.expand(&load.at).factor(Var::Axis(self.roles.places[0] as u32)) != 0;
        self.image.loads().find(moves).expect("an image is read")
    }

    /// Where in memory an element of the image lies, if it is there.
    pub fn at(&self) -> Affine {
        self.image.body.expand(&self.main().at)
    }

    /// From which to which place the image is there, along height and width, counted from that of the first tap of the
    /// first result.
    pub fn there(&self, axes: &[usize]) -> [(i64, i64); 2] {
        let (_, extents) = self.extents(axes);
        [0, 1].map(|it| {
            let all = (0, (extents[it] + TAPS - 1) as i64);
            let guards = self.main().guards.iter().map(|&guard| &self.image.body.guards[guard as usize]);
            guards.filter(|guard| guard.value.terms() == self.roles.steps(it)).fold(all, |(from, to), guard| {
                let first = -guard.value.constant;
                (from.max(first), to.min(first + guard.extent as i64))
            })
        })
    }

    /// How what is computed at once is cut, and the room for it.
    pub fn layout(&self, axes: &[usize], last: usize) -> Layout {
        let (outer, extents) = self.extents(axes);
        let tiles = extents.map(|extent| extent.div_ceil(RESULTS));
        let together = if self.roles.gradient { 2 * TOGETHER } else { TOGETHER };
        let wide = if tiles[1] <= 2 * TOGETHER { tiles[1] } else { divisor(tiles[1], together) };
        let high = divisor(tiles[0], together / wide);
        let examples = match outer.last() {
            Some(&examples) if [high, wide] == tiles => divisor(examples, together / (high * wide)),
            _ => 1,
        };
        let (block, count) = ([examples, high, wide], examples * high * wide);
        let [channels, weights] = [axes[self.roles.channel], axes[self.roles.channel] * last];
        let (other, sums, results) = match self.roles.gradient {
            false => (weights, count * last, count * RESULTS * RESULTS * last),
            true => (count * last, weights, TAPS * TAPS * weights),
        };
        Layout { block, images: count * channels + APART, others: other + APART, sums: sums + APART, results }
    }
}

/// About so many tiles are computed at once, and twice as many of sums over tiles: what they are at all points stays
/// near.
const TOGETHER: usize = 16;

/// The points of one tile are this many floats further apart than their values take, lest they all fall on the same
/// lines of the cache.
const APART: usize = 16;

/// The largest divisor that is not larger.
fn divisor(of: usize, most: usize) -> usize {
    (1..=most.clamp(1, of)).rev().find(|by| of.is_multiple_of(*by)).unwrap_or(1)
}

/// The tiles that are computed at once, and the floats that the values at each point take: of images, of weights or
/// gradients, of sums. `results` are those that follow from sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Along the last outer axis, height and width.
    pub block: [usize; 3],
    pub images: usize,
    pub others: usize,
    pub sums: usize,
    pub results: usize,
}

impl Layout {
    /// Where images, others, sums and results begin.
    pub fn starts(&self) -> [usize; 4] {
        let points = POINTS * POINTS;
        let [images, others, sums] = [self.images, self.others, self.sums].map(|floats| points * floats);
        [0, images, images + others, images + others + sums]
    }

    /// The floats of the whole room.
    pub fn floats(&self) -> usize {
        self.starts()[3] + self.results
    }
}

/// By how much a number grows along an axis.
pub fn stride(at: &Affine, axis: usize) -> i64 {
    at.factor(Var::Axis(axis as u32))
}

/// A number at the first place of the axes that are chosen.
pub fn first(at: &Affine, chosen: impl Fn(usize) -> bool) -> Affine {
    at.replace(|var| match var {
        Var::Axis(axis) if chosen(axis as usize) => Affine::default(),
        var => Affine::var(var),
    })
}
