//! The memory of a compiled step: the arena, and the arrays that it is given.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::kernel::{ALIGNMENT, width};
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

/// Copies of the arrays of one call, each between fences.
pub struct Fences {
    copies: Vec<Copy>,
    states: usize,
    feeds: usize,
}

/// The bytes of an array; fences before and behind them.
struct Copy {
    blocks: Vec<Block>,
    bytes: usize,
}

impl Fences {
    pub fn around(states: &[Array], feeds: &[&Array], results: &[Array]) -> Fences {
        let arrays = states.iter().chain(feeds.iter().copied()).chain(results);
        Fences { copies: arrays.map(Copy::of).collect(), states: states.len(), feeds: feeds.len() }
    }

    pub fn addresses(&mut self) -> impl Iterator<Item = *mut u8> {
        self.copies.iter_mut().map(|copy| copy.blocks[1..].as_mut_ptr().cast())
    }

    pub fn check_and_give_back(self, states: &mut [Array], results: &mut [Array]) {
        for copy in &self.copies {
            assert!(copy.is_whole(), "a write beside an array");
        }
        let (before, after) = self.copies.split_at(self.states);
        states.iter_mut().zip(before).for_each(|(array, copy)| copy.give_back(array));
        results.iter_mut().zip(&after[self.feeds..]).for_each(|(array, copy)| copy.give_back(array));
    }
}

impl Copy {
    fn of(array: &Array) -> Copy {
        let bytes: Vec<u8> = match &array.data {
            Data::F32(data) => data.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Data::I32(data) => data.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Data::Bool(data) => data.iter().map(|&x| u8::from(x)).collect(),
        };
        let mut blocks = vec![FENCE];
        for part in bytes.chunks(ALIGNMENT) {
            let mut block = FENCE;
            block.0[..part.len()].copy_from_slice(part);
            blocks.push(block);
        }
        blocks.push(FENCE);
        Copy { blocks, bytes: bytes.len() }
    }

    fn all(&self) -> impl Iterator<Item = u8> {
        self.blocks.iter().flat_map(|block| block.0)
    }

    fn is_whole(&self) -> bool {
        let fence = FENCE.0[0];
        self.all().take(ALIGNMENT).all(|byte| byte == fence)
            && self.all().skip(ALIGNMENT + self.bytes).all(|byte| byte == fence)
    }

    fn give_back(&self, array: &mut Array) {
        let bytes: Vec<u8> = self.all().skip(ALIGNMENT).take(self.bytes).collect();
        let words = bytes.chunks_exact(width(array.dtype())).map(<[u8; 4]>::try_from);
        match &mut array.data {
            Data::F32(data) => {
                data.iter_mut().zip(words).for_each(|(x, word)| *x = f32::from_ne_bytes(word.expect("four")))
            }
            Data::I32(data) => {
                data.iter_mut().zip(words).for_each(|(x, word)| *x = i32::from_ne_bytes(word.expect("four")))
            }
            Data::Bool(data) => data.iter_mut().zip(&bytes).for_each(|(x, &byte)| *x = byte != 0),
        }
    }
}
