//! The axes of tensors as those of a kernel: each is one of them, or several one inside the other, of which some are not looped over
//! but written out.

use super::affine::{Affine, flatten};
use super::trace::axis;

/// A body is written out so often at most.
const TIMES: usize = 8;

/// For each axis of a tensor the parts that it is made of, the outermost first.
#[derive(Clone)]
pub struct Grid(Vec<Vec<Part>>);

#[derive(Clone, Copy)]
struct Part {
    extent: usize,
    written_out: bool,
}

impl Grid {
    pub fn new(extents: &[usize]) -> Grid {
        Grid(extents.iter().map(|&extent| vec![Part { extent, written_out: false }]).collect())
    }

    /// The extents of the kernel's axes.
    pub fn extents(&self) -> Vec<usize> {
        self.0.iter().flatten().filter(|part| !part.written_out).map(|part| part.extent).collect()
    }

    /// The kernel's axis `axis` as two, of which the inner has `size` places; it is written out if `may` allows and it is short.
    pub fn split(&mut self, axis: usize, size: usize, may: bool) {
        let times: usize = self.0.iter().flatten().filter(|part| part.written_out).map(|part| part.extent).product();
        let mut looped = (0..self.0.len()).flat_map(|own| (0..self.0[own].len()).map(move |at| (own, at)));
        let nth = looped.by_ref().filter(|&(own, at)| !self.0[own][at].written_out).nth(axis);
        let (own, at) = nth.expect("an axis of the kernel");
        self.0[own][at].extent /= size;
        self.0[own].insert(at + 1, Part { extent: size, written_out: may && times * size <= TIMES });
    }

    /// What is computed at one point of the kernel: the places along the axes of the tensors.
    pub fn points(&self) -> Vec<Vec<Affine>> {
        let (extents, mut next) = (self.extents(), 0);
        let mut points = vec![vec![]];
        for own in &self.0 {
            let all: Vec<usize> = own.iter().map(|part| part.extent).collect();
            let mut places = vec![vec![]];
            for part in own {
                let here = if part.written_out {
                    (0..part.extent).map(Affine::constant).collect()
                } else {
                    next += 1;
                    vec![axis(&extents, next - 1)]
                };
                places = each_with_each(&places, &here);
            }
            let places: Vec<Affine> = places.iter().map(|place| flatten(place, &all)).collect();
            points = each_with_each(&points, &places);
        }
        points
    }
}

fn each_with_each(starts: &[Vec<Affine>], ends: &[Affine]) -> Vec<Vec<Affine>> {
    starts.iter().flat_map(|start| ends.iter().map(|end| [&start[..], std::slice::from_ref(end)].concat())).collect()
}
