//! The weights of a model as a file of their own, which any tool of safetensors reads.

use super::artifact::{Artifact, BEST};
use super::container::pack_plain;
use super::transfer::sha256;

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
        let tensors: Vec<_> = named.filter(|(name, _)| is_the_models(name)).collect();
        let bytes = pack_plain(&tensors);
        let numbers = tensors.iter().map(|(_, array)| array.shape.iter().product::<usize>() as u64).sum();
        Weights { tensors: tensors.len(), numbers, sha256: sha256(&bytes), bytes }
    }
}
