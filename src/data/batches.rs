//! The order of examples: which of them a step reads. A function of the seed and the step, so a run can go on anywhere.

use super::Part;
use super::shuffle::{Purpose, order};
use crate::kernel::width;
use crate::tensor::Array;

/// The batches of one split, epoch after epoch.
pub struct Batches<'a> {
    part: &'a Part,
    /// The fields that a step reads, in the order of its feeds.
    fields: Vec<usize>,
    size: usize,
    /// Shuffled anew in every epoch; without a seed always in the order of the source.
    seed: Option<u64>,
    /// The epoch of `order`.
    epoch: u64,
    order: Vec<u32>,
    /// The arrays of the last batch, to be filled again.
    feeds: Vec<Array>,
}

/// One batch, as it lies in the feeds.
pub struct Batch<'b> {
    pub epoch: u64,
    /// The examples of the part.
    pub rows: &'b [u32],
    pub feeds: &'b [Array],
}

impl<'a> Batches<'a> {
    /// For training. `size` rows a batch; the last of an epoch may be smaller.
    pub fn shuffled(part: &'a Part, fields: &[usize], size: usize, seed: u64) -> Batches<'a> {
        Batches::new(part, fields, size, Some(seed))
    }

    /// In the order of the source, to evaluate.
    pub fn in_order(part: &'a Part, fields: &[usize], size: usize) -> Batches<'a> {
        Batches::new(part, fields, size, None)
    }

    fn new(part: &'a Part, fields: &[usize], size: usize, seed: Option<u64>) -> Batches<'a> {
        assert!(part.rows > 0 && size > 0, "batches of {size} from {} rows", part.rows);
        let feeds = fields.iter().map(|&field| part.none_of(field).expect("a field that a model can read"));
        let mut batches = Batches {
            feeds: feeds.collect(),
            fields: fields.to_vec(),
            size: size.min(part.rows),
            epoch: 0,
            order: vec![],
            part,
            seed,
        };
        batches.order = batches.order_of(0);
        batches
    }

    /// Batches in one epoch.
    pub fn per_epoch(&self) -> u64 {
        self.part.rows.div_ceil(self.size) as u64
    }

    /// The bytes that the arrays of a batch take.
    pub fn bytes(&self) -> u64 {
        let row = |array: &Array| array.shape[1..].iter().product::<usize>() * width(array.dtype());
        (self.size * self.feeds.iter().map(row).sum::<usize>()) as u64
    }

    /// The sizes that batches have: the usual one, and that of the last where it differs.
    pub fn sizes(&self) -> Vec<usize> {
        match self.part.rows % self.size {
            0 => vec![self.size],
            last => vec![self.size, last],
        }
    }

    /// The batch of step `step`, counted from 0 over all epochs. Steps may come in any order.
    pub fn batch(&mut self, step: u64) -> Batch<'_> {
        let (epoch, place) = (step / self.per_epoch(), (step % self.per_epoch()) as usize);
        if epoch != self.epoch {
            self.epoch = epoch;
            self.order = self.order_of(epoch);
        }
        let start = place * self.size;
        let rows = &self.order[start..self.part.rows.min(start + self.size)];
        for (feed, &field) in self.feeds.iter_mut().zip(&self.fields) {
            self.part.gather(field, rows.iter().map(|&row| row as usize), feed);
        }
        Batch { epoch, rows, feeds: &self.feeds }
    }

    fn order_of(&self, epoch: u64) -> Vec<u32> {
        match self.seed {
            Some(seed) => order(self.part.rows, seed, Purpose::Epoch, epoch),
            None => (0..self.part.rows as u32).collect(),
        }
    }
}
