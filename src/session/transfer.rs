//! Weights and states that a run begins with and that a file holds: what is proved of them before, and how they come in.

pub mod fit;
pub mod header;
pub mod suggest;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::Limits;
use crate::data::files::{Files, Found};
use crate::model::Program;
use crate::model::transfer::TransferPlan;
use crate::problem::Problem;
use crate::problem::transfer::{TransferHash, TransferNotFinite, TransferTwice, Twice};
use crate::session::artifact::{is_finite, model_states};
use crate::source::{Sources, World};
use crate::tensor::Array;
use fit::{Fit, fit};
use header::{Header, content, header};

/// What a `transfer` block brings, as far as its file's head tells.
#[derive(Clone, PartialEq, Debug)]
pub struct Brought {
    /// The part that is filled; nothing where it is all of the model.
    pub part: Option<String>,
    /// As the program names it.
    pub from: String,
    pub fit: Fit,
    /// Numbers in all.
    pub numbers: u64,
}

/// Where some weights came from: what an artifact keeps of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    pub from: String,
    /// Of the file's bytes.
    pub sha256: String,
    pub tensors: usize,
    pub numbers: u64,
    pub skipped: usize,
    /// What the file holds for parts that have begun afresh.
    pub fresh: usize,
    /// Counters of batches, and states of an optimizer.
    pub dropped: usize,
}

impl Brought {
    /// The same of a file with this hash.
    pub fn with(&self, sha256: String) -> Provenance {
        let Fit { skipped, fresh, dropped, ref takes } = self.fit;
        let (part, from, tensors, numbers) = (self.part.clone(), self.from.clone(), takes.len(), self.numbers);
        Provenance { part, from, sha256, tensors, numbers, skipped, fresh, dropped }
    }
}

/// Up to this size a file is hashed at a glance.
const SMALL: u64 = 4 << 20;

/// What the blocks of an experiment bring, looked at for some milliseconds: of large files only the head is read, unless
/// `all` of them shall be. Nothing is brought where there are problems.
pub fn inspect(
    world: &dyn World,
    base: &Path,
    sources: &Sources,
    program: &Program,
    all: bool,
) -> (Vec<Brought>, Vec<Problem>) {
    let (mut brought, mut problems) = (vec![], vec![]);
    for plan in program.transfers() {
        let looked = look(world, base, sources, program, plan).and_then(|(found, header, it)| {
            if all || plan.sha256.is_some() && found.size <= SMALL {
                let bytes = content(world, &found).map_err(|it| vec![it])?;
                hashed(plan, &bytes)?;
                arrays(plan, &header, &it.fit, &bytes)?;
            }
            Ok(it)
        });
        match looked {
            Ok(it) => brought.push(it),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        problems.extend(filled_twice(program, &brought));
    }
    if problems.is_empty() { (brought, problems) } else { (vec![], problems) }
}

/// Puts what the files hold into the states, and says where it came from.
pub fn load(
    world: &dyn World,
    base: &Path,
    sources: &Sources,
    program: &Program,
    states: &mut [Array],
) -> Result<Vec<Provenance>, Vec<Problem>> {
    let (mut brought, mut provenance) = (vec![], vec![]);
    for plan in program.transfers() {
        let (found, header, it) = look(world, base, sources, program, plan)?;
        let bytes = content(world, &found).map_err(|it| vec![it])?;
        let sha256 = hashed(plan, &bytes)?;
        for (take, array) in it.fit.takes.iter().zip(arrays(plan, &header, &it.fit, &bytes)?) {
            states[take.slot] = array;
        }
        provenance.push(it.with(sha256));
        brought.push(it);
    }
    match filled_twice(program, &brought) {
        problems if problems.is_empty() => Ok(provenance),
        problems => Err(problems),
    }
}

/// The file of a block, its head, and what the block takes of it.
fn look(
    world: &dyn World,
    base: &Path,
    sources: &Sources,
    program: &Program,
    plan: &TransferPlan,
) -> Result<(Found, Header, Brought), Vec<Problem>> {
    let files = Files::new(world, base, Limits::default());
    let found = files.find(&plan.from, Some(plan.from_at)).map_err(|it| vec![it])?;
    let header = header(world, &found).map_err(|it| vec![it])?;
    let fit = fit(program, plan, &header, sources.text(plan.whole))?;
    let numbers = fit.takes.iter().map(|it| header.tensors[it.tensor].numbers()).sum();
    let (part, from) = (plan.part.as_ref().map(|it| it.pattern.to_string()), plan.from.to_string());
    Ok((found, header, Brought { part, from, fit, numbers }))
}

/// What the file holds for each state that it fills, if all of it is finite.
fn arrays(plan: &TransferPlan, header: &Header, fit: &Fit, bytes: &[u8]) -> Result<Vec<Array>, Vec<Problem>> {
    let array = |take: &fit::Take| {
        let tensor = &header.tensors[take.tensor];
        let array = tensor.array(bytes, take.order.as_deref());
        let path = || plan.from.to_string();
        match is_finite(&array) {
            true => Ok(array),
            false => {
                Err(vec![TransferNotFinite { path: path(), tensor: tensor.name.clone(), at: plan.from_at }.into()])
            }
        }
    };
    fit.takes.iter().map(array).collect()
}

/// The hash of a file's bytes, if it is the one that the block names.
fn hashed(plan: &TransferPlan, bytes: &[u8]) -> Result<String, Vec<Problem>> {
    let found = sha256(bytes);
    match &plan.sha256 {
        Some((wanted, at)) if *wanted != found => {
            let (path, wanted, from_at) = (plan.from.to_string(), wanted.clone(), plan.from_at);
            Err(vec![TransferHash { path, wanted, found, at: *at, from_at }.into()])
        }
        _ => Ok(found),
    }
}

/// In lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What two blocks fill.
fn filled_twice(program: &Program, brought: &[Brought]) -> Vec<Problem> {
    let mut filled: Vec<Option<usize>> = vec![None; model_states(program).count()];
    let mut problems = vec![];
    for (block, it) in brought.iter().enumerate() {
        let mut twice = it.fit.takes.iter().filter_map(|take| Some((take.slot, filled[take.slot].replace(block)?)));
        if let Some((slot, first)) = twice.next() {
            let (at, first) = (program.transfers()[block].at, program.transfers()[first].at);
            problems.push(
                TransferTwice { parameter: program.states[slot].path.clone(), by: Twice::Blocks, at, first }.into(),
            );
        }
        twice.for_each(drop);
    }
    problems
}
