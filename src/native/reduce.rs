//! Sums and largest elements, in the order that `Core::Reduce` states.
//!
//! The lanes lie in the memory of the call, as many of them as the last inner axis has places. Four of them are folded at
//! once: neighbouring lanes of one row, or the same lane of four neighbouring rows, whichever reads memory in its order.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width, type_of};
use super::nest::scattered;
use super::writer::{Scope, Writer, memory};
use crate::kernel::{Body, Kernel, LANES, Reduction, Reg, Var, Work};
use crate::scalar::{Dtype, Ops};

/// The most rows whose lanes are kept side by side: a few kilobytes.
const BESIDE: usize = 128;

/// A reduction, and where its lanes are.
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
        if let Some(last) = columns.filter(|&last| last + 1 == rank && axes[last] <= BESIDE) {
            return self.reduce_beside(kernel, inner, how, (body, value), last);
        }
        let slot = self.slot(LANES * 4 * WIDE);
        let start = self.slot_address(slot);
        let dtype = lane_type(body.dtype(value));
        let lanes = Lanes { inner, how, value, dtype, start };
        let scopes = &mut [Scope::new(body, axes.len(), 0), Scope::new(&kernel.body, axes.len(), rank + 1)];
        self.descend(scopes, 0, &kernel.space, columns, &mut |scopes| {
            let [scope, outer] = scopes else { unreachable!("two scopes") };
            let folded = match outer.width() {
                Width::Four => self.fold_columns(scope, &axes, &lanes),
                Width::One => self.fold_row(scope, &axes, &lanes, along_inner.filter(|_| columns.is_none())),
            };
            outer.core = Some(self.as_value(body.dtype(value), outer.width(), folded));
            self.finish(kernel, outer);
        });
    }

    /// All rows along the last axis of the space side by side, so that memory is read once and in its order.
    fn reduce_beside(
        &self,
        kernel: &Kernel,
        inner: &[usize],
        how: Reduction,
        (body, value): (&Body, Reg),
        last: usize,
    ) {
        let (rank, axes) = (kernel.space.len(), kernel.axes());
        let used = inner.last().map_or(1, |&extent| extent.clamp(1, LANES));
        let dtype = lane_type(body.dtype(value));
        let pitch = axes[last].next_multiple_of(WIDE);
        let slot = self.slot(used * pitch * 4);
        let lanes = Lanes { inner, how, value, dtype, start: self.slot_address(slot) };
        let scopes = &mut [Scope::new(body, axes.len(), 0), Scope::new(&kernel.body, axes.len(), rank + 1)];
        self.descend(scopes, 0, &kernel.space[..last], None, &mut |scopes| {
            let [scope, outer] = scopes else { unreachable!("two scopes") };
            let neutral = self.lanes(Width::Four).bits_of(dtype, how.neutral(dtype));
            self.repeat((0, used * pitch, WIDE), &[], &mut |at, _| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(at, 4));
                let address = self.code.ins(|ins| ins.iadd(lanes.start, offset));
                self.code.ins(|ins| ins.store(memory(), neutral, address, 0));
                Vec::new()
            });
            self.lines(scope, last..last + 1);
            self.rows_beside(&mut scope.clone(), &axes, rank, last, &lanes, pitch);
            self.lines(outer, last..last + 1);
            self.along_last(outer, axes[last], last, &mut |outer| {
                let index = outer.place_along(last);
                let (width, kind) = (outer.width(), type_of(dtype, outer.width()));
                let offset = self.code.ins(|ins| ins.imul_imm_s(index, 4));
                let column = self.code.ins(|ins| ins.iadd(lanes.start, offset));
                let load =
                    |lane: usize| self.code.ins(|ins| ins.load(kind, memory(), column, (4 * pitch * lane) as i32));
                let mut rows: Vec<Value> = (0..used).map(load).collect();
                let ops = self.lanes(width);
                halve(&mut rows, LANES, &|a, b| how.fold(&ops, dtype, a, b));
                outer.core = Some(self.as_value(body.dtype(value), width, rows[0]));
                self.finish(kernel, outer);
            });
        });
    }

    /// The loops over the inner axes from `axis` on, and inside them the one over the last axis of the space.
    fn rows_beside(&self, scope: &mut Scope, axes: &[usize], axis: usize, last: usize, lanes: &Lanes, pitch: usize) {
        if let Some(&extent) = axes.get(axis) {
            self.repeat((0, extent, 1), &[], &mut |index, _| {
                scope.enter(axis, index, false);
                self.rows_beside(scope, axes, axis + 1, last, lanes, pitch);
                Vec::new()
            });
            return;
        }
        self.along_last(scope, axes[last], last, &mut |scope| {
            self.lines(scope, last + 1..axes.len());
            self.fold_in(scope, axes, lanes, &|scope, lane| {
                let row = self.code.ins(|ins| ins.imul_imm_u(lane, pitch as i64));
                self.code.ins(|ins| ins.iadd(row, scope.place_along(last)))
            });
        });
    }

    /// The loop over the last axis of a space, in steps of four and then singly.
    fn along_last(&self, scope: &mut Scope, extent: usize, last: usize, turn: &mut dyn FnMut(&mut Scope)) {
        let whole = extent - extent % WIDE;
        for (from, to, step) in [(0, whole, WIDE), (whole, extent, 1)] {
            self.repeat((from, to, step), &[], &mut |index, _| {
                scope.enter(last, index, step == WIDE);
                turn(scope);
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
        self.descend(&mut [scope.clone()], rank, axes, along, &mut |scopes| {
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
