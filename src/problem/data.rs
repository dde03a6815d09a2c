//! Problems of data: sources, files, columns, cells, classes, splits.

use super::outside::OUTPUT;
use super::{Words, count, list, problems, say, ticked};
use crate::source::{Near, Span};

/// Where a row or a cell stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Spot {
    /// A line of the file.
    Line(u32),
    /// A row of a file that has no lines, from 1.
    Row(u32),
    /// A place in the program: the cell of an inline table.
    Cell(Span),
}

/// One of the first things of a kind, shown for all of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    pub spot: Spot,
    pub text: String,
}

impl Shown {
    /// How many are shown.
    pub const MOST: usize = 3;
}

/// What may have gone wrong with a heading in which columns are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OddHeading {
    No,
    /// All of it is one cell, with this character in it.
    Separated(char),
    /// It holds numbers, as rows do.
    Values {
        table: bool,
    },
}

/// What is missing, for what can be done about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MissingKind {
    Target,
    Number,
    Class,
    Set,
}

/// What a number should have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Number,
    Whole,
    Finite,
    Smaller,
    Binary,
}

problems! {
    /// A data block names a source that does not exist.
    "unknown-source" Error UnknownSource { source: String, near: Option<Near>, known: Vec<String>, at: Span } =>
        say(format!("there is no source called `{source}`"))
            .at(at, "not a source")
            .note(format!("sources are {}", list(&ticked(&known))))
            .meant(at, &source, &near);

    /// A source of the language that this version does not read.
    "source-not-available" Error SourceNotAvailable { source: String, known: Vec<String>, at: Span } =>
        say(format!("this version of dlmc does not read `{source}` yet"))
            .at(at, "belongs to the language, but nothing reads it so far")
            .help(format!("convert the data to one of {}", list(&ticked(&known))));

    /// A source of which this build goes without.
    "source-left-out" Error SourceLeftOut { source: String, at: Span } =>
        say(format!("this build of dlmc goes without `{source}`"))
            .at(at, format!("needs the feature `{source}`"))
            .help(format!("build dlmc with it: `cargo build --release --features {source}`, or `cargo install --path . --features {source}`"));

    /// A source or a split is given a setting that it does not have.
    "unknown-data-setting" Error UnknownDataSetting {
        callee: String, setting: Option<String>, near: Option<Near>, known: Vec<String>, at: Span,
    } => {
        let message = match (&setting, known.is_empty()) {
            (_, true) => format!("`{callee}` takes no settings"),
            (Some(setting), _) => format!("`{callee}` has no setting called `{setting}`"),
            (None, _) => format!("`{callee}` takes {}, and more are given", count(known.len(), "setting", "settings")),
        };
        let words = say(message).at(at, if setting.is_some() { "not a setting" } else { "one too many" });
        let words = if known.is_empty() { words } else { words.note(format!("its settings are {}", list(&ticked(&known)))) };
        words.meant(at, setting.as_deref().unwrap_or_default(), &near)
    };

    /// A setting of a source or a split comes twice.
    "data-setting-twice" Error DataSettingTwice { setting: &'static str, at: Span, before: Span } =>
        say(format!("the setting `{setting}` is given twice"))
            .at(at, "the second time")
            .at(before, "the first time")
            .help("keep one of them");

    /// A source or a split lacks a setting that it cannot do without.
    "missing-data-setting" Error DataSettingMissing {
        callee: String, setting: &'static str, what: &'static str, doc: &'static str, at: Span,
    } =>
        say(format!("`{callee}` needs its setting `{setting}`"))
            .at(at, format!("`{setting}` is {what}"))
            .note(doc.trim_end_matches('.'))
            .help(format!("add `{setting}: …`"));

    /// A setting of a source or a split has a value of another kind.
    "data-setting-value" Error DataSettingValue {
        callee: String, setting: &'static str, what: &'static str, found: String, example: String, at: Span,
    } =>
        say(format!("`{setting}` of `{callee}` takes {what}"))
            .at(at, format!("this is {found}"))
            .help(example);

    /// A data file is nowhere to be found.
    "file-missing" Error FileMissing {
        path: String, places: Vec<String>, root_unset: bool, near: Option<Near>, at: Option<Span>,
    } => {
        let words = say(format!("the file {path:?} is not there")).maybe_at(at, "no such file");
        let words = words.note(format!("looked for {}", places.join(" and ")));
        if let Some(near) = near {
            let words = words.help(format!("did you mean {:?}?", near.name));
            match at {
                Some(at) if near.is_certain => words.mend(at, format!("{path:?}"), format!("{:?}", near.name)),
                _ => words,
            }
        } else if root_unset {
            words.help("correct the path, or let the environment variable DLMC_DATA name the folder that holds the data")
        } else {
            words.help("correct the path, or put the file in one of these places")
        }
    };

    /// A data file is there but cannot be read or unpacked.
    "file-unreadable" Error FileUnreadable { path: String, why: String, packed: Option<&'static str>, at: Option<Span> } =>
        match packed {
            None => say(format!("the file {path:?} cannot be read")).because(at, why),
            Some(packing) => say(format!("the file {path:?} is packed with {packing}, which dlmc does not unpack"))
                .maybe_at(at, format!("packed with {packing}"))
                .help("unpack it, or pack it with gzip"),
        };

    /// A data file is larger than what is read at once.
    "data-too-large" Error DataTooLarge { what: String, limit: u64, at: Option<Span> } =>
        say(format!("{what} is too large to be read at once"))
            .maybe_at(at, format!("holds more than {}", bytes(limit)))
            .help("train on a part of the rows");

    /// A data file is not text in UTF-8.
    "not-utf8" Error NotUtf8 { shown: String, line: usize, wide: bool, at: Option<Span> } => {
        let what = if wide { "it looks like UTF-16".to_string() } else { format!("line {line} holds other bytes") };
        say(format!("{shown} is not text in UTF-8")).maybe_at(at, what).help("save it as UTF-8")
    };

    /// A source holds no rows.
    "no-rows" Error NoRows { shown: String, heading: bool, at: Option<Span> } =>
        say(format!("{shown} has no rows"))
            .maybe_at(at, if heading { "there is a heading, and nothing below it" } else { "it is empty" })
            .help("add rows to it, or name another source");

    /// A file of CIFAR-10 is not what its format says.
    "cifar-damaged" Error CifarDamaged { shown: String, why: String, at: Option<Span> } =>
        say(format!("{shown} is not a file of CIFAR-10: {why}"))
            .maybe_at(at, "a file of this folder")
            .help("unpack the archive of the binary version anew: cifar-10-batches-bin");

    /// A folder that a source names is not there.
    "folder-missing" Error FolderMissing { path: String, places: Vec<String>, root_unset: bool, at: Option<Span> } =>
        say(format!("the folder {path:?} is not there"))
            .maybe_at(at, "no such folder")
            .note(format!("looked for {}", places.join(" and ")))
            .help(if root_unset {
                "correct the path, or let the environment variable DLMC_DATA name the folder that holds the data"
            } else {
                "correct the path, or put the folder in one of these places"
            });

    /// What lies in a folder cannot be listed.
    "folder-unreadable" Error FolderUnreadable { path: String, why: String, at: Option<Span> } =>
        say(format!("what lies in {path:?} cannot be read: {why}"))
            .maybe_at(at, "a folder of this source")
            .help("let it be read by you, and give its files names in UTF-8");

    /// Files that should be pictures cannot be decoded.
    "pictures-unreadable" Error PicturesUnreadable {
        column: String, shown: String, files: Vec<String>, count: usize, rows: usize, at: Span,
    } => {
        let message = match &files[..] {
            [file] if count == 1 => format!("1 of {rows} pictures of {shown} cannot be read: {file}"),
            _ => format!("{count} of {rows} pictures of {shown} cannot be read"),
        };
        let words = say(message).at(at, format!("`{column}` names them"));
        let words = if count == 1 { words } else { note_files(words, &files, count) };
        words.help("put sound PNG or JPEG files in their places, or take them out of the data")
    };

    /// Pictures of another size than the field's type says.
    "picture-size" Error PictureSize {
        column: String, shown: String, files: Vec<String>, count: usize, rows: usize, wanted: [usize; 2], at: Span, ty_at: Span,
    } => {
        let [height, width] = wanted;
        let words = say(format!("{count} of {rows} pictures of {shown} {} not {height} × {width}", if count == 1 { "is" } else { "are" }))
            .at(at, format!("`{column}` names them"))
            .at(ty_at, "the size that is declared");
        note_files(words, &files, count).help(format!("make them that: `decode |> resize({height}px, {width}px)`, or `resize({}px, side: short) |> center_crop({height}px, {width}px)`", height.min(width)))
    };

    /// Rows have more or fewer cells than there are columns.
    "ragged-rows" Error RaggedRows { shown: String, columns: usize, rows: Vec<Shown>, count: usize, at: Option<Span> } => {
        let number = super::count(count, "row", "rows");
        let has = if count == 1 { "does" } else { "do" };
        let words = say(format!("{number} of {shown} {has} not have {columns} cells, as the heading has"));
        let cells = |row: &Shown| row.text.parse().unwrap_or(0);
        let is_long = rows.iter().any(|row| cells(row) > columns && matches!(row.spot, Spot::Line(_)));
        let words = tell(words, &shown, &rows, count, at, "read here", |text| {
            format!("has {}", super::count(text.parse().unwrap_or(0), "cell", "cells"))
        });
        if is_long { words.help("quote cells that hold the separator: \"a, b\"") } else { words }
    };

    /// A quote in a CSV file never closes, or text follows where it closed.
    "csv-quote" Error CsvQuote { shown: String, line: u32, closed: bool, at: Option<Span> } => {
        let message = match closed {
            true => format!("in {shown}, line {line}, text follows a closing quote"),
            false => format!("in {shown}, the quote that opens on line {line} never closes"),
        };
        say(message).maybe_at(at, "read here").help("write a quote inside a quoted cell twice: \"5\"\" pipe\"")
    };

    /// The names given to the columns of a file do not fit it.
    "column-names" Error ColumnNames { header: bool, names: usize, columns: usize, shown: String, at: Span } =>
        match header {
            true => say("the columns are named both here and by the first line of the file")
                .at(at, "these names would not be used")
                .help("header: no, if the first line is a row; else leave `names` out"),
            false => say(format!(
                "`names` gives {} to the {} of {shown}", count(names, "name", "names"), count(columns, "column", "columns")
            ))
                .at(at, count(names, "name", "names")),
        };

    /// Lines of a JSONL file are no JSON objects.
    "json-lines" Error JsonLines { shown: String, lines: Vec<Shown>, count: usize, at: Option<Span> } => {
        let number = super::count(count, "line", "lines");
        let words = say(format!("{number} of {shown} {} no JSON object", if count == 1 { "is" } else { "are" }));
        tell(words, &shown, &lines, count, at, "read here", |text| text.to_string())
            .help("write one object on each line: {\"age\": 31, \"city\": \"Oslo\"}")
    };

    /// The lists of numbers in a JSONL file differ in shape.
    "mixed-shapes" Error MixedShapes {
        shown: String, column: String, expected: Vec<usize>, rows: Vec<Shown>, count: usize, at: Option<Span>,
    } => {
        let words = say(format!("`{column}` of {shown} does not have one shape, {expected:?}, in every row"));
        tell(words, &shown, &rows, count, at, "read here", |text| format!("holds {text}"))
    };

    /// A file is not what MNIST's format says.
    "idx-damaged" Error IdxDamaged { shown: String, why: String, at: Option<Span> } =>
        say(format!("the file {shown:?} is no IDX file, or only a part of one")).because(at, why);

    /// The files of one source hold different numbers of rows.
    "row-counts" Error RowCounts {
        left: String, lefts: usize, right: String, rights: usize, left_at: Option<Span>, right_at: Option<Span>,
        arrays: bool,
    } =>
        say(format!("{left:?} holds {lefts} rows and {right:?} holds {rights}"))
            .maybe_at(right_at, count(rights, "row", "rows"))
            .maybe_at(left_at, count(lefts, "row", "rows"))
            .help(match arrays {
                true => "say which arrays belong together: `arrays: [\"*_train\"]`, or the names of all",
                false => "give the two files that belong together",
            });

    /// A field reads a column that the source does not have.
    "unknown-column" Error UnknownColumn {
        missing: Vec<(String, Span)>, shown: String, near: Option<Near>, columns: Vec<String>, heading: OddHeading,
        source_at: Option<Span>, repair: Option<(Span, String, String)>,
    } => {
        let names: Vec<String> = missing.iter().map(|it| it.0.clone()).collect();
        let headline = match &names[..] {
            [one] => format!("{shown} has no column called `{one}`"),
            several => format!("{shown} has no columns called {}", some(several)),
        };
        let words = missing.into_iter().fold(say(headline), |words, it| words.at(it.1, "read here"));
        let words = words.maybe_at(source_at, "its heading has other names");
        let words = words.note(format!("its columns are {}", some(&columns)));
        let words = match &repair {
            Some((at, was, text)) => words.mend(*at, was, text),
            None => words,
        };
        match heading {
            OddHeading::Separated(separator) => {
                words.help(format!("its cells seem to be separated by another character: add `separator: {:?}`", separator.to_string()))
            }
            OddHeading::Values { table: true } => words.help("the first row of a table is its heading: add one"),
            OddHeading::Values { table: false } => {
                words.help("if the file has no heading, add `header: no, names: [\"…\"]`")
            }
            OddHeading::No => words.maybe_help(near.map(|near| match is_word(&near) {
                true => format!("did you mean `{near}`?"),
                false => format!("did you mean {}?", column(&near)),
            })),
        }
    };

    /// A field reads a column whose name occurs more than once.
    "duplicate-column" Error DuplicateColumn { column: String, times: usize, shown: String, at: Span } =>
        say(format!("{shown} has {times} columns called `{column}`"))
            .at(at, "it is not clear which one is meant")
            .help("give each column a name of its own in the file");

    /// A pattern selects no column.
    "pattern-without-columns" Error PatternWithoutColumns {
        pattern: String, shown: String, columns: Vec<String>, at: Span,
    } =>
        say(format!("no column of {shown} is called like {pattern:?}"))
            .at(at, "selects nothing")
            .note(format!("its columns are {}", some(&columns)));

    /// An `ignore` names nothing that is there.
    "ignores-nothing" Error IgnoresNothing { pattern: String, shown: String, near: Option<Near>, at: Span } =>
        say(format!("{shown} has no column `{pattern}` to ignore"))
            .at(at, "ignores nothing")
            .meant(at, &pattern, &near);

    /// A pattern selects more or fewer columns than its field has numbers.
    "column-count" Error ColumnCount {
        pattern: String, shown: String, found: usize, wanted: usize, columns: Vec<String>, at: Span, ty_at: Span,
    } =>
        say(format!("{pattern:?} selects {} of {shown}, but {} declared", count(found, "column", "columns"), are(wanted, "number", "numbers")))
            .at(at, some(&columns))
            .at(ty_at, format!("room for {wanted}"));

    /// A field wants a tensor, and the column holds cells of text.
    "cells-are-text" Error CellsAreNumbers { column: String, shown: String, wanted: Vec<usize>, at: Span } =>
        say(format!("the column `{column}` of {shown} holds single cells, not tensors of shape {wanted:?}"))
            .at(at, "one cell a row")
            .help("columns(\"name_*\") puts many columns side by side");

    /// A field wants single values, and the column holds tensors.
    "cells-are-tensors" Error NumbersAreCells { column: String, shown: String, held: Vec<usize>, is_set: bool, at: Span } => {
        let message = format!("the column `{column}` of {shown} holds tensors of shape {held:?}, not single values");
        match is_set {
            false => say(message).at(at, "a single value is wanted here").help(format!("f32{held:?} is the type of its rows")),
            true => say(message).at(at, "labels are wanted here").help("labels in a list are texts: [\"0\", \"2\"]"),
        }
    };

    /// A column's tensors have another shape than the field declares.
    "column-shape" Error ShapeOfColumn {
        column: String, shown: String, held: Vec<usize>, wanted: Vec<usize>, at: Span, ty_at: Span,
    } =>
        say(format!("`{column}` of {shown} has the shape {held:?} but {wanted:?} is declared"))
            .at(at, format!("a row is {held:?}"))
            .at(ty_at, format!("{wanted:?} declared here"));

    /// Columns that no field reads.
    "unused-column" Warning UnusedColumn { data: String, shown: String, columns: Vec<String>, at: Span } => {
        let (one, it) = (columns.len() == 1, some(&columns));
        let message = match one {
            true => format!("the column {it} of {shown} is used by no field of `{data}`"),
            false => format!("{} columns of {shown} are used by no field of `{data}`: {it}", columns.len()),
        };
        let names: Vec<String> = columns.iter().map(|name| match is_word(name) {
            true => name.clone(),
            false => format!("{name:?}"),
        }).collect();
        say(message).at(at, "read here").help(format!("ignore {}", names.join(", ")))
    };

    /// An input reads the column that is to be predicted.
    "target-among-inputs" Error TargetAmongInputs {
        column: String, input: String, target: String, pattern: Option<String>, at: Span, target_at: Span,
    } => {
        let words = say(format!("the input `{input}` reads `{column}`, which `{target}` is to predict"))
            .at(at, match &pattern {
                Some(pattern) => format!("{pattern:?} selects `{column}` too"),
                None => format!("gives the answer away: this is the column of `{target}`"),
            })
            .at(target_at, "the target");
        match pattern {
            Some(_) => words.help("write a pattern that the target does not fit, or list the columns"),
            None => words.help(format!("leave `{column}` out of the inputs")),
        }
    };

    /// Cells of a column do not hold what the field's type wants.
    "bad-cells" Error BadCells {
        column: String, shown: String, wanted: Wanted, hint: Option<String>, cells: Vec<Shown>, count: usize, at: Span, ty_at: Span,
    } => {
        let (what, whats) = match wanted {
            Wanted::Number => ("is not a number", "are not numbers"),
            Wanted::Whole => ("is not a whole number", "are not whole numbers"),
            Wanted::Finite => ("is not a finite number", "are not finite numbers"),
            Wanted::Smaller => ("is too large a number", "are too large numbers"),
            Wanted::Binary => ("is neither yes nor no", "are neither yes nor no"),
        };
        let message = match &cells[..] {
            [cell] if count == 1 => format!("{} in `{column}` of {shown} {what}", quoted(&cell.text)),
            _ => format!("{count} cells of `{column}` of {shown} {whats}"),
        };
        let words = tell_cells(say(message), &shown, &cells, count, at, ty_at);
        let words = match wanted {
            Wanted::Binary => words.note("binary reads 0 and 1, false and true, no and yes, or the two words that it declares"),
            Wanted::Number | Wanted::Whole | Wanted::Finite | Wanted::Smaller => words,
        };
        words.help(hint.unwrap_or_else(|| match wanted {
            Wanted::Smaller => "correct it, or give the column in a larger unit".into(),
            Wanted::Number | Wanted::Finite if cells[0].text.chars().count() <= 12 => {
                format!("correct it; if it stands for nothing, tell the source: `missing: [\"\", {}]`", quoted(&cells[0].text))
            }
            _ => "correct it in the file".into(),
        }))
    };

    /// Cells are missing where the field cannot do without.
    "missing-cells" Error MissingCells {
        column: String, shown: String, cells: Vec<Shown>, count: usize, rows: usize, kind: MissingKind, at: Span, ty_at: Span,
    } => {
        let verb = if count == 1 { "is" } else { "are" };
        let words = say(format!("{} of `{column}` of {shown} {verb} missing", super::count(count, "cell", "cells")));
        let words = tell(words, &shown, &cells, count, Some(at), "a value is wanted in every row", |_| "is missing".into());
        let words = words.note(format!("{count} of {rows} rows")).at(ty_at, "not marked `?`");
        match kind {
            MissingKind::Target => words.help("leave those rows out of the file: what is to be learned cannot be made up"),
            MissingKind::Number => words.help(format!("{column} |> impute(median), or number? where the model can do without")),
            MissingKind::Class => words.help("add `?` to the type: missing is a class of its own"),
            MissingKind::Set => words
                .help(format!("if such a cell means that no label is on, say so: `{column} |> separated(missing: empty)`"))
                .help("if it means that nobody knows, add `?` to the type: missing is a label of its own"),
        }
    };

    /// Cells name a class that is not declared.
    "unknown-class" Error UnknownClass {
        column: String, shown: String, near: Option<Near>, integers: bool, ordered: bool, missing: bool, names: Vec<String>,
        cells: Vec<Shown>, count: usize, at: Span, ty_at: Span,
    } => {
        let first = quoted(&cells[0].text);
        let classes = match ordered {
            true => super::count(names.len(), "value", "values"),
            false => super::count(names.len(), "class", "classes"),
        };
        let message = match count {
            1 => format!("{first} in `{column}` of {shown} is none of the {classes}"),
            _ => format!("{count} cells of `{column}` of {shown}, {first} among them, are none of the {classes}"),
        };
        let words = tell_cells(say(message), &shown, &cells, count, at, ty_at);
        let word = if ordered { "ordinal" } else { "class" };
        match (near, integers) {
            (Some(near), false) => words.help(format!("did you mean {:?}?", near.name)),
            _ if missing => words.help(format!("list {first} under `missing:` of the source, and add `?` to the type")),
            (_, true) => words
                .note(format!("{word}[{}] reads the integers from 0 to {}", names.len(), names.len().max(1) - 1))
                .help(format!("{word}[{}], or {word}[\"…\", \"…\"] with the words", names.len() + 1)),
            (None, false) if ordered => words
                .note(format!("the values are {}", some(&names)))
                .help("declare it at its place in the order"),
            (None, false) => words
                .note(format!("the classes are {}", some(&names)))
                .help("declare it, or add `..` to the classes: all other words become one class"),
        }
    };

    /// Cells name a label that is not declared.
    "unknown-label" Error UnknownLabel {
        column: String, shown: String, near: Option<Near>, separator: String, other: Option<&'static str>, names: Vec<String>,
        cells: Vec<Shown>, count: usize, at: Span, ty_at: Span,
    } => {
        let first = quoted(&cells[0].text);
        let labels = super::count(names.len(), "label", "labels");
        let message = match count {
            1 => format!("{first} in `{column}` of {shown} is none of the {labels}"),
            _ => format!("{count} cells of `{column}` of {shown} name what is none of the {labels}, {first} first"),
        };
        let words = tell_cells(say(message), &shown, &cells, count, at, ty_at);
        match (other, near) {
            _ if cells[0].text.is_empty() => words
                .note(format!("{separator:?} stands between two labels, and beside it stands none"))
                .help(format!("take the {separator:?} away")),
            (Some(other), _) => words
                .note(format!("between two labels stands {separator:?}"))
                .help(format!("if it is {other:?} in this column, say so: `{column} |> separated({other:?})`")),
            (None, Some(near)) => words.help(format!("did you mean {:?}?", near.name)),
            (None, None) => words
                .note(format!("the labels are {}, with {separator:?} between them", some(&names)))
                .help("declare it, or add `..` to the labels: all others become one label"),
        }
    };

    /// Words of which nobody has said in which order they stand.
    "order-unsaid" Error OrderUnsaid {
        field: String, column: String, shown: String, declared: usize, words: Vec<String>, at: Span, column_at: Span,
    } => {
        let listed: Vec<String> = words.iter().take(12).map(|word| quoted(word)).collect();
        say(format!("`{column}` of {shown} holds words, and ordinal[{declared}] does not say in which order they stand"))
            .at(at, format!("the order of `{field}`: the integers from 0 to {}", declared.max(1) - 1))
            .at(column_at, some(&words))
            .help(match words.len() {
                0..=12 => format!("list them from the first to the last: these are ordinal[{}]", listed.join(", ")),
                _ => "list them from the first to the last: ordinal[\"…\", \"…\"]".into(),
            })
    };

    /// A column holds another number of words than there are classes.
    "class-words" Error ClassWords {
        field: String, column: String, shown: String, declared: usize, words: Vec<String>, is_set: bool, at: Span, column_at: Span,
    } => {
        let number = count(words.len(), "different word", "different words");
        let (word, one, several) = if is_set { ("set", "label", "labels") } else { ("class", "class", "classes") };
        let message = say(format!("`{column}` of {shown} holds {number}, but {} declared", are(declared, one, several)))
            .at(at, format!("the {several} of `{field}`"))
            .at(column_at, some(&words));
        match words.len() {
            0 | 1 => message,
            2..=100 => message.help(format!("{word}[{}]", words.len())),
            _ => message.help(format!("{word}[\"…\", \"…\", ..] with the words that matter; the others become one {one}")),
        }
    };

    /// A class occurs in no training row.
    "class-without-training-rows" Warning ClassWithoutTrainingRows { field: String, classes: Vec<String>, are_labels: bool, at: Span } => {
        let (what, help) = match are_labels {
            false => ("is of the class", "split: stratified(…) gives every split its part of each class"),
            true => ("has the label", "leave it out of the set, or find rows that have it"),
        };
        say(format!("no training row of `{field}` {what} {}", some(&classes)))
            .at(at, "what is never seen cannot be learned")
            .help(help)
    };

    /// A formula of a field gives NaN or an infinity.
    "field-not-finite" Error FieldNotFinite { field: String, shown: String, value: &'static str, cells: Vec<Shown>, count: usize, at: Span } => {
        let rows = super::count(count, "row", "rows");
        let words = say(format!("the formula of `{field}` gives {value} in {rows}"));
        tell(words, &shown, &cells, count, Some(at), "computed here", |text| format!("from {text}"))
    };

    /// A weight of an example is negative, or all weights are zero.
    "bad-weight" Error BadWeight { field: String, shown: String, cells: Vec<Shown>, count: usize, at: Span } => {
        let message = match count {
            0 => format!("all training rows have the weight 0 in `{field}`"),
            _ => format!("{} of `{field}` {} negative", super::count(count, "weight", "weights"), if count == 1 { "is" } else { "are" }),
        };
        tell(say(message), &shown, &cells, count, Some(at), "the weight of an example is 0 or more", |text| format!("is {text}"))
    };

    /// A data block asks for a split that does not exist.
    "unknown-split" Error UnknownSplit { split: String, near: Option<Near>, known: Vec<String>, at: Span } =>
        say(format!("there is no split called `{split}`"))
            .at(at, "not a split")
            .note(format!("splits are {}", list(&ticked(&known))))
            .meant(at, &split, &near);

    /// A split does not say how large its parts are.
    "split-without-shares" Error SplitWithoutShares { split: &'static str, at: Span } =>
        say(format!("`{split}` does not say how many rows go where"))
            .at(at, "no share is given")
            .help(format!("{split}(train: 80%, val: 20%)"));

    /// The parts of a split are more than there is.
    "split-too-large" Error SplitTooLarge { percent: Option<String>, rows: Option<(usize, usize)>, at: Span } => {
        let message = match (percent, rows) {
            (Some(percent), _) => format!("the shares of the split add up to {percent} %"),
            (None, Some((claimed, rows))) => format!("the split asks for {claimed} rows, but there are {rows}"),
            (None, None) => unreachable!("too large by one measure or the other"),
        };
        say(message).at(at, "more than all rows").help("leave one share out: it takes the rest")
    };

    /// Rows belong to no part of a split.
    "rows-left-over" Error RowsLeftOver { left: String, test_apart: bool, at: Span } => {
        let words = say(format!("{left} of the rows would be in no split")).at(at, "the shares add up to less than all rows");
        let words = if test_apart { words.note("the test rows come from the source under `test:`") } else { words };
        words.help("leave one share out: it takes the rest")
    };

    /// A part of a split has no rows.
    "empty-split" Error EmptySplit { split: &'static str, rows: usize, groups: Option<usize>, shown: String, at: Span } => {
        let of = match groups {
            Some(groups) => format!("{} in {}", count(rows, "row", "rows"), count(groups, "group", "groups")),
            None => count(rows, "row", "rows"),
        };
        say(format!("the {split} split has no rows"))
            .at(at, format!("{shown} has {of}"))
            .help(format!("give `{split}` a larger share, or leave it out"))
    };

    /// A class has too few rows to be in every part of a stratified split.
    "few-in-stratum" Error FewInStratum {
        by: String, few: Vec<(String, usize)>, classes: usize, splits: usize, shown: String, at: Span,
    } => {
        let names: Vec<String> = few.iter().map(|(name, _)| name.clone()).collect();
        let most = few.iter().map(|(_, rows)| *rows).max().unwrap_or(0);
        let message = match &few[..] {
            [(name, rows)] => format!(
                "the class {} of `{by}` has {}, too few for {splits} splits", quoted(name), count(*rows, "row", "rows")
            ),
            _ => format!(
                "{} of the {classes} classes of `{by}` have at most {}, too few for {splits} splits",
                few.len(), count(most, "row", "rows")
            ),
        };
        let words = say(message).at(at, format!("every split of {shown} is to have a row of every class"));
        let words = if few.len() > 1 { words.note(format!("they are {}", some(&names))) } else { words };
        words.help("random(…), or fewer classes")
    };

    /// A split is decided by something that does not exist.
    "split-column" Error SplitColumn { way: &'static str, by: String, shown: String, near: Option<Near>, at: Span } =>
        say(format!("`{way}` goes by `{by}`, which is neither a field nor a column of {shown}"))
            .at(at, "nothing of this name")
            .meant(at, &by, &near);

    /// A split is decided by nothing, or by something unfit.
    "split-needs" Error SplitNeeds { way: &'static str, what: &'static str, by: Option<String>, at: Span } =>
        match by {
            None => say(format!("`{way}` needs {what}, and there is none"))
                .at(at, "decided by nothing")
                .help(if way == "given" { "given(by: …), a column with the words train, val and test".into() } else { format!("{way}(by: …, train: 80%, val: 20%)") }),
            Some(by) => say(format!("`{way}` needs {what}, which `{by}` is not")).at(at, format!("`{by}` is something else")),
        };

    /// Cells of the column that decides a split do not say where their rows go.
    "split-cells" Error SplitCells {
        way: &'static str, by: String, shown: String, what: &'static str, cells: Vec<Shown>, count: usize, at: Span,
    } => {
        let (rows, verb) = (super::count(count, "row", "rows"), if count == 1 { "does" } else { "do" });
        let words = say(format!("`{way}` goes by `{by}`, and {rows} {verb} not hold {what}"));
        tell(words, &shown, &cells, count, Some(at), "decides the split", |text| match text {
            "" => "is missing".into(),
            text => format!("holds {}", quoted(text)),
        })
    };

    /// The test rows come from two places.
    "test-twice" Error TestTwice { at: Span } =>
        say("the test rows come from a source of their own and from the split too")
            .at(at, "`test:` names a source already")
            .help("leave the share of `test` out of the split");

    /// What a model is asked to predict lacks columns.
    "input-columns" Error InputColumns { shown: String, missing: Vec<String>, columns: Vec<String>, at: Span } =>
        say(format!("{shown} lacks the {} {}", if missing.len() == 1 { "column" } else { "columns" }, some(&missing)))
            .at(at, "the model reads it")
            .note(format!("its columns are {}", some(&columns)));

    /// What a model is asked to predict is in no format that is read.
    "input-format" Error InputFormat { shown: String, at: Span } =>
        say(format!("it is not clear how {shown} is to be read"))
            .at(at, "the model was trained on these rows")
            .help("give a file that ends in .csv, .tsv, .jsonl, .npy or .npz, or pictures");

    /// Of several names of what is to be predicted, one is of no picture.
    "inputs-mixed" Error InputsMixed { shown: String } =>
        say(format!("{shown} is no picture, and stands among several names"))
            .help("give one file of rows, or any number of pictures and folders of them");
}

/// A note for each of the first files, and how many there are beside them.
fn note_files(words: Words, files: &[String], count: usize) -> Words {
    let words = files.iter().fold(words, |words, file| words.note(file.clone()));
    if count > files.len() { words.note(format!("and {} more", count - files.len())) } else { words }
}

/// Labels and notes for the first of many rows: cells of an inline table are labelled in place, rows of a file noted.
pub(super) fn tell(
    words: Words,
    shown: &str,
    rows: &[Shown],
    count: usize,
    at: Option<Span>,
    here: &str,
    text: impl Fn(&str) -> String,
) -> Words {
    let mut words = words;
    let mut notes = vec![];
    for row in rows {
        match row.spot {
            Spot::Cell(span) => words = words.at(span, text(&row.text)),
            Spot::Line(line) if shown.starts_with(OUTPUT) => {
                notes.push(format!("line {line} of {shown} {}", text(&row.text)))
            }
            Spot::Line(line) => notes.push(format!("{shown}:{line} {}", text(&row.text))),
            Spot::Row(number) => notes.push(format!("row {number} of {shown} {}", text(&row.text))),
        }
    }
    words = words.maybe_at(at, here);
    let more = count.saturating_sub(rows.len());
    let last = notes.len();
    for (place, note) in notes.into_iter().enumerate() {
        let note = if place + 1 == last && more > 0 { format!("{note}; {more} more") } else { note };
        words = words.note(note);
    }
    if last == 0 && more > 0 { words.note(format!("{more} more")) } else { words }
}

fn tell_cells(words: Words, shown: &str, cells: &[Shown], count: usize, at: Span, ty_at: Span) -> Words {
    let words = tell(words, shown, cells, count, Some(at), "read here", |text| format!("holds {}", quoted(text)));
    if ty_at == at { words } else { words.at(ty_at, "declared here") }
}

/// A cell's text as a person can read it on one line.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{:?}…", short) } else { format!("{short:?}") }
}

/// The first of many names.
fn some(names: &[String]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| match name.as_str() {
            "" => "one without a name".into(),
            name => format!("`{name}`"),
        })
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => list(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 class is`, `10 classes are`.
fn are(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number, one, many), if number == 1 { "is" } else { "are" })
}

/// The column called `name`, in a formula.
pub fn column(name: &str) -> String {
    if is_word(name) { name.into() } else { format!("column({name:?})") }
}

fn is_word(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn bytes(number: u64) -> String {
    match number {
        0..1_000_000 => format!("{number} bytes"),
        1_000_000..1_000_000_000 => format!("{} MB", number / 1_000_000),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}
