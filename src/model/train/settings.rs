//! The settings of a train block: which there are, and where a misplaced one belongs.

use std::sync::Arc;

use super::{Context, first_word, head_name};
use crate::model::fields;
use crate::model::lower::{Outcome, Reported};
use crate::problem::names::*;
use crate::problem::{Problem, a};
use crate::source::{Span, nearest};
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
            settings.meant = SETTINGS.iter().map(|it| it.to_string()).collect();
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
            if !SETTINGS.contains(&setting.key.as_str()) {
                settings.unknown(context, setting, problems);
                settings.sound = false;
            }
        }
        settings
    }

    pub fn get(&self, name: &str) -> Option<&'a Expr> {
        self.found.iter().find(|it| it.key.as_str() == name).map(|it| &it.value)
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
        let (mut belongs, mut help) = (None, None);
        if SETTINGS.contains(&meant) {
            let value = match (meant, &setting.value.kind) {
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) if name.contains("step") => {
                    format!("{value} steps")
                }
                ("for", ExprKind::Number(tree::Quantity { unit: None, .. })) => format!("{value} epochs"),
                _ => value.to_string(),
            };
            self.meant.push(meant.to_string());
            help = Some(format!("{meant}: {value}"));
        } else if let Some((kind, callee)) = self.owner(context, meant) {
            belongs = Some(format!("this belongs to the {}", kind.word()));
            help = Some(format!("{}: {callee}({meant}: {value})", kind.word()));
        } else if fields::SETTINGS.contains(&name) {
            belongs = Some("this belongs to the data".to_string());
            help = Some(format!("write it in the data block: `{name}: {value}`"));
        } else if let Some(near) = nearest(name, SETTINGS.iter().copied()) {
            self.meant.push(near.to_string());
            help = Some(format!("did you mean `{near}`?"));
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
        problems.push(UnknownSetting { block, name, at, belongs, help }.into());
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

/// The settings of a train block, and what each one holds.
pub const SETTINGS: &[&str] = &[
    "model",
    "data",
    "loss",
    "optimizer",
    "schedule",
    "batch",
    "for",
    "at_most",
    "seed",
    "metrics",
    "validate",
    "stop",
    "keep",
    "checkpoint",
    "preview",
    "accumulate",
    "clip",
    "precision",
];

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
