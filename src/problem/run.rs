//! Problems of a run: what only shows while it goes, and what its files can be.

use super::{problems, say};
use crate::source::Span;

/// What is wrong with the bytes of an artifact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Damage {
    /// The container itself: a header that does not parse, places of tensors that overlap or leave the file.
    Container(String),
    /// A safetensors file, but not one of dlmc's.
    Foreign,
    /// The document in the header does not say what it must.
    Document(String),
    /// The bytes are not the ones that were written.
    Fingerprint,
    /// A weight is not a finite number.
    NotFinite(String),
}

/// Where an artifact and the program in it differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mismatch {
    /// The program has problems.
    Program(String),
    /// There is no such experiment in it.
    Train(String),
    /// What was fitted on the data belongs to other fields.
    Fields,
    Missing(String),
    Unknown(String),
    Shape {
        tensor: String,
        artifact: String,
        program: String,
    },
}

/// What has changed since a checkpoint was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Program,
    Data,
    Backend,
}

fn container_words(damage: &Damage) -> String {
    match damage {
        Damage::Container(reason) => format!("the file does not hold together: {reason}"),
        Damage::Foreign => "it is a safetensors file of another tool: no program is in it".into(),
        Damage::Document(reason) => format!("its description cannot be read: {reason}"),
        Damage::Fingerprint => "its bytes are not the ones that were written".into(),
        Damage::NotFinite(tensor) => format!("`{tensor}` holds a number that is not finite"),
    }
}

fn mismatch_words(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Program(message) => format!("this version of dlmc finds a problem in it: {message}"),
        Mismatch::Train(name) => format!("it has no experiment called `{name}`"),
        Mismatch::Fields => "what was learned of the data belongs to other fields".into(),
        Mismatch::Missing(tensor) => format!("the program has a tensor `{tensor}`, the artifact has none"),
        Mismatch::Unknown(tensor) => format!("the artifact has a tensor `{tensor}`, the program has none"),
        Mismatch::Shape { tensor, artifact, program } => {
            format!("`{tensor}` is {artifact} in the artifact and {program} in the program")
        }
    }
}

problems! {
    /// The loss of a step is not a finite number.
    "loss-not-finite" Error LossNotFinite {
        step: u64, epoch: f64, lr: f64, last: Option<(u64, f64)>, example: Option<u32>, saved: Option<String>, span: Span,
    } => {
        let mut words = say(format!("the loss is not a finite number at step {step} (epoch {epoch:.2})"))
            .at(span, "in this experiment");
        words = match last {
            Some((at, loss)) => words.note(format!("the last finite loss was {loss:.6}, at step {at}")),
            None => words.note("no step before it had a finite loss"),
        };
        if let Some(example) = example {
            words = words.note(format!("row {example} of the data alone gives a loss that is not finite"));
        }
        if let Some(saved) = saved {
            words = words.note(format!("the weights just before this step are in {saved}"));
        }
        if lr > 0.0 {
            words = words.help(format!("lower the learning rate, which was {lr}: try {}", lower(lr)));
        }
        words.help("or let no step be too long: clip: norm(1.0)")
            .help("look for a logarithm, a division or a root of something that can reach 0")
    };

    /// A setting decides by a metric on a split that has no examples.
    "nothing-to-watch" Error NothingToWatch { setting: &'static str, split: &'static str, at: Span, split_at: Span } =>
        say(format!("`{setting}` looks at the {} split, which has no examples", long(split)))
            .at(at, format!("this needs `{split}`"))
            .at(split_at, "the examples are split here")
            .help(format!("give it some: split: random(train: 80%, {split}: 20%)"));

    /// A split is to be evaluated that has no examples.
    "split-without-examples" Error SplitWithoutExamples { split: &'static str, at: Span } =>
        say(format!("the {} split has no examples", long(split)))
            .at(at, "the examples are split here")
            .help("name another split with --split, or a file with examples");

    /// Training ended with weights that are not finite numbers.
    "weights-not-finite" Error WeightsNotFinite { tensor: String, step: u64, span: Span } =>
        say(format!("`{tensor}` holds a number that is not finite after step {step}"))
            .at(span, "in this experiment")
            .help("lower the learning rate, or let no step be too long: clip: norm(1.0)");

    /// The folder of a run holds another run.
    "folder-used" Error FolderUsed { folder: String } =>
        say(format!("`{folder}` holds a run already"))
            .note("a run never writes over another one")
            .help("name another folder with --out, or go on with that run by --resume");

    /// Another process works in the folder of the run.
    "folder-busy" Error FolderBusy { folder: String } =>
        say(format!("another run is at work in `{folder}`"))
            .help("wait for it, or name another folder with --out");

    /// A file of the run cannot be written.
    "not-written" Error NotWritten { path: String, reason: String } =>
        say(format!("`{path}` cannot be written: {reason}"))
            .note("what was there before is as it was")
            .help("make room, or name a folder that can be written with --out");

    /// A file of the run cannot be written, and the run goes on without it.
    "not-written-yet" Warning NotWrittenYet { path: String, reason: String } =>
        say(format!("`{path}` cannot be written: {reason}"))
            .note("the run goes on; nothing of it is lost while it runs");

    /// There is no checkpoint to go on from.
    "nothing-to-resume" Error NothingToResume { folder: String } =>
        say(format!("there is no checkpoint of an unfinished run in `{folder}`"))
            .help("start it without --resume");

    /// The checkpoint belongs to another program, other data or another back end.
    "resume-changed" Error ResumeChanged { checkpoint: String, change: Change } => {
        let what = match change {
            Change::Program => "the program is not the one that the checkpoint was written by",
            Change::Data => "the data is not what it was when the checkpoint was written",
            Change::Backend => "the back end is not the one that the checkpoint was written with",
        };
        say(what).note(format!("the checkpoint is {checkpoint}"))
            .note("a resumed run gives the same numbers as one that was never interrupted, or none")
            .help("undo the change, or start anew without --resume")
    };

    /// A file that was named as an artifact cannot be read at all.
    "artifact-unreadable" Error ArtifactUnreadable { path: String, reason: String } =>
        say(format!("`{path}` cannot be read: {reason}"))
            .help("`dlmc run` writes an artifact, `model.dlmx`, into the folder of its run");

    /// A file is not the artifact that dlmc wrote.
    "artifact-damaged" Error ArtifactDamaged { path: String, damage: Damage } =>
        say(format!("`{path}` is not a sound artifact of dlmc"))
            .note(container_words(&damage))
            .help("copy it again from where it came, or train it again with `dlmc run`");

    /// An artifact is written in a format that this dlmc does not know.
    "artifact-version" Error ArtifactVersion { path: String, format: u64, known: u64 } =>
        say(format!("`{path}` is written in format {format}, and this dlmc reads format {known}"))
            .help("use the dlmc that wrote it, or a newer one");

    /// The weights of an artifact do not fit the program in it.
    "artifact-mismatch" Error ArtifactMismatch { path: String, mismatch: Mismatch } =>
        say(format!("the weights in `{path}` do not fit the program in it"))
            .note(mismatch_words(&mismatch))
            .help("use the dlmc that wrote it, or train it again with `dlmc run`");

    /// The library of this dlmc is not the one that an artifact was trained with.
    "artifact-library" Warning ArtifactLibrary { path: String, wrote: String } =>
        say(format!("`{path}` was trained with another version of the library, that of dlmc {wrote}"))
            .note("the same program may mean something a little different here")
            .help("use the dlmc that wrote it, or train it again with `dlmc run`");
}

/// A third of the rate, to one digit.
fn lower(lr: f64) -> f64 {
    let third = lr / 3.0;
    let digit = 10f64.powf(third.log10().floor());
    format!("{:e}", (third / digit).round() * digit).parse().unwrap_or(third)
}

fn long(split: &str) -> &str {
    match split {
        "train" => "training",
        "val" => "validation",
        other => other,
    }
}
