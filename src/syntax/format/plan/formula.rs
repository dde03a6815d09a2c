//! Formulas and types: operators, pipelines, brackets, branches, loops, tables.

use super::{Anchor, Column, GroupKind, Pair, Place, Planner};
use crate::syntax::grammar::Rule;

impl Planner<'_, '_> {
    pub(super) fn nodes(&mut self, parts: Vec<Pair>, place: Place) {
        parts.into_iter().for_each(|it| self.node(it, place));
    }

    pub(super) fn node(&mut self, pair: Pair, place: Place) {
        match pair.as_rule() {
            Rule::expr | Rule::applied => self.expr(pair, place),
            Rule::neg => {
                let first = self.first(&pair);
                self.plan.tight[first + 1] = true;
            }
            Rule::call | Rule::index | Rule::dims | Rule::config => {
                let first = self.first(&pair);
                self.plan.tight[first] = true;
                self.bracket(pair, place);
            }
            Rule::group | Rule::group_in | Rule::list | Rule::ttuple | Rule::aug_fields => self.bracket(pair, place),
            Rule::pattern if pair.as_str().starts_with('(') => self.bracket(pair, place),
            Rule::sels => {
                let items = pair.into_inner().map(|it| self.first(&it)).collect();
                self.items(items, place);
            }
            Rule::if_expr => self.branches(pair, place),
            Rule::for_expr => self.comprehension(pair, place),
            Rule::body => {
                let open = self.first(&pair);
                self.block_behind(pair, open - 1);
            }
            Rule::table => self.table(pair),
            _ => self.nodes(pair.into_inner().collect(), place),
        }
    }

    /// Terms with operators between them, and stages with `|>` between them.
    pub(super) fn expr(&mut self, pair: Pair, place: Place) {
        let head = self.first(&pair);
        let (mut pipes, mut aliases, mut terms) = (vec![], vec![], vec![]);
        let inner = Place { alone: false, under: None, ..place };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::pipe => {
                    pipes.push(self.first(&part));
                    self.terms(std::mem::take(&mut terms), inner);
                }
                Rule::alias => aliases.push(self.first(&part)),
                _ => terms.push(part),
            }
        }
        self.terms(terms, inner);
        if pipes.is_empty() {
            return;
        }
        for (order, &pipe) in pipes.iter().enumerate() {
            let anchor = match place.under {
                _ if order > 0 => Anchor::Under(pipes[0]),
                Some(under) => Anchor::Below(head, under),
                None => Anchor::Under(head),
            };
            self.anchor(pipe, anchor);
            self.break_if(self.is_led(pipe), pipe);
        }
        self.plan.aliases.push(aliases);
        match pipes.len() {
            1 if !place.alone => self.group(GroupKind::All, place.within().rank(8), pipes),
            _ if place.alone => self.group(GroupKind::All, place.rank(1), pipes),
            _ => self.group(GroupKind::All, place.rank(1), pipes.split_off(1)),
        }
    }

    /// Whether the user broke the line before or behind a mark that leads a line.
    fn is_led(&self, mark: usize) -> bool {
        self.is_fresh(mark) || self.is_fresh(mark + 1) && !self.is_commented(mark + 1)
    }

    /// Whether a comment stands before a piece.
    fn is_commented(&self, piece: usize) -> bool {
        self.pieces[piece - 1].after.is_some() || !self.pieces[piece].before.is_empty()
    }

    fn terms(&mut self, parts: Vec<Pair>, place: Place) {
        let Some(first) = parts.first().map(|it| self.first(it)) else { return };
        let mut chains: Vec<(usize, Vec<usize>)> = vec![];
        for part in parts {
            if let Some((sub, leads)) = operator(part.as_rule()) {
                let mark = self.first(&part);
                let at = if leads || place.bracket { mark } else { mark + 1 };
                let broken = if at == mark { self.is_led(mark) } else { self.is_fresh(mark) || self.is_fresh(at) };
                self.anchor(at, Anchor::Under(first));
                self.break_if(broken, at);
                match chains.iter_mut().find(|it| it.0 == sub) {
                    Some(chain) => chain.1.push(at),
                    None => chains.push((sub, vec![at])),
                }
            } else {
                self.node(part, place);
            }
        }
        for (sub, at) in chains {
            self.group(GroupKind::All, place.rank(sub), at);
        }
    }

    /// `( … )` and `[ … ]`: things with commas between them.
    fn bracket(&mut self, pair: Pair, place: Place) {
        let (open, close) = (self.first(&pair), self.last(&pair));
        let named = matches!(pair.as_rule(), Rule::call | Rule::config | Rule::group_in);
        let parts: Vec<Pair> = pair.into_inner().collect();
        if parts.is_empty() {
            self.anchor(close, Anchor::Inside(open, 0));
            return;
        }
        let items: Vec<usize> = parts.iter().map(|it| self.first(it)).collect();
        let small = |it: &Pair| self.first(it) == self.last(it);
        let fill = !named && parts.len() > 2 && parts.iter().all(small);
        self.hang(open, close, items, place.in_bracket(), fill);
        self.nodes(parts, place.in_bracket());
    }

    /// Brackets around things with commas between them: side by side, or each on a line of its own.
    pub(super) fn hang(&mut self, open: usize, close: usize, items: Vec<usize>, place: Place, fill: bool) {
        self.anchor(items[0], Anchor::Inside(open, 2));
        self.anchor(close, Anchor::Inside(open, 0));
        self.plan.hanging[close] = (items.len() > 1).then_some(items[0]);
        if !self.is(open, "{") {
            let broken = self.is_fresh(items[0]);
            self.break_if(broken, items[0]);
            for &item in &items[1..] {
                self.break_if(self.is_fresh(item) || self.is_fresh(item - 1), item);
            }
        }
        for &item in &items[1..] {
            self.anchor(item, Anchor::Under(items[0]));
        }
        let broken = self.plan.breaks[items[0]] || self.is_commented(items[0]);
        self.break_if(broken, close);
        let rank = place.rank(0);
        match items.len() {
            1 => {}
            _ if fill => self.group(GroupKind::Fill, rank, items[1..].to_vec()),
            _ => {
                let at = items.into_iter().chain([close]).collect();
                self.group(GroupKind::Hang, rank, at);
            }
        }
    }

    fn branches(&mut self, pair: Pair, place: Place) {
        let first = self.first(&pair);
        let parts: Vec<Pair> = pair.into_inner().collect();
        let word = |it: &&Pair| matches!(it.as_rule(), Rule::kw_then | Rule::kw_else);
        let at: Vec<usize> = parts.iter().filter(word).map(|it| self.first(it)).collect();
        let broken = at.iter().any(|&it| self.is_led(it));
        for &piece in &at {
            self.anchor(piece, Anchor::Under(first));
            self.break_if(broken, piece);
        }
        self.group(GroupKind::All, place.rank(1), at);
        self.nodes(parts, place.within());
    }

    fn comprehension(&mut self, pair: Pair, place: Place) {
        let first = self.first(&pair);
        let parts: Vec<Pair> = pair.into_inner().collect();
        let binder = |it: &&Pair| it.as_rule() == Rule::binder;
        let binders: Vec<usize> = parts.iter().filter(binder).map(|it| self.first(it)).collect();
        self.items(binders, place.within());
        let body = parts.last().expect("a loop has a body");
        if body.as_rule() != Rule::body {
            let start = self.first(body);
            self.anchor(start, Anchor::Inside(first, 2));
            self.break_if(self.is_fresh(start), start);
            self.group(GroupKind::All, place.rank(1), vec![start]);
        }
        self.nodes(parts, place.within());
    }

    fn table(&mut self, pair: Pair) {
        let first = self.first(&pair);
        self.plan.tables.push(pair.clone().into_inner().map(|it| self.first(&it)).collect());
        self.block_behind(pair, first);
    }

    /// Where a pipeline behind a single name has its first `|>` and the name of its first stage.
    pub(super) fn pipe_columns(&self, pair: &Pair) -> Vec<(Column, usize)> {
        let first = self.first(pair);
        let mut parts = pair.clone().into_inner();
        let mut columns = vec![];
        if parts.clone().nth(1).is_some_and(|it| it.as_rule() == Rule::pipe) && self.is(first + 1, "|>") {
            columns.push((Column::Pipe, first + 1));
            let alias = parts.by_ref().skip(2).find(|it| matches!(it.as_rule(), Rule::alias | Rule::pipe));
            columns.extend(alias.filter(|it| it.as_rule() == Rule::alias).map(|it| (Column::Alias, self.first(&it))));
        }
        columns
    }
}

/// How loosely an operator binds, and whether a line that begins with it goes on the one before.
fn operator(rule: Rule) -> Option<(usize, bool)> {
    Some(match rule {
        Rule::or => (2, true),
        Rule::and => (3, true),
        Rule::eq | Rule::ne | Rule::le | Rule::ge | Rule::lt | Rule::gt => (4, false),
        Rule::add => (5, true),
        Rule::sub => (5, false),
        Rule::mul | Rule::div | Rule::matmul => (6, true),
        Rule::range | Rule::pow | Rule::on => return None,
        _ => return None,
    })
}
