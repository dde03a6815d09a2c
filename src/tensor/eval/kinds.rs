//! What each kind of node means, said with ndarray.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArcArray, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Ix2, IxDyn, Slice, Zip};

use super::value::{Real, Shared, Value, Word, each, same, shared};
use crate::scalar::{Dtype, Scalar, Use};
use crate::tensor::{Axes, Clock, Node, Op, View, random};

/// The value of `node`, given those of its operands.
pub fn value<T: Real>(node: &Node, mut args: Vec<Value<T>>, clock: Clock) -> Value<T> {
    let shape = &node.shape[..];
    let mut take = || args.remove(0);
    match &node.op {
        Op::Input(_) | Op::Scan { .. } => unreachable!("{node} is not computed from one value each"),
        Op::Const(bits) => match node.dtype {
            Dtype::F32 => Value::Float(ArcArray::from_elem(IxDyn(shape), T::of_f32(f32::from_bits(*bits)))),
            Dtype::I32 => Value::Int(ArcArray::from_elem(IxDyn(shape), *bits as i32)),
            Dtype::Bool => Value::Bool(ArcArray::from_elem(IxDyn(shape), *bits != 0)),
        },
        Op::Map(scalar) => map(*scalar, node.dtype, &args),
        Op::View(v) => match take() {
            Value::Float(x) => Value::Float(view(v, x, T::zero(), shape)),
            Value::Int(x) => Value::Int(view(v, x, 0, shape)),
            Value::Bool(x) => Value::Bool(view(v, x, false, shape)),
        },
        Op::Fold(v) => match take() {
            Value::Float(x) => Value::Float(fold(v, x, T::zero(), |a, b| a + b, shape)),
            Value::Int(x) => Value::Int(fold(v, x, 0, i32::wrapping_add, shape)),
            Value::Bool(_) => unreachable!("there is no sum of bools"),
        },
        Op::Contract { a, b, out } => {
            let (x, w) = (take().float(), take().float());
            Value::Float(contract(a, b, out, x, w))
        }
        Op::Max { axis } => match take() {
            Value::Float(x) => Value::Float(largest(x, *axis, |a: T, b| if b > a || b.is_nan() { b } else { a })),
            Value::Int(x) => Value::Int(largest(x, *axis, i32::max)),
            Value::Bool(x) => Value::Bool(largest(x, *axis, |a, b| a || b)),
        },
        Op::Gather { axis, batch } => {
            let (table, index) = (take(), take().int());
            same!(table, table => gather(table, index, *axis, *batch, shape))
        }
        Op::ScatterAdd { axis, batch } => {
            let (values, index) = (take().float(), take().int());
            Value::Float(scatter_add(values, index, *axis, *batch, shape))
        }
        Op::Index { axis } => Value::Int(ArrayD::from_shape_fn(IxDyn(shape), |at| at[*axis] as i32).into_shared()),
        Op::Order { axis } => Value::Int(each!(take(), x => order(&x, *axis))),
        Op::Random { draw, site } => {
            let numbers = random::numbers(*draw, clock, *site, node.size());
            Value::Float(shared(shape, numbers.into_iter().map(T::of_f32).collect()))
        }
    }
}

// ------------------------------------------------------------------------------------------------ scalars

/// As many elements are turned into words at a time as stay in the first cache.
const CHUNK: usize = 512;

fn map<T: Real>(scalar: Scalar, dtype: Dtype, args: &[Value<T>]) -> Value<T> {
    let types: Vec<Dtype> = args.iter().map(Value::dtype).collect();
    let args: Vec<Value<T>> = args.iter().map(|arg| same!(arg, x => row_major(x.clone()))).collect();
    let shape = args[0].shape();
    let size = shape.iter().product::<usize>();
    let mut operands = [[Word::<T>::default(); CHUNK]; 3];
    let mut out = [Word::<T>::default(); CHUNK];
    let (mut floats, mut ints, mut bools) = (vec![], vec![], vec![]);
    for start in (0..size).step_by(CHUNK) {
        let len = CHUNK.min(size - start);
        for (operand, arg) in operands.iter_mut().zip(&args) {
            read(arg, start, &mut operand[..len]);
        }
        scalar.with(&types, Chunk::<T> { operands: &operands, out: &mut out[..len] });
        match dtype {
            Dtype::F32 => floats.extend(out[..len].iter().map(|&word| T::of_word(word))),
            Dtype::I32 => ints.extend(out[..len].iter().map(|&word| T::int_of_word(word))),
            Dtype::Bool => bools.extend(out[..len].iter().map(|&word| T::int_of_word(word) != 0)),
        }
    }
    match dtype {
        Dtype::F32 => Value::Float(shared(shape, floats)),
        Dtype::I32 => Value::Int(shared(shape, ints)),
        Dtype::Bool => Value::Bool(shared(shape, bools)),
    }
}

/// The elements from `start` of a row-major array as words.
fn read<T: Real>(arg: &Value<T>, start: usize, words: &mut [Word<T>]) {
    fn copy<E: Copy, W>(x: &Shared<E>, start: usize, words: &mut [W], word: impl Fn(E) -> W) {
        let x = &x.as_slice().expect("row-major")[start..start + words.len()];
        words.iter_mut().zip(x).for_each(|(to, &from)| *to = word(from));
    }
    match arg {
        Value::Float(x) => copy(x, start, words, T::word),
        Value::Int(x) => copy(x, start, words, T::word_of_int),
        Value::Bool(x) => copy(x, start, words, |x| T::word_of_int(x.into())),
    }
}

/// One row's meaning on a chunk of elements.
struct Chunk<'a, T: Real> {
    operands: &'a [[Word<T>; CHUNK]; 3],
    out: &'a mut [Word<T>],
}

impl<T: Real> Use<T::Ops> for Chunk<'_, T> {
    type Out = ();
    fn with<const N: usize>(self, meaning: impl Fn(&T::Ops, [Word<T>; N]) -> Word<T>) {
        for (i, out) in self.out.iter_mut().enumerate() {
            *out = meaning(&T::OPS, std::array::from_fn(|operand| self.operands[operand][i]));
        }
    }
}

fn row_major<E: Copy>(x: Shared<E>) -> Shared<E> {
    if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() }
}

// ------------------------------------------------------------------------------------------------ views

/// `x` seen through `view`; `zero` where it shows nothing.
fn view<E: Copy>(view: &View, x: Shared<E>, zero: E, shape: &[usize]) -> Shared<E> {
    match view {
        View::Expand { axis, times } => {
            let (outer, inner) = sides(x.shape(), *axis);
            let x = row_major(x);
            let x = x.as_slice().expect("row-major");
            let mut out = Vec::with_capacity(x.len() * times);
            for part in (0..outer).map(|at| &x[at * inner..(at + 1) * inner]) {
                match part {
                    &[one] => out.resize(out.len() + times, one),
                    part => (0..*times).for_each(|_| out.extend_from_slice(part)),
                }
            }
            shared(shape, out)
        }
        View::Permute { order } => x.permuted_axes(IxDyn(order)),
        View::Slice { axis, start, step, len } => {
            let mut x = x;
            x.slice_axis_inplace(Axis(*axis), places(*start, *step, *len));
            x
        }
        View::Pad { axis, before, between, .. } => {
            let mut out = ArrayD::from_elem(IxDyn(shape), zero);
            let inside = places(*before, *between as isize + 1, x.shape()[*axis]);
            out.slice_axis_mut(Axis(*axis), inside).assign(&x);
            out.into_shared()
        }
        View::Window { axis, size, stride, dilation } => {
            let mut out = ArrayD::from_elem(IxDyn(shape), zero);
            for within in 0..*size {
                let seen = places(within * dilation, *stride as isize, shape[*axis]);
                out.index_axis_mut(Axis(axis + 1), within).assign(&x.slice_axis(Axis(*axis), seen));
            }
            out.into_shared()
        }
        View::Reshape { .. } => reshape(x, shape),
    }
}

/// The adjoint: an array of `shape` where each place holds the sum of the elements of `x` that show it.
fn fold<E: Copy + 'static>(view: &View, x: Shared<E>, zero: E, add: impl Fn(E, E) -> E, shape: &[usize]) -> Shared<E> {
    let add_to = |mut to: ArrayViewMutD<E>, from: ArrayViewD<E>| {
        Zip::from(&mut to).and(&from).for_each(|to, &from| *to = add(*to, from));
    };
    let zeros = || ArrayD::from_elem(IxDyn(shape), zero);
    match view {
        View::Expand { axis, times } => {
            let (outer, inner) = sides(shape, *axis);
            let x = row_major(x);
            let x = x.as_slice().expect("row-major");
            let mut out = vec![zero; outer * inner];
            for at in 0..outer {
                let (to, from) = (&mut out[at * inner..(at + 1) * inner], &x[at * times * inner..]);
                // One after the other for each sum, whatever lies next to it.
                match to {
                    [one] => *one = from[..*times].iter().fold(zero, |sum, &next| add(sum, next)),
                    to => {
                        for part in from[..times * inner].chunks_exact(inner.max(1)) {
                            to.iter_mut().zip(part).for_each(|(to, &next)| *to = add(*to, next));
                        }
                    }
                }
            }
            shared(shape, out)
        }
        View::Permute { order } => {
            let mut back = vec![0; order.len()];
            order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
            x.permuted_axes(IxDyn(&back))
        }
        View::Slice { axis, start, step, len } => {
            let mut out = zeros();
            out.slice_axis_mut(Axis(*axis), places(*start, *step, *len)).assign(&x);
            out.into_shared()
        }
        View::Pad { axis, before, between, .. } => {
            let mut x = x;
            x.slice_axis_inplace(Axis(*axis), places(*before, *between as isize + 1, shape[*axis]));
            x
        }
        View::Window { axis, size, stride, dilation } => {
            let mut out = zeros();
            let count = x.shape()[*axis];
            for within in 0..*size {
                let seen = places(within * dilation, *stride as isize, count);
                add_to(out.slice_axis_mut(Axis(*axis), seen), x.index_axis(Axis(axis + 1), within));
            }
            out.into_shared()
        }
        View::Reshape { .. } => reshape(x, shape),
    }
}

/// How many elements lie before and behind the place of an axis.
fn sides(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis..].iter().product())
}

/// `len` places from `start` in steps of `step`. ndarray cuts out a range before it steps, backwards from its end.
fn places(start: usize, step: isize, len: usize) -> Slice {
    if len == 0 {
        return Slice::new(0, Some(0), 1);
    }
    let (start, last) = (start as isize, start as isize + step * (len as isize - 1));
    Slice::new(start.min(last), Some(start.max(last) + 1), step)
}

fn reshape<E: Copy>(x: Shared<E>, shape: &[usize]) -> Shared<E> {
    row_major(x).into_shape_with_order(IxDyn(shape)).expect("as many places")
}

// ------------------------------------------------------------------------------------------------ contractions

/// As matrix products: labels of both and of the result first, then those of one operand and the result, then the summed.
fn contract<T: Real>(a: &Axes, b: &Axes, out: &Axes, x: Shared<T>, w: Shared<T>) -> Shared<T> {
    let both = |label: &&u8| a.contains(label) && b.contains(label);
    let batch: Axes = out.iter().filter(both).copied().collect();
    let summed: Axes = a.iter().filter(|label| !out.contains(label)).copied().collect();
    let rows: Axes = a.iter().filter(|label| !b.contains(label)).copied().collect();
    let columns: Axes = b.iter().filter(|label| !a.contains(label)).copied().collect();

    let extents = |labels: &Axes, of: &Axes, x: &Shared<T>| -> Vec<usize> {
        labels.iter().map(|label| x.shape()[of.iter().position(|l| l == label).expect("a label")]).collect()
    };
    let sizes = [extents(&batch, a, &x), extents(&rows, a, &x), extents(&summed, a, &x), extents(&columns, b, &w)];
    let [n_batch, n_rows, n_summed, n_columns] = [0, 1, 2, 3].map(|i| sizes[i].iter().product::<usize>());

    let arranged = |x: Shared<T>, of: &Axes, order: [&Axes; 3], shape: [usize; 3]| {
        let order: Vec<usize> =
            order.into_iter().flatten().map(|l| of.iter().position(|k| k == l).expect("a label")).collect();
        reshape(x.permuted_axes(IxDyn(&order)), &shape)
    };
    let x = arranged(x, a, [&batch, &rows, &summed], [n_batch, n_rows, n_summed]);
    let w = arranged(w, b, [&batch, &summed, &columns], [n_batch, n_summed, n_columns]);
    let mut product = ArrayD::zeros(IxDyn(&[n_batch, n_rows, n_columns]));
    for at in 0..n_batch {
        let left = x.index_axis(Axis(0), at).into_dimensionality::<Ix2>().expect("a matrix");
        let right = w.index_axis(Axis(0), at).into_dimensionality::<Ix2>().expect("a matrix");
        let to = product.index_axis_mut(Axis(0), at);
        let mut to = to.into_dimensionality::<Ix2>().expect("a matrix");
        general_mat_mul(T::one(), &left, &right, T::zero(), &mut to);
    }

    let labels = [batch, rows, columns].concat();
    let product = product.into_shape_with_order([&sizes[0][..], &sizes[1], &sizes[3]].concat());
    let order: Vec<usize> = out.iter().map(|l| labels.iter().position(|k| k == l).expect("a label")).collect();
    product.expect("as many places").permuted_axes(IxDyn(&order)).into_shared()
}

// ------------------------------------------------------------------------------------------------ along an axis

fn largest<E: Copy>(x: Shared<E>, axis: usize, larger: impl Fn(E, E) -> E) -> Shared<E> {
    let mut out = x.index_axis(Axis(axis), 0).to_owned();
    for at in 1..x.shape()[axis] {
        Zip::from(&mut out).and(&x.index_axis(Axis(axis), at)).for_each(|to, &next| *to = larger(*to, next));
    }
    out.into_shared()
}

/// A stable order, NaN last.
fn order<E: Copy + PartialOrd>(x: &Shared<E>, axis: usize) -> Shared<i32> {
    let mut out = ArrayD::from_elem(x.raw_dim(), 0);
    for (mut to, lane) in out.lanes_mut(Axis(axis)).into_iter().zip(x.lanes(Axis(axis))) {
        let is_nan = |x: E| x.partial_cmp(&x).is_none();
        let mut order: Vec<i32> = (0..lane.len() as i32).collect();
        order.sort_by(|&i, &j| {
            let (a, b) = (lane[i as usize], lane[j as usize]);
            a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
        });
        to.iter_mut().zip(order).for_each(|(to, place)| *to = place);
    }
    out.into_shared()
}

/// For each place of the index, in order: the numbers of the batch, of the place in it, and of the row that it names.
fn rows_of(index: &Shared<i32>, batch: usize, rows: usize) -> Vec<(usize, usize, usize)> {
    let per_batch: usize = index.shape()[batch..].iter().product();
    let clamped = |&row: &i32| (row.max(0) as usize).min(rows - 1);
    index.iter().enumerate().map(|(at, row)| (at / per_batch, at % per_batch, clamped(row))).collect()
}

/// The extents of a gather: outer axes of the table, rows that are indexed, elements of a row.
fn extents(table: &[usize], axis: usize, batch: usize) -> (usize, usize, usize) {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    (size(&table[batch..axis]), table[axis], size(&table[axis + 1..]))
}

fn gather<E: Copy>(table: Shared<E>, index: Shared<i32>, axis: usize, batch: usize, shape: &[usize]) -> Shared<E> {
    let (outer, rows, width) = extents(table.shape(), axis, batch);
    let table = row_major(table);
    let table = table.as_slice().expect("row-major");
    let places: usize = index.shape()[batch..].iter().product();
    let named = rows_of(&index, batch, rows);
    let mut out = Vec::with_capacity(shape.iter().product());
    for part in named.chunks(places.max(1)) {
        for i in 0..outer {
            for &(b, _, row) in part {
                let start = ((b * outer + i) * rows + row) * width;
                out.extend_from_slice(&table[start..start + width]);
            }
        }
    }
    shared(shape, out)
}

/// In the order of the places of the index, so that sums are always the same.
fn scatter_add<T: Real>(
    values: Shared<T>,
    index: Shared<i32>,
    axis: usize,
    batch: usize,
    shape: &[usize],
) -> Shared<T> {
    let (outer, rows, width) = extents(shape, axis, batch);
    let places: usize = index.shape()[batch..].iter().product();
    let values = row_major(values);
    let values = values.as_slice().expect("row-major");
    let mut out = vec![T::zero(); shape.iter().product()];
    for (b, place, row) in rows_of(&index, batch, rows) {
        for i in 0..outer {
            let to = ((b * outer + i) * rows + row) * width;
            let from = ((b * outer + i) * places + place) * width;
            for k in 0..width {
                out[to + k] = out[to + k] + values[from + k];
            }
        }
    }
    shared(shape, out)
}
