//! The products at all points, one tile of sums after the other.

use std::array::from_fn;

use cranelift_codegen::ir::{InstBuilder, Value};

use super::Conv;
use crate::kernel::winograd::formulas::POINTS;
use crate::native::lanes::{WIDE, Width, type_of};
use crate::native::tiling::{best, parts};
use crate::native::writer::{Writer, memory};
use crate::native::x86::{self, Ahead, Factor, Isa, Rows, Tile, Tiles};
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

/// The bytes of a line of the cache, and how many lines are asked for at each point at most.
const LINE: usize = 64;
const MANY: usize = 32;

impl Writer<'_, '_> {
    /// The products of a block at all points.
    pub(super) fn products(&self, conv: &Conv, products: &Products, soon: &[Soon]) {
        let [images, others, sums, _] = conv.layout.starts();
        let starts = [images, others, sums].map(|at| conv.float(self, at));
        let soon = &soon[..soon.len().min(3)];
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
        let Products { rows, columns, terms, left: [down, along], points, adds } = *products;
        let at = |start: Value, index: Value, floats: usize| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4 * floats as i64));
            self.code.ins(|ins| ins.iadd(start, offset))
        };
        let (lanes, kind) = (self.lanes(Width::Four), type_of(Dtype::F32, Width::Four));
        self.repeat((0, POINTS * POINTS, 1), &[], &mut |point, _| {
            let [left, right, sums]: [Value; 3] = from_fn(|it| at(starts[it], point, points[it]));
            self.repeat((0, rows, 1), &[], &mut |row, _| {
                let (left, sums) = (at(left, row, down), at(sums, row, columns));
                self.repeat((0, columns, WIDE), &[], &mut |column, _| {
                    let (right, place) = (at(right, column, 1), at(sums, column, 1));
                    let so_far = match adds {
                        true => self.code.ins(|ins| ins.load(kind, memory(), place, 0)),
                        false => lanes.float(0.0),
                    };
                    let sum = self.repeat((0, terms, 1), &[left, right, so_far], &mut |_, carried| {
                        let a = self.code.ins(|ins| ins.load(type_of(Dtype::F32, Width::One), memory(), carried[0], 0));
                        let b = self.code.ins(|ins| ins.load(kind, memory(), carried[1], 0));
                        let sum = lanes.fma(self.code.splat(Dtype::F32, a), b, carried[2]);
                        let next = [(carried[0], along), (carried[1], columns)]
                            .map(|(start, floats)| self.code.ins(|ins| ins.iadd_imm_s(start, 4 * floats as i64)));
                        vec![next[0], next[1], sum]
                    });
                    self.code.ins(|ins| ins.store(memory(), sum[2], place, 0));
                    Vec::new()
                });
                Vec::new()
            });
            Vec::new()
        });
    }
}

impl Products {
    /// Functions of three addresses, the first of up to six, each with how many bytes behind the first of factors and sums it begins: one for each shape of a tile.
    fn calls(&self, isa: Isa, ahead: &[Ahead]) -> Option<Vec<(Vec<u8>, [i64; 3])>> {
        let bytes = |floats: usize| 4 * floats as i64;
        let tile = best(isa, (self.rows, self.columns));
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
