//! Changes of squares of values to points and back: functions of straight lines, made of the formulas.

use std::array::from_fn;
use std::rc::Rc;

use cranelift_codegen::ir::{InstBuilder, Value};

use super::Conv;
use crate::kernel::winograd::Reader;
use crate::kernel::winograd::formulas::{self, POINTS, RESULTS, TAPS, both};
use crate::kernel::{Load, Reg, Work};
use crate::native::lanes::{WIDE, Width, type_of};
use crate::native::writer::{Writer, memory};
use crate::native::x86::{Around, Isa, Op, Sink, Strip, Trace, Unit, Wide};
use crate::scalar::{Dtype, Ops};

/// A change of squares of values that lie in rows of channels.
pub struct Change<'k> {
    pub squares: Squares,
    /// What is made of each value that is read, before it is changed, and of other values that are the same for all
    /// squares: these begin at addresses.
    pub reader: Option<(&'k Reader, &'k Load)>,
    pub beside: Vec<(&'k Load, Value)>,
}

/// Which squares are changed, and how.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Squares {
    pub what: What,
    /// How many bytes behind the first of its square each value lies; what is nowhere is zero.
    pub reads: Vec<Option<i64>>,
    /// Where each value that is made goes, if it is wanted.
    pub writes: Vec<Option<i64>>,
    pub channels: usize,
    /// The loops over squares: how often, and the bytes that reads and writes go on.
    pub loops: Vec<(usize, [i64; 2])>,
}

/// Which formula it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    Image,
    Weights,
    Results,
    Gradient,
    Taps,
}

/// A function of a change, and the bytes of its table.
pub type Written = (Strip, Vec<u8>, usize);

impl What {
    /// The side of the squares that are read, and of those that are made.
    pub fn sides(self) -> [usize; 2] {
        match self {
            What::Image => [POINTS, POINTS],
            What::Weights => [TAPS, POINTS],
            What::Results => [POINTS, RESULTS],
            What::Gradient => [RESULTS, POINTS],
            What::Taps => [POINTS, TAPS],
        }
    }

    /// The values that are made of those that are read, both row by row.
    fn of<O: Ops>(self, ops: &O, values: &[O::V]) -> Vec<O::V> {
        fn flat<O: Ops, const FROM: usize, const TO: usize>(
            ops: &O,
            formula: impl Fn(&O, [O::V; FROM]) -> [O::V; TO],
            values: &[O::V],
        ) -> Vec<O::V> {
            both(ops, formula, from_fn(|row| from_fn(|column| values[row * FROM + column]))).concat()
        }
        match self {
            What::Image => flat(ops, formulas::image::<O>, values),
            What::Weights => flat(ops, formulas::weights::<O>, values),
            What::Results => flat(ops, formulas::results::<O>, values),
            What::Gradient => flat(ops, formulas::gradient::<O>, values),
            What::Taps => flat(ops, formulas::taps::<O>, values),
        }
    }

    /// The columns of what is made in an order in which neighbours share what they are made of.
    fn columns(self) -> &'static [usize] {
        match self.sides()[1] {
            POINTS => &[1, 2, 3, 4, 0, 5],
            RESULTS => &[0, 2, 1, 3],
            _ => &[0, 2, 1],
        }
    }
}

/// The places of values, `high` bytes from row to row and `wide` from column to column, of which rows and columns of
/// these ranges are there.
pub fn square(side: usize, [high, wide]: [i64; 2], there: [(usize, usize); 2]) -> Vec<Option<i64>> {
    let at = |row: usize, column: usize| row as i64 * high + column as i64 * wide;
    let inside = |(from, to): (usize, usize), at: usize| from <= at && at < to;
    let place =
        |row: usize, column: usize| (inside(there[0], row) && inside(there[1], column)).then(|| at(row, column));
    (0..side)
        .flat_map(|row| (0..side).map(move |column| (row, column)))
        .map(|(row, column)| place(row, column))
        .collect()
}

/// The places of the values at all points, so many floats apart.
pub fn points(floats: usize) -> Vec<Option<i64>> {
    (0..POINTS * POINTS).map(|point| Some((4 * floats * point) as i64)).collect()
}

impl Change<'_> {
    /// One that reads values as they are.
    pub fn plain(
        what: What,
        reads: Vec<Option<i64>>,
        writes: Vec<Option<i64>>,
        (channels, loops): (usize, Vec<(usize, [i64; 2])>),
    ) -> Self {
        Change { squares: Squares { what, reads, writes, channels, loops }, reader: None, beside: vec![] }
    }

    /// What is made of a value that is read, and of those beside it.
    fn read<O: Ops>(&self, ops: &O, value: O::V, beside: &[O::V]) -> O::V {
        let Some((reader, main)) = self.reader else { return value };
        let body = &reader.body;
        let mut made: Vec<O::V> = Vec::with_capacity(body.lines.len());
        for line in &body.lines {
            let of = |reg: &Reg| made[reg.0 as usize];
            let next = match &line.work {
                Work::Load(load) if load == main => value,
                Work::Load(load) => {
                    beside[self.beside.iter().position(|it| it.0 == load).expect("a load of the image")]
                }
                Work::Const(bits) if line.dtype == Dtype::Bool => ops.truth(*bits != 0),
                Work::Const(bits) => ops.of_bits(ops.int(*bits as i32)),
                Work::Map(scalar, args) => {
                    let dtypes: Vec<Dtype> = args.iter().map(|&arg| body.dtype(arg)).collect();
                    scalar.apply(&dtypes, ops, &args.iter().map(of).collect::<Vec<_>>())
                }
                // What is outside is not read.
                Work::Mask(_, reg) => of(reg),
                Work::Core | Work::Index(_) | Work::Random { .. } | Work::Step => {
                    unreachable!("an image has no such line")
                }
            };
            made.push(next);
        }
        made[reader.value.0 as usize]
    }

    /// As a function of two addresses and those beside; `None` where there can be none.
    fn strip(&self, isa: Isa) -> Option<(Strip, Vec<u8>, usize)> {
        let near = |bytes: i64| i32::try_from(bytes).ok();
        let trace = Trace::default();
        let pointers = 2 + self.beside.len();
        let beside: Vec<Wide> =
            (2..pointers).map(|pointer| trace.push(Op::At { pointer: pointer as u32, bytes: 0 })).collect();
        let read = |place: &Option<i64>| match place {
            Some(bytes) => {
                let value = trace.push(Op::At { pointer: 0, bytes: near(*bytes)? });
                Some(self.read(&trace, value, &beside))
            }
            None => Some(trace.float(0.0)),
        };
        let values = self.squares.reads.iter().map(read).collect::<Option<Vec<_>>>()?;
        let made = self.squares.what.of(&trace, &values);
        let side = self.squares.what.sides()[1];
        let order = self.squares.what.columns().iter().flat_map(|column| (0..side).map(move |row| row * side + column));
        let order = order.filter_map(|at| Some((self.squares.writes[at]?, made[at])));
        let sink = |(bytes, value)| Some(Sink::Store { pointer: 1, bytes: near(bytes)?, unit: Unit::Four, value });
        let sinks = order.map(sink).collect::<Option<Vec<_>>>()?;
        let around = self.squares.loops.iter().map(|(extent, steps)| {
            let steps = steps.iter().copied().chain(self.beside.iter().map(|_| 0));
            let steps = steps.map(near).collect::<Option<Vec<_>>>()?;
            Some(Around { extent: *extent, steps })
        });
        let loops = around.collect::<Option<Vec<_>>>()?;
        let strip = Strip {
            ops: trace.finish()?,
            sinks,
            columns: self.squares.channels,
            pointers,
            known: 0,
            loops,
            each: None,
            apart: true,
        };
        let (code, bytes) = strip.code(isa)?;
        Some((strip, code, bytes))
    }
}

impl Writer<'_, '_> {
    /// Changes all squares of values that begin at `source`, to `target`.
    pub(super) fn change(&self, conv: &Conv, change: &Change, source: Value, target: Value) {
        let strip = || Isa::of(&self.plan.machine).and_then(|isa| change.strip(isa)).map(Rc::new);
        let written = conv.written.borrow_mut().entry(change.squares.clone()).or_insert_with(strip).clone();
        let Some(written) = written else {
            return self.change_plainly(change, &change.squares.loops, source, target);
        };
        let (strip, code, bytes) = &*written;
        let table = self.lines_of_cache(*bytes);
        let beside = change.beside.iter().map(|it| it.1);
        for (number, value) in [source, target].into_iter().chain(beside).enumerate() {
            self.code.ins(|ins| ins.store(memory(), value, table, strip.pointer_at(number) as i32));
        }
        // Nothing is folded, but the function looks where.
        self.code.ins(|ins| ins.store(memory(), table, table, strip.lanes_at() as i32));
        self.call(code.clone(), &[table]);
    }

    /// The same in loops of four channels.
    fn change_plainly(&self, change: &Change, loops: &[(usize, [i64; 2])], source: Value, target: Value) {
        let moved = |index: Value, [read, write]: [i64; 2]| {
            [(source, read), (target, write)].map(|(start, step)| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(index, step));
                self.code.ins(|ins| ins.iadd(start, offset))
            })
        };
        if let Some((&(extent, steps), inner)) = loops.split_first() {
            self.repeat((0, extent, 1), &[], &mut |index, _| {
                let [source, target] = moved(index, steps);
                self.change_plainly(change, inner, source, target);
                Vec::new()
            });
            return;
        }
        self.repeat((0, change.squares.channels, WIDE), &[], &mut |index, _| {
            let [source, target] = moved(index, [4; 2]);
            let lanes = self.lanes(Width::Four);
            let behind = |start: Value, bytes: i64| self.code.ins(|ins| ins.iadd_imm_s(start, bytes));
            let kind = type_of(Dtype::F32, Width::Four);
            let beside = change.beside.iter().map(|&(_, start)| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4));
                let address = self.code.ins(|ins| ins.iadd(start, offset));
                self.code.ins(|ins| ins.load(kind, memory(), address, 0))
            });
            let beside: Vec<Value> = beside.collect();
            let read = |place: &Option<i64>| match place {
                Some(bytes) => {
                    let address = behind(source, *bytes);
                    let value = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
                    change.read(&lanes, value, &beside)
                }
                None => lanes.float(0.0),
            };
            let values: Vec<Value> = change.squares.reads.iter().map(read).collect();
            for (value, place) in change.squares.what.of(&lanes, &values).into_iter().zip(&change.squares.writes) {
                if let Some(bytes) = place {
                    let address = behind(target, *bytes);
                    self.code.ins(|ins| ins.store(memory(), value, address, 0));
                }
            }
            Vec::new()
        });
    }
}
