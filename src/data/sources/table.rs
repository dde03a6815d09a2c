//! `table { … }`: rows written in the program itself.

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::frame::{Column, Frame, Head, Heading, Places, Texts};
use crate::model::program::Cell;
use crate::problem::Problem;
use crate::problem::data::{NoRows, RaggedRows, Shown, Spot};

pub const SOURCE: Source =
    Source { name: "table", doc: "Rows written in the program; an empty cell is a missing one.", look, open };

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let table = &call.plan.table;
    let [heading, rows @ ..] = &table[..] else {
        return Err(vec![NoRows { shown: "the table".into(), heading: false, at: Some(call.plan.span) }.into()]);
    };
    if rows.is_empty() {
        return Err(vec![NoRows { shown: "the table".into(), heading: true, at: Some(call.plan.span) }.into()]);
    }
    let ragged: Vec<&Vec<Cell>> = rows.iter().filter(|row| row.len() != heading.len()).collect();
    if !ragged.is_empty() {
        let shown = ragged.iter().take(Shown::MOST).map(|row| {
            let span = row.first().zip(row.last()).map_or(call.plan.span, |(first, last)| first.span.to(last.span));
            Shown { spot: Spot::Cell(span), text: row.len().to_string() }
        });
        let facts = RaggedRows {
            shown: "the table".into(),
            columns: heading.len(),
            rows: shown.collect(),
            count: ragged.len(),
            at: Some(call.plan.span),
        };
        return Err(vec![facts.into()]);
    }
    let columns = heading.iter().map(|cell| Head::text(cell.text.trim())).collect();
    Ok(Heading { shown: "the table".into(), columns, rows: Some(rows.len()), complete: true })
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let heading = look(call)?;
    let table = call.plan.table.clone();
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let rows = &table[1..];
        let columns = wanted.iter().enumerate().map(|(at, &wanted)| {
            let cells = rows.iter().map(|row| Some(row[at].text.trim()).filter(|text| !text.is_empty()));
            wanted.then(|| Column::Text(Texts::from_iter(cells)))
        });
        let mut hasher = blake3::Hasher::new();
        for cell in table.iter().flatten() {
            hasher.update(&(cell.text.len() as u64).to_le_bytes());
            hasher.update(cell.text.as_bytes());
        }
        Ok(Frame {
            shown: "the table".into(),
            columns: columns.collect(),
            rows: rows.len(),
            places: Places::Cells(rows.iter().map(|row| row.iter().map(|cell| cell.span).collect()).collect()),
            hashes: vec![hasher.finalize()],
        })
    };
    Ok(Opened { heading, bytes: 0, read: Box::new(read) })
}
