//! Every word the user can read about a mistake.
//!
//! A problem is a struct with the facts; its row in the catalogue turns them into words. Passes fill in facts and
//! never write sentences. Each family of problems is one file under `problem/`, and each problem has a page in
//! `src/problem/pages/CODE.md`, which is its explanation, its example and its test at once.

use crate::source::{Near, Sources, Span};

pub mod allow;
pub mod arrays;
pub mod command;
pub mod data;
pub mod lint;
pub mod names;
pub mod outside;
pub mod pages;
pub mod privacy;
pub mod run;
pub mod sequences;
pub mod serving;
pub mod shapes;
pub mod syntax;
pub mod training;
pub mod transfer;
pub mod tuning;
pub mod values;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    Error,
    Warning,
}

/// One mistake, put into words.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// Readable and searchable: `axis-mismatch`.
    pub code: &'static str,
    pub severity: Severity,
    /// A full sentence about the user's program, without a full stop.
    pub message: String,
    /// The first says what is wrong here, the others where the other facts came from.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    /// A change that would mend it.
    pub help: Vec<String>,
    /// The change as edits, where it is certain.
    pub edits: Vec<Edit>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Replace `span` by `text`.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
    /// What stands there, if the repair is right: a problem may point at a whole call for want of a better place.
    pub was: Option<String>,
}

impl Problem {
    /// Forgets a repair of what does not stand where it says.
    pub fn settle(&mut self, sources: &Sources) {
        let is_there = |edit: &Edit| edit.was.as_deref().is_none_or(|was| sources.text(edit.span) == was);
        if !self.edits.iter().all(is_there) {
            self.edits.clear();
        }
    }

    /// The same of a program that nobody has written: what is said of places in it are notes, but for words that only point there.
    pub fn without_places(mut self) -> Problem {
        let tells = |text: &String| !text.is_empty() && !text.ends_with("here");
        let told = self.labels.drain(..).map(|label| label.text).filter(tells);
        self.notes.splice(0..0, told);
        self.edits.clear();
        self
    }
}

/// The words of a problem while its row puts them together.
pub struct Words(Problem);

/// Starts the words of a problem with its headline.
pub fn say(message: impl Into<String>) -> Words {
    Words(Problem {
        code: "",
        severity: Severity::Error,
        message: message.into(),
        labels: vec![],
        notes: vec![],
        help: vec![],
        edits: vec![],
    })
}

impl Words {
    /// What is wrong here (the first call), or where another fact came from.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Words {
        self.0.labels.push(Label { span, text: text.into() });
        self
    }
    /// As `at`, where the place is known.
    pub fn maybe_at(self, span: Option<Span>, text: impl Into<String>) -> Words {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }
    /// What is wrong: where the place is known, or else as a note.
    pub fn because(self, span: Option<Span>, why: impl Into<String>) -> Words {
        match span {
            Some(span) => self.at(span, why),
            None => self.note(why),
        }
    }
    pub fn note(mut self, text: impl Into<String>) -> Words {
        self.0.notes.push(text.into());
        self
    }
    pub fn help(mut self, text: impl Into<String>) -> Words {
        self.0.help.push(text.into());
        self
    }
    /// As `help`, where there is something to say.
    pub fn maybe_help(self, text: Option<String>) -> Words {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }
    /// A certain repair, for tools to apply.
    pub fn edit(mut self, span: Span, text: impl Into<String>) -> Words {
        self.0.edits.push(Edit { span, text: text.into(), was: None });
        self
    }
    /// A certain repair of `was`, which stands at `span` unless the problem points at more than that.
    pub fn mend(mut self, span: Span, was: impl Into<String>, text: impl Into<String>) -> Words {
        self.0.edits.push(Edit { span, text: text.into(), was: Some(was.into()) });
        self
    }
    /// `did you mean …?`, if there is a candidate for `name`; with the repair, if there is only one.
    pub fn meant(self, span: Span, name: &str, near: &Option<Near>) -> Words {
        let words = self.maybe_help(did_you_mean(near));
        match near {
            Some(near) if near.is_certain => words.mend(span, name, &near.name),
            _ => words,
        }
    }
    #[doc(hidden)]
    pub fn finish(self, code: &'static str, severity: Severity) -> Problem {
        Problem { code, severity, ..self.0 }
    }
}

/// What the catalogue knows of a problem before it happens.
pub struct Entry {
    pub code: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
}

impl Entry {
    /// Whether it is said only to those who ask for it.
    pub fn is_on_request(&self) -> bool {
        lint::ON_REQUEST.contains(&self.code)
    }
}

/// Declares the problems of one family: for each a struct of facts, its code and severity, and its words.
macro_rules! problems {
    ($($(#[doc = $doc:literal])+ $code:literal $severity:ident $name:ident { $($field:ident: $ty:ty),* $(,)? } => $words:expr;)*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug)]
            pub struct $name { $(pub $field: $ty),* }

            impl $name {
                pub const CODE: &'static str = $code;
            }

            impl From<$name> for $crate::problem::Problem {
                fn from(facts: $name) -> $crate::problem::Problem {
                    let $name { $($field),* } = facts;
                    let words: $crate::problem::Words = $words;
                    words.finish($code, $crate::problem::Severity::$severity)
                }
            }
        )*

        pub const ENTRIES: &[$crate::problem::Entry] = &[$(
            $crate::problem::Entry {
                code: $code,
                severity: $crate::problem::Severity::$severity,
                summary: concat!($($doc),+).trim_ascii(),
            },
        )*];
    };
}
pub(crate) use problems;

/// Every problem of the catalogue, family by family.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    let families = [
        syntax::ENTRIES,
        names::ENTRIES,
        shapes::ENTRIES,
        values::ENTRIES,
        data::ENTRIES,
        arrays::ENTRIES,
        outside::ENTRIES,
        sequences::ENTRIES,
        training::ENTRIES,
        transfer::ENTRIES,
        tuning::ENTRIES,
        serving::ENTRIES,
        privacy::ENTRIES,
        lint::ENTRIES,
        run::ENTRIES,
        command::ENTRIES,
    ];
    families.into_iter().flatten()
}

/// `did you mean …?`, if there is a candidate.
pub fn did_you_mean(near: &Option<Near>) -> Option<String> {
    near.as_ref().map(|near| format!("did you mean `{near}`?"))
}

/// `a model`, `an optimizer`.
pub fn a(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// `1 class`, `10 classes`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Names in their marks.
pub fn ticked(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
