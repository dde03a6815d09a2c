//! Sums of products in tiles: the loops around the functions that compute them, and what is done with each sum.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width};
use super::strips::Through;
use super::sums::Sums;
use super::tiling::{Routine, Tiling};
use super::writer::{Scope, Writer, memory};
use super::x86::Tile;
use crate::kernel::{Affine, Blocks, Body, Kept, Panels, Var};
use crate::scalar::Ops;

/// A tiling being written.
struct Tiles<'t> {
    tiling: &'t Tiling<'t>,
}

/// What is done at a tile.
#[derive(Clone)]
enum Work {
    /// Its sums, and then what the kernel does with them.
    Whole,
    /// The terms of a block are added to its sums, over axes of these extents.
    Add(Vec<usize>),
    /// What the kernel does with sums that are there.
    Finish,
}

impl Tiles<'_> {
    /// The first axis that is tiled. What depends on later axes differs inside a tile.
    fn first_tiled(&self) -> usize {
        self.tiling.rows.unwrap_or(self.tiling.kernel.space.len() - 1)
    }
}

impl Writer<'_, '_> {
    /// The product in tiles.
    pub fn tiled(&self, tiling: &Tiling) {
        let tiles = Tiles { tiling };
        let kernel = tiling.kernel;
        let (empty, axes) = (Body::default(), kernel.axes().len());
        // The first knows the factors' indices, the second what follows the product.
        let mut scopes = [Scope::new(&empty, axes, 0), Scope::new(&kernel.body, axes, kernel.space.len() + 1)];
        let one = Tile { rows: 1, columns: 1 };
        match tiling.blocks {
            None => self.around(&tiles, &Work::Whole, 0, &mut scopes, one),
            Some(blocks) => self.in_blocks(&tiles, blocks, 0, &mut scopes),
        }
    }

    /// Opens the loops that are around blocks, from the one of number `depth` on.
    fn in_blocks(&self, tiles: &Tiles, blocks: Blocks, depth: usize, scopes: &mut [Scope; 2]) {
        if depth < blocks.around {
            self.lines(&mut scopes[1], depth..depth + 1);
            self.repeat((0, tiles.tiling.kernel.space[depth], 1), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(depth, index, false));
                self.in_blocks(tiles, blocks, depth + 1, scopes);
                Vec::new()
            });
            return;
        }
        self.zeros(tiles, blocks);
        self.blocks(tiles, blocks, 0, scopes);
        self.around(tiles, &Work::Finish, depth, scopes, Tile { rows: 1, columns: 1 });
    }

    fn routine(&self, tiling: &Tiling, routine: &Routine, arguments: [Value; 3]) {
        self.call(tiling.code(routine).expect("a tiling's routines have code"), &arguments);
    }

    /// No term has been added to any sum.
    fn zeros(&self, tiles: &Tiles, blocks: Blocks) {
        let base = self.bases[blocks.buffer].expect("a buffer of the kernel");
        let floats = tiles.tiling.pitches()[blocks.around] * tiles.tiling.kernel.space[blocks.around];
        let zero = self.lanes(Width::Four).float(0.0);
        self.repeat((0, floats, WIDE), &[], &mut |at, _| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(at, 4));
            let place = self.code.ins(|ins| ins.iadd(base, offset));
            self.code.ins(|ins| ins.store(memory(), zero, place, 0));
            Vec::new()
        });
    }

    /// The loops over blocks from the one of the summed axis `depth` on: all tiles add the terms of one before those of the next.
    fn blocks(&self, tiles: &Tiles, blocks: Blocks, depth: usize, scopes: &mut [Scope; 2]) {
        let (rank, extent) = (tiles.tiling.kernel.space.len(), tiles.tiling.inner()[depth]);
        if depth < blocks.axis {
            self.repeat((0, extent, 1), &[], &mut |index, _| {
                scopes[0].enter(rank + depth, index, false);
                self.blocks(tiles, blocks, depth + 1, scopes);
                Vec::new()
            });
            return;
        }
        let end = extent - extent % blocks.size;
        for (from, to, size) in [(0, end, blocks.size), (end, extent, extent - end)] {
            self.repeat((from, to, size), &[], &mut |index, _| {
                scopes[0].enter(rank + depth, index, false);
                let work = Work::Add(tiles.tiling.block(blocks, size));
                self.around(tiles, &work, blocks.around, scopes, Tile { rows: 1, columns: 1 });
                Vec::new()
            });
        }
    }

    /// Opens the loops from the one of number `depth` on.
    fn around(&self, tiles: &Tiles, work: &Work, depth: usize, scopes: &mut [Scope; 2], tile: Tile) {
        let tiling = tiles.tiling;
        let Some(&axis) = tiling.order.get(depth) else { return self.tile_done(tiles, work, scopes, tile) };
        let extent = tiling.kernel.space[axis];
        if axis <= tiles.first_tiled() && !matches!(work, Work::Add(_)) {
            self.lines(&mut scopes[1], axis..axis + 1);
        }
        if tiling.rows == Some(axis) && !matches!(work, Work::Finish) {
            let extents = if let Work::Add(extents) = work { extents } else { tiling.inner() };
            self.lay_out(tiles, &mut scopes[0], tile, extents);
        }
        let mut turns = |(from, to): (usize, usize), step: usize, tile: Tile| {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(axis, index, false));
                self.around(tiles, work, depth + 1, scopes, tile);
                Vec::new()
            });
        };
        let mut parts = |whole: usize, tile: &dyn Fn(usize) -> Tile| {
            let end = extent - extent % whole;
            turns((0, end), whole, tile(whole));
            turns((end, extent), whole, tile(extent - end));
        };
        match tiling.rows {
            _ if axis + 1 == tiling.kernel.space.len() => {
                parts(tiling.tile.columns, &|columns| Tile { columns, ..tile })
            }
            Some(rows) if rows == axis => parts(tiling.tile.rows, &|rows| Tile { rows, ..tile }),
            _ => turns((0, extent), 1, tile),
        }
    }

    /// Does the work of a tile.
    fn tile_done(&self, tiles: &Tiles, work: &Work, scopes: &[Scope; 2], tile: Tile) {
        let tiling = tiles.tiling;
        let sums = match (tiling.blocks, tiling.stored()) {
            (Some(blocks), _) => self.among_all(tiles, blocks, &scopes[0]),
            (None, Some(store)) => self.address(&scopes[0], store.buffer, &store.at, 0),
            (None, None) => self.lines_of_cache(tile.bytes(tiling.isa)),
        };
        let extents = match work {
            Work::Whole => Some(tiling.inner()),
            Work::Add(extents) => Some(&extents[..]),
            Work::Finish => None,
        };
        if let Some(extents) = extents {
            let mut start = [0, 1].map(|factor| self.first_term(tiles, &scopes[0], factor));
            if let Some((factor, panels)) = tiling.panels {
                let column = scopes[0].place_along(tiling.kernel.space.len() - 1);
                start[factor] = self.panel(tiles, panels, column);
            }
            self.routine(tiling, &Routine::Sums { tile, extents: extents.to_vec() }, [start[0], start[1], sums]);
        }
        if !matches!(work, Work::Add(_)) && tiling.stored().is_none() {
            let pitch = tiling.target(tile).pitch;
            let around = tiling.rows.map(|axis| (Through::all(axis, tile.rows), pitch));
            let depth = tiles.first_tiled() + 1;
            let sums =
                Sums { kernel: tiling.kernel, depth, columns: tile.columns, around: around.as_slice(), first: sums };
            self.finish_sums(&mut scopes[1].clone(), &sums);
        }
    }
}

// ----------------------------------------------------------------------------------------------------- places

impl Writer<'_, '_> {
    /// Where the first term of a factor lies at the point of the loops that are open.
    fn first_term(&self, tiles: &Tiles, scope: &Scope, factor: usize) -> Value {
        let load = tiles.tiling.factors[factor];
        // Of the summed axes only those are open around which blocks are.
        let open = tiles.tiling.kernel.space.len() + tiles.tiling.blocks.map_or(0, |it| it.axis + 1);
        let outer = load.at.replace(|var| match var {
            Var::Axis(axis) if axis as usize >= open => Affine::default(),
            var => Affine::var(var),
        });
        self.address(scope, load.buffer, &outer, 0)
    }

    /// Where the first sum of the tile at hand lies among all sums.
    fn among_all(&self, tiles: &Tiles, blocks: Blocks, scope: &Scope) -> Value {
        let pitches = tiles.tiling.pitches();
        let terms = (0..).zip(pitches).map(|(axis, pitch)| Affine::var(Var::Axis(axis)).times(pitch as i64));
        let at = terms.fold(Affine::default(), |sum, term| sum.add(&term));
        self.address(scope, blocks.buffer, &at, 0)
    }

    /// Where the panel of the columns from `column` on begins.
    fn panel(&self, tiles: &Tiles, panels: Panels, column: Value) -> Value {
        let base = self.bases[panels.buffer].expect("a buffer of the kernel");
        match panels.kept {
            Kept::One => base,
            Kept::All => {
                let terms: usize = tiles.tiling.inner().iter().product();
                let bytes = self.code.ins(|ins| ins.imul_imm_s(column, 4 * terms as i64));
                self.code.ins(|ins| ins.iadd(base, bytes))
            }
        }
    }

    /// Writes the panels that the loop over rows, which comes next, reads.
    fn lay_out(&self, tiles: &Tiles, scope: &mut Scope, tile: Tile, extents: &[usize]) {
        let tiling = tiles.tiling;
        let Some((factor, panels)) = tiling.panels else { return };
        let last = tiling.kernel.space.len() - 1;
        let lay_out = |scope: &Scope, columns: usize| {
            let source = self.first_term(tiles, scope, factor);
            let target = self.panel(tiles, panels, scope.place_along(last));
            self.routine(tiling, &Routine::Panel { columns, extents: extents.to_vec() }, [source, source, target]);
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
