//! One kernel as several, each for a part of its space, so that threads can share its work.
//!
//! Every point is computed as before, so the results are the same bits for any number of threads.

use super::affine::{Affine, Var};
use super::collapse::each_number;
use super::panels::COLUMNS;
use super::winograd::formulas::RESULTS;
use super::winograd::{CHANNELS, Roles};
use super::{Core, Kernel, Load};

/// Work of fewer nanoseconds is done sooner than other threads have heard of it.
const SHORT: usize = 10_000;

/// Parts along the last axis begin at whole lines of the cache.
const LINE: usize = 16;

/// The parts of a kernel for so many threads; the kernel alone where sharing does not pay.
pub fn parts(kernel: Kernel, threads: usize) -> Vec<Kernel> {
    let adds = kernel.stores.iter().any(|store| store.adds);
    if threads < 2 || adds || nanoseconds(&kernel) < SHORT {
        return vec![kernel];
    }
    let Some((axis, whole)) = axis(&kernel, threads) else { return vec![kernel] };
    let extent = kernel.space[axis];
    let size = extent.div_ceil(threads).next_multiple_of(whole);
    let starts = (0..extent).step_by(size);
    starts.map(|start| part(kernel.clone(), axis, start, size.min(extent - start))).collect()
}

/// About how long a kernel takes.
fn nanoseconds(kernel: &Kernel) -> usize {
    let points: usize = kernel.axes().iter().product();
    match &kernel.core {
        // What is multiplied once takes as long as it takes to read it.
        Core::Product { left, right, .. } => {
            let read = [left, right].map(|load| own_elements(load, &kernel.axes())).iter().sum::<usize>();
            (kernel.flops() / 100).max(4 * read / 50)
        }
        Core::Winograd(_) => kernel.flops() / 300,
        Core::Loop | Core::Reduce { .. } => points / 4 + kernel.flops() / 8,
        // These are one call each.
        Core::Order { .. } | Core::Scan(_) => 0,
    }
}

/// How many elements a factor of a product has.
fn own_elements(load: &Load, axes: &[usize]) -> usize {
    let own = load.at.terms().iter().map(|&(var, _)| if let Var::Axis(at) = var { axes[at as usize] } else { 1 });
    own.product()
}

/// The axis to cut, and of how many places parts are multiples.
fn axis(kernel: &Kernel, threads: usize) -> Option<(usize, usize)> {
    let space = &kernel.space;
    let last = space.len().checked_sub(1)?;
    match &kernel.core {
        Core::Product { left, right, .. } => {
            let axes = kernel.axes();
            // What every part reads again: the factors that stay the same along the axis.
            let again = |axis: usize| {
                let stays = |load: &&&Load| load.at.factor(Var::Axis(axis as u32)) == 0;
                [left, right].iter().filter(stays).map(|load| own_elements(load, &axes)).sum::<usize>()
            };
            let choices = (0..=last).filter_map(|axis| {
                let whole = if axis == last { COLUMNS } else { 1 };
                (space[axis] >= threads * whole).then_some((axis, whole))
            });
            choices.min_by_key(|&(axis, _)| again(axis))
        }
        Core::Winograd(winograd) => {
            // Tiles, and the registers in which channels lie, stay whole.
            let Roles { outer, places, channel, gradient, .. } = &winograd.roles;
            let mut choices: Vec<(usize, usize)> = match gradient {
                false => outer.iter().map(|&axis| (axis, 1)).chain([(places[0], RESULTS)]).collect(),
                true => vec![(*channel, CHANNELS)],
            };
            // Parts along places change all weights again, those along the last channels all tiles.
            let extent = |axis: usize| if axis < space.len() { space[axis] } else { 1 };
            let tiles = places.iter().map(|&axis| extent(axis).div_ceil(RESULTS));
            let tiles = tiles.chain(outer.iter().map(|&axis| extent(axis))).product::<usize>();
            let first = if !gradient && tiles < space[last] { 0 } else { choices.len() };
            choices.insert(first, (last, CHANNELS));
            choices.into_iter().find(|&(axis, whole)| space[axis] >= threads * whole)
        }
        Core::Loop => {
            let outer = (0..last).find(|&axis| space[axis] >= 2 * threads);
            outer.map(|axis| (axis, 1)).or_else(|| (space[last] >= 2 * threads * LINE).then_some((last, LINE)))
        }
        Core::Reduce { .. } => {
            let outer = (0..last).find(|&axis| space[axis] >= 2 * threads);
            // Parts of a short row would read the same lines.
            outer.map(|axis| (axis, 1)).or_else(|| (space[last] >= 4 * threads * LINE).then_some((last, LINE)))
        }
        Core::Order { .. } | Core::Scan(_) => None,
    }
}

/// The kernel at `size` places of an axis, from `start` on.
fn part(mut kernel: Kernel, axis: usize, start: usize, size: usize) -> Kernel {
    kernel.space[axis] = size;
    let this = Var::Axis(axis as u32);
    each_number(&mut kernel, &mut |number| {
        *number =
            number.replace(|var| if var == this { Affine::var(this).plus(start as i64) } else { Affine::var(var) });
    });
    kernel
}
