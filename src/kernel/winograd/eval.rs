//! What a convolution by Winograd's method gives, value by value: the meaning that machine code repeats bit for bit.

use std::array::from_fn;

use super::formulas::{POINTS, RESULTS, TAPS, both, gradient, image, results, taps, weights};
use super::{Winograd, stride};
use crate::kernel::Kernel;
use crate::kernel::eval::each_point;
use crate::scalar::ops::Ops;
use crate::scalar::plain::Single;

/// The values of a square of points.
type Points = [[u32; POINTS]; POINTS];

/// Reads the bits of an element of a buffer.
pub type Memory<'m> = &'m dyn Fn(usize, i64) -> u32;

impl Winograd {
    /// The sums at all points of the kernel's space, in row-major order.
    pub fn sums(&self, kernel: &Kernel, memory: Memory) -> Vec<u32> {
        let axes = kernel.axes();
        let mut sums = vec![0; kernel.space.iter().product()];
        let steps: Vec<usize> =
            (0..kernel.space.len()).map(|axis| kernel.space[axis + 1..].iter().product()).collect();
        let (outer, [height, width]) = self.extents(&axes);
        let [channels, last] = [axes[self.roles.channel], kernel.space[kernel.space.len() - 1]];
        let step = |axis: usize| steps[axis];
        let tiles = [height, width].map(|extent| extent.div_ceil(RESULTS));
        let all_tiles = [&outer[..], &tiles].concat();
        let pairs = || (0..channels).flat_map(|channel| (0..last).map(move |other| (channel, other)));
        let zero = Points::default();
        if self.roles.gradient {
            let mut at_points = vec![zero; channels * last];
            each_point(&all_tiles, &[], |tile| {
                let images: Vec<Points> = (0..channels).map(|channel| self.image_tile(&axes, tile, channel, memory)).collect();
                let others: Vec<Points> = (0..last).map(|other| self.gradient_tile(kernel, tile, other, memory)).collect();
                for (sum, (channel, other)) in at_points.iter_mut().zip(pairs()) {
                    add(sum, &images[channel], &others[other]);
                }
            });
            for (sum, (channel, other)) in at_points.into_iter().zip(pairs()) {
                let square: [[u32; TAPS]; TAPS] = both(&Single, taps::<Single>, sum);
                for (row, values) in square.iter().enumerate() {
                    for (column, &value) in values.iter().enumerate() {
                        let [high, wide] = self.roles.taps.map(step);
                        sums[row * high + column * wide + channel * step(self.roles.channel) + other] = value;
                    }
                }
            }
            return sums;
        }
        let weights: Vec<Points> = pairs().map(|(channel, other)| self.weights(kernel, channel, other, memory)).collect();
        each_point(&all_tiles, &[], |tile| {
            let images: Vec<Points> = (0..channels).map(|channel| self.image_tile(&axes, tile, channel, memory)).collect();
            let start: usize = self.roles.outer.iter().zip(tile).map(|(&axis, &at)| at * step(axis)).sum();
            for other in 0..last {
                let mut sum = zero;
                (0..channels).for_each(|channel| add(&mut sum, &images[channel], &weights[channel * last + other]));
                let square: [[u32; RESULTS]; RESULTS] = both(&Single, results::<Single>, sum);
                for (row, values) in square.iter().enumerate() {
                    for (column, &value) in values.iter().enumerate() {
                        let at = from_fn(|it| tile[outer.len() + it] * RESULTS + [row, column][it]);
                        if let Some([y, x]) = inside(at, [height, width]) {
                            let [high, wide] = self.roles.places.map(step);
                            sums[start + y * high + x * wide + other] = value;
                        }
                    }
                }
            }
        });
        sums
    }

    fn image_tile(&self, axes: &[usize], tile: &[usize], channel: usize, memory: Memory) -> Points {
        let (outer, extents) = self.extents(axes);
        let load = &self.image;
        let start: i64 = self.roles.outer.iter().zip(tile).map(|(&axis, &at)| stride(load, axis) * at as i64).sum();
        let start = load.at.constant + start + stride(load, self.roles.channel) * channel as i64;
        let square = from_fn(|row| {
            from_fn(|column| {
                let at = from_fn(|it| tile[outer.len() + it] * RESULTS + [row, column][it]);
                let there = extents.map(|extent| extent + TAPS - 1);
                inside(at, there).map_or(0, |[y, x]| {
                    let [high, wide] = self.roles.places.map(|axis| stride(load, axis));
                    memory(load.buffer, start + y as i64 * high + x as i64 * wide)
                })
            })
        });
        both(&Single, image::<Single>, square)
    }

    fn gradient_tile(&self, kernel: &Kernel, tile: &[usize], other: usize, memory: Memory) -> Points {
        let (outer, extents) = self.extents(&kernel.axes());
        let load = &self.other;
        let start: i64 = self.roles.outer.iter().zip(tile).map(|(&axis, &at)| stride(load, axis) * at as i64).sum();
        let start = load.at.constant + start + other as i64;
        let square: [[u32; RESULTS]; RESULTS] = from_fn(|row| {
            from_fn(|column| {
                let at = from_fn(|it| tile[outer.len() + it] * RESULTS + [row, column][it]);
                inside(at, extents).map_or(0, |[y, x]| {
                    let [high, wide] = self.roles.places.map(|axis| stride(load, axis));
                    memory(load.buffer, start + y as i64 * high + x as i64 * wide)
                })
            })
        });
        both(&Single, gradient::<Single>, square)
    }

    fn weights(&self, kernel: &Kernel, channel: usize, other: usize, memory: Memory) -> Points {
        let load = &self.other;
        let along = |axis: usize, at: usize| stride(load, axis) * at as i64;
        let start = load.at.constant + along(self.roles.channel, channel) + along(kernel.space.len() - 1, other);
        let [high, wide] = self.roles.taps;
        let square: [[u32; TAPS]; TAPS] = from_fn(|row| {
            from_fn(|column| memory(load.buffer, start + along(high, row) + along(wide, column)))
        });
        both(&Single, weights::<Single>, square)
    }
}

/// Adds products point by point.
fn add(sums: &mut Points, left: &Points, right: &Points) {
    for row in 0..POINTS {
        for column in 0..POINTS {
            let sum = &mut sums[row][column];
            *sum = Single.fma(left[row][column], right[row][column], *sum);
        }
    }
}

/// A place, if it lies inside.
fn inside(at: [usize; 2], extents: [usize; 2]) -> Option<[usize; 2]> {
    (at[0] < extents[0] && at[1] < extents[1]).then_some(at)
}
