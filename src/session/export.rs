//! The weights of a model as a file of their own, which any tool of safetensors reads.

use super::artifact::{Artifact, BEST, model_states};
use super::container::pack_plain;
use super::transfer::sha256;
use crate::compile::{Backend, executor};
use crate::model::Program;
use crate::model::program::StateRole;
use crate::problem::Problem;
use crate::tensor::{Array, Clock};

/// What a file of weights holds, and its bytes: the same for the same weights.
pub struct Weights {
    pub tensors: usize,
    pub numbers: u64,
    /// What a `transfer` block may ask for.
    pub sha256: String,
    pub bytes: Vec<u8>,
}

impl Weights {
    /// The parameters and the states of layers that the model predicts with, under their names in the program.
    pub fn of(artifact: &Artifact) -> Weights {
        let is_the_models = |name: &str| !name.starts_with(BEST) && !name.contains(" of ");
        let named = artifact.tensors.iter().map(|(name, array)| (name.as_str(), array));
        Weights::packed(&named.filter(|(name, _)| is_the_models(name)).collect::<Vec<_>>())
    }

    /// The same without adapters: each parameter is what its adapter makes of it. `program` is that of the artifact.
    pub fn merged(artifact: &Artifact, program: &Program) -> Result<Weights, Problem> {
        let mut states = artifact.weights(program)?;
        let clock = Clock { seed: program.train.seed, step: 0 };
        let merged = executor(&program.merged(), Backend::Interpreter).run(&mut states, &[], clock);
        let all = || model_states(program).zip(&states).filter(|(state, _)| state.adapts.is_none());
        let (parameters, others): (Vec<_>, Vec<_>) = all().partition(|(state, _)| state.role == StateRole::Parameter);
        let merged = parameters.iter().zip(&merged).map(|((state, _), array)| (state.path.as_str(), array));
        let others = others.iter().map(|(state, array)| (state.path.as_str(), *array));
        Ok(Weights::packed(&merged.chain(others).collect::<Vec<_>>()))
    }

    fn packed(tensors: &[(&str, &Array)]) -> Weights {
        let bytes = pack_plain(tensors);
        let numbers = tensors.iter().map(|(_, array)| array.shape.iter().product::<usize>() as u64).sum();
        Weights { tensors: tensors.len(), numbers, sha256: sha256(&bytes), bytes }
    }
}
