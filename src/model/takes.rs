//! What sources and splits take: the names, the kinds and the defaults of their settings.
//!
//! How they are read is known two floors up.

use super::program::Constant;

/// One setting of a source or a split.
pub struct Param {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// What stands for it where it is not given, as the language writes it.
    pub default: Option<&'static str>,
    /// One sentence.
    pub doc: &'static str,
}

/// What a setting holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A path, relative to the program.
    Path,
    /// One path, or a list of them.
    Paths,
    /// One text.
    Text,
    /// Any number of texts, one behind the other: what stands at the end, and has no name of its own.
    Rest,
    /// `yes` or `no`.
    Flag,
    /// One character.
    Letter,
    /// A list of texts.
    Texts,
    /// The name of a field or a column.
    Column,
    /// A share of the rows, `80%`, or a number of rows.
    Share,
}

impl Kind {
    /// In words, for a person: `yes or no`.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Path => "a path in quotes",
            Kind::Paths => "a path in quotes, or a list of them",
            Kind::Text => "a text in quotes",
            Kind::Rest => "texts in quotes",
            Kind::Flag => "`yes` or `no`",
            Kind::Letter => "one character in quotes",
            Kind::Texts => "a list of texts",
            Kind::Column => "the name of a field or a column",
            Kind::Share => "a percentage, or a whole number of rows",
        }
    }

    pub fn example(self) -> &'static str {
        match self {
            Kind::Path => "\"data.csv\"",
            Kind::Paths => "[\"x.npy\", \"y.npy\"]",
            Kind::Text => "\"…\"",
            Kind::Rest => "\"--days\", \"30\"",
            Kind::Flag => "yes",
            Kind::Letter => "\";\"",
            Kind::Texts => "[\"\", \"NA\"]",
            Kind::Column => "species",
            Kind::Share => "80%",
        }
    }

    pub fn holds(self, value: &Constant) -> bool {
        match (self, value) {
            (Kind::Path | Kind::Text, Constant::Text(text)) => !text.is_empty() && !text.contains('\0'),
            (Kind::Rest, Constant::Text(text)) => !text.contains('\0'),
            (Kind::Paths, Constant::List(items)) => {
                !items.is_empty() && items.iter().all(|item| Kind::Path.holds(item))
            }
            (Kind::Paths, one) => Kind::Path.holds(one),
            (Kind::Flag, Constant::Bool(_)) => true,
            (Kind::Letter, Constant::Text(text)) => {
                let mut letters = text.chars();
                matches!((letters.next(), letters.next()), (Some(letter), None) if letter.is_ascii() && !"\"\r\n".contains(letter))
            }
            (Kind::Texts, Constant::List(items)) => items.iter().all(|item| matches!(item, Constant::Text(_))),
            (Kind::Column, Constant::Word(_) | Constant::Text(_)) => true,
            (Kind::Share, Constant::Number { value, unit }) => match unit.as_deref() {
                Some("%") => (0.0..=100.0).contains(value),
                None => *value >= 0.0 && value.fract() == 0.0 && *value < 1e15,
                Some(_) => false,
            },
            _ => false,
        }
    }
}

const PATH: Param =
    Param { name: "path", kind: Kind::Path, required: true, default: None, doc: "The file; `.gz` is read as it is." };
const MISSING: Param = Param {
    name: "missing",
    kind: Kind::Texts,
    required: false,
    default: Some("[\"\"]"),
    doc: "The texts that stand for a missing cell.",
};
const HEADER: Param = Param {
    name: "header",
    kind: Kind::Flag,
    required: false,
    default: Some("yes"),
    doc: "Whether the first line names the columns.",
};
const NAMES: Param = Param {
    name: "names",
    kind: Kind::Texts,
    required: false,
    default: None,
    doc: "The names of the columns where no line does.",
};
const SEPARATOR: Param = Param {
    name: "separator",
    kind: Kind::Letter,
    required: false,
    default: Some("\",\""),
    doc: "What separates cells.",
};
const TAB: Param = Param { default: Some("\"\\t\""), ..SEPARATOR };

const CSV: &[Param] = &[PATH, MISSING, HEADER, NAMES, SEPARATOR];
const TSV: &[Param] = &[PATH, MISSING, HEADER, NAMES, TAB];
const JSONL: &[Param] = &[PATH];
const TEXT: &[Param] = &[PATH];
const ARRAYS: Param = Param {
    name: "arrays",
    kind: Kind::Texts,
    required: false,
    default: Some("[\"*\"]"),
    doc: "Which arrays are columns, by their names; what `*` stands for is what the column is called.",
};
const NPY: &[Param] = &[
    Param {
        name: "path",
        kind: Kind::Paths,
        required: true,
        default: None,
        doc: "The file, or the files, an array each; `.gz` is read as it is.",
    },
    ARRAYS,
];
const NPZ: &[Param] = &[Param { doc: "The file.", ..PATH }, ARRAYS];
const IDX: &[Param] = &[
    Param {
        name: "images",
        kind: Kind::Path,
        required: true,
        default: None,
        doc: "The file of images; `.gz` is read as it is.",
    },
    Param {
        name: "labels",
        kind: Kind::Path,
        required: false,
        default: None,
        doc: "The file of labels, one for each image.",
    },
];

const COMMAND: &[Param] = &[
    Param {
        name: "program",
        kind: Kind::Text,
        required: true,
        default: None,
        doc: "The program: a path if there is a slash in it, else a name among those of the system.",
    },
    Param {
        name: "arguments",
        kind: Kind::Rest,
        required: false,
        default: None,
        doc: "What the program is given, word by word; no shell reads it.",
    },
];

const PARQUET: &[Param] = &[Param { doc: "The file.", ..PATH }];

const SQLITE: &[Param] = &[
    Param { doc: "The file of the database.", ..PATH },
    Param {
        name: "table",
        kind: Kind::Text,
        required: false,
        default: None,
        doc: "The table, or the view, that is read.",
    },
    Param {
        name: "query",
        kind: Kind::Text,
        required: false,
        default: None,
        doc: "The `select` that is read instead.",
    },
];

const FOLDER: &[Param] = &[Param {
    name: "path",
    kind: Kind::Path,
    required: true,
    default: None,
    doc: "The folder, in which a folder of each class has its files.",
}];

const CIFAR: &[Param] = &[Param {
    name: "path",
    kind: Kind::Path,
    required: true,
    default: None,
    doc: "The folder with the binary files; `.gz` is read as it is.",
}];

const TRAIN: Param =
    Param { name: "train", kind: Kind::Share, required: false, default: None, doc: "The share of training." };
const VAL: Param =
    Param { name: "val", kind: Kind::Share, required: false, default: None, doc: "The share of validation." };
const TEST: Param =
    Param { name: "test", kind: Kind::Share, required: false, default: None, doc: "The share of the last test." };
const BY: Param =
    Param { name: "by", kind: Kind::Column, required: false, default: None, doc: "The field or column that decides." };

const SHARES: &[Param] = &[TRAIN, VAL, TEST];
const BY_AND_SHARES: &[Param] = &[BY, TRAIN, VAL, TEST];
const SAID_BY: &[Param] = &[Param { doc: "The column that says it, if the source does not.", ..BY }, VAL];

/// What the source or the split of this name takes, in the order of its arguments.
pub fn takes(name: &str) -> &'static [Param] {
    match name {
        "csv" => CSV,
        "tsv" => TSV,
        "jsonl" => JSONL,
        "text_file" => TEXT,
        "npy" => NPY,
        "npz" => NPZ,
        "idx" => IDX,
        "image_folder" => FOLDER,
        "cifar10" => CIFAR,
        "command" => COMMAND,
        "sqlite" => SQLITE,
        "parquet" => PARQUET,
        "random" | "by_position" => SHARES,
        "stratified" | "by_group" | "by_time" => BY_AND_SHARES,
        "given" => SAID_BY,
        _ => &[],
    }
}
