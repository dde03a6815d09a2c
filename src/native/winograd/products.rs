//! The products at all points, one tile of sums after the other.

use std::array::from_fn;

use cranelift_codegen::ir::{InstBuilder, Value};

use super::Conv;
use crate::kernel::winograd::formulas::POINTS;
use crate::native::lanes::{WIDE, Width, type_of};
use crate::native::tiling::{best, parts};
use crate::native::writer::{Writer, memory};
use crate::native::x86::{self, Ahead, Factor, Isa, LINE, Rows, Tile, Tiles};
use crate::scalar::{Dtype, Ops};

/// The products at all points: the floats from row to row, from term to term, and from point to point.
pub struct Products {
    pub rows: usize,
    pub columns: usize,
    pub terms: usize,
    /// Of the left factor: from row to row, and from term to term.
    pub left: [usize; 2],
    /// From point to point in both factors and in the sums.
    pub points: [usize; 3],
    pub adds: bool,
}

/// Memory that will be read or written soon.
#[derive(Clone, Copy)]
pub struct Soon {
    pub start: Value,
    pub bytes: usize,
    pub written: bool,
}

/// So many lines of the cache are asked for at each point at most.
const MANY: usize = 32;

impl Writer<'_, '_> {
    /// The products of a block at all points.
    pub(super) fn products(&self, conv: &Conv, products: &Products, soon: &[Soon]) {
        let [images, others, sums, _] = conv.layout.starts();
        let starts = [images, others, sums].map(|at| conv.float(self, at));
        let soon = &soon[..soon.len().min(Ahead::MOST)];
        let lines = |soon: &Soon| soon.bytes.div_ceil(LINE * POINTS * POINTS).min(MANY);
        let ahead: Vec<Ahead> = soon.iter().map(|it| Ahead { lines: lines(it), written: it.written }).collect();
        let Some(calls) = Isa::of(&self.plan.machine).and_then(|isa| products.calls(isa, &ahead)) else {
            return self.products_plainly(products, starts);
        };
        let soon: Vec<Value> = soon.iter().map(|soon| soon.start).collect();
        for (number, (code, skipped)) in calls.into_iter().enumerate() {
            // The first function asks for all of it.
            let ahead = if number == 0 { &soon[..] } else { &[] };
            let starts: [Value; 3] = from_fn(|it| self.code.ins(|ins| ins.iadd_imm_s(starts[it], skipped[it])));
            self.call(code, &[&starts[..], ahead].concat());
        }
    }

    /// The same in loops of four columns.
    fn products_plainly(&self, products: &Products, starts: [Value; 3]) {
        let Products { rows, columns, points, .. } = *products;
        self.repeat((0, POINTS * POINTS, 1), &[], &mut |point, _| {
            let [left, right, sums]: [Value; 3] = from_fn(|it| self.floats_behind(starts[it], point, points[it]));
            let whole = rows - rows % ROWS;
            for (from, to, high) in [(0, whole, ROWS), (whole, rows, 1)] {
                self.repeat((from, to, high), &[], &mut |row, _| {
                    let left = self.floats_behind(left, row, products.left[0]);
                    let sums = self.floats_behind(sums, row, columns);
                    self.repeat((0, columns, WIDE * VALUES), &[], &mut |column, _| {
                        let [right, sums] = [right, sums].map(|start| self.floats_behind(start, column, 1));
                        self.sums_plainly(products, high, [left, right, sums]);
                        Vec::new()
                    });
                    Vec::new()
                });
            }
            Vec::new()
        });
    }

    /// The sums of so many rows, each of [`VALUES`] values of four columns: chains that do not wait for one another.
    fn sums_plainly(&self, products: &Products, high: usize, [left, right, sums]: [Value; 3]) {
        let Products { columns, terms, left: [down, along], adds, .. } = *products;
        let (lanes, kind) = (self.lanes(Width::Four), type_of(Dtype::F32, Width::Four));
        let places: Vec<i32> = (0..high)
            .flat_map(|row| (0..VALUES).map(move |value| (4 * (row * columns + value * WIDE)) as i32))
            .collect();
        let so_far = places.iter().map(|&place| match adds {
            true => self.code.ins(|ins| ins.load(kind, memory(), sums, place)),
            false => lanes.float(0.0),
        });
        let carried: Vec<Value> = [left, right].into_iter().chain(so_far).collect();
        let after = self.repeat((0, terms, 1), &carried, &mut |_, carried| {
            let row: [Value; VALUES] =
                from_fn(|value| self.code.ins(|ins| ins.load(kind, memory(), carried[1], (16 * value) as i32)));
            let mut next = [(carried[0], along), (carried[1], columns)]
                .map(|(start, floats)| self.code.ins(|ins| ins.iadd_imm_s(start, 4 * floats as i64)))
                .to_vec();
            for at in 0..high {
                let element = type_of(Dtype::F32, Width::One);
                let element = self.code.ins(|ins| ins.load(element, memory(), carried[0], (4 * at * down) as i32));
                let element = self.code.splat(Dtype::F32, element);
                let sum = |value: usize| lanes.fma(element, row[value], carried[2 + at * VALUES + value]);
                next.extend((0..VALUES).map(sum));
            }
            next
        });
        for (&sum, place) in after[2..].iter().zip(places) {
            self.code.ins(|ins| ins.store(memory(), sum, sums, place));
        }
    }

    /// So many times so many floats behind an address.
    fn floats_behind(&self, start: Value, index: Value, floats: usize) -> Value {
        let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4 * floats as i64));
        self.code.ins(|ins| ins.iadd(start, offset))
    }
}

/// The rows and the values of a row that are computed at once where registers hold four floats.
const ROWS: usize = 4;
const VALUES: usize = 2;

impl Products {
    /// Functions of three addresses, the first of up to six, each with how many bytes behind the first of factors and
    /// sums it begins: one for each shape of a tile.
    fn calls(&self, isa: Isa, ahead: &[Ahead]) -> Option<Vec<(Vec<u8>, [i64; 3])>> {
        let bytes = |floats: usize| 4 * floats as i64;
        let tile = best(isa, (self.rows, self.columns), false);
        let [down, along] = self.left.map(bytes);
        let pitch = bytes(self.columns);
        let factors =
            [Factor { down, across: false, along: vec![along] }, Factor { down: 0, across: true, along: vec![pitch] }];
        let mut calls = vec![];
        for rows in parts(self.rows, tile.rows) {
            for columns in parts(self.columns, tile.columns) {
                let [above, before] = [(self.rows, tile.rows, rows), (self.columns, tile.columns, columns)]
                    .map(|(all, whole, here)| if here == whole { 0 } else { all - here });
                let count = [(self.rows, rows, above), (self.columns, columns, before)]
                    .map(|(all, here, skipped)| (all - skipped) / here);
                let around = [
                    Tiles { extent: POINTS * POINTS, steps: self.points.map(bytes) },
                    Tiles { extent: count[1], steps: [0, bytes(columns), bytes(columns)] },
                    Tiles { extent: count[0], steps: [down * rows as i64, 0, pitch * rows as i64] },
                ];
                let target = Rows { pitch, adds: self.adds };
                let ahead = if calls.is_empty() { ahead } else { &[] };
                let code = x86::sums(isa, Tile { rows, columns }, &factors, &[self.terms], target, &around, ahead)?;
                calls.push((code, [down * above as i64, bytes(before), pitch * above as i64 + bytes(before)]));
            }
        }
        Some(calls)
    }
}
