//! Loops that turn memory round: where rows are read across those of a buffer, a few columns of it at a time.
//!
//! A row of such a loop touches as many lines of the cache as it has elements. If they are too many to stay until the
//! next row, which wants their neighbours, each is fetched as often as it has elements.

use super::affine::{Affine, Var};
use super::chunks::cut;
use super::{Core, Kernel, Load, Work};

/// The columns that are gone through before the next ones: a line of the cache.
const COLUMNS: usize = 16;

/// Rows of this many elements touch no more lines than stay in the nearest cache.
const NEAR: usize = 128;

/// Cuts the last axis of such a loop into columns, which come around the axis along which neighbours are read.
pub fn columns(kernel: &mut Kernel) {
    let Some(last) = kernel.space.len().checked_sub(1) else { return };
    let Some(around) = around(kernel, last) else { return };
    cut(kernel, last, COLUMNS, around);
}

/// The axis along which neighbours are read that rows read apart, if there is one.
fn around(kernel: &Kernel, last: usize) -> Option<usize> {
    let Kernel { space, core: Core::Loop, body, stores } = kernel else { return None };
    let step = |at: &Affine, axis: usize| body.expand(at).factor(Var::Axis(axis as u32));
    let in_rows = stores.iter().all(|store| !store.adds && step(&store.at, last) == 1);
    if !in_rows || space[last] <= NEAR || !space[last].is_multiple_of(COLUMNS) {
        return None;
    }
    body.lines.iter().find_map(|line| match &line.work {
        Work::Load(Load { at, .. }) if step(at, last).unsigned_abs() as usize >= COLUMNS => {
            (0..last).rev().find(|&axis| space[axis] >= COLUMNS && step(at, axis) == 1)
        }
        _ => None,
    })
}
