//! The head of a safetensors file: which tensors it holds and where, without a look at their numbers.

use std::io::Read;
use std::ops::Range;

use safetensors::tensor::{Dtype as Stored, TensorInfo};
use serde_json::{Map, Value};

use crate::data::files::Found;
use crate::problem::Problem;
use crate::problem::transfer::{NotSafetensors, Unreadable};
use crate::scalar::Dtype;
use crate::session::container::distinct_names;
use crate::session::folder::reason;
use crate::source::World;
use crate::tensor::{Array, Data};

/// What a file says of its tensors, in the order in which it holds them.
pub struct Header {
    pub tensors: Vec<Tensor>,
}

pub struct Tensor {
    pub name: String,
    pub kind: Stored,
    pub shape: Vec<usize>,
    /// Its bytes in the file.
    place: Range<usize>,
}

/// Far above any header, far below what would hurt to parse.
const LONGEST: u64 = 64 << 20;

/// The key of what a header says beside its tensors.
const METADATA: &str = "__metadata__";

/// Reads the head of a file, and nothing else of it.
pub fn header(world: &dyn World, found: &Found) -> Result<Header, Problem> {
    let not = |why| Problem::from(NotSafetensors { path: found.shown.clone(), why, at: found.span.expect("a place") });
    let io = |error: std::io::Error| not(Unreadable::Io(reason(&error)));
    let first = world.head(&found.path, 8).map_err(io)?;
    // What PyTorch saves is a pickle, or one in an archive.
    let is_archive = first.starts_with(b"PK\x03\x04") && !found.shown.ends_with(".npz");
    if is_archive || matches!(first[..], [0x80, 2..=5, ..]) {
        return Err(not(Unreadable::Pickle));
    }
    let length = first.first_chunk::<8>().map(|it| u64::from_le_bytes(*it)).ok_or_else(|| not(Unreadable::Foreign))?;
    if !(2..=LONGEST).contains(&length) {
        return Err(not(Unreadable::Foreign));
    }
    let bytes = world.head(&found.path, 8 + length as usize).map_err(io)?;
    if (bytes.len() as u64) < 8 + length {
        return Err(not(if bytes.get(8) == Some(&b'{') { Unreadable::Cut } else { Unreadable::Foreign }));
    }
    if bytes[8] != b'{' {
        return Err(not(Unreadable::Foreign));
    }
    distinct_names(&bytes[8..]).map_err(|words| not(Unreadable::Header(words)))?;
    let json: Map<String, Value> =
        serde_json::from_slice(&bytes[8..]).map_err(|error| not(Unreadable::Header(error.to_string())))?;
    let (start, mut tensors) = (bytes.len(), vec![]);
    for (name, value) in json.into_iter().filter(|(name, _)| name != METADATA) {
        let info: TensorInfo =
            serde_json::from_value(value).map_err(|error| not(Unreadable::Header(format!("of `{name}`: {error}"))))?;
        let TensorInfo { dtype: kind, shape, data_offsets: (from, to) } = info;
        let numbers = shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
        let bits = numbers.and_then(|numbers| numbers.checked_mul(kind.bitsize()));
        if to < from || bits.map(|bits| bits.div_ceil(8)) != Some(to - from) {
            return Err(not(Unreadable::Header(format!("`{name}` takes other bytes than its shape says"))));
        }
        let ends = start.checked_add(to).filter(|&end| end as u64 <= found.size);
        let Some(end) = ends else { return Err(not(Unreadable::Cut)) };
        tensors.push(Tensor { name, kind, shape, place: start + from..end });
    }
    tensors.sort_by(|a, b| (a.place.start, a.place.end, &a.name).cmp(&(b.place.start, b.place.end, &b.name)));
    Ok(Header { tensors })
}

/// All bytes of the file.
pub fn content(world: &dyn World, found: &Found) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(found.size as usize);
    let read = world.open(&found.path).and_then(|mut file| file.read_to_end(&mut bytes));
    let why = |error: std::io::Error| Unreadable::Io(reason(&error));
    let not = |why| Problem::from(NotSafetensors { path: found.shown.clone(), why, at: found.span.expect("a place") });
    read.map_err(|error| not(why(error)))?;
    // It may have become shorter since its head was read.
    if (bytes.len() as u64) < found.size { Err(not(Unreadable::Cut)) } else { Ok(bytes) }
}

impl Tensor {
    pub fn numbers(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }

    /// Whether its numbers can become those of a parameter.
    pub fn is_real(&self) -> bool {
        matches!(self.kind, Stored::F32 | Stored::F64 | Stored::F16 | Stored::BF16)
    }

    /// `i64`
    pub fn word(&self) -> String {
        format!("{:?}", self.kind).to_lowercase()
    }

    /// Its numbers from the bytes of its file, its axis `order[k]` being the axis `k` of what is made.
    pub fn array(&self, file: &[u8], order: Option<&[usize]>) -> Array {
        let bytes = &file[self.place.clone()];
        let numbers: Vec<f32> = match self.kind {
            Stored::F32 => bytes.as_chunks().0.iter().map(|it| f32::from_le_bytes(*it)).collect(),
            Stored::F64 => bytes.as_chunks().0.iter().map(|it| f64::from_le_bytes(*it) as f32).collect(),
            Stored::BF16 => bytes.as_chunks().0.iter().map(|it| wide(u16::from_le_bytes(*it))).collect(),
            Stored::F16 => bytes.as_chunks().0.iter().map(|it| half(u16::from_le_bytes(*it))).collect(),
            other => unreachable!("{other:?} was refused"),
        };
        match order.filter(|order| !order.is_sorted()) {
            None => Array { shape: self.shape.clone(), data: Data::F32(numbers) },
            Some(order) => permuted(&self.shape, &numbers, order),
        }
    }
}

/// The numbers with the axis `order[k]` as axis `k`.
fn permuted(shape: &[usize], numbers: &[f32], order: &[usize]) -> Array {
    let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    let new: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let mut array = Array::zeros(&new, Dtype::F32);
    let mut place = vec![0; new.len()];
    for slot in array.floats_mut() {
        *slot = numbers[order.iter().zip(&place).map(|(&axis, at)| strides[axis] * at).sum::<usize>()];
        for axis in (0..new.len()).rev() {
            place[axis] += 1;
            if place[axis] < new[axis] {
                break;
            }
            place[axis] = 0;
        }
    }
    array
}

/// A number in the upper half of a single one.
fn wide(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// A number of half precision (IEEE 754): each of them is a single one, too.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    match exponent {
        // 2⁻²⁴ times the fraction, which has ten bits: exact.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}
