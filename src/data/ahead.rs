//! Batches that are made by a thread of their own while the step before them runs.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use super::Part;
use super::batches::Batches;
use crate::tensor::Array;

/// What is made of a batch: its arrays, and the examples that are in them.
pub type Made = (Vec<Array>, Vec<u32>);

/// A thread that makes one batch after the other, each when the one before it has been taken.
pub struct Ahead {
    /// The step whose batch comes next.
    next: u64,
    ready: Receiver<Made>,
    /// Arrays that are not needed any more, to be filled again.
    back: Sender<Vec<Array>>,
}

impl Ahead {
    /// From step `next` on. Batches are a function of the seed and the step, whoever makes them.
    pub fn begin(part: &Part, fields: &[usize], size: usize, seed: Option<u64>, next: u64) -> Ahead {
        let (part, fields) = (part.of_fields(fields), fields.to_vec());
        // A batch is handed over, not put down: two of them are there, that of the step and the next.
        let (give, ready) = sync_channel(0);
        let (back, free) = channel::<Vec<Array>>();
        std::thread::spawn(move || {
            let mut batches = Batches::new(&part, &fields, size, seed);
            for step in next.. {
                let made = batches.made(step);
                if give.send(made).is_err() {
                    return;
                }
                let Ok(arrays) = free.recv() else { return };
                batches.fill_again(arrays);
            }
        });
        Ahead { next, ready, back }
    }

    /// The step whose batch comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The next batch, instead of arrays that are free.
    pub fn take(&mut self, free: Vec<Array>) -> Made {
        let made = self.ready.recv().expect("a thread that makes batches until nobody wants them");
        _ = self.back.send(free);
        self.next += 1;
        made
    }
}
