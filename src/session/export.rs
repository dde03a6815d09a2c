//! What leaves a run: its artifact, those that `export` blocks ask for, and weights as a file of their own, which any tool of
//! safetensors reads.

use super::artifact::{Artifact, BEST, Origin, TrainingRecord, model_states};
use super::container::pack_plain;
use super::event::Exported;
use super::folder::{Folder, not_written, show, write_whole};
use super::transfer::sha256;
use crate::compile::{Backend, ExportPlan, executor};
use crate::model::Program;
use crate::model::program::StateRole;
use crate::problem::Problem;
use crate::tensor::{Array, Clock};

/// Writes the artifact of a run, and what is to be there beside it. Where the artifact is, and what stands beside it.
pub fn write_artifacts(
    origin: &Origin,
    folder: &Folder,
    exports: &[&ExportPlan],
    weights: &[Array],
    training: TrainingRecord,
) -> Result<(String, Vec<Exported>), Problem> {
    let write =
        |path: &std::path::Path, bytes: &[u8]| write_whole(path, bytes).map_err(|error| not_written(path, &error));
    let mut exported = vec![];
    // A run is over once its artifact is there, so that comes last.
    for ExportPlan { file, serves, .. } in exports {
        let path = folder.path().join(file);
        let bytes = origin.export(serves, weights, training.clone());
        write(&path, &bytes)?;
        exported.push(Exported { file: show(&path), bytes: bytes.len() as u64, serves: serves.clone() });
    }
    let path = folder.artifact();
    write(&path, &origin.artifact(weights, training))?;
    Ok((show(&path), exported))
}

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
