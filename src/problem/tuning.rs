//! Problems of a search over settings.

use super::{count, list, problems, say, ticked};
use crate::source::Span;

problems! {
    /// A search has nothing to search.
    "nothing-to-tune" Error NothingToTune { what: Untuned, at: Span } => {
        let (headline, here, help) = match what {
            Untuned::NoBlock => (
                "this file has no `tune` block, so there is nothing to search",
                "ends without one",
                "add `tune { train.optimizer.lr: log(1e-4 .. 1e-1)  objective: minimize(val.loss)  budget: 20 trials }`",
            ),
            Untuned::NoTrain => (
                "this file has no `train` block, so there is nothing to search for",
                "whatever it finds, nothing is trained",
                "add a `train` block",
            ),
            Untuned::NoKey => (
                "this search varies no setting, so all its trials would be the same",
                "without a setting that takes several values",
                "say what is varied, by the path that --set takes: `train.optimizer.lr: log(1e-4 .. 1e-1)`",
            ),
        };
        say(headline).at(at, here).help(help)
    };

    /// A setting is searched that the searched training does not have.
    "tunes-another" Error TunesAnother { path: String, of: String, train: String, at: Span } =>
        say(format!("`{path}` belongs to {of}, and this search is over {train}"))
            .at(at, "changes nothing in any trial")
            .help("search a setting of the training itself, or name the other one: `train: …` in this block");

    /// A setting is searched whose value the command line fixes.
    "tuned-and-set" Error TunedAndSet { path: String, at: Span, set: String, set_at: Span } =>
        say(format!("`{path}` is to be searched, and --set says what `{set}` is"))
            .at(at, "takes several values")
            .at(set_at, "has this one")
            .help("leave --set away, or this line of the `tune` block");

    /// A setting is searched as a whole after a part of it.
    "tuned-after-part" Error TunedAfterPart { path: String, part: String, at: Span, part_at: Span } =>
        say(format!("`{path}` takes the place of `{part}`, which has been given its value before"))
            .at(at, "all of it")
            .at(part_at, "a part of it")
            .help(format!("write `{path}` first: settings get their values in the order of the lines"));

    /// A range has nothing in it.
    "range-empty" Error RangeEmpty { path: String, low: String, high: String, swap: bool, at: Span } => {
        let words = say(format!("`{path}` is to be searched from {low} to {high}, and nothing is between them"))
            .at(at, if swap { "goes down" } else { "one value" });
        match swap {
            true => words.help(format!("did you mean {high} .. {low}?")),
            false => words.help("set it in the program, and leave this line away"),
        }
    };

    /// A logarithmic range reaches 0.
    "log-of-zero" Error LogOfZero { path: String, low: String, at: Span } =>
        say(format!("`{path}` is to be searched by its logarithm, which {low} does not have"))
            .at(at, "not above 0")
            .help("begin above 0, like log(1e-5 .. 1e-1), or leave `log` away");

    /// A value stands twice in a choice.
    "choice-twice" Error ChoiceTwice { value: String, at: Span, first: Span } =>
        say(format!("{value} is among the choices twice"))
            .at(at, "again")
            .at(first, "first here")
            .help("keep one of the two");

    /// The objective goes the wrong way.
    "objective-direction" Error ObjectiveDirection { metric: String, rising: bool, at: Span } => {
        let (word, more) = if rising { ("maximize", "more") } else { ("minimize", "less") };
        let was = if rising { "minimize" } else { "maximize" };
        say(format!("of `{metric}` {more} is better, and this search would find the worst"))
            .at(at, format!("{was} it"))
            .help(format!("write `{word}({metric})`"))
            .mend(at, was, word)
    };

    /// A search decides by the test split.
    "search-sees-test" Error SearchSeesTest { setting: &'static str, at: Span, tune_at: Span } =>
        say(format!("`{setting}` looks at the test split, and a search chooses by what it sees: nothing would be left to tell how good its choice is"))
            .at(at, "the test split")
            .at(tune_at, "searched here")
            .help("choose by the validation split: `val.…`; the test split is measured once, for the best trial");

    /// The trials of a search would each spend the budget of a private training.
    "search-spends-budget" Error SearchSpendsBudget { at: Span, tune_at: Span } =>
        say("each trial of a search would spend the budget of this private training again, and what it finds would tell of all of them")
            .at(at, "the budget of one training")
            .at(tune_at, "searched here")
            .help("search with data that may be told, or a training without `privacy`, and set here what was found");

    /// Several tune blocks, and none was named.
    "which-tune" Error WhichTune { names: Vec<String>, at: Span } =>
        say(format!("this file has {}, and none was chosen", count(names.len(), "tune block", "tune blocks")))
            .at(at, "one of them")
            .help(format!("name one of {} after the file", list(&ticked(&names))));

    /// No tune block of that name.
    "unknown-tune" Error UnknownTune { name: String, names: Vec<String>, at: Span } =>
        say(format!("this file has no tune block called `{name}`"))
            .at(at, "the file's first tune block")
            .maybe_help((!names.is_empty()).then(|| format!("it has {}", list(&ticked(&names)))));

    /// The objective of a trial is not a finite number.
    "objective-not-finite" Error ObjectiveNotFinite { metric: String, at: Span } =>
        say(format!("`{metric}` is no finite number for the weights of this trial"))
            .at(at, "judged by this")
            .help("look whether it is defined on this split: a metric of classes may need examples of each");

    /// Every trial of a search has failed.
    "no-trial-left" Error NoTrialLeft { trials: usize, first: String, at: Span } =>
        say(match trials {
                1 => "the only trial of this search has failed".to_string(),
                _ => format!("all {trials} trials of this search have failed"),
            })
            .at(at, "searched here")
            .note(format!("the first failed because {first}"))
            .help("search a range in which the program trains: a smaller learning rate, or a limit on each step like clip: norm(1.0)");
}

/// Why there is nothing to search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Untuned {
    /// The file has no `tune` block.
    NoBlock,
    /// The file has no `train` block.
    NoTrain,
    /// The block varies nothing.
    NoKey,
}
