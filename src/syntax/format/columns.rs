//! What stands in columns: the parts of neighbouring statements, and the cells of inline tables.

use unicode_width::UnicodeWidthStr;

use super::pieces::Piece;
use super::plan::{Column, Plan, Row, RowKind};

/// In the order in which they are aligned, each with the widest gap that it may leave, in columns.
const COLUMNS: [(Column, usize); 8] = [
    (Column::Name, 32),
    (Column::Type, 32),
    (Column::Value, 32),
    (Column::Equals, 12),
    (Column::Tilde, 16),
    (Column::Arrow, 40),
    (Column::Pipe, 8),
    (Column::Alias, 16),
];

/// For each piece the spaces before it that put it into its column.
pub fn align(pieces: &[Piece], plan: &Plan) -> Vec<usize> {
    let mut extra = vec![0; pieces.len()];
    for rows in &plan.blocks {
        let together =
            |a: &Row, b: &Row| a.kind == b.kind && a.kind != RowKind::Other && !a.is_block && !parted(pieces, b);
        for run in rows.chunk_by(together).filter(|it| it.len() > 1) {
            for (column, widest) in COLUMNS {
                align_column(pieces, plan, run, column, widest, &mut extra);
            }
        }
    }
    extra
}

/// Whether a blank line stands before a statement.
fn parted(pieces: &[Piece], row: &Row) -> bool {
    let piece = &pieces[row.first];
    piece.blank || piece.before.iter().any(|it| it.blank)
}

fn align_column(pieces: &[Piece], plan: &Plan, run: &[Row], column: Column, widest: usize, extra: &mut [usize]) {
    let mut section: Vec<(usize, usize)> = vec![];
    for row in run {
        let cell = row.cells.iter().find(|it| it.0 == column).map(|it| it.1);
        let Some(cell) = cell.filter(|&it| stands_on_first_line(plan, row, column, it)) else {
            if matches!(column, Column::Pipe | Column::Alias) {
                close(&mut section, extra);
            }
            continue;
        };
        let at = (row.first..cell).fold(0, |at, it| at + width(&pieces[it]) + gap(plan, extra, it + 1));
        let (low, high) = section.iter().fold((at, at), |(low, high), it| (low.min(it.1), high.max(it.1)));
        if high - low > widest {
            close(&mut section, extra);
        }
        section.push((cell, at));
    }
    close(&mut section, extra);
}

/// Moves the cells of a section into one column.
fn close(section: &mut Vec<(usize, usize)>, extra: &mut [usize]) {
    let column = section.iter().map(|it| it.1).max().unwrap_or(0);
    for (cell, at) in section.drain(..) {
        extra[cell] += column - at;
    }
}

/// Whether no line breaks before a cell; and none in the whole statement, for what stands within its formula.
fn stands_on_first_line(plan: &Plan, row: &Row, column: Column, cell: usize) -> bool {
    let end = match column {
        Column::Pipe | Column::Alias => plan.units[plan.units.partition_point(|&it| it <= row.first)],
        _ => cell + 1,
    };
    !plan.breaks[row.first + 1..end].contains(&true)
}

pub fn width(piece: &Piece) -> usize {
    piece.text.width()
}

pub fn gap(plan: &Plan, extra: &[usize], piece: usize) -> usize {
    usize::from(!plan.tight[piece]) + extra[piece]
}

/// Writes the cells of each inline table under each other.
pub fn align_tables(pieces: &mut [Piece], plan: &Plan) {
    for rows in &plan.tables {
        let cells: Vec<Vec<String>> = rows.iter().map(|&it| cells(&pieces[it].text)).collect();
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let columns: Vec<Vec<String>> = (0..count).map(|at| column(cells.iter().map(|it| it.get(at)))).collect();
        for (order, (&row, cells)) in rows.iter().zip(&cells).enumerate() {
            let text = columns[..cells.len()].iter().map(|column| format!("| {} ", column[order]));
            pieces[row].text = (text.collect::<String>() + "|").into();
        }
    }
}

fn cells(row: &str) -> Vec<String> {
    let inner = row.strip_prefix('|').and_then(|it| it.strip_suffix('|')).unwrap_or(row);
    inner.split('|').map(|it| it.trim().to_owned()).collect()
}

/// The cells of a column, all of one width. Numbers stand with their points under each other.
fn column<'c>(cells: impl Iterator<Item = Option<&'c String>>) -> Vec<String> {
    let mut cells: Vec<String> = cells.map(|it| it.cloned().unwrap_or_default()).collect();
    let title = usize::from(!cells.is_empty() && whole_digits(&cells[0]).is_none());
    let numbers = &mut cells[title..];
    if numbers.iter().all(|it| it.is_empty() || whole_digits(it).is_some()) {
        let most = numbers.iter().filter_map(|it| whole_digits(it)).max().unwrap_or(0);
        for number in numbers.iter_mut().filter(|it| !it.is_empty()) {
            let before = most - whole_digits(number).expect("all of them are numbers");
            number.insert_str(0, &" ".repeat(before));
        }
    }
    let widest = cells.iter().map(|it| it.width()).max().unwrap_or(0);
    cells.iter_mut().for_each(|it| it.push_str(&" ".repeat(widest - it.width())));
    cells
}

/// How many characters a number has before its point; `None` for what is no number.
fn whole_digits(text: &str) -> Option<usize> {
    let number = text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it)) && text.parse::<f64>().is_ok();
    number.then(|| text.find(['.', 'e', 'E']).unwrap_or(text.len()))
}
