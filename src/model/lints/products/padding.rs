//! Kernels most of whose weights never see the image: it has become so small that around it there is but padding.

use super::{Product, Window, before};
use crate::model::lints::{Scene, fed};
use crate::problem::Problem;
use crate::problem::lint::NothingButPadding;
use crate::tensor::{Graph, Id};

/// How many times as many weights there must be as there are some that see the image.
const MOST: usize = 2;

pub fn lint(scene: &Scene, all: &[Product]) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let graph = &lowered.graph;
    let fed = fed(graph);
    let mut problems = vec![];
    for product in all.iter().filter(|it| it.is_convolution() && !it.is_spread()) {
        let windows: Vec<Window> = product.windows().collect();
        let (places, live): (usize, usize) = (product.kernel(), windows.iter().map(live).product());
        if live * MOST >= places {
            continue;
        }
        let (at, layer) = lowered.place(product.at);
        let smallest = windows.iter().min_by_key(|it| it.extent).expect("a convolution has one");
        let shrinks = shrinks(graph, &fed, (smallest.image, smallest.axis));
        let before_at = shrinks.map(|id| lowered.place(id).0).filter(|it| *it != at);
        let extents: Vec<usize> = windows.iter().rev().map(|it| it.extent).collect();
        problems.push(NothingButPadding { layer, extents, places, live, at, before_at }.into());
    }
    problems
}

/// How many places of the window ever see a place of the image.
fn live(window: &Window) -> usize {
    let sees = |place: usize| {
        let seen = (0..window.times).map(|at| at * window.stride + place * window.dilation);
        seen.into_iter().any(|at| (window.before..window.before + window.extent).contains(&at))
    };
    (0..window.size).filter(|&place| sees(place)).count()
}

/// The node that has fewer places along the axis than what it is made of.
fn shrinks(graph: &Graph, fed: &[bool], from: (Id, usize)) -> Option<Id> {
    let (mut at, mut axis) = from;
    loop {
        let (behind, along) = before(graph, fed, at, axis)?;
        if graph.shape(behind)[along] > graph.shape(at)[axis] {
            return Some(at);
        }
        (at, axis) = (behind, along);
    }
}
