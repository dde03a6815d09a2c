//! Convolutions with 3×3 weights and stride 1 by Winograd's F(4×4, 3×3): a sixteenth of the results of a 4×4 tile costs 2.25 products per channel
//! in place of 9.
//!
//! The tiles of an image, the weights and the gradients of results are changed to 36 points, at each of which a product over channels (or, for the gradient
//! of weights, over tiles) gives the same point of what is asked for. See [`formulas`].

use std::cmp::Reverse;

use super::affine::{Affine, Var};
use super::{Core, Kernel, Load};

mod eval;
pub mod formulas;

pub use eval::Memory;
use formulas::{POINTS, RESULTS, TAPS};

/// A convolution or the gradient of its weights. Both are `Σ image · other` over the axes `inner`.
///
/// Bits are those of [`formulas`], applied along the width first, with what is outside of the space as zeros, and at each point of one
/// chain of fused multiply-adds from zero: over the channels, or over the tiles in row-major order of the outer axes, height and width.
/// Tiles begin at every fourth place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Winograd {
    pub inner: Vec<usize>,
    /// Reads the place `height + tap, width + tap` and a channel.
    pub image: Load,
    /// The weights, or the gradient of the results.
    pub other: Load,
    pub roles: Roles,
    /// Where weights, tiles and sums at all points lie.
    pub room: usize,
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

/// The same kernel by Winograd's method, where it is a product that can be computed so and gains by it. What it depends on are
/// extents and strides, never the machine or the number of examples.
pub fn by_winograd(kernel: Kernel) -> Kernel {
    let Some((inner, [image, other], roles)) = recognised(&kernel).filter(|it| gains(&kernel, &it.2)) else { return kernel };
    // The room is found when memory is laid out.
    let core = Core::Winograd(Box::new(Winograd { inner, image, other, roles, room: usize::MAX }));
    Kernel { core, ..kernel }
}

fn recognised(kernel: &Kernel) -> Option<(Vec<usize>, [Load; 2], Roles)> {
    let Core::Product { inner, left, right, .. } = &kernel.core else { return None };
    let orders = [[left, right], [right, left]];
    orders.into_iter().find_map(|[image, other]| {
        let roles = roles(kernel, image, other)?;
        Some((inner.clone(), [image.clone(), other.clone()], roles))
    })
}

/// Whether few enough results of tiles are thrown away, and weights are changed for enough of them.
fn gains(kernel: &Kernel, roles: &Roles) -> bool {
    let axes = kernel.axes();
    let [height, width] = roles.places.map(|axis| axes[axis]);
    let tiled = height.next_multiple_of(RESULTS) * width.next_multiple_of(RESULTS);
    tiled / (RESULTS * RESULTS) >= TILES && 100 * tiled <= OVER * height * width
}

/// The roles of the axes, if the product is such a convolution.
pub fn roles(kernel: &Kernel, image: &Load, other: &Load) -> Option<Roles> {
    let (axes, rank) = (kernel.axes(), kernel.space.len());
    let factor = |load: &Load, axis: usize| load.at.factor(Var::Axis(axis as u32));
    let last = rank.checked_sub(1)?;
    let moves = |axis: usize| (factor(image, axis), factor(other, axis));
    let is_row = moves(last) == (0, 1) && axes[last].is_multiple_of(CHANNELS);
    let no_guards = image.guards.is_empty() && other.guards.is_empty();
    let plain = |load: &Load| load.at.terms().iter().all(|term| matches!(term.0, Var::Axis(_)));
    if !is_row || !no_guards || !plain(image) || !plain(other) {
        return None;
    }
    // The weights move along what is summed, and so do the gradients of results.
    let (space, sum): (Vec<usize>, Vec<usize>) = ((0..last).collect(), (rank..axes.len()).collect());
    if axes.contains(&0) || space.iter().any(|&axis| factor(other, axis) != 0) {
        return None;
    }
    [(false, &space, &sum), (true, &sum, &space)].into_iter().find_map(|(gradient, places, weights)| {
        let weights: Vec<usize> = weights.iter().copied().filter(|&axis| axes[axis] > 1).collect();
        let channel = weights.iter().copied().find(|&axis| factor(image, axis) == 1)?;
        let taps = weights.iter().filter(|&&axis| axis != channel).map(|&tap| {
            let stride = factor(image, tap);
            let same = |&&place: &&usize| factor(image, place) == stride && stride > 1;
            let place = *places.iter().find(same)?;
            (axes[tap] == TAPS).then_some((Reverse(stride), place, tap))
        });
        let mut taps = taps.collect::<Option<Vec<(Reverse<i64>, usize, usize)>>>()?;
        taps.sort_unstable();
        let [(_, height, high), (_, width, wide)] = taps[..] else { return None };
        let outer: Vec<usize> = places.iter().copied().filter(|&axis| axis != height && axis != width).collect();
        let in_order = height != width && (!gradient || factor(other, height) > 0 && factor(other, width) > 0);
        let roles = Roles { outer, places: [height, width], taps: [high, wide], channel, gradient };
        (in_order && axes[channel].is_multiple_of(CHANNELS)).then_some(roles)
    })
}

impl Winograd {
    /// The extents of the outer axes, and of height and width.
    pub fn extents(&self, axes: &[usize]) -> (Vec<usize>, [usize; 2]) {
        (self.roles.outer.iter().map(|&axis| axes[axis]).collect(), self.roles.places.map(|axis| axes[axis]))
    }

    /// How what is computed at once is cut, and the room for it.
    pub fn layout(&self, axes: &[usize], last: usize) -> Layout {
        let (outer, extents) = self.extents(axes);
        let tiles = extents.map(|extent| extent.div_ceil(RESULTS));
        let wide = if tiles[1] <= 2 * TOGETHER { tiles[1] } else { divisor(tiles[1], TOGETHER) };
        let high = divisor(tiles[0], TOGETHER / wide);
        let examples = match outer.last() {
            Some(&examples) if [high, wide] == tiles => divisor(examples, TOGETHER / (high * wide)),
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

/// About so many tiles are computed at once: what they are at all points stays near.
const TOGETHER: usize = 16;

/// The points of one tile are this many floats further apart than their values take, lest they all fall on the same lines of the cache.
const APART: usize = 16;

/// The largest divisor that is not larger.
fn divisor(of: usize, most: usize) -> usize {
    (1..=most.clamp(1, of)).rev().find(|by| of.is_multiple_of(*by)).unwrap_or(1)
}

/// The tiles that are computed at once, and the floats that the values at each point take: of images, of weights or gradients, of
/// sums. `results` are those that follow from sums.
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

/// By how much a load moves along an axis.
pub fn stride(load: &Load, axis: usize) -> i64 {
    load.at.factor(Var::Axis(axis as u32))
}

/// A load at the first place of the axes that are chosen.
pub fn first(load: &Load, chosen: impl Fn(usize) -> bool) -> Affine {
    load.at.replace(|var| match var {
        Var::Axis(axis) if chosen(axis as usize) => Affine::default(),
        var => Affine::var(var),
    })
}
