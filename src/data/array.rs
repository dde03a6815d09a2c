//! Arrays as NumPy keeps them in files: a heading with the type and the extents, then the elements.
//!
//! The format is that of NEP 1 and of `numpy.lib.format`, versions 1 to 3. Nothing of it is executed: what only Python could
//! make an object of is refused.

use std::borrow::Cow;
use std::sync::Arc;

use super::frame::{Column, Numbers, Texts};

/// What the heading of an array says.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    kind: Kind,
    /// Whether the first byte of an element counts most.
    big: bool,
    /// Whether neighbours in the file are neighbours along the first axis.
    columns_first: bool,
    /// The number of rows, then the shape of one; nothing where there is one element.
    pub extents: Vec<usize>,
    /// Where the elements begin.
    start: usize,
}

/// What the elements are, and their bytes.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    /// So many characters of four bytes each.
    Characters(usize),
    /// So many bytes of a text.
    Bytes(usize),
}

/// Why an array is none that can be read.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// The bytes are not what they should be.
    Damaged(String),
    /// They are, and hold what no column holds: what that is, and what to do.
    Foreign(&'static str, &'static str),
}

/// Far above what NumPy writes, far below what would hurt to read.
pub const LONGEST_HEADING: usize = 1 << 16;

/// The heading of an array, which begins with `bytes`.
pub fn layout(bytes: &[u8]) -> Result<Layout, Fault> {
    let damaged = |why: &str| Fault::Damaged(why.into());
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(|| damaged("it does not begin as NumPy's arrays do"))?;
    let (length, text) = match *rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        [0 | 4.., ..] => return Err(damaged("it is of a version of the format that is not known here")),
        _ => return Err(damaged("it ends within its heading")),
    };
    if length > LONGEST_HEADING {
        return Err(damaged("its heading is longer than any that NumPy writes"));
    }
    let start = text + length;
    let text = bytes.get(text..start).ok_or_else(|| damaged("it ends within its heading"))?;
    let text = std::str::from_utf8(text).map_err(|_| damaged("its heading is no text"))?;
    let (mut kind, mut columns_first, mut extents) = (None, None, None);
    let mut reader = Reader(text);
    let odd = || damaged("its heading is not written as NumPy writes it");
    reader.sign('{').ok_or_else(odd)?;
    while reader.sign('}').is_none() {
        let key = reader.text().ok_or_else(odd)?;
        reader.sign(':').ok_or_else(odd)?;
        match key {
            "descr" if reader.peeks('[') => {
                return Err(Fault::Foreign("records of several parts", "save each part as an array of its own"));
            }
            "descr" => kind = Some(element(reader.text().ok_or_else(odd)?)?),
            "fortran_order" => columns_first = Some(reader.truth().ok_or_else(odd)?),
            "shape" => extents = Some(reader.extents().ok_or_else(odd)?),
            _ => return Err(odd()),
        }
        if reader.sign(',').is_none() && !reader.peeks('}') {
            return Err(odd());
        }
    }
    if !reader.0.trim().is_empty() {
        return Err(odd());
    }
    let (Some((kind, big)), Some(columns_first), Some(extents)) = (kind, columns_first, extents) else {
        return Err(odd());
    };
    Ok(Layout { kind, big, columns_first, extents, start })
}

/// `<f4`: the order of the bytes, what an element is, and how many bytes or characters it has.
fn element(descr: &str) -> Result<(Kind, bool), Fault> {
    let unknown = || Fault::Damaged(format!("its elements are of type {descr:?}, which NumPy does not have"));
    let mut signs = descr.chars();
    let (order, letter) = (signs.next().ok_or_else(unknown)?, signs.next().ok_or_else(unknown)?);
    let count = signs.as_str();
    // Times say their unit behind it: `<M8[D]`.
    let digits = &count[..count.find(|it: char| !it.is_ascii_digit()).unwrap_or(count.len())];
    let size: usize = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| unknown())? };
    let foreign = |what, help| Err(Fault::Foreign(what, help));
    match letter {
        'O' => return foreign("objects of Python", "save numbers or texts: `x.astype(float)`, `x.astype(str)`"),
        'M' | 'm' => return foreign("times of NumPy", "save them as texts, `t.astype(str)`, or as numbers"),
        'c' => return foreign("complex numbers", "save their parts, `z.real` and `z.imag`, as two arrays"),
        'V' => return foreign("bytes without a meaning", "save numbers or texts"),
        'f' if size > 8 => return foreign("numbers of more than 64 bits", "save them as `x.astype('f8')`"),
        _ => {}
    }
    if digits.len() != count.len() || !"<>|=".contains(order) {
        return Err(unknown());
    }
    let kind = match (letter, size) {
        ('b', 1) => Kind::Bool,
        ('i', 1 | 2 | 4 | 8) => Kind::Signed(size),
        ('u', 1 | 2 | 4 | 8) => Kind::Unsigned(size),
        ('f', 2 | 4 | 8) => Kind::Float(size),
        ('U', 1..) => Kind::Characters(size),
        ('S', 1..) => Kind::Bytes(size),
        _ => return Err(unknown()),
    };
    Ok((kind, order == '>'))
}

/// Reads what Python calls a literal, as far as a heading has any.
struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    fn peeks(&mut self, sign: char) -> bool {
        self.0 = self.0.trim_start();
        self.0.starts_with(sign)
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn text(&mut self) -> Option<&'t str> {
        self.0 = self.0.trim_start();
        let quote = self.0.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
        let (text, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest;
        (!text.contains('\\')).then_some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        self.0 = self.0.trim_start();
        let (truth, rest) = match self.0.strip_prefix("True") {
            Some(rest) => (true, rest),
            None => (false, self.0.strip_prefix("False")?),
        };
        self.0 = rest;
        Some(truth)
    }

    /// `(3, 4)`, `(3,)`, `()`
    fn extents(&mut self) -> Option<Vec<usize>> {
        let mut extents = vec![];
        self.sign('(')?;
        while self.sign(')').is_none() {
            self.0 = self.0.trim_start();
            let digits = self.0.find(|it: char| !it.is_ascii_digit())?;
            extents.push(self.0[..digits].parse().ok()?);
            // Python 2 wrote an L behind long numbers.
            self.0 = self.0[digits..].strip_prefix('L').unwrap_or(&self.0[digits..]);
            if self.sign(',').is_none() && !self.peeks(')') {
                return None;
            }
        }
        Some(extents)
    }
}

impl Layout {
    /// The bytes of an element.
    fn width(&self) -> usize {
        match self.kind {
            Kind::Bool => 1,
            Kind::Signed(width) | Kind::Unsigned(width) | Kind::Float(width) | Kind::Bytes(width) => width,
            Kind::Characters(count) => count.saturating_mul(4),
        }
    }

    /// The shape of a row, where rows are numbers.
    pub fn shape(&self) -> Option<Vec<usize>> {
        match self.kind {
            Kind::Characters(_) | Kind::Bytes(_) => None,
            Kind::Bool | Kind::Signed(_) | Kind::Unsigned(_) | Kind::Float(_) => Some(self.extents[1..].to_vec()),
        }
    }

    /// Whether so many bytes in all are what the heading says, and rows hold something.
    pub fn check(&self, size: u64) -> Result<(), Fault> {
        let is_text = matches!(self.kind, Kind::Characters(_) | Kind::Bytes(_));
        if is_text && self.extents.len() > 1 {
            return Err(Fault::Foreign("rows of several texts", "save each of them as an array of its own"));
        }
        if self.extents.iter().skip(1).any(|&it| it == 0) {
            return Err(Fault::Damaged("its heading says that a row holds no numbers".into()));
        }
        let bytes = self.extents.iter().try_fold(self.width() as u64, |size, &n| size.checked_mul(n as u64));
        if bytes.and_then(|bytes| bytes.checked_add(self.start as u64)) == Some(size) {
            return Ok(());
        }
        let extents: Vec<String> = self.extents.iter().map(usize::to_string).collect();
        let (elements, width) = (extents.join(" × "), self.width());
        let held = size.saturating_sub(self.start as u64);
        Err(Fault::Damaged(format!("its heading says {elements} elements of {width} bytes, and {held} bytes follow")))
    }

    /// The rows of an array, all of whose bytes these are, and as many as [`Layout::check`] wants.
    pub fn column(&self, bytes: Vec<u8>) -> Result<Column, Fault> {
        let is_plain = !self.columns_first || self.extents.len() < 2;
        let unsigned_bytes = matches!(self.kind, Kind::Bool | Kind::Unsigned(1));
        if unsigned_bytes && is_plain {
            let mut bytes = bytes;
            bytes.drain(..self.start);
            return Ok(self.numbers(Numbers::Bytes(Arc::new(bytes))));
        }
        let body = match is_plain {
            true => Cow::Borrowed(&bytes[self.start..]),
            false => Cow::Owned(by_rows(&bytes[self.start..], self.width(), &self.extents)),
        };
        Ok(match self.kind {
            Kind::Bool | Kind::Unsigned(1) => self.numbers(Numbers::Bytes(Arc::new(body.into_owned()))),
            Kind::Signed(_) | Kind::Unsigned(_) => self.integers(&body),
            Kind::Float(width) => {
                let values = body.chunks_exact(width).map(|it| float(self.word(it), width));
                self.numbers(match (width, &self.extents[1..]) {
                    // What is one number a row may be a time, of which an f32 holds too little.
                    (8, []) => Numbers::Wide(values.collect()),
                    _ => Numbers::Floats(values.map(|it| it as f32).collect()),
                })
            }
            Kind::Characters(count) => {
                let text = |it: &[u8]| {
                    let character = |it: &[u8]| char::from_u32(self.word(it) as u32);
                    it.chunks_exact(4).map(character).collect::<Option<String>>()
                };
                texts(body.chunks_exact(4 * count).map(text))?
            }
            Kind::Bytes(count) => {
                texts(body.chunks_exact(count).map(|it| Some(std::str::from_utf8(it).ok()?.to_string())))?
            }
        })
    }

    fn numbers(&self, data: Numbers) -> Column {
        Column::Numbers { shape: self.extents[1..].to_vec(), data }
    }

    /// The bytes of an element as one word, the first of which counts least.
    fn word(&self, element: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        bytes[..element.len()].copy_from_slice(element);
        if self.big {
            bytes[..element.len()].reverse();
        }
        u64::from_le_bytes(bytes)
    }

    /// Whole numbers as i32 if they are such; else single ones as they are, and tensors as f32.
    fn integers(&self, body: &[u8]) -> Column {
        let (width, is_signed) = (self.width(), matches!(self.kind, Kind::Signed(_)));
        let value = |element: &[u8]| {
            let (word, unused) = (self.word(element), 64 - 8 * width as u32);
            // The sign of a narrow number is that of its highest bit.
            if is_signed { i128::from(((word << unused) as i64) >> unused) } else { i128::from(word) }
        };
        let values = || body.chunks_exact(width).map(value);
        if values().all(|it| i32::try_from(it).is_ok()) {
            return self.numbers(Numbers::Integers(values().map(|it| it as i32).collect()));
        }
        const EXACT: i128 = 1 << 53;
        match &self.extents[1..] {
            [] if values().all(|it| (-EXACT..=EXACT).contains(&it)) => {
                self.numbers(Numbers::Wide(values().map(|it| it as f64).collect()))
            }
            // Of the number of a row every figure counts.
            [] => Column::Text(
                values().map(|it| it.to_string()).collect::<Vec<_>>().iter().map(|it| Some(&**it)).collect(),
            ),
            _ => self.numbers(Numbers::Floats(values().map(|it| it as f32).collect())),
        }
    }
}

/// A number of so many bytes.
fn float(word: u64, width: usize) -> f64 {
    match width {
        2 => half(word as u16),
        4 => f64::from(f32::from_bits(word as u32)),
        _ => f64::from_bits(word),
    }
}

/// A number of 16 bits, as IEEE 754 has it.
fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if sign == 1 { -size } else { size }
}

/// A column of texts, filled up with zeros to one length.
fn texts(all: impl Iterator<Item = Option<String>>) -> Result<Column, Fault> {
    let mut texts = Texts::default();
    for (row, text) in all.enumerate() {
        let text = text.ok_or_else(|| Fault::Damaged(format!("row {} is no text", row + 1)))?;
        texts.push(Some(text.trim_end_matches('\0')));
    }
    Ok(Column::Text(texts))
}

/// Elements of `width` bytes, neighbours along the first axis, in the order of rows.
fn by_rows(body: &[u8], width: usize, extents: &[usize]) -> Vec<u8> {
    // How far apart neighbours along each axis are.
    let strides: Vec<usize> =
        extents.iter().scan(width, |stride, n| Some(std::mem::replace(stride, *stride * n))).collect();
    let (mut rows, mut place, mut from) = (Vec::with_capacity(body.len()), vec![0; extents.len()], 0);
    for _ in 0..body.len() / width {
        rows.extend_from_slice(&body[from..from + width]);
        for axis in (0..extents.len()).rev() {
            place[axis] += 1;
            from += strides[axis];
            if place[axis] < extents[axis] {
                break;
            }
            from -= extents[axis] * strides[axis];
            place[axis] = 0;
        }
    }
    rows
}
