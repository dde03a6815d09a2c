//! The settings of a train block: which there are, and where a misplaced one belongs.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Context, first_word, head_name};
use crate::model::fields;
use crate::model::lower::{Outcome, Reported};
use crate::problem::names::*;
use crate::problem::{Problem, a};
use crate::source::{FileId, Span, nearest};
use crate::syntax::tree::{self, Expr, ExprKind, Kind, TrainBlock, TrainEntry};

/// The settings of a block by their names.
pub struct Settings<'a> {
    pub block: &'a TrainBlock,
    pub(super) found: Vec<&'a tree::Setting>,
    /// Settings that the block has under another name or misspelt: they are not missing.
    pub(super) meant: Vec<String>,
    pub(super) sound: bool,
}

impl<'a> Settings<'a> {
    pub(super) fn gather(context: &Context, block: &'a TrainBlock, problems: &mut Vec<Problem>) -> Settings<'a> {
        let mut settings = Settings { block, found: vec![], meant: vec![], sound: true };
        // A block of which a part cannot be read may have lost any of them: none is missing.
        let whole = block.span;
        let is_inside = |at: Span| at.file == whole.file && whole.start <= at.start && at.end <= whole.end;
        if problems.iter().any(|it| it.labels.first().is_some_and(|label| is_inside(label.span))) {
            settings.meant = names().map(String::from).collect();
        }
        for entry in &block.entries {
            match entry {
                TrainEntry::Setting(setting) => {
                    let name = setting.key.text.to_string();
                    match settings.found.iter().find(|it| it.key.text == setting.key.text) {
                        Some(first) => {
                            let (at, first) = (setting.key.span, first.key.span);
                            problems.push(SettingTwice { name, at, first }.into());
                            settings.sound = false;
                        }
                        None => settings.found.push(setting),
                    }
                }
                TrainEntry::Broken(_) => settings.sound = false,
                _ => {}
            }
        }
        for setting in settings.found.clone() {
            if names().all(|name| name != setting.key.as_str()) {
                settings.unknown(context, setting, problems);
                settings.sound = false;
            }
        }
        settings
    }

    pub fn get(&self, name: &str) -> Option<&'a Expr> {
        self.found.iter().find(|it| it.key.as_str() == name).map(|it| &it.value)
    }

    /// As given, or what stands for it where it is not.
    pub fn or_default(&self, name: &str) -> Option<Cow<'a, Expr>> {
        self.get(name).map(Cow::Borrowed).or_else(|| default(name).map(Cow::Owned))
    }

    /// Whether the block seems to have the setting, in words that nobody can read.
    pub fn is_meant(&self, name: &str) -> bool {
        self.meant.iter().any(|it| it == name)
    }

    /// The word `train`.
    pub fn place(&self) -> Span {
        first_word(self.block.span, "train")
    }

    pub(super) fn needed(&self, name: &str, help: &str, problems: &mut Vec<Problem>) -> Outcome<&'a Expr> {
        self.get(name).ok_or_else(|| {
            if !self.is_meant(name) {
                let (block, name, at) = ("this train block".to_string(), name.to_string(), self.place());
                problems.push(SettingMissing { block, name, at, help: help.to_string() }.into());
            }
            Reported
        })
    }

    /// Says where a setting that does not belong here does belong.
    fn unknown(&mut self, context: &Context, setting: &tree::Setting, problems: &mut Vec<Problem>) {
        let name = setting.key.as_str();
        let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map_or(name, |&(_, own)| own);
        let value = context.sources.text(setting.value.span);
        let (mut belongs, mut help, mut meant_here, mut edits) = (None, None, None, vec![]);
        if names().any(|name| name == meant) {
            let value = match (meant, &setting.value.kind) {
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) if name.contains("step") => {
                    format!("{value} steps")
                }
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) => format!("{value} epochs"),
                _ => value.to_string(),
            };
            self.meant.push(meant.to_string());
            let text = format!("{meant}: {value}");
            if !self.block.entries.iter().any(|it| matches!(it, TrainEntry::Setting(it) if it.key.as_str() == meant)) {
                edits.push((setting.span, text.clone()));
            }
            help = Some(text);
        } else if let Some((kind, callee)) = self.owner(context, meant) {
            belongs = Some(format!("this belongs to the {}", kind.word()));
            help = Some(format!("{}: {callee}({meant}: {value})", kind.word()));
            edits = self.moved(context, setting, kind, meant);
        } else if fields::SETTINGS.contains(&name) {
            belongs = Some("this belongs to the data".to_string());
            help = Some(format!("write it in the data block: `{name}: {value}`"));
        } else if let Some(near) = nearest(name, names()) {
            self.meant.push(near.name.clone());
            meant_here = Some(near);
        } else if let Some(kind) =
            Kind::ALL.into_iter().find(|&kind| context.modules.callables(context.module, kind, name).is_some())
        {
            let place = match kind {
                Kind::Layer | Kind::Fn => "the model applies it: `… |> {name}`",
                Kind::Metric => "write `metrics: [{name}]`",
                Kind::Regularizer => "write `regularize {{ {name}(…) on *.w }}`",
                Kind::Augmentation => "write `augment … {{ {name} }}`",
                Kind::Encoder => "a field's formula applies it: `… |> {name}`",
                Kind::Model | Kind::Loss | Kind::Optimizer | Kind::Schedule => "write `{kind}: {name}`",
            };
            belongs = Some(format!("this is {}", a(kind.word())));
            help = Some(
                place.replace("{name}", name).replace("{kind}", kind.word()).replace("{{", "{").replace("}}", "}"),
            );
        }
        let (block, name, at) = ("`train`".to_string(), name.to_string(), setting.key.span);
        problems.push(UnknownSetting { block, name, at, belongs, near: meant_here, help, edits }.into());
    }

    /// The edits that move a setting of the block to the call that has it, unless the call says it already.
    fn moved(&self, context: &Context, setting: &tree::Setting, kind: Kind, meant: &str) -> Vec<(Span, String)> {
        let Some(expr) = self.get(kind.word()) else { return vec![] };
        let argument = format!("{meant}: {}", context.sources.text(setting.value.span));
        let end = |span: Span, back: usize| Span::new(span.file, span.range().end - back, span.range().end - back);
        let added = match &expr.kind {
            ExprKind::Name(_) => (end(expr.span, 0), format!("({argument})")),
            ExprKind::Call { args, .. } => match args.last() {
                // By its place it may be this very setting that is given.
                Some(_) if args.iter().any(|it| it.name.as_ref().is_none_or(|name| name.as_str() == meant)) => {
                    return vec![];
                }
                Some(last) => (end(last.value.span, 0), format!(", {argument}")),
                None => (end(expr.span, 1), argument),
            },
            _ => return vec![],
        };
        // With its line, where it has one of its own.
        let text = &context.sources[setting.span.file].text;
        let (start, end) = (setting.span.range().start, setting.span.range().end);
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let is_alone = text[line..start].trim().is_empty() && text[end..next].trim().is_empty();
        let gone = if is_alone { Span::new(setting.span.file, line, next) } else { return vec![] };
        vec![added, (gone, String::new())]
    }

    /// The callable of this block that has a setting called `name`.
    fn owner(&self, context: &Context, name: &str) -> Option<(Kind, Arc<str>)> {
        [Kind::Optimizer, Kind::Schedule, Kind::Loss, Kind::Model].into_iter().find_map(|kind| {
            let (callee, _) = head_name(self.get(kind.word())?)?;
            let forms = context.modules.callables(context.module, kind, callee)?;
            let has = forms.iter().any(|form| form.callable.config.iter().any(|param| param.name.as_str() == name));
            has.then(|| (kind, callee.clone()))
        })
    }
}

/// A setting of a block.
pub struct Row {
    pub name: &'static str,
    /// What stands for it where it is not given, as the language writes it.
    pub default: Option<&'static str>,
    /// What it says, in one sentence.
    pub doc: &'static str,
}

pub const fn row(name: &'static str, default: Option<&'static str>, doc: &'static str) -> Row {
    Row { name, default, doc }
}

/// The settings of a train block.
pub const SETTINGS: &[Row] = &[
    row("model", None, "What is trained."),
    row("data", None, "On what."),
    row("loss", None, "What is made small."),
    row("optimizer", None, "How the parameters move."),
    row("schedule", None, "The factor of the learning rate; without one it is always 1."),
    row("batch", Some("32"), "Examples in a step."),
    row("for", None, "How long."),
    row("at_most", None, "When it ends by the clock; without one it does not."),
    row("seed", Some("0"), "Starts, order and noise: the same seed gives the same bits."),
    row("metrics", None, "What else is measured; without them only the loss."),
    row("validate", Some("every(1 epoch)"), "When the validation split is looked at."),
    row("stop", None, "What ends a run without progress; without one nothing does."),
    row("keep", Some("last"), "Which weights are kept; with `stop`, the best by its metric."),
    row("checkpoint", None, "When to save; without one when interrupted."),
    row("preview", None, "A text that the model writes where the validation split is looked at."),
    row("accumulate", Some("1 batch"), "How many batches make a step."),
    row("clip", None, "What limits the gradient; without one nothing does."),
    row("precision", Some("fp32"), "The numbers that are computed with."),
];

/// The names of the settings of a train block.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    SETTINGS.iter().map(|row| row.name)
}

/// What stands for a setting that is not given.
fn default(name: &str) -> Option<Expr> {
    let text = SETTINGS.iter().find(|row| row.name == name)?.default?;
    Some(constant_text(text))
}

/// The expression of a text of ours.
pub fn constant_text(text: &str) -> Expr {
    crate::syntax::expression(FileId(0), text).expect("a default that is written well")
}

/// What other tools call a setting, and what it is here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("learning_rate", "lr"),
    ("weight_decay", "decay"),
    ("epochs", "for"),
    ("max_epochs", "for"),
    ("num_epochs", "for"),
    ("max_steps", "for"),
    ("steps", "for"),
    ("batch_size", "batch"),
    ("criterion", "loss"),
    ("scheduler", "schedule"),
    ("lr_schedule", "schedule"),
    ("random_seed", "seed"),
    ("early_stopping", "stop"),
    ("dataset", "data"),
    ("network", "model"),
];
