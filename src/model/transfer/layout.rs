//! The axes of a weight in the order in which a file holds them.

/// `oihw`: outputs, inputs, height, width, the outermost first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout(&'static str);

/// The layouts that frameworks use, for weights of four, three and two axes. Of each number of axes the first is the
/// library's own, and the second PyTorch's.
const LAYOUTS: [&[&str]; 3] =
    [&["io", "oi"], &["wio", "oiw", "iow", "owi", "woi"], &["hwio", "oihw", "iohw", "ohwi", "hwoi"]];

impl Layout {
    pub fn of(word: &str) -> Option<Layout> {
        Layout::all().find(|it| it.0 == word)
    }

    pub fn all() -> impl Iterator<Item = Layout> {
        LAYOUTS.iter().flat_map(|row| row.iter().map(|it| Layout(it)))
    }

    /// Those of weights with `rank` axes: the library's own, then PyTorch's, then others.
    pub fn of_rank(rank: usize) -> impl Iterator<Item = Layout> {
        let row = rank.checked_sub(2).and_then(|at| LAYOUTS.get(at));
        row.into_iter().flat_map(|row| row.iter().map(|it| Layout(it)))
    }

    pub fn word(self) -> &'static str {
        self.0
    }

    /// For each axis of the model's tensor of `rank` axes, which of the file's it is. A layout of more axes says how those
    /// that are there follow each other; none where one of them is not named. What has one axis has one order.
    pub fn order(self, rank: usize) -> Option<Vec<usize>> {
        if rank < 2 {
            return Some((0..rank).collect());
        }
        let own = LAYOUTS.get(rank - 2)?[0];
        let there: Vec<char> = self.0.chars().filter(|it| own.contains(*it)).collect();
        own.chars().map(|axis| there.iter().position(|it| *it == axis)).collect()
    }

    /// Whether a tensor of shape `file` becomes one of shape `own`.
    pub fn fits(self, file: &[usize], own: &[usize]) -> bool {
        let order = self.order(own.len()).filter(|order| order.len() == file.len());
        order.is_some_and(|order| order.iter().zip(own).all(|(&axis, &extent)| file[axis] == extent))
    }

    /// Whether it moves no number of a tensor of this shape.
    pub fn is_own(self, own: &[usize]) -> bool {
        let order = self.order(own.len()).unwrap_or_default();
        let long: Vec<usize> =
            order.into_iter().zip(own).filter(|(_, extent)| **extent > 1).map(|(axis, _)| axis).collect();
        long.is_sorted()
    }
}
