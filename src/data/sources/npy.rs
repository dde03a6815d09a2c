//! `npy`: arrays of NumPy, a file each. The columns are called as the files are.

use super::arrays::{Load, Seen, choose, heading, opened, pick};
use super::{Call, Opened, Source};
use crate::data::array::layout;
use crate::data::files::{Content, Found};
use crate::data::frame::Heading;
use crate::problem::Problem;

pub const SOURCE: Source = Source {
    name: "npy",
    doc: "NumPy's arrays, a file each: columns called as the files are, and a row for each place of the first axis.",
    look,
    open,
};

/// What the array in a file is called: the file's name without its endings.
fn name(found: &Found) -> String {
    let name = found.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.strip_suffix(".npy").unwrap_or(plain).to_string()
}

fn files(call: &Call) -> Result<Vec<Found>, Vec<Problem>> {
    let (mut found, mut problems) = (vec![], vec![]);
    for (path, span) in call.args.paths("path").expect("required") {
        match call.files.find(path, Some(span)) {
            Ok(file) => found.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let mut all = vec![];
    for found in files(call)? {
        let (bytes, whole) = call.files.head(&found).map_err(|problem| vec![problem])?;
        // Of a packed file nobody knows how much it holds.
        let is_plain = call.files.is_plain(&found).map_err(|problem| vec![problem])?;
        let size = if whole { Some(bytes.len() as u64) } else { is_plain.then_some(found.size) };
        let layout = layout(&bytes).and_then(|layout| size.map_or(Ok(()), |it| layout.check(it)).map(|()| layout));
        all.push(Seen { name: name(&found), layout, found, from: () });
    }
    let shown = all[0].found.clone();
    Ok(heading(&shown, &choose(&call.args, &shown, all)?))
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let contents = files(call)?.into_iter().map(|found| call.files.read(found).map_err(|problem| vec![problem]));
    let contents = contents.collect::<Result<Vec<Content>, _>>()?;
    let shown = contents[0].found.clone();
    let (all, held, hashes) = seen(contents);
    Ok(opened(&shown, choose(&call.args, &shown, all)?, held, hashes))
}

/// Opens an array that has been read, whatever the data was.
pub fn open_content(content: Content) -> Result<Opened, Vec<Problem>> {
    let shown = content.found.clone();
    let (all, held, hashes) = seen(vec![content]);
    Ok(opened(&shown, pick(&["*"], &shown, all)?, held, hashes))
}

/// The arrays, the bytes that they take, and the hashes of their files.
fn seen(contents: Vec<Content>) -> (Vec<Seen<Load>>, u64, Vec<blake3::Hash>) {
    let held = contents.iter().map(|it| it.bytes.len() as u64).sum();
    let hashes = contents.iter().map(|it| it.hash).collect();
    let seen = contents.into_iter().map(|Content { found, bytes, .. }| {
        let layout = layout(&bytes).and_then(|layout| layout.check(bytes.len() as u64).map(|()| layout));
        Seen { name: name(&found), layout, found, from: Box::new(move || Ok(bytes)) as Load }
    });
    (seen.collect(), held, hashes)
}
