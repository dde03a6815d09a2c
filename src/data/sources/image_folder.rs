//! `image_folder`: pictures in folders. A row is a file, and the folder in which it lies says what it shows.

use std::path::Path;

use super::{Call, Opened, Source};
use crate::data::decoded::Decoded;
use crate::data::files::{Files, Found};
use crate::data::frame::{Column, Frame, Head, Heading, Places, Texts};
use crate::data::{Watch, Work};
use crate::problem::data::{FolderUnreadable, NoRows};
use crate::problem::{Problem, count};

pub const SOURCE: Source = Source {
    name: "image_folder",
    doc: "Pictures in folders: the columns `file`, to be decoded, and `folder`, the name of the folder that it lies in.",
    look,
    open,
};

/// The columns: a file, and the folder in which it lies.
pub const COLUMNS: [&str; 2] = ["file", "folder"];

/// The first of them.
pub const FILE: usize = 0;

/// Folders within folders, at most: links may lead in circles.
const DEEPEST: usize = 16;

/// A file: its path as the program would write it, and the first folder on the way to it.
struct Picture {
    path: String,
    folder: Option<String>,
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let (found, pictures) = pictures(call).map_err(|problem| vec![problem])?;
    Ok(heading(&found, pictures.len()))
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let (found, pictures) = pictures(call).map_err(|problem| vec![problem])?;
    open_pictures(call.files, found, pictures)
}

/// What a person names to be predicted.
pub enum Named {
    Picture(Found),
    /// All pictures in it.
    Folder(Found),
}

/// Opens pictures by their names, whatever the data was. There is at least one name.
pub fn open_named(files: Files, named: Vec<Named>) -> Result<Opened, Vec<Problem>> {
    let mut pictures = vec![];
    for it in &named {
        match it {
            Named::Picture(found) => pictures.push(Picture { path: found.shown.clone(), folder: None }),
            Named::Folder(found) => pictures.extend(listed(files, found).map_err(|problem| vec![problem])?),
        }
    }
    let others = named.len() - 1;
    let (Named::Picture(mut found) | Named::Folder(mut found)) = named.into_iter().next().expect("a name");
    if others > 0 {
        found.shown = format!("{} and {}", found.shown, count(others, "other", "others"));
    }
    open_pictures(files, found, pictures)
}

fn open_pictures(files: Files, found: Found, pictures: Vec<Picture>) -> Result<Opened, Vec<Problem>> {
    let heading = heading(&found, pictures.len());
    // What the pictures are is told by what they hold, not by what they are called.
    let paths: Vec<Option<&str>> = pictures.iter().map(|picture| Some(&*picture.path)).collect();
    let kept = Decoded::of(files, &paths, "their hash");
    let known = kept.as_ref().and_then(|kept| kept.recall(blake3::OUT_LEN)?.try_into().ok());
    let hash = match known.map(blake3::Hash::from_bytes) {
        Some(hash) => hash,
        None => hash(files, &found, &pictures)?,
    };
    if let Some(kept) = kept.filter(|_| known.is_none()) {
        kept.keep(hash.as_bytes());
    }
    let (shown, rows) = (found.shown, pictures.len());
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let mut columns = [Texts::default(), Texts::default()];
        for picture in &pictures {
            columns[0].push(Some(&picture.path));
            columns[1].push(picture.folder.as_deref());
        }
        let columns = columns.into_iter().zip(wanted).map(|(texts, &wanted)| wanted.then_some(Column::Text(texts)));
        Ok(Frame { shown, columns: columns.collect(), rows, places: Places::Numbers, hashes: vec![hash] })
    };
    Ok(Opened { heading, bytes: 0, read: Box::new(read) })
}

/// Of the names of all pictures and of what they hold.
fn hash(files: Files, found: &Found, pictures: &[Picture]) -> Result<blake3::Hash, Vec<Problem>> {
    let mut hasher = blake3::Hasher::new();
    let mut problem = None;
    let hash = |files: Files, picture: &Picture| {
        files.find(&picture.path, found.span).and_then(|file| files.read(file)).map(|content| content.hash)
    };
    let looked = files.side_by_side(Work::Files, pictures, hash, |at, hash| match hash {
        Ok(hash) => _ = hasher.update(pictures[at].path.as_bytes()).update(hash.as_bytes()),
        Err(why) => _ = problem.get_or_insert(why),
    });
    if looked.is_none() || problem.is_some() {
        return Err(problem.into_iter().collect());
    }
    Ok(hasher.finalize())
}

fn heading(found: &Found, rows: usize) -> Heading {
    let columns = COLUMNS.map(Head::text).to_vec();
    Heading { shown: found.shown.clone(), columns, rows: Some(rows), complete: true }
}

/// The folder that a source names, and what is in it.
fn pictures(call: &Call) -> Result<(Found, Vec<Picture>), Problem> {
    let (path, span) = call.args.text(SOURCE.params()[0].name).expect("it is needed");
    let found = call.files.find_folder(path, Some(span))?;
    let all = listed(call.files, &found)?;
    Ok((found, all))
}

/// Every file of the folder and of those in it, but for hidden ones, in the order of their paths.
fn listed(files: Files, found: &Found) -> Result<Vec<Picture>, Problem> {
    let mut all = vec![];
    gather(files, found, &found.path, &[], &mut all)?;
    if all.is_empty() {
        return Err(NoRows { shown: found.shown.clone(), heading: false, at: found.span }.into());
    }
    Ok(all)
}

fn gather(files: Files, found: &Found, path: &Path, way: &[String], all: &mut Vec<Picture>) -> Result<(), Problem> {
    let mut entries = files.world.list(path).map_err(|why| {
        let shown = [std::slice::from_ref(&found.shown), way].concat().join("/");
        Problem::from(FolderUnreadable { path: shown, why: why.to_string(), at: found.span })
    })?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        if entry.name.starts_with('.') {
            continue;
        }
        let below = [way, std::slice::from_ref(&entry.name)].concat();
        if !entry.is_folder {
            let path = [&[found.shown.trim_end_matches('/').to_string()], &below[..]].concat().join("/");
            all.push(Picture { path, folder: way.first().cloned() });
        } else if below.len() < DEEPEST {
            gather(files, found, &path.join(&entry.name), &below, all)?;
        }
    }
    Ok(())
}
