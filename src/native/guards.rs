//! Memory between pages that nobody may touch: where compiled code reads or writes beside a buffer, the system stops it on the spot.
//!
//! Tests run their steps in it. A buffer lies at one end of pages of its own; what is left of them is checked afterwards.

use std::ops::Range;
use std::ptr::{NonNull, copy_nonoverlapping};

use super::memory::{address, address_to_read};
use crate::kernel::{ALIGNMENT, Buffer, Home, Plan, width};
use crate::tensor::Array;

/// At which side of a buffer a page begins that may not be touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Before,
    Behind,
}

/// Fills pages beside buffers. As an f32 it is a large number that no one computes.
const FILLED: u8 = 0x7b;

/// Where a buffer lies: the page on which its own begin, where they end, and its first and last byte, counted from the start of all.
#[derive(Clone, Copy)]
struct Piece {
    pages: (usize, usize),
    bytes: (usize, usize),
}

/// Pages, a buffer to some of them, with one before and behind each buffer's that may not be touched.
pub struct Guarded {
    start: NonNull<u8>,
    bytes: usize,
    pieces: Vec<Piece>,
}

/// Where buffers of so many bytes lie, and how many bytes they take with the pages between them.
fn layout(sizes: impl Iterator<Item = usize>, side: Side, align: usize) -> (Vec<Piece>, usize) {
    let page = system::page();
    let mut next = page;
    let pieces = sizes.map(|size| {
        let pages = (next, next + size.max(1).next_multiple_of(page));
        next = pages.1 + page;
        let first = match side {
            Side::Before => pages.0,
            Side::Behind => pages.1 - size.next_multiple_of(align),
        };
        Piece { pages, bytes: (first, first + size) }
    });
    let pieces: Vec<Piece> = pieces.collect();
    (pieces, next)
}

/// Pages of the system.
#[cfg(unix)]
mod system {
    use std::ptr::{NonNull, null_mut};

    pub fn page() -> usize {
        // SAFETY: asks for a number, whatever else goes on.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).expect("pages have a size")
    }

    /// So many bytes of pages that may not be touched.
    pub fn take(bytes: usize) -> NonNull<u8> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        // SAFETY: new pages, at a place that the system finds, of no file.
        let start = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "{bytes} bytes of pages");
        NonNull::new(start.cast()).expect("pages that are somewhere")
    }

    /// From now on these pages may be read and written.
    ///
    /// # Safety
    /// They are whole pages of what [`take`] gave.
    pub unsafe fn open(first: NonNull<u8>, bytes: usize) {
        // SAFETY: what is asked of the caller.
        let done = unsafe { libc::mprotect(first.as_ptr().cast(), bytes, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(done, 0, "pages to write on");
    }

    /// # Safety
    /// [`take`] gave them, as many, and nobody uses them any more.
    pub unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        // SAFETY: what is asked of the caller.
        unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
    }
}

/// Memory where pages are not asked for: only what is written beside a buffer is found.
#[cfg(not(unix))]
mod system {
    use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
    use std::ptr::NonNull;

    pub fn page() -> usize {
        4096
    }

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, page()).expect("less memory than there are addresses")
    }

    pub fn take(bytes: usize) -> NonNull<u8> {
        // SAFETY: there is one page at least.
        NonNull::new(unsafe { alloc_zeroed(layout(bytes)) }).unwrap_or_else(|| handle_alloc_error(layout(bytes)))
    }

    /// # Safety
    /// None.
    pub unsafe fn open(_: NonNull<u8>, _: usize) {}

    /// # Safety
    /// [`take`] gave them, as many, and nobody uses them any more.
    pub unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        // SAFETY: what is asked of the caller.
        unsafe { dealloc(start.as_ptr(), layout(bytes)) }
    }
}

impl Guarded {
    fn new((pieces, bytes): (Vec<Piece>, usize)) -> Guarded {
        let start = system::take(bytes);
        for Piece { pages: (from, to), .. } in &pieces {
            // SAFETY: `layout` gave these bytes of the pages to one buffer, and counts in whole pages; nobody else knows them.
            unsafe {
                let first = start.add(*from);
                system::open(first, to - from);
                first.write_bytes(FILLED, to - from);
            }
        }
        Guarded { start, bytes, pieces }
    }

    /// Where the buffers are counted from.
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The addresses that may be touched, buffer by buffer: whole pages, of which each buffer has the first bytes or the last.
    pub fn pages(&self) -> impl Iterator<Item = Range<usize>> {
        let start = self.start.addr().get();
        self.pieces.iter().map(move |piece| start + piece.pages.0..start + piece.pages.1)
    }

    fn addresses(&self) -> impl Iterator<Item = *mut u8> {
        // SAFETY: a piece lies within the pages.
        self.pieces.iter().map(|piece| unsafe { self.start.add(piece.bytes.0) }.as_ptr())
    }

    /// Panics if something was written on a buffer's pages beside it.
    pub fn check(&self) {
        for Piece { pages, bytes } in &self.pieces {
            for (from, to) in [(pages.0, bytes.0), (bytes.1, pages.1)] {
                // SAFETY: these bytes were filled when the pages were made, and can be read.
                let beside = unsafe { std::slice::from_raw_parts(self.start.add(from).as_ptr(), to - from) };
                assert!(beside.iter().all(|&byte| byte == FILLED), "a write beside a buffer");
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the pages are those that were asked for, and nobody uses them any more.
        unsafe { system::give_back(self.start, self.bytes) }
    }
}

/// Lays the buffers of a plan's arena apart, each on pages of its own.
pub fn spread(plan: &mut Plan, side: Side) -> Guarded {
    let in_arena = |buffer: &Buffer| matches!(buffer.home, Home::Arena(_));
    let sizes: Vec<usize> = plan.buffers.iter().filter(|it| in_arena(it)).map(Buffer::bytes).collect();
    let (pieces, bytes) = layout(sizes.into_iter(), side, ALIGNMENT);
    for (buffer, piece) in plan.buffers.iter_mut().filter(|it| in_arena(it)).zip(&pieces) {
        buffer.home = Home::Arena(piece.bytes.0);
    }
    plan.arena = bytes;
    Guarded::new((pieces, bytes))
}

/// Copies of the arrays of one call: states, feeds, results.
pub struct Copies {
    memory: Guarded,
    states: usize,
    feeds: usize,
}

impl Copies {
    pub fn of(states: &[Array], feeds: &[&Array], results: &[Array], side: Side) -> Copies {
        let arrays: Vec<&Array> = states.iter().chain(feeds.iter().copied()).chain(results).collect();
        let memory = Guarded::new(layout(arrays.iter().map(|array| bytes(array)), side, 1));
        for (array, place) in arrays.iter().zip(memory.addresses()) {
            // SAFETY: the place has as many bytes as the array, and is no part of it.
            unsafe { copy_nonoverlapping(address_to_read(array), place, bytes(array)) };
        }
        Copies { memory, states: states.len(), feeds: feeds.len() }
    }

    pub fn addresses(&self) -> impl Iterator<Item = *mut u8> {
        self.memory.addresses()
    }

    pub fn check_and_give_back(self, states: &mut [Array], results: &mut [Array]) {
        self.memory.check();
        let places: Vec<*mut u8> = self.memory.addresses().collect();
        let (before, after) = places.split_at(self.states);
        let written = states.iter_mut().zip(before).chain(results.iter_mut().zip(&after[self.feeds..]));
        for (array, place) in written {
            let bytes = bytes(array);
            // SAFETY: the array was copied there, and has as many bytes. What compiled code wrote there are values of its type:
            // truth values are 0 or 1.
            unsafe { copy_nonoverlapping(*place, address(array), bytes) };
        }
    }
}

/// The bytes of an array's elements.
fn bytes(array: &Array) -> usize {
    array.shape.iter().product::<usize>() * width(array.dtype())
}
