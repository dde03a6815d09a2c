//! Sums of products where the machine has wide registers: the loops around tiles, whose sums are functions of their own.

use cranelift_codegen::ir::{FuncRef, InstBuilder};

use super::lanes::{WIDE, type_of};
use super::writer::{Scope, Writer, memory};
use super::x86::{self, Isa};
use crate::kernel::{Affine, Body, Core, Kernel, Load, Plan, Var};
use crate::scalar::Dtype;

/// How a product is cut into tiles.
pub struct Tiling<'k> {
    kernel: &'k Kernel,
    factors: [&'k Load; 2],
    isa: Isa,
    /// The axis of the rows, if a tile has several.
    rows: Option<usize>,
    /// Rows and columns of a whole tile.
    tile: x86::Tile,
}

/// Products with fewer terms are written where they are: a call would take longer.
const FEW: usize = 2048;

impl<'k> Tiling<'k> {
    /// Of a kernel that is a product, where this machine can compute it by wide registers.
    pub fn of(plan: &Plan, kernel: &'k Kernel) -> Option<Tiling<'k>> {
        let Core::Product { inner, left, right } = &kernel.core else { return None };
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
        let space = &kernel.space;
        let shared = |axis: usize| factors.iter().any(|load| load.at.factor(Var::Axis(axis as u32)) == 0);
        let all = |rows: Option<usize>| (rows.map_or(1, |axis| space[axis]), space[last]);
        let rows = (0..last).filter(|&axis| shared(axis) && space[axis] > 1).max_by_key(|&axis| space[axis]);
        let tile = best(isa, all(rows));
        let tiling = Tiling { kernel, factors, isa, rows: rows.filter(|_| tile.rows > 1), tile };
        tiling.code(tile).is_some().then_some(tiling)
    }

    /// Every tile that occurs.
    pub fn tiles(&self) -> Vec<x86::Tile> {
        let space = &self.kernel.space;
        let parts =
            |extent: usize, whole: usize| [whole, extent % whole].into_iter().filter(move |&it| it > 0 && it <= extent);
        let rows = parts(self.rows.map_or(1, |axis| space[axis]), self.tile.rows);
        let columns = parts(space[space.len() - 1], self.tile.columns);
        let tiles = rows.flat_map(|rows| columns.clone().map(move |columns| x86::Tile { rows, columns }));
        tiles.collect()
    }

    /// The functions that compute their sums.
    pub fn codes(&self) -> Vec<Vec<u8>> {
        let tiles = self.tiles().into_iter();
        tiles.map(|tile| self.code(tile).expect("part of a whole tile")).collect()
    }

    fn code(&self, tile: x86::Tile) -> Option<Vec<u8>> {
        let Core::Product { inner, .. } = &self.kernel.core else { unreachable!("a tiling is of a product") };
        let rank = self.kernel.space.len();
        let factors = self.factors.map(|load| {
            let stride = |axis: usize| load.at.factor(Var::Axis(axis as u32));
            x86::Factor {
                down: 4 * self.rows.map_or(0, stride),
                across: stride(rank - 1) != 0,
                along: (rank..rank + inner.len()).map(|axis| 4 * stride(axis)).collect(),
            }
        });
        x86::sums(self.isa, tile, &factors, inner)
    }
}

/// The tile that takes least time for so many rows and columns.
fn best(isa: Isa, (rows, columns): (usize, usize)) -> x86::Tile {
    let most = isa.registers();
    let shapes = (1..=most).flat_map(|height| (1..=most).map(move |vectors| (height, vectors)));
    let tiles = shapes
        .map(|(height, vectors)| x86::Tile { rows: height.min(rows), columns: (vectors * isa.lanes()).min(columns) });
    let time = |tile: &x86::Tile| {
        let parts = |extent: usize, whole: usize| [(extent / whole, whole), (1, extent % whole)];
        let mut cycles = 0;
        for (down, height) in parts(rows, tile.rows) {
            for (across, width) in parts(columns, tile.columns) {
                if height > 0 && width > 0 {
                    cycles += down * across * (x86::Tile { rows: height, columns: width }).cycles(isa);
                }
            }
        }
        cycles
    };
    // Of two that take as long, the one with fewer calls.
    let fewest = |tile: &x86::Tile| rows.div_ceil(tile.rows) * columns.div_ceil(tile.columns);
    tiles.filter(|tile| tile.fits(isa)).min_by_key(|tile| (time(tile), fewest(tile))).expect("a tile of one register")
}

impl Writer<'_, '_> {
    /// The product in tiles; `functions` compute their sums, in the order of [`Tiling::tiles`].
    pub fn tiled(&self, tiling: &Tiling, functions: &[FuncRef]) {
        let (kernel, empty) = (tiling.kernel, Body::default());
        let axes = kernel.axes().len();
        // The first knows the factors' indices, the second what follows the product.
        let mut scopes = [Scope::new(&empty, axes, 0), Scope::new(&kernel.body, axes, kernel.space.len() + 1)];
        self.around_tiles(tiling, functions, 0, &mut scopes, x86::Tile { rows: 1, columns: 1 });
    }

    /// Opens the loops of the space's axes from `axis` on.
    fn around_tiles(
        &self,
        tiling: &Tiling,
        functions: &[FuncRef],
        axis: usize,
        scopes: &mut [Scope; 2],
        tile: x86::Tile,
    ) {
        let Some(&extent) = tiling.kernel.space.get(axis) else {
            return self.whole_tile(tiling, functions, scopes, tile);
        };
        if axis <= tiling.first_tiled() {
            self.lines(&mut scopes[1], axis..axis + 1);
        }
        let mut turns = |(from, to): (usize, usize), step: usize, tile: x86::Tile| {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(axis, index, false));
                self.around_tiles(tiling, functions, axis + 1, scopes, tile);
                Vec::new()
            });
        };
        let mut parts = |whole: usize, tile: &dyn Fn(usize) -> x86::Tile| {
            let end = extent - extent % whole;
            turns((0, end), whole, tile(whole));
            turns((end, extent), whole, tile(extent - end));
        };
        match tiling.rows {
            _ if axis + 1 == tiling.kernel.space.len() => {
                parts(tiling.tile.columns, &|columns| x86::Tile { columns, ..tile });
            }
            Some(rows) if rows == axis => parts(tiling.tile.rows, &|rows| x86::Tile { rows, ..tile }),
            _ => turns((0, extent), 1, tile),
        }
    }

    /// Computes a tile, and does with each of its values what the kernel does.
    fn whole_tile(&self, tiling: &Tiling, functions: &[FuncRef], scopes: &[Scope; 2], tile: x86::Tile) {
        let rank = tiling.kernel.space.len();
        let start = tiling.factors.map(|load| {
            let outer = load.at.replace(|var| match var {
                Var::Axis(axis) if axis as usize >= rank => Affine::default(),
                var => Affine::var(var),
            });
            self.address(&scopes[0], load.buffer, &outer, 0)
        });
        let slot = self.slot(tile.bytes(tiling.isa));
        let sums = self.slot_address(slot);
        let at = tiling.tiles().iter().position(|&it| it == tile).expect("a function for each tile");
        self.code.ins(|ins| ins.call(functions[at], &[start[0], start[1], sums]));
        // What follows is written once: it takes the sums from memory, row after row.
        let pitch = 4 * tile.vectors(tiling.isa) * tiling.isa.lanes();
        let wide = tile.columns - tile.columns % WIDE;
        self.repeat((0, tile.rows, 1), &[], &mut |row, _| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(row, pitch as i64));
            let row_sums = self.code.ins(|ins| ins.iadd(sums, offset));
            for (from, to, step) in [(0, wide, WIDE), (wide, tile.columns, 1)] {
                self.repeat((from, to, step), &[], &mut |column, _| {
                    let mut scope = scopes[1].clone();
                    if let Some(axis) = tiling.rows {
                        let index = self.code.ins(|ins| ins.iadd(scope.place_along(axis), row));
                        scope.enter(axis, index, false);
                    }
                    let index = self.code.ins(|ins| ins.iadd(scope.place_along(rank - 1), column));
                    scope.enter(rank - 1, index, step == WIDE);
                    let offset = self.code.ins(|ins| ins.imul_imm_s(column, 4));
                    let place = self.code.ins(|ins| ins.iadd(row_sums, offset));
                    let kind = type_of(Dtype::F32, scope.width());
                    scope.core = Some(self.code.ins(|ins| ins.load(kind, memory(), place, 0)));
                    self.lines(&mut scope, tiling.first_tiled() + 1..usize::MAX);
                    tiling.kernel.stores.iter().for_each(|store| self.store(&scope, store));
                    Vec::new()
                });
            }
            Vec::new()
        });
    }
}

impl Tiling<'_> {
    /// The first axis that is tiled. What depends on later axes differs inside a tile.
    fn first_tiled(&self) -> usize {
        self.rows.unwrap_or(self.kernel.space.len() - 1)
    }
}
