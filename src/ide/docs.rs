//! What is known about a name of the library: its documentation, and its own text.

use crate::model::builtins::BUILTINS;
use crate::model::check::whole_library;
use crate::model::modules::LIBRARY;
use crate::scalar::Scalar;
use crate::source::{Near, Span, nearest};

/// A definition of the library, or an operation that it is built from.
#[derive(Clone, PartialEq, Debug)]
pub struct Doc {
    /// `layer`, `loss`, …; `built-in` for operations.
    pub kind: &'static str,
    pub name: String,
    /// What is said about it; a further form of the same name may say nothing.
    pub doc: String,
    /// Where it is written, and how. Operations are not written in the language.
    pub text: Option<Text>,
    /// The part of the library that a file asks for to have it: `std.vision`.
    pub part: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// `std/layers.dlm`
    pub file: String,
    pub line: usize,
    pub text: String,
}

/// Everything, kind by kind, in the order of names; what a file has to ask for behind all else of its kind.
pub fn all() -> Vec<Doc> {
    let (sources, modules) = whole_library();
    let text = |span: Span| {
        let source = &sources[span.file];
        Some(Text {
            file: source.name.clone(),
            line: source.place(span.start).0,
            text: sources.text(span).trim_end().into(),
        })
    };
    let all = std::iter::once((None, LIBRARY)).chain(modules.parts().map(|(part, id)| (Some(part), id)));
    let callables = all.flat_map(|(part, id)| {
        modules.definitions(id).map(move |definition| {
            let callable = &definition.callable;
            let (kind, name) = (callable.kind.word(), callable.name.text.to_string());
            let (doc, text) = (said(&callable.doc), text(callable.span));
            (callable.kind as usize, Doc { kind, name, doc, text, part: part.clone() })
        })
    });
    let mut found: Vec<(usize, Doc)> = callables.collect();
    found.sort_by_key(|(kind, _)| *kind);
    let lets = modules.lets(LIBRARY).map(|it| Doc {
        kind: "let",
        name: it.name.text.to_string(),
        doc: said(&it.doc),
        text: text(it.span),
        part: None,
    });
    let builtins = BUILTINS.iter().map(|it| (it.name, it.doc));
    let scalars = Scalar::ALL.iter().map(|it| (it.def().name, it.def().doc));
    let mut operations: Vec<(&str, &str)> = builtins.collect();
    operations.extend(scalars.filter(|(name, _)| BUILTINS.iter().all(|it| it.name != *name)));
    operations.sort_unstable();
    let operations = operations.into_iter().map(|(name, doc)| Doc {
        kind: "built-in",
        name: name.into(),
        doc: doc.into(),
        text: None,
        part: None,
    });
    found.into_iter().map(|(_, doc)| doc).chain(lets).chain(operations).collect()
}

/// All that goes by `name`, or else the name that may have been meant.
pub fn named(name: &str) -> Result<Vec<Doc>, Option<Near>> {
    let all = all();
    let found: Vec<Doc> = all.iter().filter(|doc| doc.name == name).cloned().collect();
    if found.is_empty() { Err(nearest(name, all.iter().map(|doc| doc.name.as_str()))) } else { Ok(found) }
}

fn said(doc: &Option<std::sync::Arc<str>>) -> String {
    doc.as_ref().map_or(String::new(), |doc| doc.trim().to_owned())
}
