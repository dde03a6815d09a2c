//! The order of examples: which of them a step reads. A function of the seed and the step, so a run can go on anywhere.

use std::time::{Duration, Instant};

use super::Part;
use super::ahead::{Ahead, Made};
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
    /// The examples of the last batch.
    rows: Vec<u32>,
    /// The arrays of the last batch, to be filled again.
    feeds: Vec<Array>,
    /// Who makes the next batch meanwhile, where a batch takes long enough.
    ahead: Option<Ahead>,
    /// How long batches were waited for.
    waited: Duration,
}

/// One batch, as it lies in the feeds.
pub struct Batch<'b> {
    pub epoch: u64,
    /// The examples of the part.
    pub rows: &'b [u32],
    pub feeds: &'b [Array],
}

/// A batch of fewer bytes is made faster than another thread is asked for it.
const LARGE: u64 = 256 << 10;

/// The bytes that are held of batches of so many bytes: that of the step, and of large ones the next.
pub fn held(bytes: u64) -> u64 {
    if bytes < LARGE { bytes } else { 2 * bytes }
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

    pub(super) fn new(part: &'a Part, fields: &[usize], size: usize, seed: Option<u64>) -> Batches<'a> {
        assert!(part.rows > 0 && size > 0, "batches of {size} from {} rows", part.rows);
        let feeds = fields.iter().map(|&field| part.none_of(field).expect("a field that a model can read"));
        let mut batches = Batches {
            feeds: feeds.collect(),
            fields: fields.to_vec(),
            size: size.min(part.rows),
            epoch: 0,
            order: vec![],
            rows: vec![],
            part,
            seed,
            ahead: None,
            waited: Duration::ZERO,
        };
        batches.order = batches.order_of(0);
        batches
    }

    /// Batches in one epoch.
    pub fn per_epoch(&self) -> u64 {
        self.part.rows.div_ceil(self.size) as u64
    }

    /// The bytes that the arrays of batches take: of large ones the next is made while a step runs.
    pub fn bytes(&self) -> u64 {
        held(self.batch_bytes())
    }

    fn batch_bytes(&self) -> u64 {
        let row = |array: &Array| array.shape[1..].iter().product::<usize>() * width(array.dtype());
        (self.size * self.feeds.iter().map(row).sum::<usize>()) as u64
    }

    /// How long batches were waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The sizes that batches have: the usual one, and that of the last where it differs.
    pub fn sizes(&self) -> Vec<usize> {
        match self.part.rows % self.size {
            0 => vec![self.size],
            last => vec![self.size, last],
        }
    }

    /// The batch of step `step`, counted from 0 over all epochs. Steps may come in any order; large batches come sooner if they
    /// follow one another.
    pub fn batch(&mut self, step: u64) -> Batch<'_> {
        let start = Instant::now();
        if self.batch_bytes() < LARGE {
            self.make(step);
        } else {
            let begin = || Ahead::begin(self.part, &self.fields, self.size, self.seed, step);
            let mut ahead = self.ahead.take().filter(|ahead| ahead.next() == step).unwrap_or_else(begin);
            (self.feeds, self.rows) = ahead.take(std::mem::take(&mut self.feeds));
            self.ahead = Some(ahead);
        }
        self.waited += start.elapsed();
        Batch { epoch: step / self.per_epoch(), rows: &self.rows, feeds: &self.feeds }
    }

    /// The batch of a step, for good.
    pub(super) fn made(&mut self, step: u64) -> Made {
        self.make(step);
        (std::mem::take(&mut self.feeds), std::mem::take(&mut self.rows))
    }

    /// Takes arrays of such batches, to fill them again.
    pub(super) fn fill_again(&mut self, feeds: Vec<Array>) {
        self.feeds = feeds;
    }

    fn make(&mut self, step: u64) {
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
        self.rows.clear();
        self.rows.extend_from_slice(rows);
    }

    fn order_of(&self, epoch: u64) -> Vec<u32> {
        match self.seed {
            Some(seed) => order(self.part.rows, seed, Purpose::Epoch, epoch),
            None => (0..self.part.rows as u32).collect(),
        }
    }
}
