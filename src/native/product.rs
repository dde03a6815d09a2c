//! Sums of products: a tile of the result in registers, and for each of its elements one chain of fused multiply-adds.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::lanes::{WIDE, Width, type_of};
use super::writer::{Scope, Writer, memory};
use crate::kernel::panels::rows;
use crate::kernel::{Affine, Body, Kernel, Load, Var};
use crate::scalar::{Dtype, Ops};

/// The most wide values in a row of a tile.
const COLUMNS: usize = 2;

/// The most rows of a tile: with two values in each, one for the row and two for the columns it takes 15 registers.
const ROWS: usize = 6;

/// A product, and which axes of its space are tiled.
struct Product<'k> {
    kernel: &'k Kernel,
    inner: &'k [usize],
    factors: [&'k Load; 2],
    /// The axis of the rows of a tile, if there is one, and how many rows it takes.
    rows: Option<(usize, usize)>,
    /// The axis of its columns: the last one.
    columns: Option<usize>,
}

/// The part of the result that the code at hand computes.
#[derive(Clone, Copy)]
struct Tile {
    rows: usize,
    /// The values in a row, and the elements in each.
    columns: usize,
    width: Width,
}

impl<'f> Writer<'_, 'f> {
    pub fn product(&self, kernel: &Kernel, inner: &[usize], factors: [&Load; 2]) {
        let space = &kernel.space;
        let columns = space.len().checked_sub(1);
        let row = rows(space, factors, &self.plan.machine);
        // Few rows left over, and then many in a tile.
        let height = |axis: usize| (2..=ROWS.min(space[axis])).min_by_key(|rows| (space[axis] % rows, ROWS - rows));
        let rows = row.and_then(|axis| Some((axis, height(axis)?)));
        let product = Product { kernel, inner, factors, rows, columns };
        let empty = Body::default();
        let axes = space.len() + inner.len();
        // The first knows the factors' indices, the second what follows the product.
        let mut scopes = [Scope::new(&empty, axes, 0), Scope::new(&kernel.body, axes, space.len() + 1)];
        self.tiles(&product, 0, &mut scopes, Tile { rows: 1, columns: 1, width: Width::One });
    }

    /// Opens the loops of the space's axes from `axis` on.
    fn tiles(&self, product: &Product, axis: usize, scopes: &mut [Scope; 2], tile: Tile) {
        let Some(&extent) = product.kernel.space.get(axis) else { return self.tile(product, scopes, tile) };
        if axis <= product.first_tiled() {
            self.lines(&mut scopes[1], axis..axis + 1);
        }
        let mut turns = |(from, to): (usize, usize), step: usize, tile: Tile| {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scopes.iter_mut().for_each(|scope| scope.enter(axis, index, false));
                self.tiles(product, axis + 1, scopes, tile);
                Vec::new()
            });
        };
        let whole = |step: usize| extent - extent % step;
        match product.rows {
            _ if product.columns == Some(axis) => {
                let (most, some) = (whole(COLUMNS * WIDE), whole(WIDE));
                turns((0, most), COLUMNS * WIDE, Tile { columns: COLUMNS, width: Width::Four, ..tile });
                turns((most, some), WIDE, Tile { columns: 1, width: Width::Four, ..tile });
                turns((some, extent), 1, Tile { columns: 1, width: Width::One, ..tile });
            }
            Some((row, rows)) if row == axis => {
                turns((0, whole(rows)), rows, Tile { rows, ..tile });
                turns((whole(rows), extent), 1, Tile { rows: 1, ..tile });
            }
            _ => turns((0, extent), 1, tile),
        }
    }

    /// Computes a tile, and does with each of its values what the kernel does.
    fn tile(&self, product: &Product, scopes: &mut [Scope; 2], tile: Tile) {
        let zero = self.lanes(tile.width).float(0.0);
        let rank = product.kernel.space.len();
        let start = product.factors.map(|load| {
            let outer = load.at.replace(|var| match var {
                Var::Axis(axis) if axis as usize >= rank => Affine::default(),
                var => Affine::var(var),
            });
            self.address(&scopes[0], load.buffer, &outer, 0)
        });
        let sums = self.sums(product, tile, 0, start, vec![zero; tile.rows * tile.columns]);
        if let [sum] = sums[..] {
            return self.finish_tile(product, &scopes[1], tile, (None, None), sum);
        }
        // What follows is written once: it takes the sums from memory, row after row.
        let bytes = tile.bytes();
        let slot = self.slot(tile.rows * tile.columns * bytes);
        let address = self.slot_address(slot);
        for (at, &sum) in sums.iter().enumerate() {
            self.code.ins(|ins| ins.store(memory(), sum, address, (at * bytes) as i32));
        }
        self.repeat((0, tile.rows, 1), &[], &mut |row, _| {
            self.repeat((0, tile.columns, 1), &[], &mut |column, _| {
                let at = self.code.ins(|ins| ins.imul_imm_s(row, tile.columns as i64));
                let at = self.code.ins(|ins| ins.iadd(at, column));
                let offset = self.code.ins(|ins| ins.imul_imm_s(at, bytes as i64));
                let place = self.code.ins(|ins| ins.iadd(address, offset));
                let sum = self.code.ins(|ins| ins.load(type_of(Dtype::F32, tile.width), memory(), place, 0));
                self.finish_tile(product, &scopes[1], tile, (Some(row), Some(column)), sum);
                Vec::new()
            });
            Vec::new()
        });
    }

    /// What follows the product at one value of a tile, in the given row and column of it.
    fn finish_tile(
        &self,
        product: &Product,
        scope: &Scope,
        tile: Tile,
        (row, column): (Option<Value>, Option<Value>),
        sum: Value,
    ) {
        let mut scope = scope.clone();
        if let (Some((axis, _)), Some(row)) = (product.rows, row) {
            let index = self.code.ins(|ins| ins.iadd(scope.place_along(axis), row));
            scope.enter(axis, index, false);
        }
        if let Some(axis) = product.columns {
            let mut index = scope.place_along(axis);
            if let Some(column) = column {
                let offset = self.code.ins(|ins| ins.imul_imm_s(column, WIDE as i64));
                index = self.code.ins(|ins| ins.iadd(index, offset));
            }
            scope.enter(axis, index, tile.width == Width::Four);
        }
        scope.core = Some(sum);
        let first = if product.kernel.space.is_empty() { 0 } else { product.first_tiled() + 1 };
        self.lines(&mut scope, first..usize::MAX);
        product.kernel.stores.iter().for_each(|store| self.store(&scope, store));
    }

    /// Adds the products over the inner axes from `depth` on to `sums`; `factors` are where the tile's first ones lie.
    fn sums(&self, product: &Product, tile: Tile, depth: usize, factors: [Value; 2], sums: Vec<Value>) -> Vec<Value> {
        let Some(&extent) = product.inner.get(depth) else { return self.step(product, tile, factors, sums) };
        let var = Var::Axis((product.kernel.space.len() + depth) as u32);
        let strides = product.factors.map(|load| 4 * load.at.factor(var));
        let carried = [&factors[..], &sums].concat();
        let mut after = self.repeat((0, extent, 1), &carried, &mut |_, carried| {
            let factors = [carried[0], carried[1]];
            let sums = self.sums(product, tile, depth + 1, factors, carried[2..].to_vec());
            let next = [0, 1].map(|at| self.code.ins(|ins| ins.iadd_imm_s(factors[at], strides[at])));
            [&next[..], &sums].concat()
        });
        after.split_off(2)
    }

    /// One step of all chains of a tile.
    fn step(&self, product: &Product, tile: Tile, factors: [Value; 2], mut sums: Vec<Value>) -> Vec<Value> {
        let [left, right] = [0, 1].map(|at| self.factor(product, tile, product.factors[at], factors[at]));
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum = self.lanes(tile.width).fma(left[at], right[at], *sum);
        }
        sums
    }

    /// A factor of each value of the tile; what rows or columns share is loaded once.
    fn factor(&self, product: &Product, tile: Tile, load: &Load, start: Value) -> Vec<Value> {
        let stride = |axis: Option<usize>| axis.map_or(0, |axis| 4 * load.at.factor(Var::Axis(axis as u32)));
        let (down, across) = (stride(product.rows.map(|rows| rows.0)), stride(product.columns));
        let mut values: Vec<Value> = Vec::with_capacity(tile.rows * tile.columns);
        for row in 0..tile.rows {
            for column in 0..tile.columns {
                let value = match (row, column) {
                    (1.., _) if down == 0 => values[column],
                    (_, 1..) if across == 0 => values[row * tile.columns],
                    _ => {
                        let from = row as i64 * down + (column * WIDE) as i64 * across;
                        self.element(start, from, across, tile.width)
                    }
                };
                values.push(value);
            }
        }
        values
    }

    /// The f32 at `bytes` behind `start`; if wide, with those that follow at distances of `stride` bytes.
    fn element(&self, start: Value, bytes: i64, stride: i64, width: Width) -> Value {
        let load = |bytes: i64, kind| {
            // A displacement has 32 bits.
            let (address, offset) = match i32::try_from(bytes) {
                Ok(offset) => (start, offset),
                Err(_) => (self.code.ins(|ins| ins.iadd_imm_s(start, bytes)), 0),
            };
            self.code.ins(|ins| ins.load(kind, memory(), address, offset))
        };
        match (width, stride) {
            (Width::One, _) => load(bytes, types::F32),
            (Width::Four, 0) => self.code.splat(Dtype::F32, load(bytes, types::F32)),
            (Width::Four, 4) => load(bytes, types::F32X4),
            (Width::Four, _) => {
                self.code.gather(Dtype::F32, std::array::from_fn(|lane| load(bytes + lane as i64 * stride, types::F32)))
            }
        }
    }
}

impl Product<'_> {
    /// The first axis that is tiled. What depends on later axes differs inside a tile.
    fn first_tiled(&self) -> usize {
        self.rows.map_or(self.columns.unwrap_or(0), |rows| rows.0)
    }
}

impl Tile {
    fn bytes(self) -> usize {
        match self.width {
            Width::One => 4,
            Width::Four => 4 * WIDE,
        }
    }
}
