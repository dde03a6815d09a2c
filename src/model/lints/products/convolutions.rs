//! How convolutions change from one to the next: the number of their filters, the size of their kernels.
//!
//! Looked at are pairs of plain convolutions, the second seeing what the first made after whatever came between. A model
//! that makes images larger again is left alone: it throws away on purpose.

use super::Product;
use crate::model::lints::{Lowered, Scene};
use crate::problem::Problem;
use crate::problem::lint::{FiltersShrink, KernelsGrow};

/// Fewer filters than before on a smaller image.
pub fn filters(scene: &Scene, all: &[Product]) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let found = pairs(lowered, all).into_iter().filter(|&(first, second)| {
        let [first_one, second_one] = [&all[first], &all[second]];
        // What ends a model gives as much as is asked for.
        second + 1 < all.len()
            && second_one.filters() < first_one.filters()
            && 2 * second_one.places() <= first_one.places()
    });
    let told = found.map(|(first, second)| {
        let [(before_at, _), (at, _)] = [first, second].map(|it| lowered.place(all[it].at));
        let [before, filters] = [first, second].map(|it| all[it].filters());
        FiltersShrink { before, filters, at, before_at }.into()
    });
    told.collect()
}

/// A larger kernel than before.
pub fn kernels(scene: &Scene, all: &[Product]) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let largest = |it: usize| all[it].windows().map(|window| window.size).max().unwrap_or(1);
    // Windows side by side cut an image into pieces, and look at no neighbours.
    let apart = |it: usize| all[it].windows().all(|window| window.stride >= window.size);
    let found = pairs(lowered, all)
        .into_iter()
        .filter(|&(first, second)| largest(second) > largest(first) && !apart(first) && !apart(second));
    let told = found.map(|(first, second)| {
        let [(before_at, _), (at, _)] = [first, second].map(|it| lowered.place(all[it].at));
        KernelsGrow { before: largest(first), kernel: largest(second), at, before_at }.into()
    });
    told.collect()
}

/// Plain convolutions, each with the one before it.
fn pairs(lowered: &Lowered, all: &[Product]) -> Vec<(usize, usize)> {
    let graph = &lowered.graph;
    let is_plain = |it: &Product| it.is_convolution() && !it.is_grouped();
    let images = |it: &Product| it.windows().map(|window| window.extent).product::<usize>();
    let convolutions: Vec<&Product> = all.iter().filter(|it| is_plain(it)).collect();
    if all.iter().any(Product::is_spread) || convolutions.windows(2).any(|it| images(it[0]) < images(it[1])) {
        return vec![];
    }
    let mut sums = vec![None; graph.len()];
    all.iter().enumerate().for_each(|(at, it)| sums[it.sum.0 as usize] = Some(at));
    // For each node the last convolution in what it is made of, if its ways do not meet others.
    let mut last: Vec<Option<usize>> = vec![None; graph.len()];
    let mut before: Vec<Option<usize>> = vec![None; all.len()];
    for id in lowered.forward() {
        let mut ways: Vec<usize> = graph[id].args.iter().filter_map(|arg| last[arg.0 as usize]).collect();
        ways.sort_unstable();
        ways.dedup();
        let is_behind =
            |late: usize, early: usize| std::iter::successors(Some(late), |&it| before[it]).any(|it| it == early);
        let way = ways.last().copied().filter(|&late| ways.iter().all(|&it| is_behind(late, it)));
        last[id.0 as usize] = match sums[id.0 as usize] {
            Some(at) if is_plain(&all[at]) => {
                before[at] = way;
                Some(at)
            }
            _ => way,
        };
    }
    before.iter().enumerate().filter_map(|(second, first)| Some(((*first)?, second))).collect()
}
