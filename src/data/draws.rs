//! Examples drawn each by itself, as private training wants them: an update reads as many as chance gives it.

use std::time::{Duration, Instant};

use super::Part;
use super::shuffle::drawn;
use crate::kernel::width;
use crate::tensor::Array;

/// What the updates of a run draw from one split, in passes of a fixed number of rows.
pub struct Draws<'a> {
    part: &'a Part,
    /// The fields that a step reads, in the order of its feeds.
    fields: Vec<usize>,
    /// The probability of each example, in each update.
    rate: f64,
    /// Rows of a pass.
    size: usize,
    seed: u64,
    /// The arrays of the last pass, to be filled again.
    feeds: Vec<Array>,
    /// Whether there is an example in each of its rows.
    present: Array,
    waited: Duration,
}

/// One pass of an update, as it lies in the feeds.
pub struct Pass<'d> {
    pub feeds: &'d [Array],
    pub present: &'d Array,
}

impl<'a> Draws<'a> {
    pub fn new(part: &'a Part, fields: &[usize], rate: f64, size: usize, seed: u64) -> Draws<'a> {
        assert!(part.rows > 0 && size > 0, "passes of {size} from {} rows", part.rows);
        let feeds = fields.iter().map(|&field| part.none_of(field).expect("a field that a model can read")).collect();
        let present = Array::f32(&[size], vec![0.0; size]);
        Draws { part, fields: fields.to_vec(), rate, size, seed, feeds, present, waited: Duration::ZERO }
    }

    /// The examples of update `step`, which are a function of the seed and the step; none now and then.
    pub fn rows(&self, step: u64) -> Vec<u32> {
        drawn(self.part.rows, self.rate, self.seed, step)
    }

    /// The passes that so many examples take: one at least, for an update is made without any, too.
    pub fn passes(&self, examples: usize) -> usize {
        examples.div_ceil(self.size).max(1)
    }

    /// One of the passes over `rows`. Rows that are left are filled with an example, and said not to be there.
    pub fn pass(&mut self, rows: &[u32], at: usize) -> Pass<'_> {
        let start = Instant::now();
        let own = &rows[rows.len().min(at * self.size)..rows.len().min((at + 1) * self.size)];
        let filler = own.first().copied().unwrap_or(0) as usize;
        for (feed, &field) in self.feeds.iter_mut().zip(&self.fields) {
            let all = (0..self.size).map(|row| own.get(row).map_or(filler, |&it| it as usize));
            self.part.gather(field, all, feed);
        }
        let present = self.present.floats_mut().iter_mut().enumerate();
        present.for_each(|(row, it)| *it = if row < own.len() { 1.0 } else { 0.0 });
        self.waited += start.elapsed();
        Pass { feeds: &self.feeds, present: &self.present }
    }

    /// The bytes that the arrays of a pass take.
    pub fn bytes(&self) -> u64 {
        let row = |array: &Array| array.shape[1..].iter().product::<usize>() * width(array.dtype());
        (self.size * (self.feeds.iter().map(row).sum::<usize>() + size_of::<f32>())) as u64
    }

    /// How long passes were waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}
