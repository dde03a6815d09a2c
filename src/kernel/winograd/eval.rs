//! What a convolution by Winograd's method gives, value by value: the meaning that machine code repeats bit for bit.

use std::array::from_fn;

use super::formulas::{POINTS, RESULTS, TAPS, both, gradient, image, results, taps, weights};
use super::{Roles, Winograd, stride};
use crate::kernel::eval::each_point;
use crate::kernel::{Affine, Kernel, Load};
use crate::scalar::ops::Ops;
use crate::scalar::plain::Single;

/// The values of a square of points.
type Points = [[u32; POINTS]; POINTS];

/// Reads the bits of an element of a buffer, and those of the image at a point of all axes.
#[derive(Clone, Copy)]
pub struct Memory<'m> {
    pub read: &'m dyn Fn(usize, i64) -> u32,
    pub image: &'m dyn Fn(&[usize]) -> u32,
}

impl Winograd {
    /// The sums at all points of the kernel's space, in row-major order.
    pub fn sums(&self, kernel: &Kernel, memory: Memory) -> Vec<u32> {
        let axes = kernel.axes();
        let mut sums = vec![0; kernel.space.iter().product()];
        let steps: Vec<usize> = (0..kernel.space.len()).map(|axis| kernel.space[axis + 1..].iter().product()).collect();
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
                let images: Vec<Points> =
                    (0..channels).map(|channel| self.image_tile(&axes, tile, channel, memory)).collect();
                let others: Vec<Points> =
                    (0..last).map(|other| self.gradient_tile(&axes, tile, other, memory)).collect();
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
        let weights: Vec<Points> =
            pairs().map(|(channel, other)| self.weights(kernel, channel, other, memory)).collect();
        each_point(&all_tiles, &[], |tile| {
            let images: Vec<Points> =
                (0..channels).map(|channel| self.image_tile(&axes, tile, channel, memory)).collect();
            let start: usize = self.roles.outer.iter().zip(tile).map(|(&axis, &at)| at * step(axis)).sum();
            for other in 0..last {
                let mut sum = zero;
                (0..channels).for_each(|channel| add(&mut sum, &images[channel], &weights[channel * last + other]));
                let square: [[u32; RESULTS]; RESULTS] = both(&Single, results::<Single>, sum);
                for (row, values) in square.iter().enumerate() {
                    for (column, &value) in values.iter().enumerate() {
                        let at = from_fn(|it| tile[outer.len() + it] * RESULTS + [row, column][it]);
                        if is_inside(at, [height, width]) {
                            let [high, wide] = self.roles.places.map(step);
                            sums[start + at[0] * high + at[1] * wide + other] = value;
                        }
                    }
                }
            }
        });
        sums
    }

    fn image_tile(&self, axes: &[usize], tile: &[usize], channel: usize, memory: Memory) -> Points {
        let Roles { outer, places, taps, .. } = &self.roles;
        let (_, extents) = self.extents(axes);
        let mut point = vec![0; axes.len()];
        outer.iter().zip(tile).for_each(|(&axis, &at)| point[axis] = at);
        point[self.roles.channel] = channel;
        let square = from_fn(|row| {
            from_fn(|column| {
                let mut point = point.clone();
                for (it, within) in [row, column].into_iter().enumerate() {
                    // The last tap of a result that is there, if there is one.
                    let place = tile[outer.len() + it] * RESULTS + within;
                    let tap = place.min(TAPS - 1);
                    if place - tap >= extents[it] {
                        return 0;
                    }
                    (point[places[it]], point[taps[it]]) = (place - tap, tap);
                }
                (memory.image)(&point)
            })
        });
        both(&Single, image::<Single>, square)
    }

    fn gradient_tile(&self, axes: &[usize], tile: &[usize], other: usize, memory: Memory) -> Points {
        let (_, extents) = self.extents(axes);
        let square: [[u32; RESULTS]; RESULTS] = self.square(&self.other.at, tile, |place, at| {
            if is_inside(place, extents) { (memory.read)(self.other.buffer, at + other as i64) } else { 0 }
        });
        both(&Single, gradient::<Single>, square)
    }

    /// The values of a tile, each by its place along height and width and by where it lies.
    fn square<const N: usize>(
        &self,
        at: &Affine,
        tile: &[usize],
        read: impl Fn([usize; 2], i64) -> u32,
    ) -> [[u32; N]; N] {
        let Roles { outer, places, .. } = &self.roles;
        let start: i64 = outer.iter().zip(tile).map(|(&axis, &index)| stride(at, axis) * index as i64).sum();
        from_fn(|row| {
            from_fn(|column| {
                let place: [usize; 2] = from_fn(|it| tile[outer.len() + it] * RESULTS + [row, column][it]);
                let moved: i64 = (0..2).map(|it| stride(at, places[it]) * place[it] as i64).sum();
                read(place, at.constant + start + moved)
            })
        })
    }

    fn weights(&self, kernel: &Kernel, channel: usize, other: usize, memory: Memory) -> Points {
        let Load { buffer, at, .. } = &self.other;
        let along = |axis: usize, index: usize| stride(at, axis) * index as i64;
        let start = at.constant + along(self.roles.channel, channel) + along(kernel.space.len() - 1, other);
        let [high, wide] = self.roles.taps;
        let square: [[u32; TAPS]; TAPS] =
            from_fn(|row| from_fn(|column| (memory.read)(*buffer, start + along(high, row) + along(wide, column))));
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

fn is_inside(place: [usize; 2], extents: [usize; 2]) -> bool {
    place[0] < extents[0] && place[1] < extents[1]
}
