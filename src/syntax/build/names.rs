//! The names of a text: those that it makes, those that it mentions, and those of other files that it has as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::problem::Problem;
use crate::problem::names::{AliasTaken, NameTwice};
use crate::source::Span;
use crate::syntax::tree::{Item, Name, Use};

/// What has been met so far.
#[derive(Default)]
pub struct Names {
    /// What the file calls other files.
    whole: Vec<Name>,
    /// What stands behind one of these, in the other file's words.
    through: Vec<(Arc<str>, Name)>,
    /// Every name that is given to something.
    pub made: Vec<Name>,
    /// Every name that is used, where a `use` asks for that.
    pub mentioned: BTreeSet<Arc<str>>,
    is_asked: bool,
}

impl Names {
    /// Of a text that calls files `whole`; `is_asked` where a `use` says neither names nor what the file is called.
    pub fn of(whole: Vec<Name>, is_asked: bool) -> Names {
        Names { whole, is_asked, ..Names::default() }
    }

    pub fn is_whole(&self, name: &str) -> bool {
        self.whole.iter().any(|it| *it.text == *name)
    }

    /// The one name that a file's name and a name of that file are.
    pub fn through(&mut self, whole: Arc<str>, name: Name) -> Arc<str> {
        let one = format!("{whole}.{}", name.text).into();
        self.through.push((whole, name));
        one
    }

    /// Takes note of a name, which may begin with a file's.
    pub fn mention(&mut self, name: &Name) {
        match name.text.split_once('.') {
            Some((whole, rest)) if self.is_whole(whole) => {
                let rest = rest.split('.').next().unwrap_or(rest);
                let start = name.span.start + whole.len() as u32 + 1;
                let span = Span { start, end: start + rest.len() as u32, ..name.span };
                self.through.push((whole.into(), Name::new(rest, span)));
            }
            _ if !self.is_asked => {}
            Some((first, _)) => _ = self.mentioned.insert(first.into()),
            None => _ = self.mentioned.insert(name.text.clone()),
        }
    }

    /// Gives each `use` what stands behind its alias, and says where the name of a file is that of something else, too.
    pub fn settle(&mut self, items: &mut [Item], problems: &mut Vec<Problem>) {
        for (at, alias) in self.whole.iter().enumerate() {
            if let Some(first) = self.whole[..at].iter().find(|it| it.text == alias.text) {
                let (name, at, first) = (alias.text.to_string(), alias.span, first.span);
                problems.push(NameTwice { name, at, first }.into());
                continue;
            }
            if let Some(other) = self.made.iter().find(|it| it.text == alias.text) {
                let (name, at, alias_at) = (alias.text.to_string(), other.span, alias.span);
                problems.push(AliasTaken { name, at, alias_at }.into());
            }
        }
        let uses = items.iter_mut().filter_map(|item| match item {
            Item::Use(it) => Some(it),
            _ => None,
        });
        let mut uses: Vec<&mut Use> = uses.collect();
        for (whole, name) in self.through.drain(..) {
            if let Some(it) = uses.iter_mut().find(|it| it.alias.as_ref().is_some_and(|alias| alias.text == whole)) {
                it.through.push(name);
            }
        }
    }
}
