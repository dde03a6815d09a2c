//! Problems of the text itself.

use super::{did_you_mean, problems, say};
use crate::source::Span;

problems! {
    /// Something stands where nothing of the kind can stand.
    "unexpected-text" Error UnexpectedText { found: String, at: Span } =>
        say(format!("`{found}` cannot stand here")).at(at, "not expected");

    /// A number is followed by a word that is no unit.
    "unknown-unit" Error UnknownUnit { word: String, number: String, near: Option<String>, at: Span } =>
        say(format!("there is no unit called `{word}`"))
            .at(at, "not a unit")
            .help(match &near {
                Some(_) => did_you_mean(&near).unwrap_or_default(),
                None => format!("for a product, write `{number} * {word}`"),
            });

    /// A backslash in a string is followed by a character that needs none.
    "unknown-escape" Error UnknownEscape { character: char, at: Span } =>
        say(format!("`\\{character}` means nothing in a string"))
            .at(at, "after a backslash stand `n`, `t`, `\"` or `\\`")
            .help(format!("for the two characters themselves, write `\\\\{character}`"))
            .edit(at, format!("\\\\{character}"));
}
