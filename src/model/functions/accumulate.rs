//! Updates over several batches: what each but the last adds to the sums, and what the last makes of them.

use crate::model::adapt::is_adapted;
use crate::model::lower::Lower;
use crate::model::program::Share;
use crate::model::train::Experiment;
use crate::model::value::Tensor;
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Id, Slot};

use super::FeedType;

impl Experiment {
    /// The parameters that ever move, by slot: those whose gradients are summed.
    pub fn summed(&self) -> Vec<u32> {
        let moves = |&slot: &u32| {
            let declared = &self.declared[slot as usize];
            let for_good = self.frozen.iter().any(|frozen| frozen.until.is_none() && frozen.means(declared));
            declared.trained && !for_good && !is_adapted(&self.adapters, declared)
        };
        (0..self.declared.len() as u32).filter(moves).collect()
    }

    /// The types of the sums, which follow the states: of the losses, then of the gradients.
    pub fn sums(&self) -> Vec<FeedType> {
        let gradients = self.summed().into_iter().map(|slot| self.declared[slot as usize].shape.clone());
        std::iter::once(vec![]).chain(gradients).map(|shape| (shape, Dtype::F32)).collect()
    }

    /// What this batch adds to the mean over an update, from the mean over the batch; of a batch that is not the last, what
    /// it adds to the sum.
    pub(super) fn part_of_mean(&self, lower: &mut Lower, loss: &Tensor, share: Share) -> Tensor {
        let examples = lower.setting.batch as f64;
        let weight = match share {
            Share::Whole => return loss.clone(),
            Share::Batch => examples,
            Share::Private { .. } => unreachable!("a private pass has no mean"),
            Share::Last { examples: all } => examples / all as f64,
        };
        let weight = lower.constant(weight, Dtype::F32);
        lower.map(Scalar::Mul, &[loss, &weight]).expect("numbers")
    }

    /// Adds to the sums.
    pub(super) fn add_to_sums(&self, lower: &mut Lower, loss: Id, moving: &[u32], gradients: &[Id]) -> Id {
        for (&slot, &gradient) in moving.iter().zip(gradients) {
            self.add(lower, self.sum_of(slot), gradient);
        }
        self.add(lower, self.declared.len() as u32, loss)
    }

    fn add(&self, lower: &mut Lower, sum: u32, value: Id) -> Id {
        let so_far = self.sum(lower, sum, value);
        let next = lower.graph.map(Scalar::Add, &[so_far, value]);
        lower.nexts.insert(sum, next);
        next
    }

    /// Makes the gradients those of the mean over the update, and the sums empty. What the other batches add to the mean of
    /// the losses.
    pub(super) fn take_sums(
        &self,
        lower: &mut Lower,
        examples: usize,
        loss: Id,
        moving: &[u32],
        gradients: &mut [Id],
    ) -> Id {
        for (&slot, gradient) in moving.iter().zip(gradients) {
            let others = self.take(lower, examples, self.sum_of(slot), *gradient);
            *gradient = lower.graph.map(Scalar::Add, &[others, *gradient]);
        }
        self.take(lower, examples, self.declared.len() as u32, loss)
    }

    fn take(&self, lower: &mut Lower, examples: usize, sum: u32, value: Id) -> Id {
        let shape = lower.graph.shape(value).to_vec();
        let so_far = self.taken(lower, sum, value);
        let examples = lower.graph.constant(examples as f32, &shape);
        lower.graph.map(Scalar::Div, &[so_far, examples])
    }

    /// A sum as it is, which is empty from then on.
    pub(super) fn taken(&self, lower: &mut Lower, sum: u32, value: Id) -> Id {
        let shape = lower.graph.shape(value).to_vec();
        let so_far = self.sum(lower, sum, value);
        let empty = lower.graph.constant(0.0, &shape);
        lower.nexts.insert(sum, empty);
        so_far
    }

    /// The slot of the sum of the gradients of a parameter.
    pub(super) fn sum_of(&self, slot: u32) -> u32 {
        let at = self.summed().iter().position(|&it| it == slot).expect("a parameter that moves");
        (self.declared.len() + 1 + at) as u32
    }

    /// A sum as it is, of the shape of what is added to it.
    fn sum(&self, lower: &mut Lower, sum: u32, value: Id) -> Id {
        let shape = lower.graph.shape(value).to_vec();
        lower.graph.input(Slot::State(sum), &shape, Dtype::F32)
    }
}
