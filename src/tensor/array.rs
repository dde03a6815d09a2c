//! A tensor's value: its extents and its elements in row-major order.

use super::Dtype;

#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Data,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    F32(Vec<f32>),
    I32(Vec<i32>),
    Bool(Vec<bool>),
}

impl Array {
    pub fn f32(shape: &[usize], data: Vec<f32>) -> Array {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Array { shape: shape.to_vec(), data: Data::F32(data) }
    }

    pub fn i32(shape: &[usize], data: Vec<i32>) -> Array {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Array { shape: shape.to_vec(), data: Data::I32(data) }
    }

    pub fn bool(shape: &[usize], data: Vec<bool>) -> Array {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Array { shape: shape.to_vec(), data: Data::Bool(data) }
    }

    pub fn zeros(shape: &[usize], dtype: Dtype) -> Array {
        let size = shape.iter().product();
        let data = match dtype {
            Dtype::F32 => Data::F32(vec![0.0; size]),
            Dtype::I32 => Data::I32(vec![0; size]),
            Dtype::Bool => Data::Bool(vec![false; size]),
        };
        Array { shape: shape.to_vec(), data }
    }

    pub fn dtype(&self) -> Dtype {
        match self.data {
            Data::F32(_) => Dtype::F32,
            Data::I32(_) => Dtype::I32,
            Data::Bool(_) => Dtype::Bool,
        }
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The bytes that the elements take.
    pub fn bytes(&self) -> u64 {
        match &self.data {
            Data::F32(data) => 4 * data.len() as u64,
            Data::I32(data) => 4 * data.len() as u64,
            Data::Bool(data) => data.len() as u64,
        }
    }

    /// The elements of an f32 array.
    pub fn floats(&self) -> &[f32] {
        match &self.data {
            Data::F32(data) => data,
            _ => panic!("an array of {:?}, not f32", self.dtype()),
        }
    }

    pub fn floats_mut(&mut self) -> &mut [f32] {
        match &mut self.data {
            Data::F32(data) => data,
            _ => panic!("not an f32 array"),
        }
    }

    /// The elements of an i32 array.
    pub fn integers(&self) -> &[i32] {
        match &self.data {
            Data::I32(data) => data,
            _ => panic!("an array of {:?}, not i32", self.dtype()),
        }
    }

    /// The elements `rows` of the first axis, in that order.
    pub fn rows(&self, rows: &[usize]) -> Array {
        let width: usize = self.shape[1..].iter().product();
        fn pick<T: Copy>(data: &[T], rows: &[usize], width: usize) -> Vec<T> {
            rows.iter().flat_map(|&row| &data[row * width..(row + 1) * width]).copied().collect()
        }
        let data = match &self.data {
            Data::F32(data) => Data::F32(pick(data, rows, width)),
            Data::I32(data) => Data::I32(pick(data, rows, width)),
            Data::Bool(data) => Data::Bool(pick(data, rows, width)),
        };
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        Array { shape, data }
    }
}

/// A tensor's value in f64, an i32 or bool as the number of the same value: for metrics, and to check gradients.
#[derive(Clone, PartialEq, Debug)]
pub struct Wide {
    pub shape: Vec<usize>,
    /// Of the tensor that it stands for.
    pub dtype: Dtype,
    pub data: Vec<f64>,
}

impl From<&Array> for Wide {
    fn from(array: &Array) -> Wide {
        let data = match &array.data {
            Data::F32(data) => data.iter().map(|&x| x.into()).collect(),
            Data::I32(data) => data.iter().map(|&x| x.into()).collect(),
            Data::Bool(data) => data.iter().map(|&x| f64::from(u8::from(x))).collect(),
        };
        Wide { shape: array.shape.clone(), dtype: array.dtype(), data }
    }
}
