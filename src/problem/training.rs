//! Problems of training: losses, optimizers, schedules, what fits what.

use super::{count, list, problems, say, ticked};
use crate::source::{Near, Span, nearest};

/// Why several scores do not answer a question of yes or no.
pub fn one_score_for_two() -> String {
    "yes or no is one score: end the model in `dense(1)` and `-> logit`, and take `binary_cross_entropy`; or declare the \
     target as a class of two words"
        .to_string()
}

/// Why a loss or a metric of an order does not take classes.
pub fn no_order(target: &str) -> String {
    format!(
        "the classes of `{target}` have no order: if they are listed from the first to the last, declare `ordinal[…]` in \
         place of `class[…]`"
    )
}

/// Why an ordinal is not compared with a number.
pub fn order_without_distances() -> String {
    "the values of an ordinal have an order and no distances: end the model in `coral(K)` and `-> logit[K - 1]`, and take \
     `coral`"
        .to_string()
}

/// Why scores of which one wins do not answer for a set.
pub fn several_at_once() -> String {
    "of a set several labels may be on, and a softmax gives all to one: let the model give `-> logit[K]`, and take \
     `binary_cross_entropy`"
        .to_string()
}

/// How many scores there should be.
pub fn other_count(wanted: impl std::fmt::Display, found: usize) -> String {
    format!("the last layer should give {wanted} instead of {found}")
}

/// Which parameter an optimizer does not take, and what would.
pub fn parameter_unfit(optimizer: &str, parameter: &str) -> String {
    format!(
        "`p` is here the parameter `{parameter}`; a further form of `{optimizer}`, `on (p, g)`, takes what no other does"
    )
}

problems! {
    /// The loss does not fit what the model gives or what the data wants.
    "loss-does-not-fit" Error LossDoesNotFit { loss: String, output: String, target: String, target_name: String, at: Span, output_at: Span, target_at: Span, fitting: Vec<String>, reason: Option<String> } =>
        say(format!("`{loss}` does not take {output} from the model and {target} from the data"))
            .at(at, "this loss")
            .at(output_at, format!("the model gives {output}"))
            .at(target_at, format!("`{target_name}` is {target}"))
            .maybe_help(reason)
            .maybe_help((!fitting.is_empty()).then(|| format!("of the library's losses {} {}", list(&ticked(&fitting)), if fitting.len() == 1 { "fits" } else { "fit" })));

    /// A loss that applies softmax itself gets probabilities.
    "softmax-twice" Error SoftmaxTwice { loss: String, model: String, found: String, wanted: String, at: Span, loss_at: Span } =>
        say(format!("`{loss}` wants scores ({wanted}), but `{model}` gives probabilities ({found})"))
            .at(at, "these have been through a softmax or sigmoid already")
            .at(loss_at, "this loss applies it itself, in a form that keeps all figures")
            .help(format!("leave the last softmax or sigmoid away and let the model give {wanted}; `predict` shows probabilities all the same"));

    /// A metric does not fit what the model gives or what the data wants.
    "metric-does-not-fit" Error MetricDoesNotFit { metric: String, output: String, target: String, at: Span, output_at: Span, target_at: Span, fitting: Vec<String>, reason: Option<String> } =>
        say(format!("`{metric}` does not take {output} from the model and {target} from the data"))
            .at(at, "this metric")
            .at(output_at, format!("the model gives {output}"))
            .at(target_at, format!("the target is {target}"))
            .maybe_help(reason)
            .maybe_help((!fitting.is_empty()).then(|| format!("of the library's metrics {} {}", list(&ticked(&fitting)), if fitting.len() == 1 { "fits" } else { "fit" })));

    /// An augmentation of a field that no step reads.
    "augment-unread" Error AugmentUnread { field: String, at: Span, field_at: Span } =>
        say(format!("`{field}` is augmented, but no training step reads it"))
            .at(at, "varies what the model never sees")
            .at(field_at, "neither an input of the model nor a target")
            .help("augment an input of the model, or a target that must change along with it");

    /// No place of a field's pipeline has an image with numbers from 0 to 1.
    "augment-unscaled" Error AugmentUnscaled { field: String, at: Span, asked: Span } =>
        say(format!("augmentations see images of numbers from 0 to 1, and `{field}` is none such on its way to the model"))
            .at(at, "its numbers are others at every place")
            .at(asked, "varied here")
            .help("make them such with `scale`, and an image of them, before what follows statistics, like `standardize`");

    /// The rest of a formula, behind augmentation, reads columns.
    "augmented-formula" Error AugmentedFormula { field: String, at: Span } =>
        say(format!("`{field}` is augmented in the middle of its formula, and what follows reads a column again"))
            .at(at, "read after the augmentation")
            .help("read all columns in the first stage");

    /// An augmentation changes the type of what it varies.
    "augmentation-changes-type" Error AugmentationChangesType { augmentation: String, field: String, wanted: String, found: String, at: Span, field_at: Span } =>
        say(format!("`{augmentation}` makes {found} of {wanted}, but the model reads `{field}` without it, too: in validation and prediction"))
            .at(at, format!("gives {found}"))
            .at(field_at, format!("{wanted} where it is not augmented"))
            .help("an augmentation must keep the type; what all rows need belongs into the field's formula");

    /// An augmentation in the formula of a field.
    "augmentation-in-field" Error AugmentationInField { augmentation: String, at: Span } =>
        say(format!("`{augmentation}` stands in the formula of a field, so it would vary validation and prediction, too"))
            .at(at, "of all rows")
            .help(format!("vary training examples alone: `augment … {{ {augmentation} }}` in the train block"));

    /// An augmentation that wants to learn or to remember.
    "augmentation-keeps" Error AugmentationKeeps { name: String, at: Span } =>
        say(format!("`{name}` would live on from step to step, but an augmentation keeps nothing"))
            .at(at, "in an augmentation")
            .help("let it be drawn by chance, or be a setting");

    /// What mixes two examples stands where one is varied.
    "mixes-examples" Error MixesExamples { augmentation: String, step: String, at: Span } =>
        say(format!("`{augmentation}` mixes an example with another, and so it changes what is true of it"))
            .at(at, "varies a field alone")
            .help(format!("mix the targets, too: `augment batch {{ {step} }}`"));

    /// What varies one example stands where two are mixed.
    "mixes-nothing" Error MixesNothing { augmentation: String, step: String, fields: Vec<String>, at: Span } =>
        say(format!("`{augmentation}` varies each example by itself, and `augment batch` mixes each with another"))
            .at(at, "sees one example")
            .maybe_help((!fields.is_empty()).then(|| format!("say which field it varies: `augment {} {{ {step} }}`", if fields.len() == 1 { fields[0].clone() } else { format!("({})", fields.join(", ")) })));

    /// Two things mix one batch.
    "mixed-twice" Error MixedTwice { at: Span, first: Span } =>
        say("a batch is mixed once: of what has been mixed with another example, nobody knows the share of a third")
            .at(at, "mixes again")
            .at(first, "mixes already");

    /// An input that cannot be mixed.
    "mixes-no-numbers" Error MixesNoNumbers { field: String, missing: bool, at: Span, field_at: Span } =>
        say(format!("the model reads `{field}`, and {}", if missing { "between a number and one that is missing there is nothing" } else { "between two classes there is nothing" }))
            .at(at, "mixes all inputs of two examples")
            .at(field_at, if missing { "may be missing" } else { "one of several values" })
            .maybe_help(missing.then(|| "fill what is missing with `impute`, and leave the `?` away".to_string()));

    /// A mixing augmentation gives something else than a mixed input and its share.
    "mixing-result" Error MixingResult { augmentation: String, found: String, at: Span } =>
        say(format!("`{augmentation}` gives {found}, not the mixed input together with how much of its own it has kept"))
            .at(at, "mixes each example with another")
            .help("let its formula end with `(x: …, share: …)`, the share being a number from 0 to 1");

    /// Every example is a batch of its own, and is mixed with itself.
    "mixed-with-itself" Error MixedWithItself { at: Span, batch_at: Option<Span> } =>
        say("with one example in a batch, each is mixed with itself, which changes nothing")
            .at(at, "mixes each example of a batch with another")
            .maybe_at(batch_at, "one example")
            .help("let the batch be larger");

    /// A file has nothing to run.
    "nothing-to-run" Error NothingToRun { at: Span } =>
        say("this file has no `train` block, so there is nothing to run")
            .at(at, "ends without one")
            .help("add `train { model: …  data: …  loss: …  optimizer: …  batch: …  for: … }`");

    /// Several train blocks, and none was named.
    "which-train" Error WhichTrain { names: Vec<String>, at: Span } =>
        say(format!("this file has {}, and none was chosen", count(names.len(), "train block", "train blocks")))
            .at(at, "one of them")
            .help(format!("name one of {} after the file", list(&ticked(&names))));

    /// No train block of that name.
    "unknown-train" Error UnknownTrain { name: String, names: Vec<String>, at: Span } =>
        say(format!("this file has no train block called `{name}`"))
            .at(at, "the file's first train block")
            .maybe_help((!names.is_empty()).then(|| format!("it has {}", list(&ticked(&names)))));

    /// A path to a metric names none of the run's.
    "unknown-metric-path" Error UnknownMetricPath {
        path: String, at: Span, near: Option<Near>, metric: Option<String>, known: Vec<String>,
    } =>
        say(format!("`{path}` is not measured in this run"))
            .at(at, "no such value")
            .maybe_help(metric.as_ref().map(|metric| format!("add `{metric}` to `metrics: [ ]`")))
            .meant(at, &path, &near.filter(|_| metric.is_none()))
            .note(format!("measured are {}, and the same of `train`", list(&known)));

    /// A run goes by a metric that is not one number.
    "metric-not-a-number" Error MetricNotANumber { metric: String, found: String, at: Span, metric_at: Span } =>
        say(format!("`{metric}` is no single number, so nothing can be better by it"))
            .at(at, "goes by it")
            .at(metric_at, format!("this is {found}"))
            .help("go by `val.loss`, or by a metric that is a score or an error");

    /// Two metrics have one name.
    "metric-twice" Error MetricTwice { name: String, at: Span, first: Span } =>
        say(format!("two metrics are called `{name}`"))
            .at(at, "the second")
            .at(first, "the first")
            .help(format!("name one of them: `{name} as …`"));

    /// The data has no target.
    "no-target" Error NoTarget { data: String, at: Span } =>
        say(format!("`{data}` has no target, so there is nothing to learn from"))
            .at(at, "no `target` field")
            .help("mark the column that the model should predict: `target y: …`");

    /// The data has several targets, and the loss does not say which.
    "which-target" Error WhichTarget { what: String, targets: Vec<String>, at: Span } =>
        say(format!("the data has the targets {}, and {what} does not say which it means", list(&ticked(&targets))))
            .at(at, "which target?")
            .help(format!("write `… on {}`", targets.first().cloned().unwrap_or_default()));

    /// A loss or a regularizer gives something else than one number.
    "loss-not-a-number" Error LossNotANumber { what: String, found: String, at: Span } =>
        say(format!("{what} must give a number that can be made smaller, and this gives {found}"))
            .at(at, format!("this is {found}"));

    /// An optimizer does not say what the parameter becomes.
    "optimizer-without-update" Error OptimizerWithoutUpdate { optimizer: String, at: Span, declared: Span } =>
        say(format!("`{optimizer}` never says what the parameter becomes"))
            .at(at, "used here")
            .at(declared, "no `p' = …` in it")
            .help("end it with `p' = p - lr * g`, or what the method says");

    /// An optimizer or a schedule asks for something that does not exist.
    "unknown-quantity" Error UnknownQuantity { callee: String, name: String, at: Span, known: Vec<String> } =>
        say(format!("{callee} asks for `{name}`, which a run does not have"))
            .at(at, "not known")
            .meant(at, &name, &nearest(&name, known.iter().map(String::as_str)))
            .help(format!("it can ask for {}", list(&ticked(&known))));

    /// Every parameter is frozen.
    "all-frozen" Error AllFrozen { model: String, for_a_while: bool, at: Span } =>
        say(match for_a_while {
                true => format!("all parameters of `{model}` are frozen at the start, so the first steps train nothing"),
                false => format!("all parameters of `{model}` are frozen, so there is nothing to train"),
            })
            .at(at, "nothing is left to move")
            .help("freeze fewer parts");

    /// A part would begin to train only after the run.
    "freeze-longer-than-run" Error FreezeLongerThanRun { part: String, until: String, total: Option<String>, at: Span } =>
        say(match &total {
                Some(total) => format!("`{part}` is frozen for {until} of a run of {total}, so it never trains"),
                None => format!("`{part}` is frozen for the whole run, so it never trains"),
            })
            .at(at, format!("{until} of the run"))
            .help(format!("write `freeze {part}` if it shall never train; else let this end within the run, like 10%"));

    /// Several batches of all examples.
    "accumulate-all" Error AccumulateAll { batches: usize, at: Span, batch_at: Span } =>
        say(format!("a batch is all examples here, so there are no {batches} of them to accumulate in an epoch"))
            .at(at, "more than one batch")
            .at(batch_at, "one batch of all examples")
            .help("give batches a size, like `batch: 32`; or leave `accumulate` away");

    /// The model has nothing to train.
    "no-parameters" Error NoParameters { model: String, at: Span } =>
        say(format!("`{model}` has no parameters, so there is nothing to train"))
            .at(at, "without `param`, and without layers that have one");

    /// A parameter or a state that no training step reads.
    "read-in-prediction-only" Error ReadInPredictionOnly { path: String, at: Span } =>
        say(format!("`{path}` is read only when predicting, so no training can change it"))
            .at(at, "while training, another branch is taken")
            .help("read it in both branches of `if training`, or write what it shall be as a number");
}
