//! Loops that compute every element on its own.

use super::lanes::WIDE;
use super::writer::{Scope, Writer};
use crate::kernel::Kernel;

impl Writer<'_, '_> {
    pub fn nest(&self, kernel: &Kernel) {
        let rank = kernel.space.len();
        let alone = kernel.stores.iter().any(|store| store.adds);
        let wide = (0..rank).next_back().filter(|&axis| kernel.space[axis] >= WIDE && !alone);
        self.descend(&mut [Scope::new(&kernel.body, rank, 0)], 0, &kernel.space, wide, &mut |scopes| {
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
