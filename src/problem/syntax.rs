//! Problems of the text itself.

use super::{count, did_you_mean, list, problems, say};
use crate::source::{Near, Span};

problems! {
    /// Something stands where nothing of the kind can stand.
    "unexpected-text" Error UnexpectedText { found: String, why: String, help: Option<String>, at: Span } => {
        let place = if why.is_empty() { "here".to_string() } else { why };
        let headline = match &*found {
            "" => "the program ends too early".to_string(),
            _ => format!("`{found}` cannot stand {place}"),
        };
        say(headline).at(at, "not expected").maybe_help(help)
    };

    /// A word that is none of those that can stand at its place.
    "unknown-word" Error UnknownWord { word: String, near: Option<Near>, known: Vec<String>, at: Span } => {
        let words = say(match known.is_empty() {
            true => format!("`{word}` means nothing here"),
            false => format!("`{word}` begins no declaration"),
        });
        let words = words.at(at, "not a word of the language").maybe_help(did_you_mean(&near));
        match near {
            Some(near) => words.edit(at, near.name),
            None => words.help(format!("a declaration begins with {}", list(&known))),
        }
    };

    /// A setting or a field without the `:` behind its name.
    "missing-colon" Error MissingColon { name: String, at: Span, gap: Span } =>
        say(format!("a `:` is missing after `{name}`"))
            .at(at, if at == gap { "here" } else { "before this" })
            .help(format!("`{name}: …`"))
            .edit(gap, ":");

    /// `=` where a setting or a field wants `:`.
    "equals-for-colon" Error EqualsForColon { name: String, at: Span } =>
        say(format!("`{name}` is set with `=` instead of `:`"))
            .at(at, "a `:` is wanted here")
            .help("`:` sets a setting or gives a type, `=` defines a formula")
            .edit(at, ":");

    /// `:` where a formula is defined.
    "colon-for-equals" Error ColonForEquals { name: String, at: Span } =>
        say(format!("`{name}` is defined with `:` instead of `=`"))
            .at(at, "a `=` is wanted here")
            .help("`=` defines a formula, `:` sets a setting or gives a type")
            .edit(at, " =");

    /// Two values in brackets without a comma between them.
    "missing-comma" Error MissingComma { right: String, at: Span, gap: Span } =>
        say(format!("a `,` is missing before `{right}`")).at(at, "before this").edit(gap, ",");

    /// A name is missing, or something else stands in its place.
    "name-expected" Error NameExpected { before: String, found: String, reserved: bool, at: Span } =>
        match (&*found, reserved) {
            ("", _) => say(format!("no name follows `{before}`")).at(at, "a name is missing here"),
            (_, true) => say(format!("`{found}` is a word of the language and cannot be a name")).at(at, "choose another name"),
            (_, false) => say(format!("`{found}` is no name")).at(at, format!("a name is wanted after `{before}`")),
        };

    /// A formula, a type or a text is missing.
    "value-missing" Error ValueMissing { what: &'static str, before: String, found: String, at: Span } =>
        match &*found {
            "" => say(format!("nothing follows `{before}`")).at(at, format!("a {what} is missing here")),
            _ => say(format!("`{found}` cannot follow `{before}`")).at(at, format!("a {what} is wanted here")),
        };

    /// A word or mark that belongs to a construct is missing.
    "part-missing" Error PartMissing { part: String, found: String, at: Span, gap: Option<Span> } => {
        if !found.is_empty() {
            say(format!("`{found}` stands where `{part}` is wanted")).at(at, format!("not `{part}`")).edit(at, part)
        } else {
            let words = say(format!("`{part}` is missing")).at(at, format!("`{part}` is wanted here"));
            match gap {
                Some(gap) => words.edit(gap, format!(" {part}")),
                None => words,
            }
        }
    };

    /// A declaration without a body.
    "body-missing" Error BodyMissing { what: String, at: Span } =>
        say(format!("`{what}` has no body"))
            .at(at, "it is missing here")
            .help("write `= formula`, or `{ … }` with a formula at its end");

    /// A `(` or `[` without its end.
    "bracket-not-closed" Error BracketNotClosed { what: String, missing: String, at: Span, open_at: Span, others: Vec<Span> } => {
        let headline = match &*what {
            "" => "a bracket is never closed".to_string(),
            _ => format!("the bracket after `{what}` is never closed"),
        };
        let words = say(headline).at(at, format!("`{missing}` is missing here")).at(open_at, "it opens here");
        others.into_iter().fold(words, |words, other| words.at(other, "and this one")).edit(at, missing)
    };

    /// A block without its `}`, or a file that ends too early.
    "block-not-closed" Error BlockNotClosed { what: String, missing: Vec<String>, at: Span, open_at: Span, others: Vec<Span>, at_end: bool } => {
        let headline = match (&*what, at_end) {
            ("", _) => "a block is never closed".to_string(),
            (_, true) => format!("the file ends inside the block of `{what}`"),
            (_, false) => format!("the block of `{what}` is never closed"),
        };
        let quoted: Vec<String> = missing.iter().map(|it| format!("`{it}`")).collect();
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let words = say(headline).at(at, format!("{} {verb} missing here", list(&quoted))).at(open_at, "the block begins here");
        let words = others.into_iter().rev().fold(words, |words, other| words.at(other, "this is open too"));
        words.help(format!("close it with `{}`", missing.concat()))
    };

    /// A closing bracket that no bracket opened.
    "bracket-not-opened" Error BracketNotOpened {
        bracket: String, more: usize, at: Span, begins: Option<Span>, first_line: Option<&'static str>,
    } => {
        let headline = match (begins, more) {
            (None, 0) => format!("a `{bracket}` closes nothing"),
            (None, _) => format!("a `{bracket}` and the {} behind it close nothing", count(more, "bracket", "brackets")),
            (Some(_), _) => format!("the lines before this `{bracket}` stand in no block"),
        };
        let words = say(headline).at(at, "no bracket is open here").maybe_at(begins, "the block would begin above this line");
        match first_line {
            None if more > 0 => words.help("remove them, or open their brackets before"),
            None => words.help("remove it, or open its bracket before"),
            Some(line) => words.help(format!("write its first line, like `{line}`")),
        }
    };

    /// Rows of a table outside of one.
    "rows-without-table" Error RowsWithoutTable { at: Span } =>
        say("rows of a table stand outside of a table")
            .at(at, "the first of them")
            .help("write `source: table {` before them, and `}` behind");

    /// The first line names an edition of the language that there is not.
    "unknown-edition" Error UnknownEdition { found: String, at: Span } =>
        say(match &*found {
                "" => "`dlm` names no edition of the language".to_string(),
                found => format!("this version of dlmc does not know the edition {found} of the language"),
            })
            .at(at, "there is the edition 1")
            .help("dlm 1")
            .edit(at, "dlm 1");

    /// A block without its `{`.
    "block-not-opened" Error BlockNotOpened { what: String, at: Span } =>
        say(match &*what {
            "" => "a block is never opened".to_string(),
            _ => format!("the block of `{what}` is never opened"),
        })
            .at(at, "`{` is missing here")
            .edit(at, " {");

    /// A bracket that is closed by one of another kind.
    "bracket-mismatch" Error BracketMismatch { opened: String, found: String, wanted: String, at: Span, open_at: Span } =>
        say(format!("a `{opened}` is closed by a `{found}`"))
            .at(at, format!("`{wanted}` is wanted here"))
            .at(open_at, "it opens here")
            .edit(at, wanted);

    /// A string without its closing quote.
    "string-not-closed" Error StringNotClosed { quotes: &'static str, at: Span } =>
        say("a string is never closed")
            .at(at, "it begins here")
            .help(format!("add `{quotes}` where it ends"));

    /// Brackets, branches or operators nested more deeply than a person can read.
    "nested-too-deep" Error NestedTooDeep { most: usize, at: Span } =>
        say(format!("a formula is nested more than {most} deep"))
            .at(at, "deeper than this is not read")
            .help("give parts of it names of their own");

    /// A number is followed by a word that is no unit.
    "unknown-unit" Error UnknownUnit { word: String, number: String, near: Option<Near>, at: Span } => {
        let words = say(format!("there is no unit called `{word}`")).at(at, "not a unit");
        match near {
            Some(near) => words.help(format!("did you mean `{near}`?")).edit(at, near.name),
            None => words.help(format!("for a product, write `{number} * {word}`")),
        }
    };

    /// A backslash in a string is followed by a character that needs none.
    "unknown-escape" Error UnknownEscape { character: char, at: Span } =>
        say(format!("`\\{character}` means nothing in a string"))
            .at(at, "after a backslash stand `n`, `t`, `\"` or `\\`")
            .help(format!("for the two characters themselves, write `\\\\{character}`"))
            .edit(at, format!("\\\\{character}"));
}
