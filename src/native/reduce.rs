//! Sums and largest elements, in the order that `Core::Reduce` states.
//!
//! The lanes lie in the memory of the call, as many of them as the last inner axis has places. Four of them are folded at
//! once: neighbouring lanes of one row, or the same lane of four neighbouring rows, whichever reads memory in its order.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width, type_of};
use super::nest::scattered;
use super::strips::{Rows, Then, Through, plainly};
use super::sums::Sums;
use super::writer::{Scope, Writer, memory};
use crate::kernel::{Body, Kernel, LANES, Reduction, Reg, Var, Work};
use crate::scalar::{Dtype, Ops};

/// The most rows whose lanes are kept side by side: a few kilobytes.
const BESIDE: usize = 128;

/// The most rows that are folded one after the other before something is done with what comes of them.
const ONE_BY_ONE: usize = 512;

/// Lanes side by side: the values are at the columns of the last axis of a space, some of them at once.
struct Beside<'l> {
    axes: &'l [usize],
    lanes: Lanes<'l>,
    /// The axis of the columns, and the elements from one lane of them to the next.
    last: usize,
    pitch: usize,
    /// The first column, and how many there are.
    first: Value,
    columns: usize,
}

/// The floats of a line of the cache.
const LINE_OF_FLOATS: usize = 16;

/// A reduction, and where its lanes are.
#[derive(Clone, Copy)]
struct Lanes<'k> {
    inner: &'k [usize],
    how: Reduction,
    value: Reg,
    /// The type of the lanes: that of the value, an i32 for a bool.
    dtype: Dtype,
    start: Value,
}

impl<'f> Writer<'_, 'f> {
    pub fn reduce(&self, kernel: &Kernel, inner: &[usize], how: Reduction, (body, value): (&Body, Reg)) {
        let rank = kernel.space.len();
        let axes = kernel.axes();
        let apart = |axis: usize| gathered(body, axis) + gathered(&kernel.body, axis) + scattered(kernel, axis);
        let along_space = (0..rank).rev().filter(|&axis| axes[axis] >= WIDE).min_by_key(|&axis| apart(axis));
        let along_inner = (rank..axes.len()).next_back().filter(|&axis| axes[axis] >= WIDE);
        // The axis along which fewer loads have to be gathered.
        let [space, row] = [along_space, along_inner].map(|axis| axis.map_or(usize::MAX, |axis| gathered(body, axis)));
        let columns = if space < row { along_space } else { None };
        if let Some(last) = columns.filter(|&last| last + 1 == rank) {
            return self.reduce_beside(kernel, inner, how, (body, value), last);
        }
        let slot = self.slot(LANES * 4 * WIDE);
        let start = self.slot_address(slot);
        let dtype = lane_type(body.dtype(value));
        let lanes = Lanes { inner, how, value, dtype, start };
        let scopes = &mut [Scope::new(body, axes.len(), 0), Scope::new(&kernel.body, axes.len(), rank + 1)];
        let last = rank.checked_sub(1).filter(|&last| {
            columns.is_none() && along_inner.is_some() && axes[last] > 1 && body.dtype(value) == Dtype::F32
        });
        let around = last.unwrap_or(rank);
        self.descend(scopes, 0, &kernel.space[..around], columns, &mut |scopes| {
            if let Some(last) = last
                && self.rows_one_by_one(kernel, &scopes[0], &scopes[1], (&axes, &lanes), last)
            {
                return;
            }
            self.descend(scopes, around, &kernel.space, columns, &mut |scopes| {
                let [scope, outer] = scopes else { unreachable!("two scopes") };
                let folded = match outer.width() {
                    Width::Four => self.fold_columns(scope, &axes, &lanes),
                    Width::One => self.fold_row(scope, &axes, &lanes, along_inner.filter(|_| columns.is_none())),
                };
                outer.core = Some(self.as_value(body.dtype(value), outer.width(), folded));
                self.finish(kernel, outer);
            });
        });
    }

    /// The rows along the last axis of the space, one after the other in one function, and then what the kernel does with
    /// what came of all of them. `false`, and nothing is done, where there can be no such function.
    fn rows_one_by_one(
        &self,
        kernel: &Kernel,
        scope: &Scope,
        outer: &Scope,
        (axes, lanes): (&[usize], &Lanes),
        last: usize,
    ) -> bool {
        let inmost = axes.len() - 1;
        if !(last..inmost).all(|axis| plainly(scope, &[], axis)) {
            return false;
        }
        let most = axes[last].min(ONE_BY_ONE);
        let sums = self.lines_of_cache(4 * most);
        let whole = axes[last] - axes[last] % most;
        let mut done = true;
        for (from, to, rows) in [(0, whole, most), (whole, axes[last], axes[last] - whole)] {
            self.repeat((from, to, rows), &[], &mut |first, _| {
                let (mut scope, mut outer) = (scope.clone(), outer.clone());
                for scope in [&mut scope, &mut outer] {
                    self.lines(scope, last..last + 1);
                    scope.enter(last, first, false);
                }
                (last + 1..=inmost).for_each(|axis| scope.enter(axis, self.code.index(0), false));
                let inner = (last + 1..inmost).map(|axis| Through::all(axis, axes[axis]));
                let around = std::iter::once(Through::all(last, rows)).chain(inner).collect();
                let strip = Rows { axes, around, along: (inmost, axes[inmost]), core: None };
                let Lanes { how, dtype, value, .. } = *lanes;
                done &= self.strip(&scope, &strip, &Then::FoldEach { how, dtype, value, loops: 1, sums });
                if done {
                    let sums = Sums { kernel, depth: last + 1, columns: rows, around: &[], first: sums };
                    self.finish_sums(&mut outer, &sums);
                }
                Vec::new()
            });
            if !done {
                return false;
            }
        }
        true
    }

    /// Rows along the last axis of the space side by side, so that memory is read once and in its order.
    fn reduce_beside(
        &self,
        kernel: &Kernel,
        inner: &[usize],
        how: Reduction,
        (body, value): (&Body, Reg),
        last: usize,
    ) {
        let (rank, axes) = (kernel.space.len(), &kernel.axes());
        let used = inner.last().map_or(1, |&extent| extent.clamp(1, LANES));
        let dtype = lane_type(body.dtype(value));
        let most = axes[last].min(BESIDE);
        let pitch = most.next_multiple_of(LINE_OF_FLOATS);
        let start = self.lines_of_cache(used * pitch * 4);
        let scopes = &mut [Scope::new(body, axes.len(), 0), Scope::new(&kernel.body, axes.len(), rank + 1)];
        self.descend(scopes, 0, &kernel.space[..last], None, &mut |scopes| {
            let [scope, outer] = scopes else { unreachable!("two scopes") };
            self.lines(scope, last..last + 1);
            self.lines(outer, last..last + 1);
            let whole = axes[last] - axes[last] % most;
            for (from, to, columns) in [(0, whole, most), (whole, axes[last], axes[last] - whole)] {
                self.repeat((from, to, columns), &[], &mut |first, _| {
                    let neutral = self.lanes(Width::Four).bits_of(dtype, how.neutral(dtype));
                    self.repeat((0, used * pitch, WIDE), &[], &mut |at, _| {
                        let offset = self.code.ins(|ins| ins.imul_imm_s(at, 4));
                        let address = self.code.ins(|ins| ins.iadd(start, offset));
                        self.code.ins(|ins| ins.store(memory(), neutral, address, 0));
                        Vec::new()
                    });
                    let lanes = Lanes { inner, how, value, dtype, start };
                    let beside = Beside { axes, lanes, last, pitch, first, columns };
                    self.fold_beside(scope, &beside);
                    self.finish_beside(kernel, outer, &beside, used, body.dtype(value));
                    Vec::new()
                });
            }
        });
    }

    /// Folds the values of all columns into their lanes.
    fn fold_beside(&self, scope: &Scope, beside: &Beside) {
        let (axes, rank, inmost) = (beside.axes, beside.last + 1, beside.axes.len() - 1);
        if rank > inmost || !plainly(scope, &[], inmost) {
            return self.rows_beside(&mut scope.clone(), beside, rank);
        }
        // Lanes take turns along the innermost axis; what is left of it must come before the next turn of the axes around it.
        let (turns, rest) = (axes[inmost] / LANES, axes[inmost] % LANES);
        let around = (rank..inmost).rev().take_while(|&axis| plainly(scope, &[], axis)).last().unwrap_or(inmost);
        let around = if turns > 0 && rest > 0 { inmost } else { around };
        let mut scope = scope.clone();
        scope.enter(beside.last, beside.first, false);
        self.descend(&mut [scope], rank, &axes[..around], None, &mut |scopes| {
            let mut scope = scopes[0].clone();
            self.lines(&mut scope, around..around + 1);
            (around..=inmost).for_each(|axis| scope.enter(axis, self.code.index(0), false));
            let outer = (around..inmost).map(|axis| Through::all(axis, axes[axis]));
            let turn = Through { axis: inmost, extent: turns, places: LANES };
            let mut done = false;
            if turns > 0 {
                let through = outer.clone().chain([turn, Through::all(inmost, LANES)]).collect();
                done = self.strip_beside(&scope, beside, through);
            }
            if rest > 0 && (done || turns == 0) {
                scope.enter(inmost, self.code.index((turns * LANES) as i64), false);
                let also = self.strip_beside(&scope, beside, outer.chain([Through::all(inmost, rest)]).collect());
                assert!(also || turns == 0, "fewer turns of what has been written");
                done = also;
            }
            if !done {
                self.rows_beside(&mut scopes[0], beside, around);
            }
        });
    }

    /// The same as one function, if there can be one; the last of the axes goes from lane to lane.
    fn strip_beside(&self, scope: &Scope, beside: &Beside, around: Vec<Through>) -> bool {
        let mut steps = vec![0; around.len()];
        *steps.last_mut().expect("the innermost axis") = 4 * beside.pitch as i64;
        let Lanes { how, dtype, value, start: lanes, .. } = beside.lanes;
        let rows = Rows { axes: beside.axes, around, along: (beside.last, beside.columns), core: None };
        self.strip(scope, &rows, &Then::FoldBeside { how, dtype, value, lanes, steps })
    }

    /// The loops over the inner axes from `axis` on, and inside them the one over the columns.
    fn rows_beside(&self, scope: &mut Scope, beside: &Beside, axis: usize) {
        let axes = beside.axes;
        if let Some(&extent) = axes.get(axis) {
            self.repeat((0, extent, 1), &[], &mut |index, _| {
                scope.enter(axis, index, false);
                self.rows_beside(scope, beside, axis + 1);
                Vec::new()
            });
            return;
        }
        self.along_columns(scope, beside, &mut |scope, column| {
            self.lines(scope, beside.last + 1..axes.len());
            self.fold_in(scope, axes, &beside.lanes, &|_, lane| {
                let row = self.code.ins(|ins| ins.imul_imm_u(lane, beside.pitch as i64));
                self.code.ins(|ins| ins.iadd(row, column))
            });
        });
    }

    /// Does with what was folded in each column what the kernel does.
    fn finish_beside(&self, kernel: &Kernel, outer: &mut Scope, beside: &Beside, used: usize, dtype: Dtype) {
        let lanes = &beside.lanes;
        self.along_columns(outer, beside, &mut |outer, column| {
            let (width, kind) = (outer.width(), type_of(lanes.dtype, outer.width()));
            let offset = self.code.ins(|ins| ins.imul_imm_s(column, 4));
            let place = self.code.ins(|ins| ins.iadd(lanes.start, offset));
            let pitch = 4 * beside.pitch;
            let load = |lane: usize| self.code.ins(|ins| ins.load(kind, memory(), place, (pitch * lane) as i32));
            let mut rows: Vec<Value> = (0..used).map(load).collect();
            let ops = self.lanes(width);
            halve(&mut rows, LANES, &|a, b| lanes.how.fold(&ops, lanes.dtype, a, b));
            outer.core = Some(self.as_value(dtype, width, rows[0]));
            self.finish(kernel, outer);
        });
    }

    /// The loop over the columns, in steps of four and then singly; with each comes its number among them.
    fn along_columns(&self, scope: &mut Scope, beside: &Beside, turn: &mut dyn FnMut(&mut Scope, Value)) {
        let whole = beside.columns - beside.columns % WIDE;
        for (from, to, step) in [(0, whole, WIDE), (whole, beside.columns, 1)] {
            self.repeat((from, to, step), &[], &mut |column, _| {
                let index = self.code.ins(|ins| ins.iadd(beside.first, column));
                scope.enter(beside.last, index, step == WIDE);
                turn(scope, column);
                Vec::new()
            });
        }
    }

    /// What was folded, as a value of the type that is reduced.
    fn as_value(&self, dtype: Dtype, width: Width, folded: Value) -> Value {
        match (dtype, width) {
            (Dtype::Bool, Width::One) => self.code.ins(|ins| ins.ireduce(type_of(Dtype::Bool, Width::One), folded)),
            (Dtype::Bool, Width::Four) => self.code.ins(|ins| ins.ineg(folded)),
            _ => folded,
        }
    }

    /// One row: neighbouring lanes are folded at once.
    fn fold_row(&self, scope: &Scope, axes: &[usize], lanes: &Lanes, along: Option<usize>) -> Value {
        let rank = axes.len() - lanes.inner.len();
        let used = lanes.inner.last().map_or(1, |&extent| extent.clamp(1, LANES)).next_multiple_of(WIDE);
        let wide = self.lanes(Width::Four);
        let kind = type_of(lanes.dtype, Width::Four);
        let neutral = wide.bits_of(lanes.dtype, lanes.how.neutral(lanes.dtype));
        let start = lanes.start;
        for lane in (0..used).step_by(WIDE) {
            self.code.ins(|ins| ins.store(memory(), neutral, start, 4 * lane as i32));
        }
        let then = Then::Fold { how: lanes.how, dtype: lanes.dtype, value: lanes.value, lanes: start };
        self.by_rows(scope, (rank, axes, along), &then, &mut |scopes| {
            self.fold_in(&mut scopes[0], axes, lanes, &|_, lane| lane);
        });
        let mut rows: Vec<Value> = (0..used)
            .step_by(WIDE)
            .map(|lane| self.code.ins(|ins| ins.load(kind, memory(), start, 4 * lane as i32)))
            .collect();
        let fold = |a: Value, b: Value| lanes.how.fold(&wide, lanes.dtype, a, b);
        halve(&mut rows, LANES / WIDE, &fold);
        let mut elements: Vec<Value> =
            (0..WIDE).map(|lane| self.code.ins(|ins| ins.extractlane(rows[0], lane as u8))).collect();
        let one = self.lanes(Width::One);
        halve(&mut elements, WIDE, &|a, b| lanes.how.fold(&one, lanes.dtype, a, b));
        elements[0]
    }

    /// Four neighbouring rows: the same lane of all of them is folded at once.
    fn fold_columns(&self, scope: &Scope, axes: &[usize], lanes: &Lanes) -> Value {
        let rank = axes.len() - lanes.inner.len();
        let used = lanes.inner.last().map_or(1, |&extent| extent.clamp(1, LANES));
        let wide = self.lanes(Width::Four);
        let kind = type_of(lanes.dtype, Width::Four);
        let neutral = wide.bits_of(lanes.dtype, lanes.how.neutral(lanes.dtype));
        let start = lanes.start;
        let bytes = 4 * WIDE;
        for lane in 0..used {
            self.code.ins(|ins| ins.store(memory(), neutral, start, (bytes * lane) as i32));
        }
        self.descend(&mut [scope.clone()], rank, axes, None, &mut |scopes| {
            self.fold_in(&mut scopes[0], axes, lanes, &|_, lane| {
                self.code.ins(|ins| ins.imul_imm_u(lane, WIDE as i64))
            });
        });
        let mut rows: Vec<Value> =
            (0..used).map(|lane| self.code.ins(|ins| ins.load(kind, memory(), start, (bytes * lane) as i32))).collect();
        halve(&mut rows, LANES, &|a, b| lanes.how.fold(&wide, lanes.dtype, a, b));
        rows[0]
    }

    /// Folds the value at the point into its lane, which lies so many elements behind the first as `place` says.
    fn fold_in(&self, scope: &mut Scope, axes: &[usize], lanes: &Lanes, place: &dyn Fn(&Scope, Value) -> Value) {
        self.lines(scope, axes.len()..usize::MAX);
        let width = scope.width();
        let ops = self.lanes(width);
        let mut value = self.value(scope, lanes.value, width);
        if scope.body.dtype(lanes.value) == Dtype::Bool {
            value = ops.select(value, ops.int(1), ops.int(0));
        }
        let index = scope.place_along(axes.len() - 1);
        let lane = self.code.ins(|ins| ins.band_imm_u(index, LANES as i64 - 1));
        let at = place(scope, lane);
        let offset = self.code.ins(|ins| ins.imul_imm_u(at, 4));
        let address = self.code.ins(|ins| ins.iadd(lanes.start, offset));
        let kind = type_of(lanes.dtype, width);
        let so_far = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
        let folded = lanes.how.fold(&ops, lanes.dtype, so_far, value);
        self.code.ins(|ins| ins.store(memory(), folded, address, 0));
    }
}

/// What lanes hold: an i32 for a bool.
fn lane_type(dtype: Dtype) -> Dtype {
    match dtype {
        Dtype::Bool => Dtype::I32,
        dtype => dtype,
    }
}

/// Folds the upper half of `all` into the lower until one is left, where there would be `count` of them if none were left
/// out. What is left out is neutral.
fn halve(all: &mut Vec<Value>, count: usize, fold: &dyn Fn(Value, Value) -> Value) {
    let mut half = count / 2;
    while half > 0 {
        for at in half..all.len().min(2 * half) {
            all[at - half] = fold(all[at - half], all[at]);
        }
        all.truncate(half);
        half /= 2;
    }
}

/// How many loads of a body would have to gather their elements if it ran along `axis` four by four.
pub fn gathered(body: &Body, axis: usize) -> usize {
    let along = Var::Axis(axis as u32);
    let strided = |line: &&crate::kernel::Line| match &line.work {
        Work::Load(load) => !matches!(body.expand(&load.at).factor(along), 0 | 1),
        _ => false,
    };
    body.lines.iter().filter(strided).count()
}
