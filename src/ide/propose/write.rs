//! A guess as a program. The words of the library that it uses are data, in `words.txt`.

use super::column::{Column, Table};
use super::guess::{Goal, Guess, Part, Role, Split};
use crate::model::builtins;
use crate::model::check::library;
use crate::model::modules::LIBRARY;
use crate::model::program::SEPARATOR;
use crate::source::FileId;
use crate::syntax;
use crate::syntax::tree::{self, ExprKind};

const WORDS: &str = include_str!("words.txt");

/// A line of the words, its blanks filled.
fn words(key: &str, blanks: &[(&str, &str)]) -> String {
    let line = WORDS.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).expect("a line of its own");
    blanks.iter().fold(line.to_string(), |line, (blank, text)| line.replace(&format!("{{{blank}}}"), text))
}

/// The lines of a program as they come about.
struct Program {
    /// Fields, with the reasons for them.
    fields: String,
    /// Names that are taken.
    taken: Vec<String>,
    /// The inputs of the model with their types.
    inputs: Vec<String>,
    /// What the model does before it puts everything side by side.
    before: String,
    /// What it puts side by side.
    pieces: Vec<String>,
}

pub fn program(table: &Table, guess: &Guess, shown: &str) -> String {
    let mut it =
        Program { fields: String::new(), taken: vec![], inputs: vec![], before: String::new(), pieces: vec![] };
    let parts: Vec<&Part> = guess.parts.iter().filter(|part| part.role != Role::Ignored).collect();
    parts.iter().for_each(|part| it.part(table, part));
    it.target(table, guess);
    for part in guess.parts.iter().filter(|part| part.role == Role::Ignored) {
        let name = quoted_or_plain(&table.columns[part.columns[0]].name);
        it.fields += &format!("ignore {name}  # {}\n", part.reason);
    }
    let data = plain(shown.rsplit('/').next().unwrap_or(shown).split('.').next().unwrap_or("rows"));
    let text = format!(
        "dlm 1\n\n# Proposed by `dlmc init` for {} rows and {} columns. Beside each guess stands its reason: change what \
         you know better.\n{}\n{}\n{}",
        table.rows,
        table.columns.len(),
        it.data(table, guess, shown, &data),
        it.model(table, guess),
        it.train(table, guess, &data),
    );
    syntax::format(FileId(0), &text).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
}

impl Program {
    fn part(&mut self, table: &Table, part: &Part) {
        let column = &table.columns[part.columns[0]];
        let name = match &part.role {
            Role::Many { pattern, .. } => self.name(pattern.trim_end_matches(['*', '_'])),
            _ => self.name(&column.name),
        };
        let reason = &part.reason;
        let own = self.own(&name, column);
        let with = |ty: &str, formula: String| format!("input {name}: {ty} = {formula}  # {reason}\n");
        let as_is = |ty: String| match own == name {
            true => format!("input {name}: {ty}  # {reason}\n"),
            false => format!("input {name}: {ty} = {own}  # {reason}\n"),
        };
        let (line, ty) = match &part.role {
            Role::Number { holes } => {
                let key = if *holes { "number_holes" } else { "number" };
                (with("number", words(key, &[("x", &own)])), "number".to_string())
            }
            Role::Binary => (as_is("binary".into()), "binary".into()),
            Role::BinaryOf(pair) => (as_is(format!("binary[{}]", list(pair))), "binary".into()),
            Role::Class { words, open, holes } => {
                let (more, may) = (if *open { ", .." } else { "" }, if *holes { "?" } else { "" });
                let variable = format!("C{}", self.inputs.len() + 1);
                (as_is(format!("class[{}{more}]{may}", list(words))), format!("class[{variable}]{may}"))
            }
            Role::Set(labels) => {
                let variable = format!("S{}", self.inputs.len() + 1);
                let may = if labels.holes { "?" } else { "" };
                let ty = format!("set[{}]{may}", list(&labels.words));
                let line = match labels.separator {
                    Some(separator) => with(&ty, words("labels", &[("x", &own), ("by", separator)])),
                    None => as_is(ty),
                };
                (line, format!("set[{variable}]"))
            }
            Role::Many { pattern, pixels } => {
                let key = if *pixels { "pixels" } else { "number" };
                let ty = format!("f32[{}]", part.columns.len());
                let columns = format!("columns({pattern:?})");
                (with(&ty, words(key, &[("x", &columns)])), ty)
            }
            Role::Tensor(shape) => {
                let dims: Vec<String> = shape.iter().map(|it| it.to_string()).collect();
                let ty = format!("f32[{}]", dims.join(", "));
                (as_is(ty.clone()), ty)
            }
            Role::Id => (as_is("text".into()).replacen("input", "id", 1), String::new()),
            Role::Time => (as_is("date".into()).replacen("input", "time", 1), String::new()),
            Role::Ignored => return,
        };
        self.fields += &line;
        if ty.is_empty() {
            return;
        }
        self.inputs.push(format!("{name}: {ty}"));
        match &part.role {
            Role::Class { words: known, .. } => {
                let width = (known.len() as f64).sqrt().ceil().min(8.0).to_string();
                let (value, stage) = (self.name(&format!("{name}_place")), self.name(&format!("{name}_places")));
                let formula = words("place", &[("x", &name), ("n", &width), ("name", &stage)]);
                self.before += &format!("{value} = {formula}\n");
                self.pieces.push(value);
            }
            Role::Tensor(shape) if shape.len() > 1 => self.pieces.push(words("flat", &[("x", &name)])),
            _ => self.pieces.push(name),
        }
    }

    fn target(&mut self, table: &Table, guess: &Guess) {
        let column = &table.columns[guess.target];
        let name = self.name(&column.name);
        let own = self.own(&name, column);
        let (ty, formula) = match &guess.goal {
            Goal::Number => ("number".to_string(), words("number", &[("x", &own)])),
            Goal::Amount => ("number".to_string(), words("amount", &[("x", &own)])),
            Goal::Binary => ("binary".to_string(), own.clone()),
            Goal::BinaryOf(pair) => (format!("binary[{}]", list(pair)), own.clone()),
            Goal::Class(count) => (format!("class[{count}]"), own.clone()),
            Goal::ClassOf(words) => (format!("class[{}]", list(words)), own.clone()),
            Goal::SetOf(labels) => {
                let key = if labels.holes { "labels_holes" } else { "labels" };
                let by = labels.separator.unwrap_or(SEPARATOR);
                let formula = match (labels.separator, labels.holes) {
                    (None, false) => own.clone(),
                    _ => words(key, &[("x", &own), ("by", by)]),
                };
                (format!("set[{}]", list(&labels.words)), formula)
            }
        };
        let formula = if formula == name { String::new() } else { format!(" = {formula}") };
        self.fields += &format!("target {name}: {ty}{formula}  # {}\n", guess.target_reason);
    }

    fn data(&self, table: &Table, guess: &Guess, shown: &str, name: &str) -> String {
        let mut args = vec![format!("{shown:?}")];
        if !table.markers.is_empty() {
            let all: Vec<String> = std::iter::once(String::new()).chain(table.markers.iter().cloned()).collect();
            args.push(format!("missing: [{}]", list(&all)));
        }
        if !table.header {
            let names: Vec<String> = table.columns.iter().map(|it| it.name.clone()).collect();
            args.push(format!("header: no, names: [{}]", list(&names)));
        }
        args.extend(table.separator.map(|it| format!("separator: {:?}", it.to_string())));
        let why = if table.header { "" } else { "  # the first line holds numbers, so no names" };
        let shares = "train: 70%, val: 15%, test: 15%";
        let split = match guess.split {
            None => format!("# {}\n", guess.split_reason),
            Some(split) => {
                let split = match split {
                    Split::Stratified => format!("stratified({shares})"),
                    Split::Random => format!("random({shares})"),
                    Split::ByTime => format!("by_time({shares})"),
                    Split::Given(at) => format!("given(by: {})", quoted_or_plain(&table.columns[at].name)),
                };
                format!("split: {split}  # {}\n", guess.split_reason)
            }
        };
        let source = format!("source: {}({}){why}\n", table.source, args.join(", "));
        format!("data {name} {{\n{source}{split}\n{}}}\n", self.fields)
    }

    fn model(&self, table: &Table, guess: &Guess) -> String {
        let (result, head) = match guess.goal {
            Goal::Number | Goal::Amount => ("number", "score"),
            Goal::Binary | Goal::BinaryOf(_) => ("logit", "score"),
            Goal::Class(_) | Goal::ClassOf(_) => ("logits[K]", "scores"),
            Goal::SetOf(_) => ("logit[K]", "scores"),
        };
        let widths: &[&str] = match table.rows {
            0..200 => &["16"],
            200..2000 => &["32"],
            _ => &["64", "32"],
        };
        let hidden = widths.iter().enumerate().map(|(at, width)| {
            let name = if widths.len() == 1 { "hidden".to_string() } else { format!("hidden{}", at + 1) };
            words("hidden", &[("n", width), ("name", &name)])
        });
        let stages: Vec<String> = hidden.chain([words(head, &[])]).collect();
        let beside = match &self.pieces[..] {
            [one] => one.clone(),
            several => format!("concat({})", several.join(", ")),
        };
        let inputs = match &self.inputs[..] {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        format!("model net on {inputs} -> {result} {{\n{}{beside}\n{}\n}}\n", self.before, stages.join("\n"))
    }

    fn train(&self, table: &Table, guess: &Guess, data: &str) -> String {
        let goal = match guess.goal {
            Goal::Number | Goal::Amount => "train_number",
            Goal::Binary | Goal::BinaryOf(_) => "train_binary",
            Goal::Class(_) | Goal::ClassOf(_) => "train_class",
            Goal::SetOf(_) => "train_set",
        };
        let line = words(goal, &[]);
        let (loss, metrics) = line.split_once('|').expect("two parts");
        let (batch, epochs) = match table.rows {
            0..20 => ("all", 200),
            20..500 => ("16", 60),
            500..5000 => ("32", 30),
            5000..50_000 => ("128", 15),
            _ => ("256", 6),
        };
        let keep = match guess.split {
            None => "",
            Some(Split::Given(at)) if !has_val(&table.columns[at]) => "",
            Some(_) => "keep: best(val.loss)  # the weights that did best on rows which nobody trained on\n",
        };
        let (optimizer, schedule) = (words("optimizer", &[]), words("schedule", &[]));
        format!(
            "train {{\nmodel: net\ndata: {data}\nloss: {loss}\noptimizer: {optimizer}\nschedule: {schedule}\n\
             batch: {batch}\nfor: {epochs} epochs  # enough for {} rows to begin with\nmetrics: {metrics}\n{keep}seed: 1\n}}\n",
            table.rows
        )
    }

    /// A name like that of a column which the language can say and nothing has yet.
    fn name(&mut self, column: &str) -> String {
        let base = plain(column);
        let free = |name: &str, taken: &[String]| taken.iter().all(|it| it != name);
        let mut name = base.clone();
        let mut number = 2;
        while !free(&name, &self.taken) {
            name = format!("{base}{number}");
            number += 1;
        }
        self.taken.push(name.clone());
        name
    }

    /// How a field's formula says its column.
    fn own(&self, name: &str, column: &Column) -> String {
        if column.name == name { name.to_string() } else { format!("column({:?})", column.name) }
    }
}

fn has_val(column: &Column) -> bool {
    column.counts.keys().any(|it| it.to_lowercase().starts_with("val"))
}

/// A word of the language like `name`: small letters, digits and `_`, and nothing that has a meaning already.
fn plain(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for letter in name.chars() {
        let is_new = letter.is_uppercase() && before.is_lowercase();
        match letter {
            it if it.is_alphanumeric() => {
                if is_new {
                    out.push('_');
                }
                out.extend(it.to_lowercase());
            }
            _ if !out.ends_with('_') && !out.is_empty() => out.push('_'),
            _ => {}
        }
        before = letter;
    }
    let out = out.trim_end_matches('_').to_string();
    let out = if out.starts_with(|it: char| it.is_alphabetic()) { out } else { format!("x{out}") };
    if is_word(&out) { out } else { format!("{out}_") }
}

/// Whether a name stands for itself alone.
fn is_word(name: &str) -> bool {
    let is_name =
        syntax::expression(FileId(0), name).is_ok_and(|expr| matches!(&expr.kind, ExprKind::Name(it) if **it == *name));
    let (_, modules) = library();
    let is_role = tree::Role::ALL.iter().any(|it| it.word() == name);
    let is_kind = tree::Kind::ALL.iter().any(|it| it.word() == name);
    is_name && !is_role && !is_kind && builtins::find(name).is_none() && modules.find(LIBRARY, name).is_none()
}

/// A column where a name may stand.
fn quoted_or_plain(name: &str) -> String {
    if is_word(name) { name.to_string() } else { format!("{name:?}") }
}

fn list(words: &[String]) -> String {
    words.iter().map(|it| syntax::print_expr(&text(it))).collect::<Vec<_>>().join(", ")
}

/// A text as the language writes it.
fn text(it: &str) -> tree::Expr {
    let span = crate::source::Span::new(FileId(0), 0, 0);
    tree::Expr { kind: ExprKind::Text(it.into()), span }
}
