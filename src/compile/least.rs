//! The least value of a loss that is a parabola in the parameters.

use crate::model::Program;
use crate::model::program::StateRole;
use crate::scalar::Dtype;
use crate::tensor::eval::evaluate_f64;
use crate::tensor::{Array, Clock, Wide};

/// More parameters than this are not looked at: the answer must come while somebody waits.
const MOST_PARAMETERS: usize = 1000;

/// The least value of a loss, and its value where all parameters are 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Least {
    pub value: f64,
    pub untrained: f64,
}

/// The least value that the loss (with its regularizers) can have on `feeds`, which are all examples. `None` where the
/// loss is no parabola in the parameters, or has too many of them.
///
/// The gradient of a parabola is `H θ + g`; conjugate gradients find its zero from the gradient alone, also where `H` is
/// singular (Hestenes & Stiefel, 1952).
pub fn least_loss(program: &Program, feeds: &[&Array]) -> Option<Least> {
    let size = program.parameters();
    if program.degree_of_loss() != Some(2) || size > MOST_PARAMETERS {
        return None;
    }
    let rows = feeds.first()?.shape[0];
    let slots: Vec<u32> = (0..program.states.len() as u32)
        .filter(|&slot| program.states[slot as usize].role == StateRole::Parameter)
        .collect();
    let (gradient, objective) = (program.gradient(&slots, rows, false), program.objective(rows, false));
    let feeds: Vec<Wide> = feeds.iter().map(|&array| Wide::from(array)).collect();
    let clock = Clock { seed: 0, step: 1 };
    let states = |theta: &[f64]| -> Vec<Wide> {
        let mut at = 0;
        let of = |state: &crate::model::program::StateInfo| {
            let len: usize = state.shape.iter().product();
            let trained = state.role == StateRole::Parameter;
            let data = if trained { theta[at..at + len].to_vec() } else { vec![0.0; len] };
            at += if trained { len } else { 0 };
            Wide { shape: state.shape.clone(), dtype: Dtype::F32, data }
        };
        program.states.iter().map(of).collect()
    };
    let gradient_at = |theta: &[f64]| -> Vec<f64> {
        let parts = evaluate_f64(&gradient.graph, &gradient.results, &states(theta), &feeds, clock);
        parts.into_iter().flat_map(|part| part.data).collect()
    };
    let mut theta = vec![0.0; size];
    let offset = gradient_at(&theta);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut residual: Vec<f64> = offset.iter().map(|g| -g).collect();
    let mut direction = residual.clone();
    let mut length = dot(&residual, &residual);
    let enough = 1e-24 * length.max(f64::MIN_POSITIVE);
    for _ in 0..2 * size {
        if length <= enough {
            break;
        }
        let curved: Vec<f64> = gradient_at(&direction).iter().zip(&offset).map(|(g, o)| g - o).collect();
        let curvature = dot(&direction, &curved);
        if curvature <= 0.0 {
            break;
        }
        let step = length / curvature;
        for at in 0..size {
            theta[at] += step * direction[at];
            residual[at] -= step * curved[at];
        }
        let next = dot(&residual, &residual);
        for at in 0..size {
            direction[at] = residual[at] + next / length * direction[at];
        }
        length = next;
    }
    let loss_at =
        |theta: &[f64]| evaluate_f64(&objective.graph, &objective.results, &states(theta), &feeds, clock)[0].data[0];
    Some(Least { value: loss_at(&theta), untrained: loss_at(&vec![0.0; size]) })
}
