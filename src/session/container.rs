//! The container of artifacts and checkpoints: tensors under names and one JSON document, in a safetensors file that says
//! whether it is still what was written.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use safetensors::tensor::{Dtype as Stored, Metadata, SafeTensors, TensorInfo, TensorView};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::kernel::width;
use crate::problem::run::Damage;
use crate::scalar::Dtype;
use crate::tensor::{Array, Data};

/// What a file holds: a JSON document, and tensors in the order of their names.
pub struct Container {
    pub document: Map<String, Value>,
    pub tensors: Vec<(String, Array)>,
}

/// The key of the document in the header. There is one key only, because the order of several would not be fixed.
const KEY: &str = "dlmc";
/// The key of the fingerprint, the last one in the document.
const FINGERPRINT: &str = "blake3";
/// What stands in the fingerprint's place while it is taken.
const BLANK: [u8; 64] = [b'0'; 64];
/// Far above any document, far below what would hurt to parse.
const LONGEST_HEADER: u64 = 64 << 20;

/// A tensor's name and type.
pub type Kind<'a> = (&'a str, Dtype, &'a [usize]);

/// The bytes of a file that holds `document` and `tensors`: the same bytes for the same contents.
pub fn pack(document: Map<String, Value>, tensors: &[(String, &Array)]) -> Vec<u8> {
    pack_with_room(document, tensors, 0)
}

/// As [`pack`], with room for the document to be so many bytes longer.
pub fn pack_with_room(document: Map<String, Value>, tensors: &[(String, &Array)], room: usize) -> Vec<u8> {
    let mut tensors: Vec<(&str, &Array)> = tensors.iter().map(|(name, array)| (name.as_str(), *array)).collect();
    tensors.sort_by(|a, b| in_order((a.0, a.1.dtype()), (b.0, b.1.dtype())));
    let kinds: Vec<Kind> = tensors.iter().map(|(name, array)| (*name, array.dtype(), &array.shape[..])).collect();
    let head = head(document, &kinds, room);
    let mut file = Vec::with_capacity(head.len() + kinds.iter().map(bytes).sum::<usize>());
    file.extend(head);
    tensors.iter().for_each(|(_, array)| little_endian(&array.data, &mut file));
    let place = place(&file).expect("it was just put there");
    let fingerprint = fingerprint(&file, &place);
    file[place].copy_from_slice(fingerprint.as_bytes());
    file
}

/// The bytes of a file that holds `tensors` and nothing beside them, as other tools write it.
pub fn pack_plain(tensors: &[(&str, &Array)]) -> Vec<u8> {
    let mut tensors = tensors.to_vec();
    tensors.sort_by(|a, b| in_order((a.0, a.1.dtype()), (b.0, b.1.dtype())));
    let kinds: Vec<Kind> = tensors.iter().map(|(name, array)| (*name, array.dtype(), &array.shape[..])).collect();
    let mut file = header(None, &kinds);
    tensors.iter().for_each(|(_, array)| little_endian(&array.data, &mut file));
    file
}

/// How many bytes [`pack_with_room`] makes of such tensors.
pub fn packed_bytes(document: Map<String, Value>, tensors: &[Kind], room: usize) -> usize {
    let mut tensors = tensors.to_vec();
    tensors.sort_by(|a, b| in_order((a.0, a.1), (b.0, b.1)));
    head(document, &tensors, room).len() + tensors.iter().map(bytes).sum::<usize>()
}

/// What stands before the tensors, which are in order, with a document that is not yet marked.
fn head(mut document: Map<String, Value>, tensors: &[Kind], room: usize) -> Vec<u8> {
    document.insert(FINGERPRINT.into(), String::from_utf8_lossy(&BLANK).into());
    let text = Value::Object(document).to_string() + &" ".repeat(room);
    header(Some((KEY, text)), tensors)
}

/// The length of the header, the header, and spaces up to the next eighth byte.
fn header(metadata: Option<(&str, String)>, tensors: &[Kind]) -> Vec<u8> {
    let names: BTreeSet<&str> = tensors.iter().map(|kind| kind.0).collect();
    assert_eq!(names.len(), tensors.len(), "one name for each tensor");
    let mut start = 0;
    let infos = tensors.iter().map(|kind| {
        let end = start + bytes(kind);
        let info = TensorInfo { dtype: stored(kind.1), shape: kind.2.to_vec(), data_offsets: (start, end) };
        start = end;
        (kind.0.to_string(), info)
    });
    let metadata = metadata.map(|(key, text)| HashMap::from([(key.to_string(), text)]));
    let header = Metadata::new(metadata, infos.collect());
    let mut json = serde_json::to_vec(&header.expect("tensors one after the other")).expect("names and numbers");
    json.resize(json.len().next_multiple_of(8), b' ');
    [&(json.len() as u64).to_le_bytes()[..], &json].concat()
}

/// The order of tensors in a file: the wider types first, then by name.
fn in_order(a: (&str, Dtype), b: (&str, Dtype)) -> std::cmp::Ordering {
    stored(b.1).cmp(&stored(a.1)).then(a.0.cmp(b.0))
}

fn bytes(&(_, dtype, shape): &Kind) -> usize {
    shape.iter().product::<usize>() * width(dtype)
}

/// What a file holds, if it is what [`pack`] made.
pub fn unpack(bytes: &[u8]) -> Result<Container, Damage> {
    check_names(bytes)?;
    let container = |error: safetensors::SafeTensorError| Damage::Container(error.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(container)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
    let text = header.metadata().as_ref().and_then(|it| it.get(KEY)).ok_or(Damage::Foreign)?;
    let mut document: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| Damage::Document(error.to_string()))?;
    document.shift_remove(FINGERPRINT);
    let place = place(bytes).ok_or(Damage::Fingerprint)?;
    if bytes[place.clone()] != *fingerprint(bytes, &place).as_bytes() {
        return Err(Damage::Fingerprint);
    }
    let mut views: Vec<(&str, TensorView)> = tensors.iter().collect();
    views.sort_by(|a, b| a.0.cmp(b.0));
    let tensors = views.iter().map(|(name, view)| Ok((name.to_string(), array(name, view)?)));
    Ok(Container { document, tensors: tensors.collect::<Result<_, _>>()? })
}

/// Of all bytes of a file but its own: whatever bit changes, this does.
fn fingerprint(file: &[u8], place: &Range<usize>) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&file[..place.start]).update(&BLANK).update(&file[place.end..]);
    hash.finalize().to_hex().to_string()
}

/// Where the fingerprint stands. The document is a string in the header, so its quotes have one backslash before them
/// and those of a text in it have more: what is looked for can be nowhere else.
fn place(file: &[u8]) -> Option<Range<usize>> {
    let before = format!(r#",\"{FINGERPRINT}\":\""#);
    let start = file.windows(before.len()).position(|it| it == before.as_bytes())? + before.len();
    (file.len() >= start + BLANK.len()).then_some(start..start + BLANK.len())
}

/// The crate takes the last of two tensors of one name and the header of any length; dlmc takes neither.
fn check_names(bytes: &[u8]) -> Result<(), Damage> {
    let broken = |words: &str| Damage::Container(words.into());
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| broken("it is too short"))?;
    let length = u64::from_le_bytes(*length);
    if length > LONGEST_HEADER || length > rest.len() as u64 {
        return Err(broken("its header is longer than the file"));
    }
    distinct_names(&rest[..length as usize]).map_err(Damage::Container)
}

/// Whether each tensor of a header has a name of its own; else which has not.
pub fn distinct_names(header: &[u8]) -> Result<(), String> {
    let mut json = serde_json::Deserializer::from_slice(header);
    json.deserialize_map(Distinct).map_err(|error| error.to_string())
}

/// Accepts a map in which no key occurs twice.
struct Distinct;

impl<'de> Visitor<'de> for Distinct {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format!("`{twice}` is there twice")));
            }
        }
        Ok(())
    }
}

fn stored(dtype: Dtype) -> Stored {
    match dtype {
        Dtype::F32 => Stored::F32,
        Dtype::I32 => Stored::I32,
        Dtype::Bool => Stored::BOOL,
    }
}

fn little_endian(data: &Data, file: &mut Vec<u8>) {
    match data {
        Data::F32(data) => data.iter().for_each(|it| file.extend(it.to_le_bytes())),
        Data::I32(data) => data.iter().for_each(|it| file.extend(it.to_le_bytes())),
        Data::Bool(data) => file.extend(data.iter().map(|&it| u8::from(it))),
    }
}

fn array(name: &str, view: &TensorView) -> Result<Array, Damage> {
    let words = || view.data().chunks_exact(4).map(|it| [it[0], it[1], it[2], it[3]]);
    let data = match view.dtype() {
        Stored::F32 => Data::F32(words().map(f32::from_le_bytes).collect()),
        Stored::I32 => Data::I32(words().map(i32::from_le_bytes).collect()),
        Stored::BOOL => Data::Bool(view.data().iter().map(|&it| it != 0).collect()),
        other => return Err(Damage::Container(format!("`{name}` is of type {other:?}"))),
    };
    Ok(Array { shape: view.shape().to_vec(), data })
}
