//! Tables of text: columns as wide as their widest cell, in columns of the terminal.

use unicode_width::UnicodeWidthStr;

/// Where the text of a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Rows of cells under a heading.
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<String>),
    Rule,
}

impl Table {
    /// `[("stage", Left), ("parameters", Right)]`
    pub fn new(columns: &[(&str, Align)]) -> Table {
        let columns = columns.iter().map(|&(title, align)| (title.to_owned(), align)).collect();
        Table { columns, rows: vec![] }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.columns.len(), "one cell for each column");
        self.rows.push(Row::Cells(cells));
    }

    /// The number of rows so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A line across, before a sum.
    pub fn rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    /// The table's lines, indented by two.
    pub fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let titles: Vec<&str> = self.columns.iter().map(|(title, _)| title.as_str()).collect();
        let mut out = String::new();
        if titles.iter().any(|title| !title.is_empty()) {
            self.line(&mut out, &titles, &widths);
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => {
                    self.line(&mut out, &cells.iter().map(String::as_str).collect::<Vec<_>>(), &widths)
                }
                Row::Rule => {
                    let whole = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
                    out += &format!("  {}\n", "─".repeat(whole));
                }
            }
        }
        out
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(cells[column].as_str()),
            Row::Rule => None,
        });
        cells.chain([self.columns[column].0.as_str()]).map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    fn line(&self, out: &mut String, cells: &[&str], widths: &[usize]) {
        let mut line = String::new();
        for ((cell, &width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            let gap = " ".repeat(width - cell.width());
            line += "  ";
            match align {
                Align::Left => line.extend([*cell, &gap]),
                Align::Right => line.extend([&gap, *cell]),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
