//! Blocks that speak of a train block, `tune` and `export`: the settings of their own, and which train block they mean.

use super::lower::{Outcome, Reported};
use super::train::{Context, Row, first_word};
use crate::problem::Problem;
use crate::problem::names::*;
use crate::source::{Span, nearest};
use crate::syntax::print_expr;
use crate::syntax::tree::{Block, Expr, ExprKind, Item, Setting};

/// The settings of a block that are its own.
pub(super) struct Own<'b> {
    pub block: &'b Block,
    /// `tune`
    word: &'static str,
    rows: &'static [Row],
    found: Vec<&'b Setting>,
    is_whole: bool,
}

impl<'b> Own<'b> {
    /// The settings of a block that are among `rows`, and the others. Where the block is not whole, nobody knows what it lacks.
    pub fn part(
        block: &'b Block,
        (word, rows): (&'static str, &'static [Row]),
        is_whole: bool,
        problems: &mut Vec<Problem>,
    ) -> Outcome<(Own<'b>, Vec<&'b Setting>)> {
        let is_own = |setting: &&Setting| rows.iter().any(|row| row.name == setting.key.as_str());
        let (all, others): (Vec<&Setting>, Vec<&Setting>) = block.settings.iter().partition(is_own);
        let (mut found, mut sound) = (vec![], true);
        for setting in all {
            match found.iter().find(|it: &&&Setting| it.key.text == setting.key.text) {
                Some(first) => {
                    let (name, at, first) = (setting.key.text.to_string(), setting.key.span, first.key.span);
                    problems.push(SettingTwice { name, at, first }.into());
                    sound = false;
                }
                None => found.push(setting),
            }
        }
        // Of a block of which a part cannot be read nobody knows what it lacks.
        match sound && block.broken.is_empty() {
            true => Ok((Own { block, word, rows, found, is_whole }, others)),
            false => Err(Reported),
        }
    }

    /// The word with which the block begins.
    pub fn place(&self) -> Span {
        first_word(self.block.span, self.word)
    }

    pub fn get(&self, name: &str) -> Option<&'b Expr> {
        self.found.iter().find(|it| it.key.as_str() == name).map(|it| &it.value)
    }

    /// Whether one of the keys seems to be this setting, misspelt.
    fn is_meant(&self, name: &str) -> bool {
        let names = || self.rows.iter().map(|row| row.name);
        self.block.settings.iter().any(|it| {
            names().all(|own| own != it.key.as_str())
                && nearest(it.key.as_str(), names()).is_some_and(|near| near.name == name)
        })
    }

    pub fn missing(&self, name: &str, help: String, problems: &mut Vec<Problem>) -> Reported {
        if self.is_whole && !self.is_meant(name) {
            let (block, name, at) = (format!("this {} block", self.word), name.to_string(), self.place());
            problems.push(SettingMissing { block, name, at, help }.into());
        }
        Reported
    }

    /// The name of the train block that is meant, of which `what` is said. `none` is the problem where the file has none.
    pub fn train(
        &self,
        context: &Context,
        trains: &[Option<String>],
        (what, none): (&str, impl FnOnce(Span) -> Problem),
        problems: &mut Vec<Problem>,
    ) -> Outcome<Option<String>> {
        let names: Vec<&str> = trains.iter().flatten().map(String::as_str).collect();
        match (self.get("train"), trains) {
            (_, []) => {
                let is_broken = context.tree.items.iter().any(|item| matches!(item, Item::Broken(_)));
                if !is_broken {
                    problems.push(none(self.place()));
                }
                Err(Reported)
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => {
                let lines: Vec<String> = names.iter().map(|name| format!("`train: {name}`")).collect();
                let help = format!("say which train block {what}: {}", lines.join(" or "));
                Err(self.missing("train", help, problems))
            }
            (Some(expr), _) => {
                let ExprKind::Name(name) = &expr.kind else {
                    if !matches!(expr.kind, ExprKind::Broken) {
                        let (wanted, found) = ("the name of a train block".into(), print_expr(expr));
                        problems.push(WrongKind { wanted, found, at: expr.span, help: None }.into());
                    }
                    return Err(Reported);
                };
                if names.contains(&&**name) {
                    return Ok(Some(name.to_string()));
                }
                let (kind, near) = ("train block".to_string(), nearest(name, names));
                problems.push(UnknownName { kind, name: name.to_string(), at: expr.span, near }.into());
                Err(Reported)
            }
        }
    }
}
