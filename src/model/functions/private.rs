//! Private updates (Abadi et al., "Deep learning with differential privacy", 2016): the gradient of each example by itself,
//! made no longer than it may be; their sum; and the noise that hides each of them.

use std::collections::{BTreeMap, BTreeSet};

use super::FeedType;
use super::losses::mean_of_examples;
use crate::model::lower::{Lower, Outcome, site};
use crate::model::program::Share;
use crate::model::train::Experiment;
use crate::model::value::*;
use crate::problem::privacy::StateFromExamples;
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Draw, Id, Slot, squares};

/// What a private pass reads beside the fields and their fits: whether there is an example in each row (1 or 0), the deviation
/// of the noise in the sum of gradients, and the examples that an update has on average.
pub const FEEDS: [&str; 3] = ["present", "deviation", "expected"];

/// Standard draws whose sum is one, times two. What one of them is made of has 24 bits, and so ends at 5.8 deviations, which
/// would tell something now and then; the sum of four has no such end, nor steps that could be seen (Holohan & Braghin,
/// "Secure random sampling in differential privacy", 2021).
const DRAWS: usize = 4;

impl Experiment {
    /// Begins a lowering of a step: what private training asks of it.
    pub(super) fn begin(&self, lower: &mut Lower, share: Share) {
        lower.private.at = self.privacy.filter(|_| lower.trains).map(|it| it.span);
        lower.private.copies = matches!(share, Share::Private { .. }).then(BTreeMap::new);
    }

    /// Whether a layer would keep something of the examples that no noise hides.
    pub(super) fn keeps_nothing(&self, lower: &mut Lower) -> Outcome<()> {
        let Some(at) = lower.private.at else { return Ok(()) };
        let Some((&slot, _)) = lower.nexts.first_key_value() else { return Ok(()) };
        let (state, declared) = (lower.declared[slot as usize].path.clone(), lower.declared[slot as usize].span);
        Err(lower.report(StateFromExamples { state, at: declared, private_at: at }))
    }

    /// The types of what a private pass over so many rows is fed at the end.
    pub(super) fn private_feeds(n: usize) -> [FeedType; 3] {
        [vec![n], vec![], vec![]].map(|shape| (shape, Dtype::F32))
    }

    /// Of the loss of `each` example: its sum over those that are there; and in the parameters that move the sums of their
    /// gradients, none of which is longer than it may be.
    pub(super) fn clipped(&self, lower: &mut Lower, each: &Tensor, moving: &[u32]) -> (Id, Vec<Id>) {
        let privacy = self.privacy.expect("a private run");
        let each = mean_of_examples(lower, each);
        let each = lower.spread(&each, &[BATCH], &[]);
        let first = self.first_private_feed();
        let rows = lower.setting.batch;
        let present = lower.graph.input(Slot::Feed(first), &[rows], Dtype::F32);
        let copies = lower.private.copies.clone().expect("each example has copies");
        // What no example reads has no gradient.
        let read: Vec<Option<Id>> = moving.iter().map(|slot| copies.get(slot).copied()).collect();
        let wanted: Vec<Id> = read.iter().flatten().copied().collect();
        let graph = &mut lower.graph;
        let half = graph.constant(0.5, &[rows]);
        let is_there = graph.map(Scalar::Less, &[half, present]);
        let nothing = graph.constant(0.0, &[rows]);

        // No example reads the copies of another, so the gradient of the sum in a copy is that of one loss.
        let sum = graph.sum(each, 0);
        let alone = crate::tensor::grad(graph, sum, &wanted);
        let mut length = nothing;
        for gradient in alone {
            let part = squares(graph, gradient);
            length = graph.map(Scalar::Add, &[length, part]);
        }
        let length = graph.map(Scalar::Sqrt, &[length]);
        let most = graph.constant(privacy.clip as f32, &[rows]);
        let longer = graph.map(Scalar::Max, &[length, most]);
        let factor = graph.map(Scalar::Div, &[most, longer]);
        let factor = graph.map(Scalar::Select, &[is_there, factor, nothing]);
        let factor = graph.map(Scalar::StopGradient, &[factor]);

        // The sum of shortened gradients is the gradient of the sum of losses that count for less: nobody has to keep the
        // gradients of all examples for it.
        let shortened = graph.map(Scalar::Mul, &[factor, each]);
        let shortened = graph.sum(shortened, 0);
        let mut sums = crate::tensor::grad(graph, shortened, &wanted).into_iter();
        let gradients = moving.iter().zip(read).map(|(&slot, copy)| match copy {
            Some(_) => {
                let of_all = sums.next().expect("one for each copy");
                graph.sum(of_all, 0)
            }
            None => graph.constant(0.0, &lower.declared[slot as usize].shape),
        });
        let gradients = gradients.collect();
        let there = graph.map(Scalar::Select, &[is_there, each, nothing]);
        (graph.sum(there, 0), gradients)
    }

    /// Makes of the sums of gradients over all passes those that the optimizer sees: with noise, and by the number of examples
    /// that an update has on average. What the other passes add to the sum of the losses.
    pub(super) fn hidden(&self, lower: &mut Lower, loss: Id, moving: &[u32], gradients: &mut [Id]) -> Id {
        let first = self.first_private_feed();
        let deviation = lower.graph.input(Slot::Feed(first + 1), &[], Dtype::F32);
        let expected = lower.graph.input(Slot::Feed(first + 2), &[], Dtype::F32);
        let (deviation, expected) = (lower.whole(deviation), lower.whole(expected));
        let mut sites = BTreeSet::new();
        for (&slot, gradient) in moving.iter().zip(gradients) {
            let others = self.taken(lower, self.sum_of(slot), *gradient);
            let shape = lower.graph.shape(*gradient).to_vec();
            let mut noise: Option<Id> = None;
            for draw in 0..DRAWS {
                // No two parameters have one noise, whatever their names.
                let mut own = site(&format!("privacy {}#{draw}", lower.declared[slot as usize].path));
                while !sites.insert(own) {
                    own = own.wrapping_add(1);
                }
                let drawn = lower.graph.random(Draw::Normal, own, &shape);
                noise = Some(noise.map_or(drawn, |noise| lower.graph.map(Scalar::Add, &[noise, drawn])));
            }
            let half = lower.graph.constant(1.0 / (DRAWS as f32).sqrt(), &shape);
            let noise = lower.graph.map(Scalar::Mul, &[noise.expect("some draws"), half]);
            let (sum, noise) = (lower.graph.map(Scalar::Add, &[others, *gradient]), lower.whole(noise));
            let sum = lower.whole(sum);
            let noise = lower.map(Scalar::Mul, &[&noise, &deviation]).expect("numbers");
            let hidden = lower.map(Scalar::Add, &[&sum, &noise]).expect("one shape");
            *gradient = lower.map(Scalar::Div, &[&hidden, &expected]).expect("numbers").id;
        }
        self.taken(lower, lower.declared.len() as u32, loss)
    }

    /// Behind the fields and their fits.
    fn first_private_feed(&self) -> u32 {
        (self.feeds().len() + self.step_fits().len()) as u32
    }
}
