//! The lines of the layout: statements broken where they must be, comments in columns.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::columns::gap;
use super::pieces::Piece;
use super::plan::{Anchor, Group, GroupKind, Plan};
use crate::syntax::lex::TokenKind;

/// The most columns of a line that can be broken.
pub const WIDTH: usize = 120;
/// The widest gap before comments that stand under each other.
const WIDEST_GAP: usize = 40;

struct Line<'a> {
    indent: usize,
    text: String,
    /// The column behind the longest line of its text.
    reach: usize,
    /// The column behind its text.
    end: usize,
    pieces: Range<usize>,
    comment: Option<&'a str>,
    /// Whether a blank line stands before it.
    blank: bool,
}

pub fn print(pieces: &[Piece], plan: &mut Plan, extra: Vec<usize>, line_break: &str) -> String {
    let count = pieces.len();
    let starts = plan.units.clone();
    let ends = starts[1..].iter().copied().chain([count]);
    let units = starts.iter().zip(ends).map(|(&start, end)| start..end);
    let mut printer =
        Printer { pieces, plan, extra, columns: vec![0; count], indents: vec![0; count], lines: vec![0; count] };
    let mut lines = vec![];
    for unit in units {
        lines.append(&mut printer.settle(unit));
    }
    written(&lines, line_break)
}

struct Printer<'p, 'a> {
    pieces: &'p [Piece<'a>],
    plan: &'p mut Plan,
    extra: Vec<usize>,
    /// Where each piece stands, how far its line is indented, and which line of its statement it is on.
    columns: Vec<usize>,
    indents: Vec<usize>,
    lines: Vec<usize>,
}

impl<'a> Printer<'_, 'a> {
    /// The lines of a statement, none of them longer than it must be.
    fn settle(&mut self, unit: Range<usize>) -> Vec<Line<'a>> {
        let mut lines = self.lay_out(unit.clone());
        while self.break_long(&lines) {
            lines = self.lay_out(unit.clone());
        }
        if self.align_aliases(&unit, &lines) {
            let aligned = self.lay_out(unit.clone());
            if aligned.iter().all(|it| it.reach <= WIDTH) {
                return aligned;
            }
            self.extra[unit.clone()].fill(0);
            return self.lay_out(unit);
        }
        lines
    }

    fn lay_out(&mut self, unit: Range<usize>) -> Vec<Line<'a>> {
        let mut lines: Vec<Line> = vec![];
        for at in unit.clone() {
            let piece = &self.pieces[at];
            if at == unit.start || self.plan.breaks[at] || self.is_lone_brace(at) {
                if let (Some(line), Some(first)) = (lines.last_mut(), self.plan.hanging[at])
                    && self.plan.breaks[first]
                {
                    line.push(",");
                }
                self.comments(at, &mut lines);
                let blank = at == unit.start && piece.blank && piece.text != "}" && self.is_apart(at);
                lines.push(Line::new(self.place(at), at, blank));
            } else if let Some(line) = lines.last_mut() {
                line.push(&" ".repeat(gap(self.plan, &self.extra, at)));
            }
            let line = lines.last_mut().expect("a unit begins with a line");
            (self.columns[at], self.indents[at]) = (line.end, line.indent);
            line.push(&piece.text);
            if self.plan.commas[at] {
                line.push(",");
            }
            line.comment = piece.after;
            line.pieces.end = at + 1;
            self.lines[at] = lines.len() - 1;
        }
        lines
    }

    /// The lines of the comments before a piece.
    fn comments(&self, at: usize, lines: &mut Vec<Line<'a>>) {
        let piece = &self.pieces[at];
        let inside = if piece.kind == TokenKind::Close { 2 } else { 0 };
        for (order, comment) in piece.before.iter().enumerate() {
            let blank =
                comment.blank && !(order == 0 && self.is_first(at)) && self.plan.units.binary_search(&at).is_ok();
            let mut line = Line::new(self.place(at) + inside, at, blank);
            line.push(comment.text);
            line.reach = 0;
            lines.push(line);
        }
    }

    /// Whether a statement does not follow its documentation or the beginning of its block.
    fn is_apart(&self, at: usize) -> bool {
        match self.pieces[at].before.last() {
            Some(comment) => !comment.text.starts_with("##"),
            None => !self.is_first(at),
        }
    }

    /// Whether nothing stands before a piece in its block.
    fn is_first(&self, at: usize) -> bool {
        at == 0 || self.pieces[at - 1].text == "{"
    }

    fn place(&self, at: usize) -> usize {
        match self.plan.anchors[at] {
            Anchor::Below(head, _) if self.plan.breaks[head] => self.columns[head],
            Anchor::Under(piece) | Anchor::Below(_, piece) => self.columns[piece],
            Anchor::Inside(piece, further) => self.indents[piece] + further,
            Anchor::Margin => 0,
        }
    }

    /// Whether a piece is the brace of a body whose head has several lines.
    fn is_lone_brace(&self, at: usize) -> bool {
        self.plan.heads[at].is_some_and(|first| self.indents[at - 1] != self.columns[first])
    }

    // -------------------------------------------------------------------------------------------- breaks

    /// Breaks each line that is too long, where it can be broken; whether one was.
    fn break_long(&mut self, lines: &[Line]) -> bool {
        let mut any = false;
        for line in lines.iter().filter(|it| it.reach > WIDTH) {
            any |= self.break_one(line);
        }
        any
    }

    /// Breaks a line that is too long at the loosest place where that helps.
    fn break_one(&mut self, line: &Line) -> bool {
        let inner = line.pieces.start + 1..line.pieces.end.max(line.pieces.start + 1);
        let free = inner.filter(|&at| !self.plan.breaks[at]);
        let mut groups: Vec<usize> = free.filter_map(|at| self.plan.member[at]).collect();
        groups.sort_by_key(|&it| (self.plan.groups[it].rank, it));
        groups.dedup();
        for group in groups {
            let at = self.places(&self.plan.groups[group], line);
            if !at.is_empty() {
                at.into_iter().for_each(|it| self.plan.breaks[it] = true);
                return true;
            }
        }
        false
    }

    /// Where a group breaks on account of a line.
    fn places(&self, group: &Group, line: &Line) -> Vec<usize> {
        let free = |at: &usize| line.pieces.contains(at) && *at != line.pieces.start && !self.plan.breaks[*at];
        let here: Vec<usize> = group.at.iter().copied().filter(free).collect();
        let Some(&first) = here.first() else { return vec![] };
        let helps = self.place(first) < self.columns[first];
        match group.kind {
            GroupKind::All | GroupKind::Hang => group.at.clone(),
            GroupKind::Formula if helps => here,
            GroupKind::Value if helps && self.place(first) + line.reach - self.columns[first] <= WIDTH => here,
            GroupKind::Formula | GroupKind::Value => vec![],
            GroupKind::Fill => self.filled(&here, line),
            GroupKind::Head { config } => {
                let fits = |at: &&usize| self.columns[**at] <= WIDTH + 1;
                let mut fitting = here.iter().filter(fits);
                let choice = if config { fitting.next() } else { fitting.next_back() };
                choice.copied().into_iter().collect()
            }
        }
    }

    /// The breaks without which things in a row would be too long.
    fn filled(&self, items: &[usize], line: &Line) -> Vec<usize> {
        let (mut breaks, mut shift) = (vec![], 0);
        for (order, &item) in items.iter().enumerate() {
            let end = items.get(order + 1).map_or(line.reach, |&next| self.columns[next] - 1);
            if end > WIDTH + shift {
                shift = self.columns[item].saturating_sub(self.place(item));
                breaks.push(item);
            }
        }
        breaks
    }

    // -------------------------------------------------------------------------------------------- columns

    /// Puts the names of the stages of a pipeline under each other; whether anything moved.
    fn align_aliases(&mut self, unit: &Range<usize>, lines: &[Line]) -> bool {
        let mut moved = false;
        for aliases in &self.plan.aliases {
            let on_line = |at: &&usize| {
                unit.contains(*at) && {
                    let line = &lines[self.lines[**at]];
                    self.pieces[line.pieces.start].kind != TokenKind::Close && line.pieces.start != **at
                }
            };
            let mut rows: Vec<usize> = aliases.iter().filter(on_line).copied().collect();
            rows.dedup_by_key(|it| self.lines[*it]);
            if rows.len() < 2 {
                continue;
            }
            let column = rows.iter().map(|&it| self.columns[it]).max().expect("at least two");
            for at in rows {
                self.extra[at] += column - self.columns[at];
                moved |= column > self.columns[at];
            }
        }
        moved
    }
}

impl Line<'_> {
    fn new(indent: usize, at: usize, blank: bool) -> Self {
        Line { indent, text: String::new(), reach: indent, end: indent, pieces: at..at, comment: None, blank }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        let mut lines = text.split('\n');
        self.end += lines.next().unwrap_or("").width();
        self.reach = self.reach.max(self.end);
        if let Some(last) = lines.next_back() {
            self.end = last.width();
        }
    }
}

/// The text of all lines, with the comments behind neighbouring lines in one column.
fn written(lines: &[Line], line_break: &str) -> String {
    let mut out = String::new();
    let mut columns = comment_columns(lines).into_iter();
    for line in lines {
        let column = columns.next().expect("a column for each line");
        if line.blank && !out.is_empty() {
            out.push_str(line_break);
        }
        if line.text.is_empty() && line.comment.is_none() {
            continue;
        }
        out.extend(std::iter::repeat_n(' ', line.indent));
        out.push_str(&line.text);
        if let Some(comment) = line.comment {
            out.extend(std::iter::repeat_n(' ', column - line.end));
            out.push_str(comment);
        }
        out.push_str(line_break);
    }
    out
}

fn comment_columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = vec![0; lines.len()];
    let mut start = 0;
    while start < lines.len() {
        let (mut low, mut high, mut end) = (lines[start].end, lines[start].end, start);
        while let Some(line) = lines.get(end).filter(|it| it.comment.is_some() && (end == start || !it.blank)) {
            let (new_low, new_high) = (low.min(line.end), high.max(line.end));
            if new_high - new_low > WIDEST_GAP {
                break;
            }
            (low, high, end) = (new_low, new_high, end + 1);
        }
        columns[start..end].fill(high + 2);
        start = end.max(start + 1);
    }
    columns
}
