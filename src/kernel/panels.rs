//! Products whose factor is laid out anew before it is read: row after row of neighbours, as wide as a tile of the result.
//!
//! A factor whose rows lie far apart is read from everywhere, for each tile again. In panels its elements stand in the order in
//! which they are read.

use super::affine::Var;
use super::{Core, Kernel, Load, Machine};

/// The room for panels of a factor, and which of them are there at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Panels {
    /// Floats, so many for each term of the sum as a tile may have columns, or as the factor has.
    pub buffer: usize,
    pub kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kept {
    /// One, for as long as the loop over rows goes: the loop over columns is around it.
    One,
    /// All of them: the loop over columns is inside that over rows.
    All,
}

/// The parts in which a long sum is added up, so that what all tiles read of one part stays in the cache. The order of the terms
/// is the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Blocks {
    /// Room for all sums so far, each row of them padded to whole registers.
    pub buffer: usize,
    /// So many axes of the space are gone through around all this, place by place.
    pub around: usize,
    /// Of the summed axes, the one that is cut; those before it are gone through place by place.
    pub axis: usize,
    /// The places of it in a part.
    pub size: usize,
}

/// Rows of sums are a multiple of this many floats: the registers of any machine.
pub const PAD: usize = 16;

/// A part has at least so many terms: its sums are read and written once for each.
const TERMS: usize = 64;

/// The most columns of a tile.
pub const COLUMNS: usize = 64;

/// The fewest rows for which a factor is laid out anew: each is read once for some of them.
const ROWS: usize = 32;

/// A result is not cut into narrower parts than this.
const WIDE: usize = 512;

/// For so many a factor may be laid out more than once.
const MANY_ROWS: usize = 96;

/// A factor with fewer elements is in the nearest cache anyway.
const FEW: usize = 4096;

/// A tile has about so many rows at most, and no less than so many keep the machine busy.
const HIGH: usize = 24;
const BUSY: usize = 7;

/// The axis along which the rows of tiles are taken: of those along which one of the factors stays the same, beside the last, the
/// longest. If what lies between so many rows as a tile has is more than stays in the cache until the next tile reads beside it, as
/// with many large images, it is the one along which neighbours are nearest.
pub fn rows(space: &[usize], factors: [&Load; 2], machine: &Machine) -> Option<usize> {
    let strides = |axis: usize| factors.map(|load| load.at.factor(Var::Axis(axis as u32)).unsigned_abs() as usize);
    let apart = |axis: usize| strides(axis).into_iter().max().unwrap_or(0);
    let axes = 0..space.len().saturating_sub(1);
    let axes = axes.filter(|&axis| strides(axis).contains(&0) && space[axis] > 1);
    let longest = axes.clone().max_by_key(|&axis| space[axis])?;
    let spread = 4 * apart(longest) * space[longest].min(HIGH);
    let near = axes.filter(|&axis| space[axis] >= BUSY && spread > machine.l2 / 4 * 3);
    near.min_by_key(|&axis| apart(axis)).or(Some(longest))
}

/// All panels are kept up to so many bytes: rows after rows read all of them, which is as fast as they are read from the second cache.
const ALL: usize = 2 << 20;

/// A panel of so many terms is cut where the sum is longer: it and what is read beside it stay in the nearest caches. What is read
/// beside it in rows comes from far away as fast as it is needed, as long as the panel does not have to.
const LONG: usize = 1024;
const LONG_IN_ROWS: usize = 2048;

/// Terms of a part of a panel: few where all sums are near by, more where they are read and written from further away.
const PART: [usize; 2] = [96, 256];

/// What can be laid out in panels, and gains by it.
struct Candidate {
    rows: usize,
    /// Whether a sum is long enough to be cut.
    long: bool,
}

fn candidate(kernel: &Kernel, machine: &Machine) -> Option<Candidate> {
    let Core::Product { inner, left, right, .. } = &kernel.core else { return None };
    let (space, axes) = (&kernel.space, kernel.axes());
    let rows = rows(space, [left, right], machine).filter(|&rows| space[rows] >= ROWS)?;
    let last = space.len() - 1;
    let stride = |load: &Load, axis: usize| load.at.factor(Var::Axis(axis as u32));
    let across = if stride(left, rows) == 0 { left } else { right };
    let other = if stride(left, rows) == 0 { right } else { left };
    let terms: usize = inner.iter().product();
    // Around the rows everything has to be another factor's, or there are many, within them none of it.
    let fits = stride(across, last) == 1
        && stride(other, last) == 0
        && (space[rows] >= MANY_ROWS || (0..rows).all(|axis| axes[axis] == 1 || stride(across, axis) != 0))
        && (rows + 1..last).all(|axis| stride(across, axis) == 0);
    let apart =
        (space.len()..axes.len()).any(|axis| axes[axis] > 1 && stride(across, axis).unsigned_abs() as usize > COLUMNS);
    let innermost = Var::Axis((axes.len() - 1) as u32);
    let in_rows = [left, right].iter().any(|load| load.at.factor(innermost) == 1);
    let long = terms > if in_rows { LONG_IN_ROWS } else { LONG };
    (fits && apart && terms * space[last] >= FEW).then_some(Candidate { rows, long })
}

/// How much of a result may be computed at once.
pub enum Most {
    /// So many sums.
    Sums(usize),
    /// All rows, and so many columns.
    Columns(usize),
}

/// The axis of the rows of a product, and how much of its result may be computed at once, where all of it is too much.
pub fn room(kernel: &Kernel, machine: &Machine) -> Option<(usize, Most)> {
    let Core::Product { inner, .. } = &kernel.core else { return None };
    let Candidate { rows, long } = candidate(kernel, machine)?;
    let (height, width) = (kernel.space[rows], kernel.space[kernel.space.len() - 1]);
    let sums = kernel.space[rows..].iter().product::<usize>();
    let terms: usize = inner.iter().product();
    match long {
        true => {
            let too_many = 4 * sums > machine.l2 / 2 && 4 * height * PART[1] > machine.l2;
            too_many.then_some((rows, Most::Sums(machine.l2 / 8 / (sums / height / width))))
        }
        false => (4 * terms * width > ALL).then_some((rows, Most::Columns(ALL / 4 / terms))),
    }
}

impl Most {
    /// Whether so many rows and columns are no more than that, of `height` rows.
    pub fn fits(&self, height: usize, (rows, columns): (usize, usize)) -> bool {
        match self {
            Most::Sums(most) => rows * columns <= *most,
            Most::Columns(most) => rows == height && (WIDE..=*most).contains(&columns),
        }
    }
}

/// The panels that a kernel would work with, and how many floats they need.
pub fn panels(kernel: &Kernel, machine: &Machine) -> Option<(Kept, usize)> {
    let Core::Product { inner, .. } = &kernel.core else { return None };
    let Candidate { rows, .. } = candidate(kernel, machine)?;
    let (space, last) = (&kernel.space, kernel.space.len() - 1);
    if let Some((blocks, _)) = blocks(kernel, machine) {
        let terms = blocks.size * inner[blocks.axis + 1..].iter().product::<usize>();
        return Some((Kept::One, terms * COLUMNS.min(space[last].next_multiple_of(16))));
    }
    let terms: usize = inner.iter().product();
    // What is written is best written row by row, unless it is small.
    let result = 4 * space[rows..].iter().product::<usize>();
    let all = terms * space[last].next_multiple_of(COLUMNS);
    match result > machine.l2 / 4 && 4 * all <= ALL {
        true => Some((Kept::All, all)),
        false => Some((Kept::One, terms * COLUMNS.min(space[last].next_multiple_of(16)))),
    }
}

/// The parts into which a kernel's sum would be cut, whose buffer is not yet known, and the floats of all sums.
pub fn blocks(kernel: &Kernel, machine: &Machine) -> Option<(Blocks, usize)> {
    let Core::Product { inner, left, right, .. } = &kernel.core else { return None };
    let (space, axes) = (&kernel.space, kernel.axes());
    let rank = space.len();
    let rows = rows(space, [left, right], machine)?;
    let sums =
        |around: usize| space[around..rank - 1].iter().product::<usize>() * space[rank - 1].next_multiple_of(PAD);
    let is_near = |around: &usize| 4 * sums(*around) <= machine.l2 / 2;
    let around = (0..=rows).find(is_near).unwrap_or(0);
    let floats = sums(around);
    // The bytes that are read while the summed axes run so far: each element once, or all from the first to the last.
    let read = |extents: &[usize]| {
        let extent = |axis: u32| axes[..rank].iter().chain(extents).nth(axis as usize).copied().unwrap_or(1);
        let of = |var: Var| if let Var::Axis(axis) = var { extent(axis) } else { 1 };
        let bytes = |load: &Load| {
            let (least, most) = load.at.span(of);
            let each: usize = load.at.terms().iter().map(|&(var, _)| of(var)).product();
            4 * each.min((most - least + 1) as usize)
        };
        bytes(left) + bytes(right)
    };
    let part = |axis: usize, size: usize| [&vec![1; axis][..], &[size], &inner[axis + 1..]].concat();
    let (are_near, panels) = (is_near(&around), candidate(kernel, machine));
    let is_long = match &panels {
        Some(candidate) => candidate.long,
        None => are_near && read(inner) > machine.l2,
    };
    if !is_long {
        return None;
    }
    let fits = |axis: usize, size: usize| match panels {
        Some(_) => part(axis, size).iter().product::<usize>() <= PART[usize::from(!are_near)],
        None => read(&part(axis, size)) <= machine.l2 / 2,
    };
    let axis = (0..inner.len()).find(|&axis| inner[axis] > 1 && fits(axis, 1))?;
    // More places are more terms, and more to read: halving finds the most that fit, of which one is known.
    let (mut size, mut over) = (1, inner[axis] + 1);
    while over - size > 1 {
        let middle = size + (over - size) / 2;
        if fits(axis, middle) { size = middle } else { over = middle }
    }
    let terms: usize = part(axis, size).iter().product();
    let blocks = Blocks { buffer: usize::MAX, around, axis, size };
    (terms >= TERMS && terms < inner.iter().product()).then_some((blocks, floats))
}
