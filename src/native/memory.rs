//! The memory of a compiled step: the arena, and the arrays that it is given.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::kernel::ALIGNMENT;
use crate::tensor::{Array, Data};

/// Memory of the alignment of buffers.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
struct Block([u8; ALIGNMENT]);

/// What lies around memory that is not to be left. As an f32 it is a large number that no one computes.
const FENCE: Block = Block([0x7b; ALIGNMENT]);

/// The arena of a plan between two fences.
pub struct Arena {
    first: NonNull<Block>,
    /// With both fences.
    blocks: usize,
    /// What was allocated, with room to begin with a page.
    memory: NonNull<u8>,
    layout: Layout,
}

/// The bytes of a large page, as of most machines.
const PAGE: usize = 2 << 20;

impl Arena {
    pub fn new(bytes: usize) -> Arena {
        let blocks = bytes.div_ceil(ALIGNMENT) + 2;
        let size = blocks * size_of::<Block>();
        // What is large begins with a page of its own. Allocated without that alignment, its pages are those that the system hands out
        // zeroed, each when it is first used.
        let align = if size >= PAGE { PAGE } else { align_of::<Block>() };
        let layout = Layout::array::<u8>(size + align).expect("less memory than there are addresses");
        // SAFETY: the layout has room for two blocks at least.
        let start = unsafe { alloc_zeroed(layout) };
        let memory = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        // SAFETY: the next address of an alignment lies less than that behind, and so much more was allocated.
        let first = unsafe { memory.add(start.align_offset(align)) }.cast::<Block>();
        large_pages(first.as_ptr().cast(), size);
        // SAFETY: from there on the memory has the size of so many blocks and their alignment, and nobody else knows it.
        unsafe {
            first.write(FENCE);
            first.add(blocks - 1).write(FENCE);
        }
        Arena { first, blocks, memory, layout }
    }

    /// Makes room for so many bytes. What was in it is lost; it means nothing between steps.
    pub fn hold(&mut self, bytes: usize) {
        if bytes > self.bytes() {
            *self = Arena::new(0);
            *self = Arena::new(bytes);
        }
    }

    pub fn start(&mut self) -> *mut u8 {
        // SAFETY: there are at least two blocks, so that the second is one of them.
        unsafe { self.first.add(1) }.as_ptr().cast()
    }

    pub fn bytes(&self) -> usize {
        (self.blocks - 2) * ALIGNMENT
    }

    /// Panics if something was written before or behind the arena.
    pub fn check(&self) {
        // SAFETY: both are blocks of the arena, written when it was made.
        let fences = unsafe { [self.first.read(), self.first.add(self.blocks - 1).read()] };
        assert!(fences == [FENCE; 2], "a write beside the arena");
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and is not used any more.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) }
    }
}

/// Asks for large pages: a step goes through all of its memory, and finding so many small pages takes as long as reading them.
fn large_pages(memory: *mut u8, bytes: usize) {
    #[cfg(target_os = "linux")]
    if bytes >= PAGE {
        // SAFETY: the advice is about memory that was allocated, from the start of a page on, and changes nothing in it. Where it
        // is not followed, pages are small.
        _ = unsafe { libc::madvise(memory.cast(), bytes, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, bytes);
}

/// Where the elements of an array begin.
pub fn address(array: &mut Array) -> *mut u8 {
    match &mut array.data {
        Data::F32(data) => data.as_mut_ptr().cast(),
        Data::I32(data) => data.as_mut_ptr().cast(),
        Data::Bool(data) => data.as_mut_ptr().cast(),
    }
}

/// The same, for memory that is only read.
pub fn address_to_read(array: &Array) -> *mut u8 {
    match &array.data {
        Data::F32(data) => data.as_ptr().cast::<u8>().cast_mut(),
        Data::I32(data) => data.as_ptr().cast::<u8>().cast_mut(),
        Data::Bool(data) => data.as_ptr().cast::<u8>().cast_mut(),
    }
}
