//! The artifact: what a file says beside its weights, and how both become a program again.
//!
//! A checkpoint is the same with the states of the optimizer, the best weights so far and the place in the run.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cadence::{Best, Moment};
use super::container::{Kind, pack, pack_with_room, packed_bytes, unpack};
use super::event::{Metrics, Reason};
use super::folder::{reason, run_name, show};
use super::privacy::{Guarantee, Plan};
use super::transfer::Provenance;
use crate::compile::{Backend, Checked, Override, check};
use crate::data::{Dataset, Fitted, served};
use crate::model::Program;
use crate::model::program::{Keep, Split, StateInfo, StateRole};
use crate::problem::Problem;
use crate::problem::run::{
    ArtifactDamaged, ArtifactLibrary, ArtifactMismatch, ArtifactUnreadable, ArtifactVersion, Damage, Mismatch,
};
use crate::source::Memory;
use crate::syntax::tree::Role;
use crate::tensor::{Array, Data};

/// The format that this dlmc writes, and the only one that it reads.
pub const FORMAT: u64 = 1;

/// Everything in the file that is not a tensor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Document {
    pub format: u64,
    /// The version that wrote the file.
    pub dlmc: String,
    pub program: ProgramRecord,
    pub data: DataRecord,
    pub training: TrainingRecord,
    /// The files that the run began with, beside its data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Provenance>,
    /// The fields that rows to predict have, where an `export` block says which: of other inputs nothing is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serves: Option<Vec<String>>,
    /// In a checkpoint only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// The program's own file first, then what it imports; names are relative to the folder of the first.
    pub files: Vec<Text>,
    /// The folder of the program as the run was told of it: where its data was.
    pub folder: String,
    pub train: Option<String>,
    pub overrides: Vec<Set>,
    /// Of the files, the overrides and the name.
    pub fingerprint: String,
    /// Of the library's files.
    pub library: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Text {
    pub name: String,
    pub text: String,
}

/// `--set path=value`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Set {
    pub path: String,
    pub value: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DataRecord {
    pub fingerprint: String,
    /// Examples of training, validation and test.
    pub examples: [usize; 3],
    pub fitted: Fitted,
    /// What the values of each target are called.
    pub classes: IndexMap<String, Vec<String>>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrainingRecord {
    pub seed: u64,
    pub backend: String,
    /// Why it ended; in a checkpoint it has not.
    pub reason: Option<Reason>,
    /// Updates done.
    pub step: u64,
    /// The update after which the weights were taken.
    pub kept: u64,
    /// Metrics of the weights by split.
    pub metrics: IndexMap<String, Metrics>,
    /// Of a private run, what holds after these updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Guarantee>,
}

/// The place in a run, for it to go on.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    pub at: Moment,
    /// By the metric that decides which weights are kept.
    pub best: Best,
    /// By the metric that decides when to stop.
    pub watched: Best,
    /// By the metric that decides when the rate becomes smaller; seen last, or when it became smaller.
    #[serde(default)]
    pub plateau: Best,
    pub validated: Moment,
    pub checkpointed: Moment,
    /// The sum of the losses since the last event of an epoch, and the examples that it is over.
    pub loss_sum: f64,
    pub examples: u64,
    /// The last step with its loss.
    pub last: Option<(u64, f64)>,
    /// Of a private run, the seed of its noise and of its draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<u64>,
}

/// A file that was read and is sound in itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Artifact {
    pub path: PathBuf,
    pub document: Document,
    pub tensors: IndexMap<String, Array>,
}

impl ProgramRecord {
    /// Of the experiment `program` of `checked`, which was made with `overrides` of a file in the folder `base`.
    pub fn new(checked: &Checked, program: usize, overrides: &[Override], base: &Path) -> ProgramRecord {
        let folder = show(base);
        let relative = |name: &str| match Path::new(name).strip_prefix(base) {
            Ok(inside) => show(inside),
            Err(_) => name.to_string(),
        };
        // The library's files come before the program; what is in angles, and what `--set` says, was never a file.
        let imports =
            checked.sources.ids().filter(|&id| id > checked.file && !checked.sources[id].name.starts_with(['<', '-']));
        let files: Vec<Text> = std::iter::once(checked.file)
            .chain(imports)
            .map(|id| &checked.sources[id])
            .map(|source| Text { name: relative(&source.name), text: source.text.to_string() })
            .collect();
        let overrides: Vec<Set> =
            overrides.iter().map(|it| Set { path: it.path.clone(), value: it.value.clone() }).collect();
        let train = checked.programs[program].name.clone();
        let fingerprint = fingerprint(&(&files, &overrides, &train));
        ProgramRecord { files, folder, train, overrides, fingerprint, library: library(checked) }
    }

    /// What the folder of a run is called, without its number.
    pub fn run_name(&self) -> String {
        run_name(&self.files[0].name, self.train.as_deref())
    }

    /// Checks the recorded program again.
    pub fn check(&self) -> Option<Checked> {
        let files = self.files.iter();
        // Under their old names, so that problems name what the user knows, and data is found where it was.
        let folder = Path::new(&self.folder);
        let world = Memory(files.map(|it| (folder.join(&it.name), it.text.as_bytes().to_vec())).collect());
        let overrides: Vec<Override> =
            self.overrides.iter().map(|it| Override { path: it.path.clone(), value: it.value.clone() }).collect();
        check(&world, &folder.join(&self.files.first()?.name), None, &overrides).ok()
    }
}

/// Of the library's files, in their order.
fn library(checked: &Checked) -> String {
    let files = checked.sources.ids().filter(|&id| id < checked.file).map(|id| &checked.sources[id]);
    fingerprint(&files.map(|file| (&file.name, &*file.text)).collect::<Vec<_>>())
}

pub fn fingerprint(what: &impl Serialize) -> String {
    let json = serde_json::to_vec(what).expect("names and texts");
    blake3::hash(&json).to_hex().to_string()
}

/// What every file of a run says about where it comes from.
pub struct Origin<'a> {
    pub program: &'a Program,
    pub record: ProgramRecord,
    pub data: DataRecord,
    pub backend: Backend,
    pub transfers: Vec<Provenance>,
    pub privacy: Option<Plan>,
}

impl Origin<'_> {
    /// The bytes of the artifact: `weights` are the model's states by slot.
    pub fn artifact(&self, weights: &[Array], training: TrainingRecord) -> Vec<u8> {
        self.packed(weights, self.document(training, None))
    }

    /// The bytes of an artifact that serves some fields, and knows nothing of other inputs.
    pub fn export(&self, serves: &[String], weights: &[Array], training: TrainingRecord) -> Vec<u8> {
        let mut document = self.document(training, None);
        served::forget(&mut document.data.fitted, &self.program.data, serves);
        document.serves = Some(serves.to_vec());
        self.packed(weights, document)
    }

    fn packed(&self, weights: &[Array], document: Document) -> Vec<u8> {
        let tensors = model_states(self.program).zip(weights).map(|(state, array)| (state.path.clone(), array));
        pack(document.object(), &tensors.collect::<Vec<_>>())
    }

    /// The bytes of a checkpoint: `states` are all states by slot, `best` the weights that are kept so far.
    pub fn checkpoint(&self, states: &[Array], best: Option<&[Array]>, progress: &Progress) -> Vec<u8> {
        let states = self.program.states.iter().zip(states).map(|(state, array)| (state.path.clone(), array));
        let best = model_states(self.program).zip(best.unwrap_or_default());
        let best = best.map(|(state, array)| (format!("{BEST}{}", state.path), array));
        let document = self.at(progress, self.backend).object();
        let room = length(&self.widest().object()) - length(&document);
        pack_with_room(document, &states.chain(best).collect::<Vec<_>>(), room)
    }

    /// The bytes of a checkpoint, wherever in the run it is made; with the best weights, if the program keeps them.
    pub fn checkpoint_bytes(&self) -> u64 {
        let best: Vec<String> = kept_beside(self.program).map(|state| format!("{BEST}{}", state.path)).collect();
        let best = best.iter().zip(kept_beside(self.program)).map(|(name, state)| (name.as_str(), state));
        let states = self.program.states.iter().map(|state| (state.path.as_str(), state));
        let kinds: Vec<Kind> = states.chain(best).map(|(name, it)| (name, it.dtype, &it.shape[..])).collect();
        packed_bytes(self.widest().object(), &kinds, 0) as u64
    }

    /// What a checkpoint says that is made at some place in the run.
    fn at(&self, progress: &Progress, backend: Backend) -> Document {
        let training = TrainingRecord {
            seed: self.program.train.seed,
            backend: backend.word().into(),
            reason: None,
            step: progress.at.step,
            kept: progress.at.step,
            metrics: IndexMap::new(),
            // After updates without number nothing is added up, so that the longest document takes no time.
            privacy: self.privacy.as_ref().map(|it| match progress.at.step {
                u64::MAX => Guarantee { epsilon: -f64::MIN_POSITIVE, updates: u64::MAX, ..it.guarantee(0) },
                step => it.guarantee(step),
            }),
        };
        self.document(training, Some(progress.clone()))
    }

    /// The longest document that a checkpoint of this run can have: others get as many spaces as they are shorter, so that
    /// all are of one size, which is known before the run.
    fn widest(&self) -> Document {
        // Sign, 17 digits, point and exponent.
        let number = -f64::MIN_POSITIVE;
        let at = Moment { step: u64::MAX, seconds: number };
        let best = Best { value: Some(number), at };
        let progress = Progress {
            at,
            best,
            watched: best,
            plateau: best,
            validated: at,
            checkpointed: at,
            loss_sum: number,
            examples: u64::MAX,
            last: Some((u64::MAX, number)),
            noise: self.privacy.as_ref().map(|_| u64::MAX),
        };
        let longest = Backend::ALL.into_iter().max_by_key(|backend| backend.word().len());
        self.at(&progress, longest.expect("a back end"))
    }

    fn document(&self, training: TrainingRecord, progress: Option<Progress>) -> Document {
        Document {
            format: FORMAT,
            dlmc: env!("CARGO_PKG_VERSION").into(),
            program: self.record.clone(),
            data: self.data.clone(),
            training,
            transfers: self.transfers.clone(),
            serves: None,
            progress,
        }
    }
}

impl Document {
    fn object(&self) -> Map<String, Value> {
        match serde_json::to_value(self).expect("plain data") {
            Value::Object(document) => document,
            other => unreachable!("a struct is an object, not {other}"),
        }
    }
}

/// Of a document as text.
fn length(document: &Map<String, Value>) -> usize {
    serde_json::to_string(document).expect("a JSON object").len()
}

impl DataRecord {
    pub fn new(program: &Program, dataset: &Dataset) -> DataRecord {
        let targets = program.data.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Target);
        let classes = targets
            .filter_map(|(at, field)| Some((field.name.clone(), dataset.fitted.class_names(&program.data, at)?)));
        DataRecord {
            fingerprint: dataset.fingerprint.clone(),
            examples: Split::ALL.map(|split| dataset.part(split).rows),
            classes: classes.collect(),
            fitted: dataset.fitted.clone(),
        }
    }
}

impl Artifact {
    pub fn read(path: &Path) -> Result<Artifact, Problem> {
        let bytes =
            std::fs::read(path).map_err(|error| ArtifactUnreadable { path: show(path), reason: reason(&error) })?;
        Artifact::of(path, &bytes).map_err(|(_, problem)| problem)
    }

    /// The artifact in `bytes`, the content of `path`; else what is wrong with the container, if it is that, and its words.
    pub fn of(path: &Path, bytes: &[u8]) -> Result<Artifact, (Option<Damage>, Problem)> {
        let damaged = |damage| Problem::from(ArtifactDamaged { path: show(path), damage });
        let container = unpack(bytes).map_err(|damage| (Some(damage.clone()), damaged(damage)))?;
        let document = document(path, container.document, damaged).map_err(|problem| (None, problem))?;
        Ok(Artifact { path: path.into(), document, tensors: container.tensors.into_iter().collect() })
    }

    /// The program of the artifact, checked again, and which of its experiments this is; with warnings.
    pub fn program(&self) -> Result<(Checked, usize, Vec<Problem>), Problem> {
        let record = &self.document.program;
        let mismatch = |mismatch| Problem::from(ArtifactMismatch { path: show(&self.path), mismatch });
        let no_file = || mismatch(Mismatch::Train(record.train.clone().unwrap_or_default()));
        let mut checked = record.check().ok_or_else(no_file)?;
        let program = checked.programs.iter().position(|program| program.name == record.train);
        let Some(program) = program else {
            let error = checked.problems.iter().find(|it| it.severity == crate::problem::Severity::Error);
            return Err(match error {
                Some(error) => mismatch(Mismatch::Program(error.message.clone())),
                None => no_file(),
            });
        };
        if let Some(serves) = &self.document.serves {
            let Program { data, feeds, inputs, .. } = &mut checked.programs[program];
            if feeds[..*inputs].iter().any(|&at| !serves.contains(&data.fields[at].name)) {
                return Err(mismatch(Mismatch::Fields));
            }
            served::leave_out(data, serves);
        }
        if !fits(&self.document.data.fitted, &checked.programs[program]) {
            return Err(mismatch(Mismatch::Fields));
        }
        let mut warnings = vec![];
        if record.library != library(&checked) {
            let facts = ArtifactLibrary { path: show(&self.path), wrote: self.document.dlmc.clone() };
            warnings.push(facts.into());
        }
        Ok((checked, program, warnings))
    }

    /// The tensors of the model by slot: parameters, then the states of layers. Nothing else may be in an artifact.
    pub fn weights(&self, program: &Program) -> Result<Vec<Array>, Problem> {
        if self.document.progress.is_none() {
            let unknown = self.tensors.keys().find(|name| !model_states(program).any(|it| it.path == **name));
            if let Some(unknown) = unknown {
                return Err(self.mismatch(Mismatch::Unknown(unknown.clone())));
            }
        }
        let states = model_states(program).map(|state| self.tensor("", state)).collect::<Result<Vec<_>, _>>()?;
        match model_states(program).zip(&states).find(|(_, array)| !is_finite(array)) {
            Some((state, _)) => {
                let damage = Damage::NotFinite(state.path.clone());
                Err(ArtifactDamaged { path: show(&self.path), damage }.into())
            }
            None => Ok(states),
        }
    }

    /// Every tensor by slot, those of the optimizer among them, and the best weights if there are any.
    pub fn states(&self, program: &Program) -> Result<(Vec<Array>, Option<Vec<Array>>), Problem> {
        let all = program.states.iter().map(|state| self.tensor("", state)).collect::<Result<_, _>>()?;
        let has_best = self.tensors.keys().any(|name| name.starts_with(BEST));
        let best = || model_states(program).map(|state| self.tensor(BEST, state)).collect::<Result<_, _>>();
        Ok((all, if has_best { Some(best()?) } else { None }))
    }

    fn tensor(&self, prefix: &str, state: &StateInfo) -> Result<Array, Problem> {
        let name = format!("{prefix}{}", state.path);
        let Some(array) = self.tensors.get(&name) else { return Err(self.mismatch(Mismatch::Missing(name))) };
        if (&array.shape, array.dtype()) == (&state.shape, state.dtype) {
            return Ok(array.clone());
        }
        let words = |shape: &[usize], dtype| format!("{dtype:?}{shape:?}").to_lowercase();
        let (artifact, program) = (words(&array.shape, array.dtype()), words(&state.shape, state.dtype));
        Err(self.mismatch(Mismatch::Shape { tensor: name, artifact, program }))
    }

    fn mismatch(&self, mismatch: Mismatch) -> Problem {
        ArtifactMismatch { path: show(&self.path), mismatch }.into()
    }
}

/// What stands before the names of the best weights in a checkpoint. No name in a program has a slash in it.
pub const BEST: &str = "best/";

/// The states that prediction needs: all but the optimizer's, which come last.
pub fn model_states(program: &Program) -> impl Iterator<Item = &StateInfo> {
    program.states.iter().filter(|state| state.role != StateRole::Optimizer)
}

/// The states whose best values are kept beside those that training moves on.
pub fn kept_beside(program: &Program) -> impl Iterator<Item = &StateInfo> {
    let keeps = matches!(program.train.keep, Keep::Best { .. });
    model_states(program).filter(move |_| keeps)
}

pub fn is_finite(array: &Array) -> bool {
    match &array.data {
        Data::F32(data) => data.iter().all(|it| it.is_finite()),
        Data::I32(_) | Data::Bool(_) => true,
    }
}

/// Whether the fitted numbers are what the formulas of the fields read.
fn fits(fitted: &Fitted, program: &Program) -> bool {
    let has_types = |field: usize| {
        let states = program.encode(field, 1).states;
        let types = fitted.fields[field].fits.iter().map(|it| (it.shape.clone(), it.dtype()));
        states.into_iter().eq(types)
    };
    fitted.fits(&program.data)
        && (0..program.data.fields.len()).all(|it| fitted.fields[it].fits.is_empty() || has_types(it))
}

/// The format is looked at before the rest, which a later one may have changed.
fn document(
    path: &Path,
    document: Map<String, Value>,
    damaged: impl Fn(Damage) -> Problem,
) -> Result<Document, Problem> {
    match document.get("format").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(format) => return Err(ArtifactVersion { path: show(path), format, known: FORMAT }.into()),
        None => return Err(damaged(Damage::Document("it names no format".into()))),
    }
    serde_json::from_value(Value::Object(document)).map_err(|error| damaged(Damage::Document(error.to_string())))
}
