//! What a kernel does with the sums of products that lie in memory.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::lanes::{WIDE, Width, type_of};
use super::strips::{Rows, Then, Through, plainly};
use super::writer::{Scope, Writer, memory};
use crate::kernel::Kernel;
use crate::scalar::Dtype;

/// Sums of a part of a kernel's space, in rows along its last axis.
#[derive(Clone, Copy)]
pub struct Sums<'a> {
    pub kernel: &'a Kernel,
    /// Lines of at least this depth are not written yet.
    pub depth: usize,
    /// How long a row is.
    pub columns: usize,
    /// The axes around the row, the outermost first, and the bytes from one sum to the next along each.
    pub around: &'a [(Through, i64)],
    /// Where the first sum lies.
    pub first: Value,
}

impl Writer<'_, '_> {
    /// Does with each of the sums, of which the first belongs to the point of the scope, what the kernel does.
    pub fn finish_sums(&self, scope: &mut Scope, sums: &Sums) {
        let plain = |(through, _): &(Through, i64)| plainly(scope, &sums.kernel.stores, through.axis);
        if sums.around.iter().all(plain) && self.finish_rows(&mut scope.clone(), sums) {
            return;
        }
        let Some((&(through, pitch), inner)) = sums.around.split_first() else { return self.finish_row(scope, sums) };
        self.repeat((0, through.extent, 1), &[], &mut |place, _| {
            let offset = self.code.ins(|ins| ins.imul_imm_s(place, pitch));
            let first = self.code.ins(|ins| ins.iadd(sums.first, offset));
            let mut scope = scope.clone();
            let index = self.code.ins(|ins| ins.iadd(scope.place_along(through.axis), place));
            scope.enter(through.axis, index, false);
            self.finish_sums(&mut scope, &Sums { around: inner, first, ..*sums });
            Vec::new()
        });
    }

    /// The same with one row, in steps of four.
    fn finish_row(&self, scope: &Scope, sums: &Sums) {
        let last = sums.kernel.space.len() - 1;
        let wide = sums.columns - sums.columns % WIDE;
        for (from, to, step) in [(0, wide, WIDE), (wide, sums.columns, 1)] {
            self.repeat((from, to, step), &[], &mut |column, _| {
                let mut scope = scope.clone();
                let index = self.code.ins(|ins| ins.iadd(scope.place_along(last), column));
                scope.enter(last, index, step == WIDE);
                let offset = self.code.ins(|ins| ins.imul_imm_s(column, 4));
                let place = self.code.ins(|ins| ins.iadd(sums.first, offset));
                let kind = type_of(Dtype::F32, if step == WIDE { Width::Four } else { Width::One });
                scope.core = Some(self.code.ins(|ins| ins.load(kind, memory(), place, 0)));
                self.lines(&mut scope, sums.depth..usize::MAX);
                sums.kernel.stores.iter().for_each(|store| self.store(&scope, store));
                Vec::new()
            });
        }
    }

    /// The same with all rows as one function, if there can be one.
    fn finish_rows(&self, scope: &mut Scope, sums: &Sums) -> bool {
        let Sums { kernel, depth, columns, around, first } = *sums;
        let last = kernel.space.len() - 1;
        let core = (first, around.iter().map(|it| it.1).collect());
        let around = around.iter().map(|it| it.0).collect();
        let rows = Rows { axes: &kernel.space, around, along: (last, columns), core: Some(core) };
        self.lines_around(scope, &rows, depth);
        self.strip(scope, &rows, &Then::Store(&kernel.stores))
    }
}
