//! Problems of private training: what would tell of single examples, and what a budget cannot do or does not cover.

use super::{count, problems, say};
use crate::source::Span;

problems! {
    /// Something looks at several examples at once in private training.
    "private-mixing" Error PrivateMixing { callee: String, at: Span, private_at: Span } =>
        say(format!("{callee} looks at several examples at once, and private training takes each by itself"))
            .at(at, "what one example does here depends on others")
            .at(private_at, "limits what one example can do")
            .help("of norms `layer_norm` and `group_norm` look at one example; of losses those that are not marked `across batch`");

    /// A layer keeps something of the examples in private training.
    "state-from-examples" Error StateFromExamples { state: String, at: Span, private_at: Span } =>
        say(format!("`{state}` moves with each step, and no noise hides what it takes from the examples"))
            .at(at, "kept by the model as it is")
            .at(private_at, "gives noise to the gradients of parameters")
            .help("freeze the part that keeps it, or take one that keeps nothing");

    /// No noise is large enough for the budget.
    "budget-out-of-reach" Error BudgetOutOfReach { epsilon: f64, delta: f64, least: f64, updates: u64, at: Span } =>
        say(format!("no noise keeps {} at delta {delta} within an epsilon of {epsilon}", count(updates as usize, "update", "updates")))
            .at(at, format!("the accountant proves {least:.4} at best"))
            .help("allow a larger epsilon or delta");

    /// Something beside the updates is taken from the rows in private training.
    "outside-budget" Warning OutsideBudget { what: Vec<(String, Span)>, private_at: Span } => {
        let words = say("the budget speaks of the updates, and the trained model also holds what has no noise")
            .at(private_at, "counts the updates of parameters alone");
        let words = what.into_iter().fold(words, |words, (text, at)| words.at(at, text));
        words.help("declare what is known without the rows, like `(age - 40) / 20` or `class[\"no\", \"yes\"]`; or allow this warning where these numbers may be known")
    };

    /// The delta of a budget is so large that it may say nothing.
    "delta-too-large" Warning DeltaTooLarge { delta: f64, rows: usize, at: Span } =>
        say(format!("a delta of {delta} allows that one of {rows} examples is given away as it is"))
            .at(at, format!("not below 1/{rows}"))
            .help(format!("take one that is much smaller than 1 over the number of examples, like {:.0e}", 0.1 / rows as f64));

    /// The seed of the noise stands in the program.
    "noise-not-secret" Warning NoiseNotSecret { at: Span } =>
        say("who knows the seed of the noise can take it off again, and then nothing is private")
            .at(at, "known to whoever has the program or the artifact")
            .help("leave `seed` away where the model is handed out: the noise then comes from a secret of the run");
}
