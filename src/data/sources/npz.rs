//! `npz`: several arrays of NumPy in one file. The columns are called as the arrays are.

use std::sync::Arc;

use super::arrays::{Chosen, Load, Seen, choose, heading, opened, pick};
use super::{Call, Opened, Source};
use crate::data::array::{Fault, LONGEST_HEADING, layout};
use crate::data::files::{Content, Files, Found};
use crate::data::frame::Heading;
use crate::data::zip::{At, Member, is_zip, members};
use crate::problem::Problem;
use crate::problem::arrays::ArrayDamaged;

pub const SOURCE: Source = Source {
    name: "npz",
    doc: "NumPy's arrays in one file: columns called as the arrays are, and a row for each place of the first axis.",
    look,
    open,
};

/// How the name of an array ends in the file.
const ENDING: &str = ".npy";

fn find(call: &Call) -> Result<Found, Vec<Problem>> {
    let (path, span) = call.args.text("path").expect("required");
    call.files.find(path, Some(span)).map_err(|problem| vec![problem])
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let found = find(call)?;
    let at = |start: u64, limit: usize| call.files.part(&found, start, limit);
    let all = seen(&found, found.size, &at, call.files.limits.bytes, |_| ()).map_err(|why| damaged(&found, why))?;
    Ok(heading(&found, &choose(&call.args, &found, all)?))
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    open_by(call.files, find(call)?, |found, all| choose(&call.args, found, all))
}

/// Opens a file whatever the data was: all of its arrays are columns.
pub fn open_found(files: Files, found: Found) -> Result<Opened, Vec<Problem>> {
    open_by(files, found, |found, all| pick(&["*"], found, all))
}

fn open_by(
    files: Files,
    found: Found,
    choose: impl Fn(&Found, Vec<Seen<Load>>) -> Result<Vec<Chosen<Load>>, Vec<Problem>>,
) -> Result<Opened, Vec<Problem>> {
    let Content { found, bytes, hash } = files.read_packed(found).map_err(|problem| vec![problem])?;
    let bytes = Arc::new(bytes);
    let at = |start: u64, limit: usize| {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes[start..bytes.len().min(start.saturating_add(limit))].to_vec())
    };
    let load = |member: &Member| -> Load {
        let (member, bytes) = (member.clone(), bytes.clone());
        Box::new(move || member.bytes(&bytes))
    };
    let all = seen(&found, bytes.len() as u64, &at, files.limits.bytes, load).map_err(|why| damaged(&found, why))?;
    let chosen = choose(&found, all)?;
    Ok(opened(&found, chosen, bytes.len() as u64, vec![hash]))
}

fn damaged(found: &Found, why: String) -> Vec<Problem> {
    vec![ArrayDamaged { shown: found.shown.clone(), why, at: found.span }.into()]
}

/// The arrays of a file of `size` bytes, with what `from` makes of each. None may be larger than `most` bytes.
fn seen<T>(found: &Found, size: u64, at: At, most: u64, from: impl Fn(&Member) -> T) -> Result<Vec<Seen<T>>, String> {
    if !is_zip(&at(0, 4)?) {
        return Err("it is no zip file, as files of several arrays are".into());
    }
    let mut all = vec![];
    for member in members(size, at)? {
        // What is no array says something else, for others.
        let Some(name) = member.name.strip_suffix(ENDING) else { continue };
        let layout = member.head(size, at, LONGEST_HEADING + 12).map_err(Fault::Damaged).and_then(|head| {
            let layout = layout(&head)?;
            match member.size <= most {
                true => layout.check(member.size).map(|()| layout),
                false => Err(Fault::Foreign("more bytes than are read at once", "save it in several files")),
            }
        });
        all.push(Seen { name: name.to_string(), layout, found: found.clone(), from: from(&member) });
    }
    Ok(all)
}
