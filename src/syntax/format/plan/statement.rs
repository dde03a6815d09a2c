//! Declarations, settings and statements.

use super::{Anchor, Column, GroupKind, Pair, Place, Planner, Row, RowKind, STATEMENT};
use crate::syntax::grammar::Rule;

impl Planner<'_, '_> {
    /// One declaration or statement, which begins with the piece `first`.
    pub(super) fn statement(&mut self, pair: Pair, first: usize) -> Row {
        if pair.as_rule() == Rule::stmt {
            let inner = pair.into_inner().next().expect("a statement has one kind");
            return self.statement(inner, first);
        }
        let units = self.plan.units.len();
        let mut row = Row { first, kind: RowKind::Other, cells: vec![], is_block: false };
        let parts: Vec<Pair> = pair.clone().into_inner().collect();
        match pair.as_rule() {
            Rule::use_item => self.use_item(parts),
            Rule::let_item => {
                row.kind = RowKind::Let;
                self.declared(parts, &mut row, Column::Equals, GroupKind::Value);
            }
            Rule::fit => {
                row.kind = RowKind::Fit;
                self.declared(parts, &mut row, Column::Equals, GroupKind::Value);
            }
            Rule::bind => {
                row.kind = match () {
                    () if self.is(first, "(") => RowKind::Other,
                    () if self.is(first + 1, "'") => RowKind::Step,
                    () => RowKind::Bind,
                };
                self.declared(parts, &mut row, Column::Equals, GroupKind::Value);
            }
            Rule::param | Rule::state => {
                row.kind = if pair.as_rule() == Rule::param { RowKind::Param } else { RowKind::State };
                self.declared(parts, &mut row, Column::Tilde, GroupKind::Value);
            }
            Rule::field_decl => {
                row.kind = RowKind::Field;
                row.cells.push((Column::Name, first + 1));
                self.declared(parts, &mut row, Column::Equals, GroupKind::Value);
            }
            Rule::setting => {
                row.kind = RowKind::Setting;
                let value = parts.into_iter().next_back().expect("a setting has a value");
                row.cells.push((Column::Value, self.first(&value)));
                self.node(value, STATEMENT);
            }
            Rule::callable => self.callable(parts, first),
            Rule::expr => self.expr(pair, Place { alone: true, ..STATEMENT }),
            Rule::require => {
                let items: Vec<usize> = parts[1..].iter().map(|it| self.first(it)).collect();
                self.items(items, STATEMENT);
                self.nodes(parts, STATEMENT);
            }
            Rule::ignore | Rule::skip => {
                if pair.as_rule() == Rule::skip {
                    row.kind = RowKind::Rename;
                    row.cells.push((Column::Name, first + 1));
                }
                let items: Vec<usize> = parts[1..].iter().map(|it| self.first(it)).collect();
                self.items(items, STATEMENT);
            }
            Rule::rename => {
                row.kind = RowKind::Rename;
                let arrow = self.first(&parts[2]) - 1;
                row.cells = vec![(Column::Name, first + 1), (Column::Arrow, arrow)];
                self.anchor(arrow, Anchor::Inside(first, 2));
                self.break_if(self.is_fresh(arrow) || self.is_fresh(arrow + 1), arrow);
                self.group(GroupKind::All, STATEMENT.rank(1), vec![arrow]);
            }
            Rule::data_item
            | Rule::names_item
            | Rule::train_item
            | Rule::tune_item
            | Rule::export_item
            | Rule::augment
            | Rule::regularize
            | Rule::transfer
            | Rule::privacy => self.block_item(pair, parts),
            _ => self.nodes(parts, STATEMENT),
        }
        row.is_block = self.plan.units.len() > units;
        row
    }

    /// `name: type = formula`, and what comes before the name.
    fn declared(&mut self, parts: Vec<Pair>, row: &mut Row, mark: Column, kind: GroupKind) {
        let mut under = None;
        for part in parts {
            match part.as_rule() {
                Rule::type_ => {
                    let first = self.first(&part);
                    row.cells.push((Column::Type, first));
                    under = (row.kind == RowKind::Field).then_some(first);
                    self.node(part, STATEMENT);
                }
                Rule::expr => {
                    let value = self.first(&part);
                    row.cells.push((mark, value - 1));
                    row.cells.extend(self.pipe_columns(&part));
                    self.value(part, kind, Place { under, ..STATEMENT });
                }
                _ => self.node(part, STATEMENT),
            }
        }
    }

    /// A formula behind `=` or `~`.
    fn value(&mut self, pair: Pair, kind: GroupKind, place: Place) {
        let first = self.first(&pair);
        let rank = match kind {
            GroupKind::Formula => 0,
            _ if self.has_own_breaks(&pair) => 15,
            _ => 1,
        };
        self.anchor(first, Anchor::Inside(first - 1, 2));
        self.break_if(self.is_fresh(first), first);
        self.group(kind, place.rank(rank), vec![first]);
        self.node(pair, place);
    }

    /// Whether a formula is better broken itself than put on a line of its own.
    fn has_own_breaks(&self, pair: &Pair) -> bool {
        pair.clone().into_inner().any(|it| matches!(it.as_rule(), Rule::pipe | Rule::if_expr | Rule::for_expr))
    }

    fn callable(&mut self, parts: Vec<Pair>, first: usize) {
        let mut parts = parts.into_iter();
        let head = parts.next().expect("a callable has a head");
        let body = parts.next().expect("a callable has a body");
        let (mut config, mut at) = (false, vec![]);
        for part in head.into_inner() {
            match part.as_rule() {
                Rule::kw_on => at.push(self.first(&part)),
                Rule::type_ => {
                    at.push(self.first(&part) - 1);
                    self.node(part, STATEMENT);
                }
                Rule::config => {
                    config = true;
                    self.node(part, STATEMENT);
                }
                _ => self.node(part, STATEMENT),
            }
        }
        for &piece in &at {
            self.anchor(piece, Anchor::Inside(first, 2));
            self.break_if(self.is_fresh(piece) || self.is_fresh(piece + 1) && self.is(piece, "->"), piece);
        }
        self.group(GroupKind::Head { config }, STATEMENT.rank(1), at);
        if body.as_rule() == Rule::body {
            let open = self.first(&body);
            self.plan.heads[open] = Some(first);
            self.anchor(open, Anchor::Inside(first, 0));
            self.node(body, STATEMENT);
        } else {
            self.value(body, GroupKind::Formula, Place { alone: true, ..STATEMENT });
        }
    }

    /// A declaration whose last part is a block.
    fn block_item(&mut self, pair: Pair, parts: Vec<Pair>) {
        let own = |it: &&Pair| matches!(it.as_rule(), Rule::block | Rule::transfer_body | Rule::names_body);
        if let Some(block) = parts.iter().find(own) {
            self.block_behind(block.clone(), self.first(block) - 1);
            return;
        }
        let named = |it: &&Pair| {
            matches!(
                it.as_rule(),
                Rule::kw_data
                    | Rule::kw_train
                    | Rule::kw_augment
                    | Rule::kw_regularize
                    | Rule::ident
                    | Rule::aug_fields
            )
        };
        let Some(head) = parts.iter().take_while(named).last() else { return };
        let (fields, head) = (head.as_rule() == Rule::aug_fields, self.last(head));
        if fields {
            self.nodes(parts.into_iter().filter(|it| it.as_rule() == Rule::aug_fields).collect(), STATEMENT);
        }
        self.block_behind(pair, head);
    }

    fn use_item(&mut self, parts: Vec<Pair>) {
        let Some(names) = parts.into_iter().find(|it| it.as_rule() == Rule::use_names) else { return };
        let (open, close) = (self.first(&names), self.last(&names));
        let ends: Vec<(usize, usize)> = names.into_inner().map(|it| (self.first(&it), self.last(&it))).collect();
        for &(_, end) in &ends[..ends.len() - 1] {
            self.plan.commas[end] = !self.is(end + 1, ",");
        }
        let items = ends.into_iter().map(|it| it.0).collect();
        self.hang(open, close, items, STATEMENT.in_bracket(), false);
    }

    /// Things in a row, with commas between them.
    pub(super) fn items(&mut self, items: Vec<usize>, place: Place) {
        for &item in &items[1..] {
            self.anchor(item, Anchor::Under(items[0]));
            self.break_if(self.is_fresh(item), item);
        }
        self.group(GroupKind::Fill, place.rank(1), items[1..].to_vec());
    }
}
