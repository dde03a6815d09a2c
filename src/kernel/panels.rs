//! Products whose factor is laid out anew before it is read: row after row of neighbours, as wide as a tile of the result.
//!
//! A factor whose rows lie far apart is read from everywhere, for each tile again. In panels its elements stand in the order in
//! which they are read.

use super::affine::Var;
use super::{Core, Kernel, Load, Machine};

/// The room for panels of a factor, and which of them are there at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Panels {
    /// Floats, so many for each term of the sum as a tile may have columns, or as the factor has.
    pub buffer: usize,
    pub kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// One, for as long as the loop over rows goes: the loop over columns is around it.
    One,
    /// All of them: the loop over columns is inside that over rows.
    All,
}

/// The most columns of a tile.
pub const COLUMNS: usize = 64;

/// The fewest rows for which a factor is laid out anew: each is read once for some of them.
const ROWS: usize = 32;

/// A factor with fewer elements is in the nearest cache anyway.
const FEW: usize = 4096;

/// All panels are kept up to so many bytes.
const ALL: usize = 4 << 20;

/// The axis along which the rows of tiles are taken: the longest along which one of the factors stays the same, beside the last.
pub fn rows(space: &[usize], factors: [&Load; 2]) -> Option<usize> {
    let stays = |axis: usize| factors.iter().any(|load| load.at.factor(Var::Axis(axis as u32)) == 0);
    let axes = 0..space.len().saturating_sub(1);
    axes.filter(|&axis| stays(axis) && space[axis] > 1).max_by_key(|&axis| space[axis])
}

/// The panels that a kernel would work with, and how many floats they need.
pub fn panels(kernel: &Kernel, machine: &Machine) -> Option<(Kept, usize)> {
    let Core::Product { inner, left, right, .. } = &kernel.core else { return None };
    let (space, axes) = (&kernel.space, kernel.axes());
    let rows = rows(space, [left, right]).filter(|&rows| space[rows] >= ROWS)?;
    let last = space.len() - 1;
    let stride = |load: &Load, axis: usize| load.at.factor(Var::Axis(axis as u32));
    let across = if stride(left, rows) == 0 { left } else { right };
    let other = if stride(left, rows) == 0 { right } else { left };
    let terms: usize = inner.iter().product();
    // Around the rows everything has to be another factor's, within them none of it.
    let fits = stride(across, last) == 1
        && stride(other, last) == 0
        && (0..rows).all(|axis| axes[axis] == 1 || stride(across, axis) != 0)
        && (rows + 1..last).all(|axis| stride(across, axis) == 0);
    let apart =
        (space.len()..axes.len()).any(|axis| axes[axis] > 1 && stride(across, axis).unsigned_abs() as usize > COLUMNS);
    if !fits || !apart || terms * space[last] < FEW {
        return None;
    }
    // What is written is best written row by row, unless it is small.
    let result = 4 * space[rows..].iter().product::<usize>();
    let all = terms * space[last].next_multiple_of(COLUMNS);
    match result > machine.l2 / 4 && 4 * all <= ALL {
        true => Some((Kept::All, all)),
        false => Some((Kept::One, terms * COLUMNS.min(space[last].next_multiple_of(16)))),
    }
}
