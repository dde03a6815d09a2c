//! The interpreter's values: arrays whose elements may be shared and strided, and the words that scalars work on.

use ndarray::{ArcArray, ArrayViewD, Axis, IxDyn, LinalgScalar};

use crate::scalar::plain::{Double, Single};
use crate::scalar::{Dtype, Ops};
use crate::tensor::array::Wide;
use crate::tensor::{Array, Clock, Data};

pub type Shared<T> = ArcArray<T, IxDyn>;

#[derive(Clone)]
pub enum Value<T> {
    Float(Shared<T>),
    Int(Shared<i32>),
    Bool(Shared<bool>),
}

/// What stands for f32, and the scalar arithmetic that belongs to it.
pub trait Real: LinalgScalar + PartialOrd {
    type Ops: Ops<V: Default>;
    const OPS: Self::Ops;
    fn of_f32(value: f32) -> Self;
    fn is_nan(self) -> bool;

    fn word(self) -> Word<Self>;
    fn of_word(word: Word<Self>) -> Self;
    fn word_of_int(value: i32) -> Word<Self>;
    fn int_of_word(word: Word<Self>) -> i32;

    /// The elements of an array given from outside.
    fn of_wide(value: f64) -> Self;
    fn wide(self) -> f64;
}

pub type Word<T> = <<T as Real>::Ops as Ops>::V;

impl Real for f32 {
    type Ops = Single;
    const OPS: Single = Single;
    fn of_f32(value: f32) -> f32 {
        value
    }
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
    #[inline(always)]
    fn word(self) -> u32 {
        self.to_bits()
    }
    #[inline(always)]
    fn of_word(word: u32) -> f32 {
        f32::from_bits(word)
    }
    #[inline(always)]
    fn word_of_int(value: i32) -> u32 {
        value as u32
    }
    #[inline(always)]
    fn int_of_word(word: u32) -> i32 {
        word as i32
    }
    fn of_wide(value: f64) -> f32 {
        value as f32
    }
    fn wide(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    type Ops = Double;
    const OPS: Double = Double;
    fn of_f32(value: f32) -> f64 {
        value.into()
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
    #[inline(always)]
    fn word(self) -> f64 {
        self
    }
    #[inline(always)]
    fn of_word(word: f64) -> f64 {
        word
    }
    #[inline(always)]
    fn word_of_int(value: i32) -> f64 {
        value.into()
    }
    #[inline(always)]
    fn int_of_word(word: f64) -> i32 {
        word as i32
    }
    fn of_wide(value: f64) -> f64 {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}

/// Does the same with the array inside, whatever its type: `each!(value, x => x.shape())`.
macro_rules! each {
    ($value:expr, $x:ident => $body:expr) => {
        match $value {
            Value::Float($x) => $body,
            Value::Int($x) => $body,
            Value::Bool($x) => $body,
        }
    };
}
/// As `each`, and what it makes of the array is again a value of that type.
macro_rules! same {
    ($value:expr, $x:ident => $body:expr) => {
        match $value {
            Value::Float($x) => Value::Float($body),
            Value::Int($x) => Value::Int($body),
            Value::Bool($x) => Value::Bool($body),
        }
    };
}
pub(super) use {each, same};

impl<T: Real> Value<T> {
    pub fn shape(&self) -> &[usize] {
        each!(self, x => x.shape())
    }

    pub fn dtype(&self) -> Dtype {
        match self {
            Value::Float(_) => Dtype::F32,
            Value::Int(_) => Dtype::I32,
            Value::Bool(_) => Dtype::Bool,
        }
    }

    pub fn float(self) -> Shared<T> {
        match self {
            Value::Float(x) => x,
            _ => panic!("{:?}, not f32", self.dtype()),
        }
    }

    pub fn int(self) -> Shared<i32> {
        match self {
            Value::Int(x) => x,
            _ => panic!("{:?}, not i32", self.dtype()),
        }
    }

    /// The place `at` of the first axis, which disappears.
    pub fn at(&self, at: usize) -> Value<T> {
        same!(self, x => x.clone().index_axis_move(Axis(0), at))
    }

    /// Values of one type side by side along a new first axis.
    pub fn stack(values: &[Value<T>]) -> Value<T> {
        fn stacked<E: Clone>(parts: Vec<ArrayViewD<E>>) -> Shared<E> {
            ndarray::stack(Axis(0), &parts).expect("parts of one shape").into_shared()
        }
        macro_rules! parts {
            ($kind:ident) => {{
                let part = |value| match value {
                    &Value::$kind(ref x) => x.view(),
                    _ => panic!("values of one type"),
                };
                Value::$kind(stacked(values.iter().map(part).collect()))
            }};
        }
        match values[0].dtype() {
            Dtype::F32 => parts!(Float),
            Dtype::I32 => parts!(Int),
            Dtype::Bool => parts!(Bool),
        }
    }

    pub fn step(clock: Clock) -> Value<T> {
        Value::Int(ArcArray::from_elem(IxDyn(&[]), clock.step as i32))
    }

    pub fn of_array(array: &Array) -> Value<T> {
        let shape = &array.shape[..];
        match &array.data {
            Data::F32(data) => Value::Float(shared(shape, data.iter().map(|&x| T::of_f32(x)).collect())),
            Data::I32(data) => Value::Int(shared(shape, data.clone())),
            Data::Bool(data) => Value::Bool(shared(shape, data.clone())),
        }
    }

    pub fn of_wide(array: &Wide) -> Value<T> {
        let shape = &array.shape[..];
        match array.dtype {
            Dtype::F32 => Value::Float(shared(shape, array.data.iter().map(|&x| T::of_wide(x)).collect())),
            Dtype::I32 => Value::Int(shared(shape, array.data.iter().map(|&x| x as i32).collect())),
            Dtype::Bool => Value::Bool(shared(shape, array.data.iter().map(|&x| x != 0.0).collect())),
        }
    }

    pub fn into_wide(self) -> Wide {
        let (shape, dtype) = (self.shape().to_vec(), self.dtype());
        let data = match self {
            Value::Float(x) => x.iter().map(|&x| x.wide()).collect(),
            Value::Int(x) => x.iter().map(|&x| x.into()).collect(),
            Value::Bool(x) => x.iter().map(|&x| f64::from(u8::from(x))).collect(),
        };
        Wide { shape, dtype, data }
    }
}

impl Value<f32> {
    pub fn into_array(self) -> Array {
        let shape = self.shape().to_vec();
        let data = match self {
            Value::Float(x) => Data::F32(elements(x)),
            Value::Int(x) => Data::I32(elements(x)),
            Value::Bool(x) => Data::Bool(elements(x)),
        };
        Array { shape, data }
    }
}

/// The elements in row-major order; the array's own memory if nothing else holds it and nothing is left out.
fn elements<T: Copy>(x: Shared<T>) -> Vec<T> {
    if !x.is_standard_layout() {
        return x.iter().copied().collect();
    }
    let size = x.len();
    let (mut data, offset) = x.into_owned().into_raw_vec_and_offset();
    let offset = offset.unwrap_or(0);
    data.truncate(offset + size);
    data.drain(..offset);
    data
}

/// An array of `shape` with these elements in row-major order.
pub fn shared<T>(shape: &[usize], data: Vec<T>) -> Shared<T> {
    ArcArray::from_shape_vec(IxDyn(shape), data).expect("as many elements as places")
}
