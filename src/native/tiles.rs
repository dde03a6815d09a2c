//! Sums of products where the machine has wide registers: the loops around tiles, whose sums are functions of their own.

use std::cmp::Reverse;

use cranelift_codegen::ir::{FuncRef, InstBuilder, Value};

use super::lanes::{WIDE, type_of};
use super::writer::{Scope, Writer, memory};
use super::x86::{self, Isa};
use crate::kernel::panels::{COLUMNS, rows};
use crate::kernel::{Affine, Body, Core, Kept, Kernel, Load, Panels, Plan, Var};
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
    /// The factor that is laid out in panels before, where they are, and which of them are there at once.
    panels: Option<(usize, Panels)>,
    /// The axes in the order of their loops, the outermost first.
    order: Vec<usize>,
}

/// Products with fewer terms are written where they are: a call would take longer.
const FEW: usize = 2048;

impl<'k> Tiling<'k> {
    /// Of a kernel that is a product, where this machine can compute it by wide registers.
    pub fn of(plan: &Plan, kernel: &'k Kernel) -> Option<Tiling<'k>> {
        let Core::Product { inner, left, right, panels } = &kernel.core else { return None };
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
        let rows = rows(space, factors);
        let tile = best(isa, (rows.map_or(1, |axis| space[axis]), space[last]));
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
        let tiling = Tiling { kernel, factors, isa, rows, tile, panels, order };
        (tiling.code(tile).is_some() && (panels.is_none() || tiling.packing(tile).is_some())).then_some(tiling)
    }

    /// Every tile that occurs.
    pub fn tiles(&self) -> Vec<x86::Tile> {
        let rows = parts(self.rows.map_or(1, |axis| self.kernel.space[axis]), self.tile.rows);
        let tiles = |rows: usize| self.widths().into_iter().map(move |columns| x86::Tile { rows, columns });
        rows.into_iter().flat_map(tiles).collect()
    }

    /// How many columns they have.
    fn widths(&self) -> Vec<usize> {
        let space = &self.kernel.space;
        parts(space[space.len() - 1], self.tile.columns)
    }

    /// The functions that compute their sums, and those that write their panels.
    pub fn codes(&self) -> Vec<Vec<u8>> {
        let sums = self.tiles().into_iter().map(|tile| self.code(tile));
        let widths = self.widths().into_iter().filter(|_| self.panels.is_some());
        let packings = widths.map(|columns| self.packing(x86::Tile { columns, ..self.tile }));
        sums.chain(packings).map(|code| code.expect("part of a whole tile")).collect()
    }

    fn inner(&self) -> &[usize] {
        let Core::Product { inner, .. } = &self.kernel.core else { unreachable!("a tiling is of a product") };
        inner
    }

    /// The bytes between the terms of a factor.
    fn along(&self, load: &Load) -> Vec<i64> {
        let rank = self.kernel.space.len();
        (rank..rank + self.inner().len()).map(|axis| 4 * load.at.factor(Var::Axis(axis as u32))).collect()
    }

    fn code(&self, tile: x86::Tile) -> Option<Vec<u8>> {
        let last = self.kernel.space.len() - 1;
        let mut factors = self.factors.map(|load| {
            let stride = |axis: usize| load.at.factor(Var::Axis(axis as u32));
            x86::Factor { down: 4 * self.rows.map_or(0, stride), across: stride(last) != 0, along: self.along(load) }
        });
        if let Some((factor, _)) = self.panels {
            // A panel has the terms in their order, each as wide as the registers of the tile.
            let mut bytes = (4 * tile.vectors(self.isa) * self.isa.lanes()) as i64;
            for (stride, &extent) in factors[factor].along.iter_mut().zip(self.inner()).rev() {
                *stride = bytes;
                bytes *= extent as i64;
            }
        }
        x86::sums(self.isa, tile, &factors, self.inner())
    }

    fn packing(&self, tile: x86::Tile) -> Option<Vec<u8>> {
        let (factor, _) = self.panels?;
        x86::panel(self.isa, tile.columns, &self.along(self.factors[factor]), self.inner())
    }
}

/// Into what an axis is cut: wholes, and what is left.
fn parts(extent: usize, whole: usize) -> Vec<usize> {
    [whole, extent % whole].into_iter().filter(|&it| it > 0 && it <= extent).collect()
}

/// The tile that takes least time for so many rows and columns.
fn best(isa: Isa, (rows, columns): (usize, usize)) -> x86::Tile {
    let most = isa.registers();
    let widest = COLUMNS / isa.lanes();
    let shapes = (1..=most).flat_map(|height| (1..=widest).map(move |vectors| (height, vectors)));
    let tiles = shapes
        .map(|(height, vectors)| x86::Tile { rows: height.min(rows), columns: (vectors * isa.lanes()).min(columns) });
    let of = |down: usize, across: usize, tile: x86::Tile| down * across * tile.cycles(isa);
    let time = |tile: &x86::Tile| {
        let (over, beside) = (rows % tile.rows, columns % tile.columns);
        let (down, across) = (rows / tile.rows, columns / tile.columns);
        of(down, across, *tile)
            + of(usize::from(over > 0), across, x86::Tile { rows: over, ..*tile })
            + of(down, usize::from(beside > 0), x86::Tile { columns: beside, ..*tile })
            + of(usize::from(over > 0), usize::from(beside > 0), x86::Tile { rows: over, columns: beside })
    };
    let fits =
        |tile: &x86::Tile| parts(columns, tile.columns).iter().all(|&columns| x86::Tile { columns, ..*tile }.fits(isa));
    // Of two that take as long, the one that writes longer rows, and then the one with fewer calls.
    let calls = |tile: &x86::Tile| rows.div_ceil(tile.rows) * columns.div_ceil(tile.columns);
    let best = tiles.filter(fits).min_by_key(|tile| (time(tile), Reverse(tile.columns), calls(tile)));
    best.expect("a tile of one register")
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

    /// Opens the loops from the one of number `depth` on.
    fn around_tiles(
        &self,
        tiling: &Tiling,
        functions: &[FuncRef],
        depth: usize,
        scopes: &mut [Scope; 2],
        tile: x86::Tile,
    ) {
        let Some(&axis) = tiling.order.get(depth) else { return self.whole_tile(tiling, functions, scopes, tile) };
        let extent = tiling.kernel.space[axis];
        if axis <= tiling.first_tiled() {
            self.lines(&mut scopes[1], axis..axis + 1);
        }
        if tiling.rows == Some(axis) {
            self.lay_out(tiling, functions, &mut scopes[0], tile);
        }
        let mut turns = |(from, to): (usize, usize), step: usize, tile: x86::Tile| {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(axis, index, false));
                self.around_tiles(tiling, functions, depth + 1, scopes, tile);
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
        let mut start = [0, 1].map(|factor| self.first_term(tiling, &scopes[0], factor));
        if let Some((factor, panels)) = tiling.panels {
            start[factor] = self.panel(tiling, panels, scopes[0].place_along(rank - 1));
        }
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

impl Writer<'_, '_> {
    /// Where the first term of a factor lies at the point of the loops that are open.
    fn first_term(&self, tiling: &Tiling, scope: &Scope, factor: usize) -> Value {
        let (load, rank) = (tiling.factors[factor], tiling.kernel.space.len());
        let outer = load.at.replace(|var| match var {
            Var::Axis(axis) if axis as usize >= rank => Affine::default(),
            var => Affine::var(var),
        });
        self.address(scope, load.buffer, &outer, 0)
    }

    /// Where the panel of the columns from `column` on begins.
    fn panel(&self, tiling: &Tiling, panels: Panels, column: Value) -> Value {
        let base = self.bases[panels.buffer].expect("a buffer of the kernel");
        match panels.kept {
            Kept::One => base,
            Kept::All => {
                let terms: usize = tiling.inner().iter().product();
                let bytes = self.code.ins(|ins| ins.imul_imm_s(column, 4 * terms as i64));
                self.code.ins(|ins| ins.iadd(base, bytes))
            }
        }
    }

    /// Writes the panels that the loop over rows, which comes next, reads.
    fn lay_out(&self, tiling: &Tiling, functions: &[FuncRef], scope: &mut Scope, tile: x86::Tile) {
        let Some((factor, panels)) = tiling.panels else { return };
        let (last, widths) = (tiling.kernel.space.len() - 1, tiling.widths());
        let lay_out = |scope: &Scope, columns: usize| {
            let at = tiling.tiles().len() + widths.iter().position(|&it| it == columns).expect("a function for each");
            let source = self.first_term(tiling, scope, factor);
            let target = self.panel(tiling, panels, scope.place_along(last));
            self.code.ins(|ins| ins.call(functions[at], &[source, source, target]));
        };
        if panels.kept == Kept::One {
            return lay_out(scope, tile.columns);
        }
        let extent = tiling.kernel.space[last];
        let end = extent - extent % tiling.tile.columns;
        for (from, to, step) in [(0, end, tiling.tile.columns), (end, extent, extent - end)] {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scope.enter(last, index, false);
                lay_out(scope, step);
                Vec::new()
            });
        }
    }
}

impl Tiling<'_> {
    /// The first axis that is tiled. What depends on later axes differs inside a tile.
    fn first_tiled(&self) -> usize {
        self.rows.unwrap_or(self.kernel.space.len() - 1)
    }
}
