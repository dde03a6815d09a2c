//! Problems of a second artifact, for whoever predicts.

use super::{list, problems, say, ticked};
use crate::source::Span;

problems! {
    /// An export has no training whose model it could hold.
    "nothing-to-export" Error NothingToExport { at: Span } =>
        say("this file has no `train` block, so there is nothing to export")
            .at(at, "whatever it says, nothing is trained")
            .help("add a `train` block");

    /// An export is to be written where it cannot be.
    "export-file" Error ExportFile { file: String, what: Misplaced, at: Span } =>
        match what {
            Misplaced::Outside => say(format!("`{file}` leads out of the folder of the run"))
                .at(at, "not below it")
                .note("a run writes into a folder of its own and nowhere else, so that nothing is ever written over")
                .help("give a name without the way to it, and copy the file from the folder of the run to where it is to be"),
            Misplaced::Ending => say(format!("`{file}` does not end in .dlmx, as artifacts do"))
                .at(at, "another ending")
                .maybe_help((!file.is_empty()).then(|| format!("write \"{}.dlmx\"", stem(&file)))),
            Misplaced::Taken => say(format!("`{file}` is what the run itself calls a file"))
                .at(at, "a name that is taken")
                .help("give it another name: \"served.dlmx\""),
            Misplaced::Twice { first } => say(format!("`{file}` is to be written twice by one run"))
                .at(at, "again")
                .at(first, "first here")
                .help("give one of the two another name"),
        };

    /// An export serves what no prediction needs.
    "not-served" Error NotServed { name: String, what: Unserved, at: Span, other: Option<Span> } => {
        let (message, here, there, help) = match what {
            Unserved::Role(role) => (
                format!("`{name}` cannot be served: it is {}", super::a(role)),
                match role {
                    "target" => "is what is predicted",
                    "weight" => "says how much an example counts, which is for those whose target is known",
                    _ => "is read where rows have it, and needs no mention",
                }.to_string(),
                format!("declared as {}", super::a(role)),
                "serve inputs of the model, and what names a row".to_string(),
            ),
            Unserved::Ignored => (
                format!("`{name}` cannot be served: the data ignores it"),
                "read by nothing".to_string(),
                "ignored here".to_string(),
                "leave it away".to_string(),
            ),
            Unserved::Unread { ref model } => (
                format!("`{name}` would be wanted of every row, and the model `{model}` does not read it"),
                "changes no prediction".to_string(),
                "an input that this model leaves aside".to_string(),
                "leave it away".to_string(),
            ),
            Unserved::Column { ref field } => (
                format!("`{name}` is a column, and what is served are fields"),
                format!("read by the field `{field}`"),
                "reads it".to_string(),
                format!("write `{field}`"),
            ),
            Unserved::Twice => (
                format!("`{name}` is served twice"),
                "again".to_string(),
                "first here".to_string(),
                "keep one of the two".to_string(),
            ),
        };
        let words = say(message).at(at, here).maybe_at(other, there).help(help);
        match what {
            Unserved::Column { field } => words.mend(at, name, field),
            _ => words,
        }
    };

    /// An export lacks an input of its model.
    "served-without" Error ServedWithout { fields: Vec<String>, model: String, at: Span, field_at: Span } => {
        let (names, them) = (list(&ticked(&fields)), if fields.len() == 1 { "it" } else { "them" });
        say(format!("this export serves no {names}, and the model `{model}` reads {them}"))
            .at(at, "without this nothing can be predicted")
            .at(field_at, "an input of the model")
            .help(format!("add {names} here, or take {them} from the model"))
    };
}

/// What is wrong with the file of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misplaced {
    /// It is not below the folder of the run.
    Outside,
    Ending,
    /// A run has a file of that name.
    Taken,
    Twice {
        first: Span,
    },
}

/// Why a name is none of a field to be served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unserved {
    Role(&'static str),
    Ignored,
    Unread { model: String },
    Column { field: String },
    Twice,
}

/// A path without its ending.
fn stem(file: &str) -> &str {
    let file = file.trim_end_matches('/');
    let name = file.rfind('/').map_or(0, |at| at + 1);
    file[name..].rfind('.').filter(|&at| at > 0).map_or(file, |at| &file[..name + at])
}
