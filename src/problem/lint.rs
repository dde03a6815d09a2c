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

    /// A loss that compares examples sees those of one batch only, where several batches make an update.
    "loss-within-batches" Warning LossWithinBatches { loss: String, batches: usize, at: Span, batches_at: Span } =>
        say(format!("`{loss}` compares the examples of a batch, and an update of {batches} batches compares none of one with those of another"))
            .at(at, "goes across the batch")
            .at(batches_at, "adds up what it gives for each batch alone")
            .help("a larger batch compares more examples; accumulated batches do not");

    /// Rows that are sorted by their class are split by their place.
    "sorted-split" Warning SortedSplit { field: String, split: &'static str, classes: Vec<String>, at: Span, field_at: Span } =>
        say(format!("the rows are sorted by `{field}`, so the {split} rows, which are the last, are all of {} {}",
            if classes.len() == 1 { "the class" } else { "the classes" }, list(&super::ticked(&classes))))
            .at(at, "splits by the place of a row")
            .at(field_at, "each class in one piece")
            .help("split: stratified(…) gives every split its part of each class");

    /// Layers without a non-linearity between them.
    "linear-layers" Warning LinearLayers { model: String, layers: usize, at: Span, next_at: Span } =>
        say(format!("`{model}` multiplies {layers} matrices in a row without a non-linearity between them: together they are one"))
            .at(at, "linear in what it sees")
            .maybe_at((next_at != at).then_some(next_at), "sees nothing else")
            .help("give the inner layers an activation, like `dense(8, relu)`");

    /// Convolutions, or a convolution and a matrix, without a non-linearity between them.
    "linear-convolutions" Warning LinearConvolutions { model: String, layers: usize, one: &'static str, at: Span, next_at: Span } =>
        say(format!("{layers} layers of `{model}` follow each other without a non-linearity between them, as convolutions are linear: \
            {one} says as much"))
            .at(at, "linear in what it sees")
            .maybe_at((next_at != at).then_some(next_at), "sees nothing else")
            .help("give the inner layers an activation, like `conv(8, act: relu)`");

    /// A kernel that sees little but padding.
    "nothing-but-padding" Warning NothingButPadding {
        layer: String, extents: Vec<usize>, places: usize, live: usize, at: Span, before_at: Option<Span>,
    } => {
        let extents = extents.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        say(format!("{} of the {places} places that {layer} looks at never hold anything but padding", places - live))
            .at(at, format!("sees an image of {extents}"))
            .maybe_at(before_at, "becomes as small here")
            .help("stride or pool less before, take a smaller kernel, or end the convolutions earlier")
    };

    /// An augmentation makes of one class another.
    "flip-changes-class" Warning FlipChangesClass { augmentation: String, does: String, made: String, at: Span, target_at: Span } =>
        say(format!("`{augmentation}` {does}, and so makes {made}"))
            .at(at, "in training, while the class stays as it was")
            .at(target_at, "what the images show")
            .help("leave it away, or vary what does not change the class: small turns, small moves, light");

    /// Rows of one group are dealt to several splits.
    "group-in-two-splits" Warning GroupInTwoSplits {
        field: String, apart: usize, groups: usize, example: String, split: String, at: Span, field_at: Span,
    } =>
        say(format!("{apart} of the {} of `{field}` have rows in more than one split, such as `{example}`",
            super::count(groups, "group", "groups")))
            .at(at, format!("`{split}` deals out rows, whatever their group"))
            .at(field_at, "says which rows belong together")
            .note("what is learned of a group then helps with its other rows, and the measured numbers are too good")
            .help("split: by_group(…) keeps the rows of a group together");

    /// Fewer filters on a smaller image.
    "filters-shrink" Warning FiltersShrink { before: usize, filters: usize, at: Span, before_at: Span } =>
        say(format!("the image shrinks, and the filters become fewer with it: {before}, then {filters}"))
            .at(at, format!("{} on the smaller image", super::count(filters, "filter", "filters")))
            .at(before_at, format!("{before} on the larger one"))
            .help("let the number of filters grow as the image shrinks, so that what was seen is not lost");

    /// A larger kernel behind a smaller one.
    "kernels-grow" Warning KernelsGrow { before: usize, kernel: usize, at: Span, before_at: Span } =>
        say(format!("kernels grow with depth: {before} places wide, then {kernel}"))
            .at(at, "the larger kernel")
            .at(before_at, "the smaller one")
            .help("a later window covers more of the image anyway; the first kernel may be the largest");

    /// All units of a layer start as one number and stay equal.
    "equal-units" Warning EqualUnits { parameter: String, units: usize, at: Span } =>
        say(format!("the {units} units of `{parameter}` start equal and stay equal, as one unit would"))
            .at(at, "starts as the same number everywhere")
            .note("every update changes them by the same amount, whatever the data")
            .help("let it start at random, like `~ glorot`; zeros are right for biases, and for a layer that ends the model");

    /// A parameter that a normalisation takes away again.
    "cancelled-parameter" Warning CancelledParameter { parameter: String, by: String, at: Span, by_at: Span } =>
        say(format!("`{parameter}` cannot change the loss: {by} takes away again what it adds"))
            .at(at, "added here")
            .at(by_at, "subtracts the mean, which moves with it")
            .help("leave it away, like `bias: no`");

    /// A normalisation that sees one element.
    "single-element" Warning SingleElement { layer: String, value: u32, by_batch: bool, at: Span } => {
        let what = if value == 0 { "its own mean" } else { "its own sum" };
        let words = say(format!("{layer} compares a number with {what}, so it gives {value} whatever comes in"))
            .at(at, "sees one element at a time");
        match by_batch {
            true => words.note("a batch is one example").help("take a larger batch, or normalise over something else"),
            false => words.help("normalise over an axis with more elements, or leave it away"),
        }
    };

    /// The last batch of an epoch is one example, and a normalisation sees nothing else.
    "last-batch" Warning LastBatch { rows: usize, batch: usize, layer: String, at: Span, layer_at: Span } =>
        say(format!("the last batch of an epoch is a single example, of which {layer} makes 0, whatever it is"))
            .at(at, format!("{rows} training rows are {} batches of {batch}, and one row", rows / batch))
            .at(layer_at, "normalises over the batch")
            .help("take a batch size that leaves more over, or nothing");

    /// Dropout before statistics of a batch, or before a maximum.
    "dropout-before" Warning DropoutBefore { dropout: String, next: String, why: &'static str, at: Span, next_at: Span } =>
        say(format!("{dropout} drops elements just before {next}: {why}"))
            .at(at, "drops elements")
            .at(next_at, "sees what is left")
            .help("drop elements after it");

    /// A learning rate that moves weights too far.
    "rate-too-large" Warning RateTooLarge { moved: f64, per_gradient: bool, at: Span } => {
        let amount = short(moved);
        let message = match per_gradient {
            true => format!("each update moves every weight by {amount} times its gradient"),
            false => format!("each update moves every weight by about {amount}, however small its gradient"),
        };
        say(message)
            .at(at, "far larger than this optimizer can use")
            .note("weights start between -1 and 1")
            .help("try a hundredth of it")
    };

    /// A learning rate that moves weights by less than they can be told apart.
    "rate-too-small" Warning RateTooSmall { moved: f64, per_gradient: bool, at: Span } => {
        let amount = short(moved);
        let gradient = if per_gradient { " times its gradient" } else { "" };
        say(format!("each update moves a weight by {amount}{gradient}, which is lost when it is rounded"))
            .at(at, "far smaller than this optimizer can use")
            .note("two numbers near 0.1 are at least 7e-9 apart")
            .help("take a larger rate, like the optimizer's own")
    };

    /// Weights are made smaller by the optimizer and by a regularizer.
    "decay-twice" Warning DecayTwice { parameter: String, at: Span, optimizer_at: Span } =>
        say(format!("`{parameter}` is pulled towards 0 twice: by this regularizer and by the optimizer's own decay"))
            .at(at, "adds a multiple of the weights to their gradient")
            .at(optimizer_at, "takes a share of the weights away in each update")
            .help("keep one of them: leave the regularizer away, or set the optimizer's decay to 0");

    /// A line that begins with a minus is no continuation.
    "begins-with-minus" Warning BeginsWithMinus { at: Span, before_at: Span } =>
        say("a line that begins with `-` is a formula of its own, so nothing uses what the line before gives")
            .at(at, "a negative number, not a difference")
            .at(before_at, "ends here")
            .help("put the `-` at the end of the line before");

    /// A batch that is larger than all training rows together.
    "batch-larger-than-data" Warning BatchLargerThanData { batch: usize, rows: usize, at: Span } =>
        say(format!("a batch of {batch} examples is asked for, and there are {} to train on", super::count(rows, "row", "rows")))
            .at(at, "never full: each epoch is one update")
            .help("`batch: all`, or a smaller one");

    /// More batches in an update than an epoch has.
    "accumulate-beyond-epoch" Warning AccumulateBeyondEpoch { batches: usize, epoch: usize, batch: usize, rows: usize, at: Span } =>
        say(format!("an update of {batches} batches is asked for, and an epoch has {} to give", super::count(epoch, "batch", "batches")))
            .at(at, "never full: each epoch is one update")
            .note(format!("the last update of an epoch takes what is left: {rows} training rows in batches of {batch}"))
            .help(format!("accumulate {} for that, or fewer", super::count(epoch, "batch", "batches")));

    /// A block of a `train` block has nothing in it.
    "empty-block" Warning EmptyBlock { block: String, so: String, at: Span } => {
        let example = match block.as_str() {
            "regularize" => "l2(1e-4) on *.w",
            "augment batch" => "mixup(alpha: 0.2)",
            _ => "…",
        };
        say(format!("`{block}` has nothing in it, so {so}"))
            .at(at, "nothing follows")
            .help(format!("leave it away, or say what is meant, like `{block} {{ {example} }}`"))
    };

    /// A target holds numbers that the model cannot give.
    "out-of-reach" Warning OutOfReach { field: String, low: f64, high: f64, beyond: usize, rows: usize, at: Span, field_at: Span } => {
        let reach = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("from {} to {}", short(low), short(high)),
            (true, false) => format!("not below {}", short(low)),
            _ => format!("not above {}", short(high)),
        };
        say(format!("the model gives numbers {reach}, but {beyond} of {rows} training rows want others for `{field}`"))
            .at(at, "ends in a function with this range")
            .at(field_at, "what is wanted, as it is prepared")
            .help("leave the last activation away, or prepare the target so that it fits")
    };

    /// Pixels from 0 to 255 that meet weights as they are.
    "unscaled-input" Warning UnscaledInput { field: String, high: f64, at: Span, reader: String } =>
        say(format!("`{field}` holds whole numbers up to {}, and {reader} multiplies them as they are", short(high)))
            .at(at, "not scaled")
            .help("scale them, like `= … / 255` or `|> standardize`");

    /// A score that guessing the most frequent class reaches.
    "imbalanced-classes" Warning ImbalancedClasses { field: String, class: String, share: f64, metric: String, at: Span, field_at: Span } =>
        say(format!("{}% of the training rows are of the class {class}, so saying that always has a `{metric}` of {}",
            (share * 100.0).floor(), short(share)))
            .at(at, "does not tell a model from that guess")
            .at(field_at, format!("the classes of `{field}`"))
            .help("measure what weighs the classes, like `f1` or `auroc`");

    /// An input column that is the same in all training rows.
    "constant-column" Warning ConstantColumn { column: String, value: String, rows: usize, at: Span } =>
        say(format!("the column `{column}` is {value} in all {rows} training rows, so nothing can be learned from it"))
            .at(at, "read here")
            .help("leave it out, and `ignore` it");

    /// An input column whose values occur once each.
    "unique-column" Warning UniqueColumn { column: String, rows: usize, at: Span } =>
        say(format!("the column `{column}` names each of the {rows} training rows differently: a model learns them by heart"))
            .at(at, "read as an input")
            .help("declare it as `id`, or `ignore` it");
}

/// Lints that are wrong now and then: they speak only where they are asked to, by `--warn`.
pub const ON_REQUEST: &[&str] = &[FiltersShrink::CODE, KernelsGrow::CODE];

/// A number with two digits.
fn short(value: f64) -> String {
    match value.abs() {
        0.01..1000.0 => format!("{}", (value * 100.0).round() / 100.0),
        _ if value == 0.0 => "0".into(),
        _ => format!("{value:.1e}"),
    }
}
