//! What is inside a file of weights: an artifact, a checkpoint, or a safetensors file of another tool.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;

use super::artifact::{Artifact, BEST, Document};
use super::folder::{reason, show};
use super::transfer::sha256;
use crate::problem::Problem;
use crate::problem::run::{ArtifactDamaged, ArtifactUnreadable, Damage};

/// What a file of weights says, whether this dlmc could run it or not.
pub struct Inspection {
    pub bytes: u64,
    /// Of all its bytes: what `transfer` may ask for.
    pub sha256: String,
    /// What an artifact or a checkpoint says beside its tensors.
    pub document: Option<Document>,
    /// What another tool has written beside them.
    pub metadata: BTreeMap<String, String>,
    pub tensors: Vec<Tensor>,
}

pub struct Tensor {
    pub name: String,
    /// As safetensors writes it: `F32`.
    pub dtype: String,
    pub shape: Vec<usize>,
    pub bytes: usize,
}

impl Inspection {
    pub fn read(path: &Path) -> Result<Inspection, Problem> {
        let bytes =
            std::fs::read(path).map_err(|error| ArtifactUnreadable { path: show(path), reason: reason(&error) })?;
        let document = match Artifact::of(path, &bytes) {
            Ok(artifact) => Some(artifact.document),
            Err((Some(Damage::Foreign), _)) => None,
            Err((_, problem)) => return Err(problem),
        };
        let damaged = |error: safetensors::SafeTensorError| {
            Problem::from(ArtifactDamaged { path: show(path), damage: Damage::Container(error.to_string()) })
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let all = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let mut tensors: Vec<Tensor> = all
            .iter()
            .map(|(name, view)| Tensor {
                name: name.to_string(),
                dtype: format!("{:?}", view.dtype()),
                shape: view.shape().to_vec(),
                bytes: view.data().len(),
            })
            .collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let metadata = header.metadata().clone().unwrap_or_default().into_iter();
        let metadata = if document.is_some() { BTreeMap::new() } else { metadata.collect() };
        Ok(Inspection { bytes: bytes.len() as u64, sha256: sha256(&bytes), document, metadata, tensors })
    }

    /// `artifact`, `checkpoint`, `safetensors`
    pub fn kind(&self) -> &'static str {
        match &self.document {
            Some(Document { progress: Some(_), .. }) => "checkpoint",
            Some(Document { progress: None, .. }) => "artifact",
            None => "safetensors",
        }
    }
}

impl Tensor {
    /// Whether it belongs to the best weights so far, which a checkpoint holds beside the last.
    pub fn is_best(&self) -> bool {
        self.name.starts_with(BEST)
    }

    pub fn numbers(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }
}
