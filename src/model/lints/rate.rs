//! A learning rate far outside the optimizer's range: the optimizer is tried on a weight that starts as 1, with gradients
//! of 1 and of 1000. Where both move the weight equally far, that distance is what the rate says; where the second moves
//! it a thousand times as far, the distance is the rate.

use super::Scene;
use super::decay::Alone;
use crate::model::functions::still;
use crate::model::lower::{ALL, Setting};
use crate::model::train::{Experiment, callee};
use crate::problem::Problem;
use crate::problem::lint::{RateTooLarge, RateTooSmall};
use crate::source::Span;
use crate::syntax::tree::{ExprKind, Kind, TypeKind};
use crate::tensor::{Clock, evaluate};

/// Updates after which an optimizer has forgotten how it started.
const SETTLED: u32 = 100;

/// Weights start between -1 and 1: an update that moves each of them by so much forgets what was learned.
const FARTHEST: f64 = 0.3;

/// A multiple of the gradient beyond which no loss is so flat.
const STEEPEST: f64 = 30.0;

/// What is less is lost when it is added to a weight of 0.1 as an f32.
const NEAREST: f64 = 1e-8;

pub fn lint(scene: &Scene) -> Vec<Problem> {
    told(scene).into_iter().collect()
}

fn told(scene: &Scene) -> Option<Problem> {
    let experiment = &scene.program.experiment;
    let slot = scene.step.updates.iter().map(|it| it.0).find(|&slot| experiment.declared[slot as usize].trained)?;
    let alone = Alone::of(experiment, slot)?;
    let most = largest_factor(experiment)?;
    let [one, thousand] = [1.0, 1000.0].map(|gradient| alone.settled_move(gradient, SETTLED));
    if one == 0.0 || !one.is_finite() || !thousand.is_finite() {
        return None;
    }
    let ratio = thousand / one;
    let same = (0.5..2.0).contains(&ratio);
    let proportional = (500.0..2000.0).contains(&ratio);
    let (at, moved) = (place(experiment), one * most);
    // The weights of a model that is linear in them may have to go far.
    let is_far = || scene.program.degree_in_parameters() != Some(1);
    if same && moved >= FARTHEST && is_far() {
        return Some(RateTooLarge { moved, per_gradient: false, at }.into());
    }
    if proportional && moved >= STEEPEST && is_far() {
        return Some(RateTooLarge { moved, per_gradient: true, at }.into());
    }
    ((same || proportional) && moved < NEAREST).then(|| RateTooSmall { moved, per_gradient: proportional, at }.into())
}

/// The largest factor that the schedule has for the learning rate, as far as a look here and there shows.
fn largest_factor(experiment: &Experiment) -> Option<f64> {
    const TOTAL: u64 = 1000;
    if experiment.schedule.is_none() {
        return Some(1.0);
    }
    let mut problems = vec![];
    let setting = Setting { training: true, batch: 1, epoch: TOTAL / 10, total: TOTAL, done: ALL };
    let mut lower = experiment.lower(setting, &mut problems);
    let factor = experiment.factor(&mut lower).ok()?;
    let looks = (1..=TOTAL as u32).step_by(9);
    let factors = looks.map(|step| {
        let values = evaluate(&lower.graph, &[factor.id], &[], &[], Clock { seed: 0, step });
        f64::from(values[0].floats()[0])
    });
    Some(factors.fold(0.0, f64::max))
}

/// Where the learning rate is said, or the optimizer where it is not.
fn place(experiment: &Experiment) -> Span {
    let whole = experiment.optimizer.span;
    let ExprKind::Call { args, .. } = &experiment.optimizer.kind else { return whole };
    let mut problems = vec![];
    let mut lower = experiment.lower(still(1), &mut problems);
    let found = callee(&mut lower, &experiment.optimizer, Kind::Optimizer, &mut experiment.scope());
    let Ok((forms, _)) = found else { return whole };
    let config = &forms[0].callable.config;
    let is_rate = |ty: &TypeKind| matches!(ty, TypeKind::Named { name, .. } if name.as_str() == "rate");
    let Some(rate) = config.iter().position(|it| it.ty.as_ref().is_some_and(|ty| is_rate(&ty.kind))) else {
        return whole;
    };
    let argument = args.iter().enumerate().find(|(at, arg)| match &arg.name {
        Some(name) => name.as_str() == config[rate].name.as_str(),
        None => *at == rate,
    });
    argument.map_or(whole, |(_, arg)| arg.value.span)
}
