//! Who is told how far the reading of data has come, and may end it.

use serde::{Deserialize, Serialize};

/// What is being done to data before anything is trained on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// The bytes of one large file come in.
    Bytes,
    /// The files of a folder are looked through.
    Files,
    /// They are decoded.
    Pictures,
    /// Another program writes rows, of which nobody knows how many bytes they will be.
    Command,
    /// Rows come from a database, of which nobody knows how many they will be.
    Query,
    /// Values are unpacked from a file that keeps them column by column.
    Columns,
    /// The formulas of fields are applied to rows.
    Rows,
}

/// Who is told.
pub trait Watch {
    /// So many of so many are done, of 0 where nobody knows of how many. Whether to go on: what is ended so gives no problem.
    fn goes_on(&self, work: Work, done: usize, of: usize) -> bool;
}

/// Nobody is told.
pub struct Unwatched;

impl Watch for Unwatched {
    fn goes_on(&self, _work: Work, _done: usize, _of: usize) -> bool {
        true
    }
}
