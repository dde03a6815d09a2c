//! The course of a run: how many updates it makes, of which batches, and which compiled functions they call.

use super::cadence::{Extent, pace};
use super::privacy::capacity;
use crate::kernel::width;
use crate::model::Program;
use crate::model::program::{Batch, Pace, Share, Thaw};
use crate::tensor::Function;

/// The updates of a run over a number of rows.
pub struct Course {
    pub extent: Extent,
    rows: usize,
    /// Examples in a batch; the last of an epoch may have fewer.
    batch: usize,
    /// Examples in an update, which may be over several batches; the last of an epoch may have fewer.
    update: usize,
    /// Whether updates draw their examples: `update` is how many these are on average, `batch` the rows of a pass.
    private: bool,
    /// When parts begin to train. The updates between two of them are a phase, which has functions of its own.
    thaws: Vec<Thaw>,
}

/// The call of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// In its batch.
    pub examples: usize,
    pub share: Share,
}

/// The batches of an update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batches {
    /// Counted from 0 over all epochs.
    pub first: u64,
    pub count: usize,
    /// In all of them.
    pub examples: usize,
}

/// A function of a phase.
pub struct Piece {
    pub call: Call,
    /// How often a full update calls it.
    pub times: usize,
    pub function: Function,
}

impl Course {
    pub fn new(program: &Program, rows: usize) -> Course {
        let pace = pace(program, rows);
        let Pace { batch: update, epoch, total } = pace;
        let batch = match program.train.batch {
            _ if program.train.privacy.is_some() => capacity(program, update, rows),
            Batch::All => update,
            Batch::Size(size) => size.min(update),
        };
        let private = program.train.privacy.is_some();
        Course { extent: Extent { epoch, total }, rows, batch, update, private, thaws: program.thaws(pace) }
    }

    /// Examples in a batch; of private updates the rows of a pass.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Whether updates are over several batches, whose gradients are summed.
    pub fn sums(&self) -> bool {
        self.private || self.batch < self.update
    }

    /// The bytes of these sums.
    pub fn sums_bytes(&self, program: &Program) -> u64 {
        let sums = if self.sums() { program.sums() } else { vec![] };
        sums.iter().map(|(shape, dtype)| (shape.iter().product::<usize>() * width(*dtype)) as u64).sum()
    }

    /// The batches of update `step`, counted from 1.
    pub fn batches(&self, step: u64) -> Batches {
        let (epoch, place) = ((step - 1) / self.extent.epoch, (step - 1) % self.extent.epoch);
        let (per_epoch, together) = (self.rows.div_ceil(self.batch), self.update.div_ceil(self.batch));
        let before = place as usize * together;
        Batches {
            first: epoch * per_epoch as u64 + before as u64,
            count: together.min(per_epoch - before),
            examples: (together * self.batch).min(self.rows - before * self.batch),
        }
    }

    /// The call of a pass of a private update.
    pub fn pass(&self, is_last: bool) -> Call {
        Call { examples: self.batch, share: Share::Private { is_last } }
    }

    /// The call for a batch of an update over so many examples.
    pub fn call(&self, examples: usize, is_last: bool, all: usize) -> Call {
        let share = match (self.sums(), is_last) {
            (false, _) => Share::Whole,
            (true, false) => Share::Batch,
            (true, true) => Share::Last { examples: all },
        };
        Call { examples, share }
    }

    /// All calls of an update over so many examples.
    fn calls(&self, all: usize) -> impl Iterator<Item = Call> {
        let count = all.div_ceil(self.batch.max(1));
        let examples = move |at: usize| self.batch.min(all - at * self.batch);
        (0..count).map(move |at| self.call(examples(at), at + 1 == count, all))
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

    /// The functions of a phase, those of a full update first.
    pub fn functions(&self, program: &Program, phase: u64) -> Vec<Piece> {
        let Extent { epoch, total } = self.extent;
        if self.private {
            // Whatever is drawn, a pass is one of two; as many as are needed on average come to an update.
            let passes = self.update.div_ceil(self.batch).max(1);
            let piece = |is_last: bool| {
                let (call, times) = (self.pass(is_last), if is_last { 1 } else { passes - 1 });
                let pace = Pace { batch: call.examples, epoch, total };
                Piece { call, times, function: program.step_after(pace, phase, call.share) }
            };
            return vec![piece(true), piece(false)];
        }
        let last = self.rows % self.update.max(1);
        let mut pieces: Vec<Piece> = vec![];
        for (all, is_full) in [(self.update, true), (last, false)] {
            for call in self.calls(all) {
                let known = pieces.iter().position(|piece| piece.call == call).unwrap_or_else(|| {
                    let pace = Pace { batch: call.examples, epoch, total };
                    let function = program.step_after(pace, phase, call.share);
                    pieces.push(Piece { call, times: 0, function });
                    pieces.len() - 1
                });
                pieces[known].times += usize::from(is_full);
            }
        }
        pieces
    }
}
