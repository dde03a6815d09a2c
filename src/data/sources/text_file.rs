//! `text_file`: a text as it stands. A row is a character.

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::files::{Content, Found, text};
use crate::data::frame::{Column, Frame, Head, Heading, Letters, Places};
use crate::problem::Problem;
use crate::problem::data::NoRows;

pub const SOURCE: Source =
    Source { name: "text_file", doc: "A text in UTF-8: the column `chars`, one character a row.", look, open };

/// The one column.
const CHARS: &str = "chars";

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let found = found(call)?;
    // The beginning shows whether it is a text; how many characters there are, only the whole file shows.
    let (head, whole) = call.files.head(&found).map_err(|problem| vec![problem])?;
    let text = text(&found, &head, !whole).map_err(|problem| vec![problem])?;
    Ok(heading(&found.shown, whole.then(|| text.chars().count())))
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let content = call.files.read(found(call)?).map_err(|problem| vec![problem])?;
    open_content(content)
}

/// Opens a text, whatever the data was.
pub fn open_content(content: Content) -> Result<Opened, Vec<Problem>> {
    let Content { found, bytes, hash } = content;
    let text = text(&found, &bytes, false).map_err(|problem| vec![problem])?;
    let letters = Letters::new(text.to_string());
    if letters.is_empty() {
        return Err(vec![NoRows { shown: found.shown, heading: false, at: found.span }.into()]);
    }
    let (heading, held, shown) = (heading(&found.shown, Some(letters.len())), letters.bytes(), found.shown);
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let (rows, hashes) = (letters.len(), vec![hash]);
        let columns = vec![wanted[0].then_some(Column::Letters(letters))];
        Ok(Frame { shown, columns, rows, places: Places::Numbers, hashes })
    };
    Ok(Opened { heading, bytes: held, read: Box::new(read) })
}

fn found(call: &Call) -> Result<Found, Vec<Problem>> {
    let (path, span) = call.args.text(SOURCE.params()[0].name).expect("it is needed");
    call.files.find(path, Some(span)).map_err(|problem| vec![problem])
}

fn heading(shown: &str, rows: Option<usize>) -> Heading {
    Heading { shown: shown.into(), columns: vec![Head::text(CHARS)], rows, complete: true }
}
