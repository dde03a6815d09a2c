//! A program proposed for a table: what each column may be, and why.

mod column;
mod guess;
mod several;
mod write;

use std::path::Path;

use column::Table;

use crate::problem::Problem;
use crate::source::World;

/// A whole program for the table at `path`, which it calls `shown`, with the reason for each guess beside it.
pub fn propose(world: &dyn World, path: &Path, shown: &str, target: Option<&str>) -> Result<String, Vec<Problem>> {
    let table = Table::read(world, path)?;
    let guess = guess::guess(&table, target)?;
    Ok(write::program(&table, &guess, shown))
}
