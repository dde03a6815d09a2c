//! Products of which a part of the result is computed after the other, so that its sums, or the panels that it is made of, stay in
//! the cache until it is done.

use super::affine::{Affine, Var};
use super::collapse::each_number;
use super::panels::{self, COLUMNS};
use super::{Kernel, Machine};

/// Cuts an axis into parts of `size` places, which divides its extent. The axis of the parts comes before the axis `around`, which
/// is not behind it.
pub fn cut(kernel: &mut Kernel, axis: usize, size: usize, around: usize) {
    let parts = kernel.space[axis] / size;
    kernel.space[axis] = size;
    kernel.space.insert(around, parts);
    let moved = |at: usize| Affine::var(Var::Axis((at + usize::from(at >= around)) as u32));
    let place = moved(axis).add(&Affine::var(Var::Axis(around as u32)).times(size as i64));
    each_number(kernel, &mut |number| {
        *number = number.replace(|var| match var {
            Var::Axis(at) if at as usize == axis => place.clone(),
            Var::Axis(at) => moved(at as usize),
            Var::Inside(_) | Var::Place(_) => Affine::var(var),
        });
    });
}

/// Cuts rows and columns of a product whose result, or whose panels, are too large for the cache.
pub fn chunks(kernel: &mut Kernel, machine: &Machine) {
    let Some((rows, most)) = panels::room(kernel, machine) else { return };
    let last = kernel.space.len() - 1;
    let [all, width] = [kernel.space[rows], kernel.space[last]];
    let widths: Vec<usize> = divisors(width).filter(|&it| it == width || it.is_multiple_of(COLUMNS)).collect();
    // The rows of tiles remain the longer axis.
    let heights = divisors(all).filter(|&it| it * it >= all);
    let sizes = heights.flat_map(|height| widths.iter().map(move |&width| (height, width)));
    // What belongs to a row is read again for each part of the columns, and the other way round.
    let between = |&(height, width): &(usize, usize)| (height * width / (height + width), width);
    let Some((height, width)) = sizes.filter(|&size| most.fits(all, size)).max_by_key(between) else { return };
    let columns = kernel.space[last] / width;
    if columns > 1 {
        cut(kernel, last, width, rows);
    }
    let axis = rows + usize::from(columns > 1);
    if kernel.space[axis] > height {
        cut(kernel, axis, height, rows);
    }
}

fn divisors(number: usize) -> impl Iterator<Item = usize> {
    let pairs = (1..=number.isqrt()).filter(move |&it| number.is_multiple_of(it)).map(move |it| [it, number / it]);
    pairs.flat_map(|[low, high]| [Some(low), Some(high).filter(|&it| it != low)]).flatten()
}
