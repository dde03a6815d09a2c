//! How a product is cut into tiles where the machine has wide registers, and the functions that this takes.

use std::cmp::Reverse;

use super::x86::{self, Isa, Rows, Tile};
use crate::kernel::panels::{COLUMNS, rows};
use crate::kernel::{Blocks, Core, Kept, Kernel, Load, Panels, Plan, Store, Var, Work};

/// A product in tiles.
pub struct Tiling<'k> {
    pub kernel: &'k Kernel,
    pub factors: [&'k Load; 2],
    pub isa: Isa,
    /// The axis of the rows, if a tile has several.
    pub rows: Option<usize>,
    /// Rows and columns of a whole tile.
    pub tile: Tile,
    /// The factor that is laid out in panels before, where they are, and which of them are there at once.
    pub panels: Option<(usize, Panels)>,
    /// The parts of the sum that are added one after the other, where it is long.
    pub blocks: Option<Blocks>,
    /// The axes in the order of their loops, the outermost first.
    pub order: Vec<usize>,
}

/// A function that Cranelift does not write, of three addresses.
#[derive(Clone, PartialEq, Debug)]
pub enum Routine {
    /// `(left, right, sums)`: a tile's sums over axes of these extents.
    Sums { tile: Tile, extents: Vec<usize> },
    /// `(factor, _, panel)`: the panel of so many columns, over axes of these extents.
    Panel { columns: usize, extents: Vec<usize> },
}

/// Products with fewer terms are written where they are: a call would take longer.
const FEW: usize = 2048;

impl<'k> Tiling<'k> {
    /// Of a kernel that is a product, where this machine can compute it by wide registers.
    pub fn of(plan: &Plan, kernel: &'k Kernel) -> Option<Tiling<'k>> {
        let Core::Product { inner, left, right, panels, blocks } = &kernel.core else { return None };
        let (isa, factors) = (Isa::of(&plan.machine)?, [left, right]);
        let terms: usize = kernel.axes().iter().product();
        let last = kernel.space.len().checked_sub(1)?;
        if terms < FEW || inner.is_empty() {
            return None;
        }
        let across = factors.map(|load| load.at.factor(Var::Axis(last as u32)));
        if !across.iter().all(|stride| [0, 1].contains(stride)) || across == [0, 0] {
            return None;
        }
        let rows = rows(&kernel.space, factors, &plan.machine);
        let reads = across == [1, 1];
        let tile = best(isa, (rows.map_or(1, |axis| kernel.space[axis]), kernel.space[last]), reads);
        let rows = rows.filter(|_| tile.rows > 1);
        let panels = panels.filter(|_| rows.is_some()).map(|panels| {
            let stays = |load: &Load| rows.is_some_and(|axis| load.at.factor(Var::Axis(axis as u32)) == 0);
            (usize::from(!stays(left)), panels)
        });
        let mut order: Vec<usize> = (0..=last).collect();
        if let (Some((_, Panels { kept: Kept::One, .. })), Some(rows)) = (panels, rows) {
            order.pop();
            order.insert(rows, last);
        }
        let tiling = Tiling { kernel, factors, isa, rows, tile, panels, blocks: *blocks, order };
        tiling.routines().iter().all(|routine| tiling.code(routine).is_some()).then_some(tiling)
    }

    pub fn inner(&self) -> &[usize] {
        let Core::Product { inner, .. } = &self.kernel.core else { unreachable!("a tiling is of a product") };
        inner
    }

    /// Every function that it calls.
    pub fn routines(&self) -> Vec<Routine> {
        let heights = parts(self.rows.map_or(1, |axis| self.kernel.space[axis]), self.tile.rows);
        let mut routines = vec![];
        for extents in self.terms() {
            for &rows in &heights {
                for columns in self.widths() {
                    routines.push(Routine::Sums { tile: Tile { rows, columns }, extents: extents.clone() });
                }
            }
            let panels = self.widths().into_iter().filter(|_| self.panels.is_some());
            routines.extend(panels.map(|columns| Routine::Panel { columns, extents: extents.clone() }));
        }
        routines
    }

    /// How many columns tiles have.
    pub fn widths(&self) -> Vec<usize> {
        parts(self.kernel.space[self.kernel.space.len() - 1], self.tile.columns)
    }

    /// Over which axes a call adds up: all of them, or the whole and the last part of a sum in blocks.
    fn terms(&self) -> Vec<Vec<usize>> {
        let Some(blocks) = self.blocks else { return vec![self.inner().to_vec()] };
        let sizes = parts(self.inner()[blocks.axis], blocks.size);
        sizes.into_iter().map(|size| self.block(blocks, size)).collect()
    }

    /// The axes of a block that has `size` places of the axis that is cut.
    pub fn block(&self, blocks: Blocks, size: usize) -> Vec<usize> {
        let cut = |(axis, &extent): (usize, &usize)| match axis.cmp(&blocks.axis) {
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal => size,
            std::cmp::Ordering::Greater => extent,
        };
        self.inner().iter().enumerate().map(cut).collect()
    }

    /// A function as bytes; `None` where there can be none.
    pub fn code(&self, routine: &Routine) -> Option<Vec<u8>> {
        match routine {
            Routine::Sums { tile, extents } => {
                x86::sums(self.isa, *tile, &self.strides(*tile, extents), extents, self.target(*tile), &[], &[])
            }
            Routine::Panel { columns, extents } => {
                let (factor, _) = self.panels?;
                x86::panel(self.isa, *columns, &self.along(self.factors[factor]), extents)
            }
        }
    }

    /// The bytes between the terms of a factor.
    fn along(&self, load: &Load) -> Vec<i64> {
        let rank = self.kernel.space.len();
        (rank..rank + self.inner().len()).map(|axis| 4 * load.at.factor(Var::Axis(axis as u32))).collect()
    }

    fn strides(&self, tile: Tile, extents: &[usize]) -> [x86::Factor; 2] {
        let last = self.kernel.space.len() - 1;
        let mut factors = self.factors.map(|load| {
            let stride = |axis: usize| load.at.factor(Var::Axis(axis as u32));
            x86::Factor { down: 4 * self.rows.map_or(0, stride), across: stride(last) != 0, along: self.along(load) }
        });
        if let Some((factor, _)) = self.panels {
            // A panel has the terms in their order, each as wide as the registers of the tile.
            let mut bytes = tile.pitch(self.isa) as i64;
            for (stride, &extent) in factors[factor].along.iter_mut().zip(extents).rev() {
                *stride = bytes;
                bytes *= extent as i64;
            }
        }
        factors
    }

    /// Where sums are stored as they are, in whole registers: nothing else is done with them.
    pub fn stored(&self) -> Option<&'k Store> {
        let [store] = &self.kernel.stores[..] else { return None };
        let bare = matches!(self.kernel.body.lines[store.value.0 as usize].work, Work::Core) && !store.adds;
        let last = self.kernel.space.len() - 1;
        let whole = self.kernel.space[last].is_multiple_of(self.isa.lanes());
        let in_rows = store.at.factor(Var::Axis(last as u32)) == 1;
        (bare && whole && in_rows && self.blocks.is_none()).then_some(store)
    }

    /// Where the rows of a tile's sums go: to where they are stored, close together, or to their places among all sums.
    pub fn target(&self, tile: Tile) -> Rows {
        if let Some(store) = self.stored() {
            let pitch = self.rows.map_or(0, |rows| 4 * store.at.factor(Var::Axis(rows as u32)));
            return Rows { pitch, adds: false };
        }
        match (self.blocks, self.rows) {
            (Some(_), Some(rows)) => Rows { pitch: 4 * self.pitches()[rows] as i64, adds: true },
            (Some(_), None) => Rows { pitch: 0, adds: true },
            (None, _) => Rows { pitch: tile.pitch(self.isa) as i64, adds: false },
        }
    }

    /// The floats between neighbours along each axis of the space that sums are kept of: rows are whole registers.
    pub fn pitches(&self) -> Vec<usize> {
        let space = &self.kernel.space;
        let mut pitches = vec![1; space.len()];
        let around = self.blocks.map_or(0, |blocks| blocks.around);
        pitches[..around].fill(0);
        let mut pitch = padded(space[space.len() - 1]);
        for axis in (around..space.len() - 1).rev() {
            pitches[axis] = pitch;
            pitch *= space[axis];
        }
        pitches
    }
}

/// The floats that a row of sums takes in whole registers of any machine.
fn padded(columns: usize) -> usize {
    columns.next_multiple_of(crate::kernel::panels::PAD)
}

/// Into what an axis is cut: wholes, and what is left.
pub fn parts(extent: usize, whole: usize) -> Vec<usize> {
    [whole, extent % whole].into_iter().filter(|&it| it > 0 && it <= extent).collect()
}

/// The most columns of a row that is alone: its factor is read once, and comes the faster the longer its pieces are.
const ALONE: usize = 256;

/// The tile that takes least time for so many rows and columns. Whether both factors go across, `reads` says.
pub fn best(isa: Isa, (rows, columns): (usize, usize), reads: bool) -> Tile {
    let widest = if rows == 1 { ALONE } else { COLUMNS } / isa.lanes();
    let shapes = (1..=isa.registers()).flat_map(|height| (1..=widest).map(move |vectors| (height, vectors)));
    let tiles =
        shapes.map(|(height, vectors)| Tile { rows: height.min(rows), columns: (vectors * isa.lanes()).min(columns) });
    let of = |down: usize, across: usize, tile: Tile| down * across * tile.cycles(isa);
    let time = |tile: &Tile| {
        let (over, beside) = (rows % tile.rows, columns % tile.columns);
        let (down, across) = (rows / tile.rows, columns / tile.columns);
        of(down, across, *tile)
            + of(usize::from(over > 0), across, Tile { rows: over, ..*tile })
            + of(down, usize::from(beside > 0), Tile { columns: beside, ..*tile })
            + of(usize::from(over > 0), usize::from(beside > 0), Tile { rows: over, columns: beside })
    };
    let fits =
        |tile: &Tile| parts(columns, tile.columns).iter().all(|&columns| Tile { columns, ..*tile }.fits(isa, reads));
    // Of two that take as long, the one that writes longer rows, and then the one with fewer calls.
    let calls = |tile: &Tile| rows.div_ceil(tile.rows) * columns.div_ceil(tile.columns);
    let best = tiles.filter(fits).min_by_key(|tile| (time(tile), Reverse(tile.columns), calls(tile)));
    best.expect("a tile of one register")
}
