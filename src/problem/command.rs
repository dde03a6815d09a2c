//! Problems of a command: the files and the words that it was given.

use super::{count, did_you_mean, list, problems, ticked};
use crate::source::{Near, Span};

problems! {
    /// A file that was named on the command line cannot be read.
    "unreadable-file" Error UnreadableFile { path: String, reason: String, near: Option<Near> } =>
        super::say(format!("`{path}` cannot be read: {reason}")).maybe_help(did_you_mean(&near));

    /// A file cannot be written.
    "unwritable-file" Error UnwritableFile { path: String, reason: String } =>
        super::say(format!("`{path}` cannot be written: {reason}"));

    /// The repairs of a program would leave errors that it does not have.
    "repair-refused" Error RepairRefused { path: String, repairs: usize, errors: Vec<String> } => {
        let (were, they) = if repairs == 1 { ("was", "it leaves") } else { ("were", "they leave") };
        let message = format!(
            "{} of `{path}` {were} not made: {they} {} that the program does not have now",
            count(repairs, "repair", "repairs"), if errors.len() == 1 { "an error" } else { "errors" },
        );
        let words = super::say(message);
        let words = errors.into_iter().fold(words, |words, error| words.note(error));
        words.help("see the repairs with --diff, and make them yourself")
    };

    /// The file for the results exists, and nobody said that it may go.
    "file-exists" Error FileExists { path: String, replaceable: bool } =>
        super::say(format!("`{path}` is there already"))
            .help(match replaceable {
                true => format!("choose another name, or add --force to replace `{path}`"),
                false => "choose another name".into(),
            });

    /// `preview` of a program that varies no image.
    "nothing-to-preview" Error NothingToPreview { at: Span } =>
        super::say("there is nothing to preview: this training varies no image")
            .at(at, "sees its examples as they are")
            .help("say how images are varied: `augment image { flip(horizontal) }`");

    /// `bench` of a program whose batch is all examples, and nobody has counted them.
    "batch-unknown" Error BatchUnknown { countable: bool } =>
        super::say("a step is over all examples, and nobody has counted them yet")
            .help(match countable {
                true => "count them with `dlmc check --data`, or measure another size: `--set train.batch=64`",
                false => "measure another size: `--set train.batch=64`",
            });

    /// `init` is told of a target that the table does not have.
    "no-target-column" Error NoTargetColumn { name: String, near: Option<Near>, known: Vec<String> } =>
        super::say(format!("the table has no column called `{name}`"))
            .maybe_help(did_you_mean(&near))
            .note(format!("its columns are {}", list(&ticked(&known))));

    /// `init` finds nothing in a table that can be learned.
    "nothing-to-learn" Error NothingToLearn { reason: String } =>
        super::say(format!("no program can be proposed for this table: {reason}"))
            .help("say with --target which column is to be predicted, or write the program yourself");

    /// `explain`, `--allow`, `allow(…)` or `warn(…)` name a code that no problem has.
    "unknown-code" Error UnknownCode { code: String, near: Option<Near>, at: Option<(Span, &'static str)> } => {
        let words = super::say(format!("no problem has the code `{code}`")).note("`dlmc explain` lists all codes");
        match at {
            Some((at, word)) => words.at(at, match word {
                "allow" => "allows nothing",
                _ => "asks for nothing",
            }).meant(at, &code, &near),
            None => words.maybe_help(did_you_mean(&near)),
        }
    };

    /// `doc` is asked for a name that the library does not have.
    "undocumented-name" Error UndocumentedName { name: String, near: Option<Near> } =>
        super::say(format!("the library has nothing called `{name}`"))
            .maybe_help(did_you_mean(&near))
            .note("`dlmc doc` lists all names");

    /// `grad` is asked for a parameter that the model does not have.
    "unknown-parameter" Error UnknownParameter { name: String, model: String, near: Option<Near>, parameters: Vec<String> } =>
        super::say(format!("`{name}` selects no parameter of the model `{model}`"))
            .maybe_help(did_you_mean(&near))
            .note(format!("its parameters are {}", list(&ticked(&parameters))));

    /// The gradient of a program cannot be said as a formula of the language.
    "unwritable-gradient" Error UnwritableGradient { model: String } =>
        super::say(format!("the gradient of the model `{model}` has no formula in the language"))
            .help("`dlmc emit grad FILE` shows it node by node");
}

/// What the system says about a file, in words.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind::*;
    match error.kind() {
        NotFound => "there is no such file".into(),
        PermissionDenied => "you may not open it".into(),
        IsADirectory => "it is a folder".into(),
        InvalidData => "it is not UTF-8 text".into(),
        StorageFull => "the disk is full".into(),
        ReadOnlyFilesystem => "the disk cannot be written to".into(),
        _ => error.to_string(),
    }
}
