//! The one thing that compiled code calls: sorting.

use crate::kernel::eval::key;
use crate::scalar::Dtype;

/// An order along the middle axis of (outer, axis, inner), as compiled code asks for it.
pub type Sort =
    extern "C" fn(source: *const u8, target: *mut i32, scratch: *mut i32, outer: u64, axis: u64, inner: u64);

/// The function that sorts elements of a type.
pub fn sort(dtype: Dtype) -> Sort {
    match dtype {
        Dtype::F32 => sort_f32,
        Dtype::I32 => sort_i32,
        Dtype::Bool => sort_bool,
    }
}

extern "C" fn sort_f32(source: *const u8, target: *mut i32, scratch: *mut i32, outer: u64, axis: u64, inner: u64) {
    sort_by(source.cast::<f32>(), |element| key(element.to_bits(), Dtype::F32), target, scratch, [outer, axis, inner]);
}

extern "C" fn sort_i32(source: *const u8, target: *mut i32, scratch: *mut i32, outer: u64, axis: u64, inner: u64) {
    sort_by(source.cast::<i32>(), |element| element, target, scratch, [outer, axis, inner]);
}

extern "C" fn sort_bool(source: *const u8, target: *mut i32, scratch: *mut i32, outer: u64, axis: u64, inner: u64) {
    sort_by(source, i32::from, target, scratch, [outer, axis, inner]);
}

fn sort_by<T: Copy>(source: *const T, key: impl Fn(T) -> i32, target: *mut i32, scratch: *mut i32, extents: [u64; 3]) {
    let [outer, axis, inner] = extents.map(|extent| extent as usize);
    let size = outer * axis * inner;
    // SAFETY: only the code of an `Order` kernel calls this, with buffers that `kernel::verify` has found to be three, not
    // overlapping while the kernel runs, aligned for their types, and to hold `size`, `size` and `axis` elements.
    let (source, target, places) = unsafe {
        (
            std::slice::from_raw_parts(source, size),
            std::slice::from_raw_parts_mut(target, size),
            std::slice::from_raw_parts_mut(scratch, axis),
        )
    };
    for block in 0..outer {
        for column in 0..inner {
            let at = |place: usize| (block * axis + place) * inner + column;
            places.iter_mut().enumerate().for_each(|(at, place)| *place = at as i32);
            // Sorting by the place too makes the order stable without the memory that a stable sort needs.
            places.sort_unstable_by_key(|&place| (key(source[at(place as usize)]), place));
            for (rank, &place) in places.iter().enumerate() {
                target[at(rank)] = place;
            }
        }
    }
}
