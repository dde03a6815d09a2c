//! The course of a run: how many updates it makes, and which compiled function each of them calls.

use super::cadence::{Extent, pace};
use crate::model::Program;
use crate::model::program::{Pace, Thaw};
use crate::tensor::Function;

/// The updates of a run over a number of rows.
pub struct Course {
    pub extent: Extent,
    /// Examples in an update; the last of an epoch may have fewer.
    batch: usize,
    rows: usize,
    /// When parts begin to train. The updates between two of them are a phase, which has functions of its own.
    thaws: Vec<Thaw>,
}

impl Course {
    pub fn new(program: &Program, rows: usize) -> Course {
        let pace = pace(program, rows);
        let Pace { batch, epoch, total } = pace;
        Course { extent: Extent { epoch, total }, batch, rows, thaws: program.thaws(pace) }
    }

    /// Examples in an update.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The phase in which update `step` is, counted from 1: the updates before its first.
    pub fn phase(&self, step: u64) -> u64 {
        self.thaws.iter().map(|thaw| thaw.after).take_while(|&after| after < step).last().unwrap_or(0)
    }

    pub fn phases(&self) -> impl Iterator<Item = u64> {
        std::iter::once(0).chain(self.thaws.iter().map(|thaw| thaw.after))
    }

    /// What begins to train with update `step`.
    pub fn thaw(&self, step: u64) -> Option<&Thaw> {
        self.thaws.iter().find(|thaw| thaw.after == step - 1)
    }

    /// The numbers of examples that updates have: the usual one, and that of the last of an epoch where it differs.
    fn sizes(&self) -> impl Iterator<Item = usize> {
        let last = self.rows % self.batch.max(1);
        [self.batch, last].into_iter().filter(|&size| size > 0)
    }

    /// The functions of a phase by the number of their examples, the usual one first.
    pub fn functions(&self, program: &Program, phase: u64) -> Vec<(usize, Function)> {
        let Extent { epoch, total } = self.extent;
        self.sizes().map(|batch| (batch, program.step_after(Pace { batch, epoch, total }, phase))).collect()
    }
}
