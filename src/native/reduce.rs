//! Sums and largest elements, in the order that `Core::Reduce` states.
//!
//! The lanes lie in the memory of the call, as many of them as the last inner axis has places. Four of them are folded at
//! once: neighbouring lanes of one row, or the same lane of four neighbouring rows, whichever reads memory in its order.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width, type_of};
use super::writer::{Scope, Writer, memory};
use crate::kernel::{Body, Kernel, LANES, Reduction, Reg, Var, Work};
use crate::scalar::{Dtype, Ops};

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
        let along_space = (0..rank).next_back().filter(|&axis| axes[axis] >= WIDE);
        let along_inner = (rank..axes.len()).next_back().filter(|&axis| axes[axis] >= WIDE);
        // The axis along which fewer loads have to be gathered.
        let [space, row] = [along_space, along_inner].map(|axis| axis.map_or(usize::MAX, |axis| gathered(body, axis)));
        let columns = if space < row { along_space } else { None };
        let slot = self.slot(LANES * 4 * WIDE);
        let start = self.slot_address(slot);
        let dtype = match body.dtype(value) {
            Dtype::Bool => Dtype::I32,
            dtype => dtype,
        };
        let lanes = Lanes { inner, how, value, dtype, start };
        let scopes = &mut [Scope::new(body, axes.len(), 0), Scope::new(&kernel.body, axes.len(), rank + 1)];
        self.descend(scopes, 0, &kernel.space, columns, &mut |scopes| {
            let [scope, outer] = scopes else { unreachable!("two scopes") };
            let folded = match outer.width() {
                Width::Four => self.fold_columns(scope, &axes, &lanes),
                Width::One => self.fold_row(scope, &axes, &lanes, along_inner.filter(|_| columns.is_none())),
            };
            outer.core = Some(match (body.dtype(value), outer.width()) {
                (Dtype::Bool, Width::One) => self.code.ins(|ins| ins.ireduce(type_of(Dtype::Bool, Width::One), folded)),
                (Dtype::Bool, Width::Four) => self.code.ins(|ins| ins.ineg(folded)),
                _ => folded,
            });
            self.finish(kernel, outer);
        });
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
            self.fold_in(&mut scopes[0], axes, lanes, 4);
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
            self.fold_in(&mut scopes[0], axes, lanes, bytes);
        });
        let mut rows: Vec<Value> =
            (0..used).map(|lane| self.code.ins(|ins| ins.load(kind, memory(), start, (bytes * lane) as i32))).collect();
        halve(&mut rows, LANES, &|a, b| lanes.how.fold(&wide, lanes.dtype, a, b));
        rows[0]
    }

    /// Folds the value at the point into its lane; lanes are `bytes` apart.
    fn fold_in(&self, scope: &mut Scope, axes: &[usize], lanes: &Lanes, bytes: usize) {
        self.lines(scope, axes.len()..usize::MAX);
        let width = scope.width();
        let ops = self.lanes(width);
        let mut value = self.value(scope, lanes.value, width);
        if scope.body.dtype(lanes.value) == Dtype::Bool {
            value = ops.select(value, ops.int(1), ops.int(0));
        }
        let index = scope.place_along(axes.len() - 1);
        let lane = self.code.ins(|ins| ins.band_imm_u(index, LANES as i64 - 1));
        let offset = self.code.ins(|ins| ins.imul_imm_u(lane, bytes as i64));
        let address = self.code.ins(|ins| ins.iadd(lanes.start, offset));
        let kind = type_of(lanes.dtype, width);
        let so_far = self.code.ins(|ins| ins.load(kind, memory(), address, 0));
        let folded = lanes.how.fold(&ops, lanes.dtype, so_far, value);
        self.code.ins(|ins| ins.store(memory(), folded, address, 0));
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
fn gathered(body: &Body, axis: usize) -> usize {
    let along = Var::Axis(axis as u32);
    let strided = |line: &&crate::kernel::Line| match &line.work {
        Work::Load(load) => !matches!(body.expand(&load.at).factor(along), 0 | 1),
        _ => false,
    };
    body.lines.iter().filter(strided).count()
}
