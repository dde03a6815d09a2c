//! A value of Parquet as the cell of a table, or as a tensor.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit};
use parquet::data_type::Decimal;
use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value;

use crate::data::cells::shortest;
use crate::data::time;

/// What numbers or bytes stand for, where the value does not say it.
#[derive(Clone, Copy)]
pub enum Meaning {
    Plain,
    Text,
    Days,
    Unsigned,
    /// So many units since 1970, of which 10 to this power are a second.
    Moment(u32),
    /// The same since midnight.
    Clock(u32),
}

impl Meaning {
    /// Of a column, or of what is in its lists.
    pub fn of(field: &Type) -> Meaning {
        if field.is_group() {
            return match field.get_fields() {
                [inner] => Meaning::of(inner),
                _ => Meaning::Plain,
            };
        }
        let digits = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 3,
            TimeUnit::MICROS => 6,
            TimeUnit::NANOS => 9,
        };
        match field.get_basic_info().logical_type_ref() {
            Some(LogicalType::Timestamp(it)) => Meaning::Moment(digits(&it.unit)),
            Some(LogicalType::Time(it)) => Meaning::Clock(digits(&it.unit)),
            Some(LogicalType::Date) => Meaning::Days,
            Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => Meaning::Text,
            Some(LogicalType::Integer(it)) if !it.is_signed => Meaning::Unsigned,
            _ => Meaning::Plain,
        }
    }
}

pub fn is_list(field: &TypePtr) -> bool {
    let info = field.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
        || info.converted_type() == ConvertedType::LIST
        || matches!(info.logical_type_ref(), Some(LogicalType::List))
}

/// Whether a column can hold cells at all: groups and maps cannot, nor can spans of months, days and milliseconds.
pub fn is_cells(field: &TypePtr) -> bool {
    if field.is_group() {
        return is_list(field) && field.get_basic_info().converted_type() == ConvertedType::LIST;
    }
    field.get_basic_info().converted_type() != ConvertedType::INTERVAL
}

/// A value as a cell, which may be missing; nothing where it is no cell: bytes, a group, a map.
pub fn cell(value: &Field, meaning: Meaning) -> Option<Option<String>> {
    Some(Some(match (value, meaning) {
        (Field::Null, _) => return Some(None),
        (Field::Bool(it), _) => it.to_string(),
        (Field::Byte(it), _) => it.to_string(),
        (Field::Short(it), _) => it.to_string(),
        (Field::Int(it), Meaning::Days) => day(*it),
        (Field::Int(it), Meaning::Clock(digits)) => clock((*it).into(), digits)?,
        (Field::Int(it), Meaning::Unsigned) => (*it as u32).to_string(),
        (Field::Int(it), _) => it.to_string(),
        (Field::Long(it), Meaning::Moment(digits)) => time::text((*it).into(), digits),
        (Field::Long(it), Meaning::Clock(digits)) => clock(*it, digits)?,
        (Field::Long(it), Meaning::Unsigned) => (*it as u64).to_string(),
        (Field::Long(it), _) => it.to_string(),
        (Field::UByte(it), _) => it.to_string(),
        (Field::UShort(it), _) => it.to_string(),
        (Field::UInt(it), _) => it.to_string(),
        (Field::ULong(it), _) => it.to_string(),
        (Field::Float16(it), _) => shortest(it.to_f32()),
        (Field::Float(it), _) => shortest(*it),
        (Field::Double(it), _) => shortest(*it),
        (Field::Decimal(it), _) => decimal(it)?,
        (Field::Str(it), _) => it.clone(),
        (Field::Bytes(it), Meaning::Text) => str::from_utf8(it.data()).ok()?.to_string(),
        (Field::Date(days), _) => day(*days),
        (Field::TimeMillis(it), _) => clock((*it).into(), 3)?,
        (Field::TimeMicros(it), _) => clock(*it, 6)?,
        (Field::TimestampMillis(it), _) => time::text((*it).into(), 3),
        (Field::TimestampMicros(it), _) => time::text((*it).into(), 6),
        (Field::ListInternal(_), _) => json(value, meaning)?.to_string(),
        (Field::Bytes(_) | Field::Group(_) | Field::MapInternal(_), _) => return None,
    }))
}

fn day(days: i32) -> String {
    let mut text = time::text(i128::from(days) * 86_400, 0);
    text.truncate(text.find('T').unwrap_or(text.len()));
    text
}

/// A time of day; nothing for what is none.
fn clock(units: i64, digits: u32) -> Option<String> {
    let is_within = (0..86_400 * 10_i64.pow(digits)).contains(&units);
    is_within.then(|| time::text(units.into(), digits).split_off("1970-01-01T".len()))
}

/// A list that is no tensor, as JSON writes it.
fn json(value: &Field, meaning: Meaning) -> Option<Value> {
    match value {
        Field::ListInternal(list) => {
            list.elements().iter().map(|it| json(it, meaning)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Field::Null => Some(Value::Null),
        Field::Bool(it) => Some(Value::Bool(*it)),
        Field::Byte(_) | Field::Short(_) | Field::UByte(_) | Field::UShort(_) | Field::UInt(_) | Field::ULong(_) => {
            serde_json::from_str(&cell(value, meaning)??).ok()
        }
        Field::Int(_) | Field::Long(_) if matches!(meaning, Meaning::Plain | Meaning::Unsigned) => {
            serde_json::from_str(&cell(value, meaning)??).ok()
        }
        Field::Float16(_) | Field::Float(_) | Field::Double(_) => float(value, meaning).map(Value::from),
        other => cell(other, meaning)?.map(Value::String),
    }
}

/// A number of a tensor; nothing for all else.
fn float(value: &Field, meaning: Meaning) -> Option<f64> {
    match (value, meaning) {
        (Field::Byte(it), _) => Some((*it).into()),
        (Field::Short(it), _) => Some((*it).into()),
        (Field::Int(it), Meaning::Plain) => Some((*it).into()),
        (Field::Int(it), Meaning::Unsigned) => Some((*it as u32).into()),
        (Field::Long(it), Meaning::Plain) => Some(*it as f64),
        (Field::Long(it), Meaning::Unsigned) => Some(*it as u64 as f64),
        (Field::UByte(it), _) => Some((*it).into()),
        (Field::UShort(it), _) => Some((*it).into()),
        (Field::UInt(it), _) => Some((*it).into()),
        (Field::ULong(it), _) => Some(*it as f64),
        (Field::Float16(it), _) => Some(it.to_f64()),
        (Field::Float(it), _) => Some((*it).into()),
        (Field::Double(it), _) => Some(*it),
        _ => None,
    }
}

/// The shape of a tensor of numbers; `None` for anything else, a single number included.
pub fn shape(value: &Field, meaning: Meaning) -> Option<Vec<usize>> {
    let Field::ListInternal(list) = value else { return None };
    let items = list.elements();
    let first = items.first()?;
    let inner = if float(first, meaning).is_some() { vec![] } else { shape(first, meaning)? };
    let alike = items.iter().all(|item| match float(item, meaning) {
        Some(_) => inner.is_empty(),
        None => !inner.is_empty() && shape(item, meaning).as_ref() == Some(&inner),
    });
    alike.then(|| [vec![items.len()], inner].concat())
}

/// The numbers of a tensor, which `shape` has found to be one.
pub fn flatten(value: &Field, meaning: Meaning, data: &mut Vec<f32>) {
    match value {
        Field::ListInternal(list) => list.elements().iter().for_each(|item| flatten(item, meaning, data)),
        number => data.push(float(number, meaning).expect("asked for by `shape`") as f32),
    }
}

/// Digits behind the point, and bytes, that no decimal has more of.
const MOST_DIGITS: usize = 1000;

/// `-12.50`: a whole number, the highest byte first, and where the point is in it.
fn decimal(value: &Decimal) -> Option<String> {
    let (bytes, scale) = (value.data(), usize::try_from(value.scale()).ok().filter(|it| *it <= MOST_DIGITS)?);
    let is_negative = bytes.first()? & 0x80 != 0;
    if bytes.len() > MOST_DIGITS {
        return None;
    }
    let mut bytes = bytes.to_vec();
    if is_negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    // The digits from the last on, each what is left of a division of all bytes by 10.
    let mut digits = vec![];
    while bytes.iter().any(|byte| *byte != 0) || digits.len() <= scale {
        let left = bytes.iter_mut().fold(0_u16, |left, byte| {
            let value = left << 8 | u16::from(*byte);
            *byte = (value / 10) as u8;
            value % 10
        });
        digits.push(char::from(b'0' + left as u8));
    }
    if scale > 0 {
        digits.insert(scale, '.');
    }
    let is_zero = digits.iter().all(|it| matches!(it, '0' | '.'));
    digits.extend((is_negative && !is_zero).then_some('-'));
    Some(digits.iter().rev().collect())
}
