//! Problems of values and units.

use super::{list, problems, say};
use crate::source::Span;

/// What `class`, `ordinal` and `set` want in their brackets.
pub fn declared_classes(word: &str) -> String {
    match word {
        "ordinal" => "a number of values, or all of their words from the first to the last".into(),
        "set" => "a number of labels, or their words".into(),
        _ => "a number of classes, or their words".into(),
    }
}

/// How such a type is written.
pub fn classes_for_example(word: &str) -> String {
    let words = match word {
        "ordinal" => "\"low\", \"mid\", \"high\"",
        "set" => "\"action\", \"comedy\"",
        _ => "\"cat\", \"dog\"",
    };
    format!("write {word}[10], or {word}[{words}]")
}

/// Why an ordinal has no `..`.
pub fn ordinal_is_closed() -> String {
    "words that are not listed have no place in the order: list all of them, or take a class, which is open with `..`"
        .into()
}

problems! {
    /// A number lacks its unit.
    "missing-unit" Error MissingUnit { setting: String, wanted: String, at: Span, help: String, number: Option<String>, unit: Option<&'static str> } => {
        let words = say(format!("`{setting}` needs a unit"))
            .at(at, format!("a number without a unit, where {wanted} is wanted"))
            .help(help);
        match number.zip(unit) {
            Some((number, unit)) => words.mend(at, &number, format!("{number}{unit}")),
            None => words,
        }
    };

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
    "wrong-value" Error WrongValue { setting: String, wanted: String, found: String, at: Span, declared: Option<Span>, help: Option<String>, repair: Option<[String; 2]> } => {
        let words = say(format!("`{setting}` wants {wanted}, not {found}"))
            .at(at, format!("this is {found}"))
            .maybe_at(declared, "declared here")
            .maybe_help(help);
        match repair {
            Some([was, text]) => words.mend(at, was, text),
            None => words,
        }
    };

    /// Labels are separated where no cell holds several.
    "separates-no-set" Error SeparatesNoSet { at: Span, ty_at: Option<Span> } =>
        say("`separated` says how a cell names several labels, and this is no column of a set")
            .at(at, "not the column of a set")
            .maybe_at(ty_at, "the field's type")
            .help("it stands first, behind the column of a field like `tags: set[\"a\", \"b\"] = tags |> separated(\"|\")`");

    /// Quantities of different measure meet.
    "mixed-units" Error MixedUnits { operation: String, left: String, right: String, at: Span } =>
        say(format!("`{operation}` cannot join {left} and {right}"))
            .at(at, format!("{left} and {right}"));

    /// A `require` of a definition is not met.
    "requirement-unmet" Error RequirementUnmet { callee: String, message: String, facts: Vec<String>, at: Span, declared: Option<Span> } =>
        say(if message.is_empty() { format!("a requirement of {callee} is not met") } else { format!("{callee}: {message}") })
            .at(at, if facts.is_empty() { "not so here".to_string() } else { format!("not so here, where {}", list(&facts)) })
            .maybe_at(declared, "required here");

    /// A formula asks for all examples of a batch, in a definition that does not say so.
    "across-batch" Error AcrossBatch { formula: String, callee: String, at: Span, declared: Span } =>
        say(format!("`{formula}` mixes the examples of a batch here, and {callee} does not say that it does"))
            .at(at, "all examples at once")
            .at(declared, "speaks of one example at a time")
            .help("write `across batch` behind its result, or leave `over: batch` away: `over:` takes the axes that the type names");

    /// A formula asks for all rows where there is one at a time.
    "rows-outside-fit" Error RowsOutsideFit { formula: String, word: String, at: Span } =>
        say(format!("`{formula}` asks for all rows, and only a `fit` of an encoder sees the training rows"))
            .at(at, format!("`over: {word}` outside a `fit`"))
            .help("in an encoder write `fit m = mean(x, over: rows)`: it is measured on the training rows, and travels with the model");

    /// Something is fitted where there are no rows.
    "fit-outside-encoder" Error FitOutsideEncoder { at: Span } =>
        say("`fit` measures the training rows, and a model sees one example at a time")
            .at(at, "no rows here")
            .help("declare an `encoder`, and use it in the formula of a field: `input x: number = x |> standardize`");

    /// The values of a field would be drawn.
    "noise-in-field" Error NoiseInField { at: Span } =>
        say("the formula of a field draws nothing: what it gives is the same for training, validation and predictions")
            .at(at, "chance, where values are prepared")
            .help("what changes training examples only belongs into the model: `if training then x + noise(normal, like: x) else x`");

    /// `decode` of something that is no column of files, or on the way to no picture.
    "decodes-no-file" Error DecodesNoFile { channels: Option<usize>, at: Span, ty_at: Option<Span> } =>
        say(match channels {
                Some(channels) => format!("a picture is decoded to 1, 3 or 4 channels, and this field has {channels}"),
                None => "`decode` reads the file that a column names, for a field of a type like image[32, 32, 3]".to_string(),
            })
            .at(at, if channels.is_some() { "grey, colour, or colour with opacity" } else { "not the name of a column, or no picture" })
            .maybe_at(ty_at, "the field's type")
            .help("write the column first: `input photo: image[32, 32, 3] = file |> decode |> scale`");

    /// A step of pictures after their pixels have become numbers.
    "picture-step-late" Error PictureStepLate { step: String, at: Span } =>
        say(format!("`{step}` changes a picture before its pixels are numbers, and here they are"))
            .at(at, "not right after `decode`")
            .help(format!("let it follow `decode`: `file |> decode |> {step}(…) |> scale`"));

    /// `on` stands where nothing can be applied to anything.
    "on-in-formula" Error OnInFormula { at: Span } =>
        say("`on` stands inside a formula, where it says nothing".to_string())
            .at(at, "applies nothing here")
            .help("in a train block it says what a loss, a metric or a regularizer applies to; a layer is applied by the pipe: `x |> layer`");

    /// A column is asked for where there are no data.
    "column-outside-data" Error ColumnOutsideData { name: &'static str, at: Span } =>
        say(format!("`{name}` asks for a column where there are no rows of data"))
            .at(at, "not in the formula of a field")
            .help("give the column to a field of the data block, `input it: number = column(…)`, and read that as an input of the model");

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
