//! Changes to the text of a program, setting by setting: what is not touched stays as its author wrote it.

use std::collections::BTreeMap;

use crate::model::settings::{Seen, Slot, arguments_of};
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{DataEntry, Expr, ExprKind, TrainEntry};

/// Changes that are made together.
pub struct Edits<'t> {
    text: &'t str,
    /// What takes the place of a range, by where it begins. Ranges do not overlap.
    replaced: BTreeMap<(usize, usize), String>,
    /// Arguments that a call gets, by the call's place.
    arguments: BTreeMap<(usize, usize), Arguments>,
    /// Lines that a block gets, by where they go.
    lines: BTreeMap<usize, String>,
}

/// The arguments that one call gets.
struct Arguments {
    /// Where they go, and what stands around them there.
    at: usize,
    around: Around,
    texts: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Around {
    /// There are no parentheses yet.
    Nothing,
    Empty,
    Others,
}

impl<'t> Edits<'t> {
    pub fn new(text: &'t str) -> Edits<'t> {
        Edits { text, replaced: BTreeMap::new(), arguments: BTreeMap::new(), lines: BTreeMap::new() }
    }

    /// Gives a setting a value.
    pub fn set(&mut self, slot: Slot, value: &str) {
        match slot {
            Slot::Value(expr) => self.replace(expr.span, value),
            Slot::Train(block, key) => {
                let last = block.entries.iter().rev().find_map(|entry| match entry {
                    TrainEntry::Setting(setting) => Some(setting.span),
                    _ => None,
                });
                self.line(block.span, last, &format!("{key}: {value}"));
            }
            Slot::Data(block, key) => {
                let last = block.entries.iter().rev().find_map(|entry| match entry {
                    DataEntry::Setting(setting) => Some(setting.span),
                    _ => None,
                });
                self.line(block.span, last, &format!("{key}: {value}"));
            }
            Slot::Block(block, key) => {
                let last = block.settings.last().map(|setting| setting.span);
                self.line(block.span, last, &format!("{key}: {value}"));
            }
            Slot::Argument { call, at: Some(at), .. } => self.replace(arguments_of(call)[at].value.span, value),
            Slot::Argument { call, name, at: None, .. } => self.argument(call, format!("{name}: {value}")),
        }
    }

    fn replace(&mut self, span: Span, text: &str) {
        self.replaced.insert((span.start as usize, span.end as usize), text.to_string());
    }

    /// Puts the name of an argument before its value.
    fn name(&mut self, value: Span, name: &str) {
        let at = value.start as usize;
        self.replaced.insert((at, at), format!("{name}: "));
    }

    fn argument(&mut self, call: &Expr, text: String) {
        let (start, end) = (call.span.start as usize, call.span.end as usize);
        let (at, around) = match &call.kind {
            ExprKind::Call { args, .. } => match args.last() {
                Some(last) => (last.value.span.end as usize, Around::Others),
                None => (end - 1, Around::Empty),
            },
            _ => (end, Around::Nothing),
        };
        let new = Arguments { at, around, texts: vec![] };
        self.arguments.entry((start, end)).or_insert(new).texts.push(text);
    }

    /// A line of its own behind the line of the setting that is `last`, or at the end of the block.
    fn line(&mut self, block: Span, last: Option<Span>, text: &str) {
        let close = block.end as usize - 1;
        let behind = last.map(|last| last.end as usize).and_then(|end| {
            let rest = &self.text[end..close];
            let line = &rest[..rest.find('\n')?];
            let is_free = line.trim().is_empty() || line.trim_start().starts_with('#');
            is_free.then_some(end + line.len())
        });
        let at = behind.unwrap_or(close);
        let line = self.lines.entry(at).or_default();
        *line += "\n";
        *line += text;
        if behind.is_none() {
            *line += "\n";
        }
    }

    /// The text with all changes.
    pub fn apply(self) -> String {
        let mut edits: Vec<((usize, usize), String)> = self.replaced.into_iter().collect();
        // Where a call ends in another, the arguments of the inner one stand before those of the outer.
        for Arguments { at, around, texts } in self.arguments.into_values().rev() {
            let texts = texts.join(", ");
            let text = match around {
                Around::Nothing => format!("({texts})"),
                Around::Empty => texts,
                Around::Others => format!(", {texts}"),
            };
            edits.push(((at, at), text));
        }
        edits.extend(self.lines.into_iter().map(|(at, text)| ((at, at), text)));
        // What begins at one place stays in the order in which it was found.
        edits.sort_by_key(|((start, _), _)| *start);
        let (mut out, mut done) = (String::new(), 0);
        for ((start, end), text) in edits {
            out += &self.text[done..start];
            out += &text;
            done = end;
        }
        out + &self.text[done..]
    }
}

/// Writes out a setting where it is not given, by its default. An argument that is given by its place gets its name, and
/// the first of a call too where `all` are to have names.
pub fn fill(edits: &mut Edits, seen: &Seen, slot: Slot, all: bool) {
    let default = seen.declared.as_ref().filter(|it| it.portable).and_then(|it| it.default.as_ref()).map(print_expr);
    match (slot, default) {
        (Slot::Value(_), _) => {}
        (Slot::Argument { call, name, at: Some(at), first }, _) => {
            let arg = &arguments_of(call)[at];
            if arg.name.is_none() && (all || !first) {
                edits.name(arg.value.span, name);
            }
        }
        // Nothing is dealt out by chance.
        (Slot::Data(block, "seed"), _) if !has_split(block) => {}
        (slot, Some(default)) => edits.set(slot, &default),
        (_, None) => {}
    }
}

fn has_split(block: &crate::syntax::tree::DataBlock) -> bool {
    block.entries.iter().any(|entry| matches!(entry, DataEntry::Setting(setting) if setting.key.as_str() == "split"))
}
