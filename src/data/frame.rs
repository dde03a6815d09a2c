//! What a source gives once it has been read: named columns of cells, and where each row came from.

use std::sync::Arc;

use super::cells::Cell;
use crate::problem::data::Spot;
use crate::source::Span;

/// A source's columns side by side, all of one length.
pub struct Frame {
    /// How the user would name it: `data/loans.csv`, `the table`.
    pub shown: String,
    /// One for each column of the heading; `None` where nobody wanted it.
    pub columns: Vec<Option<Column>>,
    pub rows: usize,
    pub places: Places,
    /// A hash of each file that was read, in the order of the arguments.
    pub hashes: Vec<blake3::Hash>,
}

/// What is known of a source before its rows are read.
#[derive(Clone, Debug)]
pub struct Heading {
    pub shown: String,
    pub columns: Vec<Head>,
    /// The number of rows, where it is known without reading them.
    pub rows: Option<usize>,
    /// Whether `columns` are all that there are. Of a long JSONL file only the first lines have been looked at.
    pub complete: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    pub name: String,
    /// The shape for one row, where the source holds numbers; `None` for cells of text.
    pub shape: Option<Vec<usize>>,
}

impl Head {
    pub fn text(name: impl Into<String>) -> Head {
        Head { name: name.into(), shape: None }
    }
}

/// Where the rows stand.
pub enum Places {
    /// The line of each row in its file.
    Lines(Vec<u32>),
    /// The cells of an inline table, by row and column.
    Cells(Vec<Vec<Span>>),
    /// Rows are numbered from 1.
    Numbers,
}

impl Places {
    /// Where a cell stands, for a problem.
    pub fn spot(&self, row: usize, column: usize) -> Spot {
        match self {
            Places::Lines(lines) => Spot::Line(lines[row]),
            Places::Cells(cells) => Spot::Cell(cells[row][column]),
            Places::Numbers => Spot::Row(row as u32 + 1),
        }
    }

    /// The number by which a person finds the row: its line in the file, or its place among the rows, from 1.
    pub fn number(&self, row: usize) -> u32 {
        match self {
            Places::Lines(lines) => lines[row],
            Places::Cells(_) | Places::Numbers => row as u32 + 1,
        }
    }
}

pub enum Column {
    Text(Texts),
    /// A character in each row.
    Letters(Letters),
    /// `rows` times `shape` numbers, row after row.
    Numbers {
        shape: Vec<usize>,
        data: Numbers,
    },
}

/// Numbers in the narrowest type that holds them, so that images stay bytes until they are needed.
pub enum Numbers {
    Bytes(Arc<Vec<u8>>),
    Integers(Vec<i32>),
    Floats(Vec<f32>),
    /// What neither of them holds: a time in seconds, say.
    Wide(Vec<f64>),
}

impl Numbers {
    pub fn len(&self) -> usize {
        match self {
            Numbers::Bytes(data) => data.len(),
            Numbers::Integers(data) => data.len(),
            Numbers::Floats(data) => data.len(),
            Numbers::Wide(data) => data.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, at: usize) -> f64 {
        match self {
            Numbers::Bytes(data) => f64::from(data[at]),
            Numbers::Integers(data) => f64::from(data[at]),
            Numbers::Floats(data) => f64::from(data[at]),
            Numbers::Wide(data) => data[at],
        }
    }
}

/// Cells to come may be a little longer than those that are there.
const ROOM: f64 = 1.05;

/// The cells of one column in one string. At most `u32::MAX` bytes, which [`super::Limits`] sees to.
#[derive(Default, Clone, PartialEq, Debug)]
pub struct Texts {
    text: String,
    ends: Vec<u32>,
    missing: Vec<bool>,
}

impl Texts {
    pub fn push(&mut self, cell: Option<&str>) {
        self.text.push_str(cell.unwrap_or(""));
        self.ends.push(self.text.len() as u32);
        self.missing.push(cell.is_none());
    }

    /// Makes room for so many cells in all, if those to come are as long as those that are there. Columns that grow by turns
    /// leave holes in the memory that are as large as they.
    pub fn make_room(&mut self, cells: usize) {
        let more = cells.saturating_sub(self.len());
        let bytes = (self.text.len() as f64 / self.len().max(1) as f64 * more as f64 * ROOM) as usize;
        self.text.reserve_exact(bytes);
        self.ends.reserve_exact(more);
        self.missing.reserve_exact(more);
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes that the cells take, with where each of them ends and whether it is missing.
    pub fn bytes(&self) -> u64 {
        (self.text.len() + 5 * self.ends.len()) as u64
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// `None` where the cell is missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        (!self.missing[row]).then(|| &self.text[start..self.ends[row] as usize])
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl<'a> FromIterator<Option<&'a str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(cells: I) -> Texts {
        let mut texts = Texts::default();
        cells.into_iter().for_each(|cell| texts.push(cell));
        texts
    }
}

/// The characters of a text, by their number.
pub struct Letters {
    text: String,
    /// Where each begins, unless each is one byte.
    starts: Option<Vec<u32>>,
}

impl Letters {
    pub fn new(text: String) -> Letters {
        let starts = || text.char_indices().map(|(at, _)| at as u32).collect();
        let starts = (!text.is_ascii()).then(starts);
        Letters { text, starts }
    }

    pub fn len(&self) -> usize {
        self.starts.as_ref().map_or(self.text.len(), Vec::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, row: usize) -> &str {
        let Some(starts) = &self.starts else { return &self.text[row..=row] };
        let end = starts.get(row + 1).map_or(self.text.len(), |&end| end as usize);
        &self.text[starts[row] as usize..end]
    }

    pub fn bytes(&self) -> u64 {
        (self.text.len() + self.starts.as_ref().map_or(0, |it| 4 * it.len())) as u64
    }
}

impl Frame {
    /// The bytes that the columns take.
    pub fn bytes(&self) -> u64 {
        let places = if let Places::Lines(lines) = &self.places { 4 * lines.len() } else { 0 };
        places as u64 + self.columns.iter().flatten().map(Column::bytes).sum::<u64>()
    }

    /// A column that was wanted.
    pub fn column(&self, place: usize) -> &Column {
        self.columns[place].as_ref().expect("a column that was wanted")
    }
}

impl Column {
    fn bytes(&self) -> u64 {
        match self {
            Column::Text(texts) => texts.bytes(),
            Column::Letters(letters) => letters.bytes(),
            Column::Numbers { data: Numbers::Bytes(data), .. } => data.len() as u64,
            Column::Numbers { data: Numbers::Wide(data), .. } => 8 * data.len() as u64,
            Column::Numbers { data, .. } => 4 * data.len() as u64,
        }
    }

    /// How many numbers or cells a row holds.
    pub fn width(&self) -> usize {
        match self {
            Column::Text(_) | Column::Letters(_) => 1,
            Column::Numbers { shape, .. } => shape.iter().product(),
        }
    }

    pub fn cell(&self, row: usize, element: usize) -> Cell<'_> {
        match self {
            Column::Text(texts) => texts.get(row).map_or(Cell::Missing, Cell::Text),
            Column::Letters(letters) => Cell::Text(letters.get(row)),
            Column::Numbers { data, .. } => Cell::Number(data.get(row * self.width() + element)),
        }
    }
}
