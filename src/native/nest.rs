//! Loops that compute every element on its own.

use super::lanes::WIDE;
use super::reduce::gathered;
use super::strips::Then;
use super::writer::{Scope, Writer};
use crate::kernel::{Kernel, Var};

/// How many stores would have to write their elements one by one if the kernel ran along `axis` four by four.
pub fn scattered(kernel: &Kernel, axis: usize) -> usize {
    let along = Var::Axis(axis as u32);
    kernel.stores.iter().filter(|store| kernel.body.expand(&store.at).factor(along) != 1).count()
}

impl Writer<'_, '_> {
    pub fn nest(&self, kernel: &Kernel) {
        let rank = kernel.space.len();
        let alone = kernel.stores.iter().any(|store| store.adds);
        let axes = (0..rank).rev().filter(|&axis| kernel.space[axis] >= WIDE && !alone);
        // That along which most memory is read and written in its order; the last one of them.
        let wide = axes.min_by_key(|&axis| gathered(&kernel.body, axis) + scattered(kernel, axis));
        let scope = Scope::new(&kernel.body, rank, 0);
        self.by_rows(&scope, (0, &kernel.space, wide), &Then::Store(&kernel.stores), &mut |scopes| {
            self.finish(kernel, &mut scopes[0]);
        });
    }

    /// Writes the lines of the innermost loop and the stores.
    pub fn finish(&self, kernel: &Kernel, scope: &mut Scope) {
        let rank = kernel.space.len();
        self.lines(scope, rank..usize::MAX);
        kernel.stores.iter().for_each(|store| self.store(scope, store));
    }
}
