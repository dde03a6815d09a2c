//! Problems of arrays as NumPy keeps them in files.

use super::{list, problems, say, ticked};
use crate::source::{Near, Span};

problems! {
    /// A file is none of arrays as NumPy writes them.
    "array-damaged" Error ArrayDamaged { shown: String, why: String, at: Option<Span> } =>
        say(format!("the file {shown:?} does not hold arrays of NumPy, or only a part of them")).because(at, why);

    /// An array holds what no column can hold.
    "array-foreign" Error ArrayForeign {
        array: String, shown: String, what: &'static str, help: &'static str, at: Option<Span>,
    } =>
        say(format!("the array `{array}` of {shown:?} holds {what}"))
            .maybe_at(at, "not what a column holds")
            .help(help)
            .help("or leave it out: `arrays: […]` names the arrays that are columns");

    /// A source asks for an array that the file does not have.
    "array-missing" Error ArrayMissing {
        pattern: String, shown: String, near: Option<Near>, known: Vec<String>, at: Option<Span>,
    } =>
        say(format!("{shown:?} has no array that is called `{pattern}`"))
            .maybe_at(at, "not in this file")
            .note(match known.len() {
                0 => "it has no arrays at all".to_string(),
                _ => format!("its arrays are {}", list(&ticked(&known))),
            })
            .maybe_help(near.map(|near| format!("did you mean {:?}?", near.name)));
}
