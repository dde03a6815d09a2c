//! `privacy { … }`: how one example is kept from being told, and what may be spent on it.

use super::Reader;
use crate::model::lower::{Outcome, Reported};
use crate::model::privacy::Privacy;
use crate::model::train::first_word;
use crate::problem::names::{ArgumentMissing, SettingMissing, SettingTwice, UnknownSetting};
use crate::problem::values::WrongUnit;
use crate::source::nearest;
use crate::syntax::print_expr;
use crate::syntax::tree::{Block, Expr, TrainBlock, TrainEntry};

/// The settings of the block, with how each is given.
const SETTINGS: [(&str, &str); 3] =
    [("method", "method: dp_sgd(clip: 1.0)"), ("budget", "budget: epsilon(3, delta: 1e-5)"), ("seed", "seed: 1")];

impl Reader<'_> {
    /// What a train block says of privacy, if it does.
    pub(super) fn privacy(&mut self, train: &TrainBlock) -> Outcome<Option<Privacy>> {
        let mut blocks = train.entries.iter().filter_map(|entry| match entry {
            TrainEntry::Privacy(block) => Some(block),
            _ => None,
        });
        let Some(block) = blocks.next() else { return Ok(None) };
        if let Some(second) = blocks.next() {
            let (at, first) = (first_word(second.span, "privacy"), first_word(block.span, "privacy"));
            return Err(self.lower.report(SettingTwice { name: "privacy".into(), at, first }));
        }
        let found = self.found(block)?;
        let [method, budget, seed] = found;
        let span = first_word(block.span, "privacy");
        let needed = |reader: &mut Self, given: Option<_>, at: usize| {
            let (name, example) = SETTINGS[at];
            let (block, help) = ("this privacy block".to_string(), format!("write `{example}`"));
            let missing = SettingMissing { block, name: name.into(), at: span, help };
            given.ok_or_else(|| reader.lower.report(missing))
        };
        let (method, budget) = (needed(self, method, 0), needed(self, budget, 1));
        let clip = method.and_then(|expr: &Expr| {
            let args = self.call("method", expr, "dp_sgd", &["clip"], "dp_sgd(clip: 1.0)")?;
            self.plain_number("clip", args[0].expect("needed"), "from 1e-12 to 1e12", |it| (1e-12..=1e12).contains(&it))
        });
        let budget = budget.and_then(|expr: &Expr| {
            let example = "epsilon(3, delta: 1e-5)";
            let args = self.call("budget", expr, "epsilon", &["epsilon", "delta"], example)?;
            let epsilon = self.plain_number("epsilon", args[0].expect("needed"), "from 0 to 1000", |it| it <= 1000.0);
            let Some(delta) = args[1] else {
                let (callee, name) = ("`epsilon`".to_string(), "delta".to_string());
                return Err(self.lower.report(ArgumentMissing { callee, name, at: expr.span, declared: None }));
            };
            let range = "more than 0 and less than 1";
            Ok((epsilon?, self.plain_number("delta", delta, range, |it| it < 1.0)?, expr.span, delta.span))
        });
        let seed_at = seed.map(|expr| expr.span);
        let seed = seed.map(|expr| self.count("seed", "a whole number", expr, 0.0, 9e15).map(|it| it as u64));
        let (clip, (epsilon, delta, budget_at, delta_at), seed) = (clip?, budget?, seed.transpose()?);
        Ok(Some(Privacy { clip, epsilon, delta, seed, span, budget_at, delta_at, seed_at }))
    }

    /// What the block gives for each of its settings.
    fn found<'b>(&mut self, block: &'b Block) -> Outcome<[Option<&'b Expr>; 3]> {
        let mut found = [None; 3];
        let mut sound = block.broken.is_empty();
        for setting in &block.settings {
            let (name, at) = (setting.key.text.to_string(), setting.key.span);
            match SETTINGS.iter().position(|(known, _)| *known == name) {
                Some(place) if found[place].is_none() => found[place] = Some(setting),
                Some(place) => {
                    let first = found[place].expect("asked").key.span;
                    self.lower.report(SettingTwice { name, at, first });
                    sound = false;
                }
                None => {
                    let near = nearest(&name, SETTINGS.iter().map(|it| it.0));
                    let help = near.is_none().then(|| "its settings are `method`, `budget` and `seed`".to_string());
                    let block = "`privacy`".to_string();
                    self.lower.report(UnknownSetting { block, name, at, belongs: None, near, help, edits: vec![] });
                    sound = false;
                }
            }
        }
        if sound { Ok(found.map(|it| it.map(|setting| &setting.value))) } else { Err(Reported) }
    }

    /// A number above 0 without a unit, that `fits`.
    fn plain_number(&mut self, setting: &str, expr: &Expr, range: &str, fits: fn(f64) -> bool) -> Outcome<f64> {
        let number = self.number(setting, "a number", expr)?;
        if number.measure.is_some() {
            let (setting, wanted, found, at) =
                (setting.to_string(), "a number without a unit".into(), print_expr(expr), expr.span);
            return Err(self.lower.report(WrongUnit { setting, wanted, found, at, help: None }));
        }
        match number.value > 0.0 && fits(number.value) {
            true => Ok(number.value),
            false if number.value > 0.0 || setting == "delta" => Err(self.outside(setting, range, expr)),
            false => Err(self.outside(setting, "more than 0", expr)),
        }
    }
}
