//! Warnings: programs that run, and that somebody will regret.

use super::{list, problems, say};
use crate::source::Span;

problems! {
    /// A definition of the file has the name of one of the library's.
    "shadows-library" Warning ShadowsLibrary { kind: String, name: String, at: Span, library: Span } =>
        say(format!("this file's {kind} `{name}` takes the place of the library's"))
            .at(at, "used wherever this file says its name")
            .at(library, "the library's")
            .help("give it another name if that is not meant");

    /// Parameters that cannot change the loss.
    "part-without-effect" Warning PartWithoutEffect { paths: Vec<String>, at: Span } =>
        say(format!("{} cannot change the loss: {} gradient is zero, whatever the data",
            list(&paths.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>()), if paths.len() == 1 { "its" } else { "their" }))
            .at(at, "declared here")
            .help("let the model's output depend on it, or leave it away");

    /// A linear model on data that no linear model fits.
    "linear-model" Warning LinearModel { model: String, best: String, at: Span, loss_at: Span } =>
        say(format!("`{model}` is linear in its inputs, and no linear model fits this data: the best reachable loss is {best}"))
            .at(at, "no non-linearity between input and output")
            .at(loss_at, format!("cannot go below {best}"))
            .help("put a layer with an activation in between, like `dense(8, tanh)`");

    /// The statistics of a frozen layer follow the batches.
    "frozen-statistics" Warning FrozenStatistics { part: String, states: Vec<String>, at: Span } =>
        say(format!("all parameters of `{part}` are frozen, but its statistics {} still follow the batches",
            list(&states.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>())))
            .at(at, "freezes parameters, not the layer")
            .help(format!("freeze {part}"));

    /// Rows that are sorted by their class are split by their place.
    "sorted-split" Warning SortedSplit { field: String, split: &'static str, classes: Vec<String>, at: Span, field_at: Span } =>
        say(format!("the rows are sorted by `{field}`, so the {split} rows, which are the last, are all of {} {}",
            if classes.len() == 1 { "the class" } else { "the classes" }, list(&super::ticked(&classes))))
            .at(at, "splits by the place of a row")
            .at(field_at, "each class in one piece")
            .help("split: stratified(…) gives every split its part of each class");

    /// Two layers without a non-linearity between them.
    "linear-layers" Warning LinearLayers { model: String, layers: usize, at: Span } =>
        say(format!("`{model}` multiplies {layers} matrices in a row without a non-linearity between them: together they are one"))
            .at(at, "linear in its inputs")
            .help("give the inner layers an activation, like `dense(8, relu)`");
}
