//! `cifar10`: the binary files of CIFAR-10. A row is a byte for the class, then 32 by 32 pixels of red, of green, of blue.

use std::sync::Arc;

use super::{Call, Opened, Source};
use crate::data::Watch;
use crate::data::files::Found;
use crate::data::frame::{Column, Frame, Head, Heading, Numbers, Places, Texts};
use crate::data::split::PART;
use crate::problem::Problem;
use crate::problem::data::CifarDamaged;

pub const SOURCE: Source = Source {
    name: "cifar10",
    doc: "CIFAR-10's binary files: the columns `pixels`, 32 by 32 by 3 from 0 to 255, `label`, and `part`: train or test.",
    look,
    open,
};

/// The files, and for what their rows are.
const FILES: [(&str, &str); 6] = [
    ("data_batch_1.bin", "train"),
    ("data_batch_2.bin", "train"),
    ("data_batch_3.bin", "train"),
    ("data_batch_4.bin", "train"),
    ("data_batch_5.bin", "train"),
    ("test_batch.bin", "test"),
];

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PIXELS: usize = SIDE * SIDE * CHANNELS;
const CLASSES: u8 = 10;

/// The six files, packed or not. Of several that are not there the first is told: they come and go together.
fn files(call: &Call) -> Result<(String, Vec<Found>), Vec<Problem>> {
    let (path, span) = call.args.text(SOURCE.params()[0].name).expect("it is needed");
    let folder = call.files.find_folder(path, Some(span)).map_err(|problem| vec![problem])?;
    let mut found = vec![];
    for (name, _) in FILES {
        let path = format!("{}/{name}", folder.shown.trim_end_matches('/'));
        let packed = || call.files.find(&format!("{path}.gz"), Some(span));
        let file = call.files.find(&path, Some(span)).or_else(|problem| packed().map_err(|_| vec![problem]))?;
        found.push(file);
    }
    Ok((folder.shown, found))
}

fn look(call: &Call) -> Result<Heading, Vec<Problem>> {
    let (shown, found) = files(call)?;
    let row = (PIXELS + 1) as u64;
    let mut rows = Some(0);
    for file in &found {
        // Of a packed file nobody knows how much it holds.
        let is_plain = call.files.is_plain(file).map_err(|problem| vec![problem])?;
        rows = rows.filter(|_| is_plain).map(|rows| rows + (file.size / row) as usize);
    }
    Ok(heading(&shown, rows))
}

fn heading(shown: &str, rows: Option<usize>) -> Heading {
    let columns = vec![
        Head { name: "pixels".into(), shape: Some(vec![SIDE, SIDE, CHANNELS]) },
        Head { name: "label".into(), shape: Some(vec![]) },
        Head::text(PART),
    ];
    Heading { shown: shown.into(), columns, rows, complete: true }
}

fn open(call: &Call) -> Result<Opened, Vec<Problem>> {
    let (shown, found) = files(call)?;
    let (mut pixels, mut labels, mut parts, mut hashes) = (vec![], vec![], Texts::default(), vec![]);
    for (file, (_, part)) in found.into_iter().zip(FILES) {
        let content = call.files.read(file).map_err(|problem| vec![problem])?;
        hashes.push(content.hash);
        let damaged = |why: String| {
            let (shown, at) = (content.found.shown.clone(), content.found.span);
            vec![Problem::from(CifarDamaged { shown, why, at })]
        };
        let rows = content.bytes.chunks_exact(PIXELS + 1);
        if !rows.remainder().is_empty() || content.bytes.is_empty() {
            let bytes = content.bytes.len();
            return Err(damaged(format!("{bytes} bytes are not a number of rows of {} bytes each", PIXELS + 1)));
        }
        for (at, row) in rows.enumerate() {
            if row[0] >= CLASSES {
                return Err(damaged(format!(
                    "row {} is of class {}, and there are the classes 0 to 9",
                    at + 1,
                    row[0]
                )));
            }
            labels.push(row[0]);
            parts.push(Some(part));
            // Colour by colour in the file, side by side here.
            let plane = SIDE * SIDE;
            pixels.extend((0..plane).flat_map(|place| [1, 1 + plane, 1 + 2 * plane].map(|start| row[start + place])));
        }
    }
    let rows = labels.len();
    let heading = heading(&shown, Some(rows));
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let numbers = |shape: &[usize], data: Vec<u8>| Column::Numbers {
            shape: shape.to_vec(),
            data: Numbers::Bytes(Arc::new(data)),
        };
        let all = [numbers(&[SIDE, SIDE, CHANNELS], pixels), numbers(&[], labels), Column::Text(parts)];
        let columns = all.into_iter().zip(wanted).map(|(column, &wanted)| wanted.then_some(column)).collect();
        Ok(Frame { shown, columns, rows, places: Places::Numbers, hashes })
    };
    Ok(Opened { heading, bytes: 0, read: Box::new(read) })
}
