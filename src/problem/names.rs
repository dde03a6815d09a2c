//! Problems of names: what is not there, and what is there twice.

use super::{count, list, problems, say, ticked};
use crate::source::{Near, Span};

/// What there is, where nothing is nearly called like what was wanted.
pub fn there_are(known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|it| it.to_string()).collect();
    format!("there {} {}", if known.len() == 1 { "is" } else { "are" }, list(&ticked(&known)))
}

problems! {
    /// A name is used that nothing declares.
    "unknown-name" Error UnknownName { kind: String, name: String, at: Span, near: Option<Near> } =>
        say(format!("there is no {kind} called `{name}`"))
            .at(at, "not found")
            .meant(at, &name, &near);

    /// A name is declared twice in one file.
    "name-twice" Error NameTwice { name: String, at: Span, first: Span } =>
        say(format!("`{name}` is declared twice"))
            .at(at, "declared again here")
            .at(first, "first declared here")
            .help("give one of the two another name");

    /// Two stages of one body have the same name and parameters of their own.
    "twin-stages" Error TwinStages { name: String, at: Span, first: Span } =>
        say(format!("two stages are called `{name}`, so their parameters would have the same names"))
            .at(at, "this stage has parameters too")
            .at(first, format!("the first `{name}`"))
            .help("name them: `… as first` and `… as second`");

    /// Files import each other in a circle.
    "import-cycle" Error ImportCycle { at: Span, path: String } =>
        say(format!("`{path}` imports this file, directly or through others"))
            .at(at, "the circle closes here")
            .help("move what both need into a third file");

    /// An imported file cannot be read.
    "import-missing" Error ImportMissing { at: Span, looked: String, reason: String } =>
        say(format!("the imported file `{looked}` cannot be read: {reason}"))
            .at(at, "imported here")
            .help("paths are relative to the file that imports");

    /// An imported file does not declare the name.
    "imported-name-missing" Error ImportedNameMissing { at: Span, name: String, from: Option<String>, part: Option<String>, near: Option<Near> } =>
        say(match from {
            Some(part) if part == "std" => format!("the library declares no `{name}`"),
            Some(part) => format!("`{part}` declares no `{name}`"),
            None => format!("the imported file declares no `{name}`"),
        })
            .at(at, "not found there")
            .meant(at, &name, &near.filter(|_| part.is_none()))
            .maybe_help(part.map(|part| format!("it is one of `{part}`: `use {part} {{ {name} }}`")));

    /// An import names neither what it brings nor the file as a whole.
    "import-without-names" Error ImportWithoutNames { at: Span, names: Vec<String>, is_library: bool, after: Span } => {
        let words = say("this import does not say which names it brings".to_string()).at(at, "no names in braces");
        match &names[..] {
            _ if is_library => words.help("what the library declares is known without it: leave the line away"),
            [] => words.help("write the names in braces, `{ one, other }`, or give the file a name, `as blocks`"),
            names => words.help(format!("this file uses {}", list(&ticked(names)))).edit(after, format!(" {{ {} }}", names.join(", "))),
        }
    };

    /// Something has the name that a file has as a whole.
    "alias-taken" Error AliasTaken { name: String, at: Span, alias_at: Span } =>
        say(format!("`{name}` is the name of a whole file here, and of something else"))
            .at(at, "this has the same name")
            .at(alias_at, "the file is called so here")
            .help("give one of the two another name");

    /// A callable has no setting of that name.
    "unknown-argument" Error UnknownArgument { callee: String, name: String, at: Span, near: Option<Near>, known: Vec<String> } =>
        say(format!("{callee} has no setting called `{name}`"))
            .at(at, "not one of its settings")
            .meant(at, &name, &near)
            .maybe_help((near.is_none() && !known.is_empty()).then(|| format!("it takes {}", list(&ticked(&known)))));

    /// More arguments than a callable takes.
    "too-many-arguments" Error TooManyArguments { callee: String, takes: usize, at: Span, declared: Option<Span> } =>
        say(format!("{callee} takes {}", count(takes, "argument", "arguments")))
            .at(at, "this one is too many")
            .maybe_at(declared, "declared here");

    /// An argument is given twice.
    "argument-twice" Error ArgumentTwice { name: String, at: Span, first: Span } =>
        say(format!("`{name}` is given twice"))
            .at(at, "given again here")
            .at(first, "first given here");

    /// A setting without a default is not given.
    "argument-missing" Error ArgumentMissing { callee: String, name: String, at: Span, declared: Option<Span> } =>
        say(format!("{callee} needs `{name}`"))
            .at(at, format!("`{name}` is not given here"))
            .maybe_at(declared, "declared here, without a default");

    /// A thing of the wrong kind stands where another kind is wanted.
    "wrong-kind" Error WrongKind { wanted: String, found: String, at: Span, help: Option<String> } =>
        say(format!("{found} stands where {wanted} is wanted"))
            .at(at, format!("this is {found}"))
            .maybe_help(help);

    /// A definition has no formula at the end of its body, so it has no value.
    "gives-nothing" Error GivesNothing { callee: String, at: Span, wanted: Span } =>
        say(format!("{callee} gives nothing: no formula stands at the end of its body"))
            .at(at, "a formula is missing in this body")
            .at(wanted, "its value is wanted here")
            .help("end the body with the formula of its value");

    /// A definition uses itself.
    "endless-definition" Error EndlessDefinition { name: String, at: Span, parts: bool } =>
        say(format!("`{name}` is defined by itself, without an end"))
            .at(at, "it comes back to itself here")
            .maybe_help(parts.then(|| "write `repeat(n, …)` for a number of equal parts".into()));

    /// Definitions that stand one upon the other, too many of them.
    "defined-too-deep" Error DefinedTooDeep { at: Span } =>
        say("too many definitions stand one upon the other".to_string())
            .at(at, "what this is made of is not followed any deeper")
            .help("give a value a name in a body, `y = f(x)`, and go on from there; `repeat(n, …)` stands for equal layers");

    /// A block has no setting of that name.
    "unknown-setting" Error UnknownSetting { block: String, name: String, at: Span, belongs: Option<String>, near: Option<Near>, help: Option<String>, edits: Vec<(Span, String)> } => {
        let words = say(format!("{block} has no setting called `{name}`"))
            .at(at, belongs.unwrap_or_else(|| "not one of its settings".into()))
            .meant(at, &name, &near)
            .maybe_help(help);
        edits.into_iter().fold(words, |words, (at, text)| words.edit(at, text))
    };

    /// A setting is given twice in one block.
    "setting-twice" Error SettingTwice { name: String, at: Span, first: Span } =>
        say(format!("`{name}` is set twice in this block"))
            .at(at, "set again here")
            .at(first, "first set here")
            .help("keep one of the two");

    /// A block lacks a setting that it cannot do without.
    "setting-missing" Error SettingMissing { block: String, name: String, at: Span, help: String } =>
        say(format!("{block} needs `{name}`"))
            .at(at, format!("`{name}` is not set here"))
            .help(help);

    /// An override on the command line matches nothing.
    "override-unmatched" Error OverrideUnmatched { path: String, at: Span, near: Vec<String> } =>
        say(format!("`{path}` is no setting of this program"))
            .at(at, "matches nothing")
            .maybe_help((!near.is_empty()).then(|| format!("there is {}", list(&near))));

    /// An override on the command line matches several settings.
    "override-ambiguous" Error OverrideAmbiguous { path: String, at: Span, matches: Vec<String> } =>
        say(format!("`{path}` could be {}", list(&matches)))
            .at(at, "matches several settings")
            .help("write more of the path");

    /// A pattern selects no parameter.
    "pattern-unmatched" Error PatternUnmatched { pattern: String, at: Span, near: Option<Near>, parameters: Vec<String> } => {
        let words = say(format!("`{pattern}` matches no parameter of the model")).at(at, "matches nothing").meant(at, &pattern, &near);
        let shown = ticked(&parameters[..parameters.len().min(8)]);
        match parameters.len().saturating_sub(shown.len()) {
            0 => words.note(format!("its parameters are {}", list(&shown))),
            more => words.note(format!("its parameters are {} and {more} more", shown.join(", "))),
        }
    };
}
