//! Problems of values and units.

use super::{list, problems, say};
use crate::source::Span;

problems! {
    /// A number lacks its unit.
    "missing-unit" Error MissingUnit { setting: String, wanted: String, at: Span, help: String } =>
        say(format!("`{setting}` needs a unit"))
            .at(at, format!("a number without a unit, where {wanted} is wanted"))
            .help(help);

    /// A number has a unit that does not belong.
    "wrong-unit" Error WrongUnit { setting: String, wanted: String, found: String, at: Span, help: Option<String> } =>
        say(format!("`{setting}` wants {wanted}, not {found}"))
            .at(at, "a unit that does not belong here")
            .maybe_help(help);

    /// A value lies outside its range.
    "out-of-range" Error OutOfRange { setting: String, range: String, value: String, at: Span, help: Option<String> } =>
        say(format!("`{setting}` must be {range}, and this is {value}"))
            .at(at, "outside")
            .maybe_help(help);

    /// A value of the wrong kind.
    "wrong-value" Error WrongValue { setting: String, wanted: String, found: String, at: Span, declared: Option<Span>, help: Option<String> } =>
        say(format!("`{setting}` wants {wanted}, not {found}"))
            .at(at, format!("this is {found}"))
            .maybe_at(declared, "declared here")
            .maybe_help(help);

    /// Quantities of different measure meet.
    "mixed-units" Error MixedUnits { operation: String, left: String, right: String, at: Span } =>
        say(format!("`{operation}` cannot join {left} and {right}"))
            .at(at, format!("{left} and {right}"));

    /// A `require` of a definition is not met.
    "requirement-unmet" Error RequirementUnmet { callee: String, message: String, facts: Vec<String>, at: Span, declared: Option<Span> } =>
        say(if message.is_empty() { format!("a requirement of {callee} is not met") } else { format!("{callee}: {message}") })
            .at(at, if facts.is_empty() { "not so here".to_string() } else { format!("not so here, where {}", list(&facts)) })
            .maybe_at(declared, "required here");

    /// Something of the language that this version does not run yet.
    "not-in-this-version" Error NotInThisVersion { what: String, at: Span, help: Option<String> } =>
        say(format!("this version of dlmc does not run {what} yet"))
            .at(at, "not available")
            .maybe_help(help);

    /// The warm-up is as long as the run, or longer.
    "warmup-longer-than-run" Error WarmupLongerThanRun { setting: String, warmup: String, total: Option<String>, at: Span } =>
        say(match &total {
                Some(total) => format!("`{setting}` takes {warmup} of a run of {total}, so the full learning rate is never reached"),
                None => format!("`{setting}` takes the whole run, so the full learning rate is never reached"),
            })
            .at(at, format!("{warmup} of the run"))
            .help("make it a share of the run, like 5%");
}
