//! Recurrences: what is written for all turns at once means its turns one after the other.

use std::sync::Arc;

use dlmc::scalar::Dtype;
use dlmc::tensor::scan::{Carry, Scan};
use dlmc::tensor::view::{offset, places};
use dlmc::tensor::{Array, Function, Graph, Id, Op, Slot, evaluate, simplify, verify};

use crate::functions::{Dice, arrays, turn};
use crate::tensors::{CLOCK, check_close, views};
use crate::tensors_grad::check;

/// What a view does to an axis that it leaves alone, asked of every place.
#[test]
fn a_view_of_one_place_is_the_view_without_the_axis() {
    let mut seen = 0;
    for from in [[2, 3, 5], [1, 6, 5], [30, 1, 1]] {
        for view in views() {
            let fits = |axis: usize| from[axis] == [2, 3, 5][axis];
            if !(0..3).all(fits) && !format!("{view:?}").starts_with("Reshape") {
                continue;
            }
            let to = view.shape(&from);
            for axis in 0..to.len() {
                let Some(behind) = view.behind(axis, &from) else { continue };
                assert_eq!(view.ahead(behind, &from), Some(axis), "{view:?} of {from:?}, axis {axis}");
                let less = |shape: &[usize], axis: usize| {
                    let mut shape = shape.to_vec();
                    shape.remove(axis);
                    shape
                };
                let (small, of) = (view.without(axis), less(&from, behind));
                assert_eq!(small.shape(&of), less(&to, axis), "{view:?} of {from:?}, axis {axis}");
                for at in places(&to) {
                    let source = view.source(&at, &from);
                    assert!(source.iter().all(|source| source[behind] == at[axis]), "{view:?} of {from:?}");
                    let found = small.source(&less(&at, axis), &of);
                    assert_eq!(found, source.map(|source| less(&source, behind)), "{view:?} of {from:?}, axis {axis}");
                }
                seen += 1;
            }
            let each = view.of_each(4);
            for at in places(&each.shape(&[&[4], &from[..]].concat())) {
                let one = view.source(&at[1..], &from).map(|source| [&at[..1], &source].concat());
                assert_eq!(each.source(&at, &[&[4], &from[..]].concat()), one, "{view:?} of each");
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

/// A recurrence written at random over some feeds: the graph, what it carries, and the feeds' types.
struct Written {
    graph: Graph,
    axis: usize,
    turns: usize,
    backwards: bool,
    carries: Vec<Carry>,
    feeds: Vec<(Vec<usize>, Dtype)>,
}

fn written(seed: u64) -> Written {
    let mut dice = Dice::new(seed);
    let mut graph = Graph::default();
    let mut feeds: Vec<(Vec<usize>, Dtype)> = Vec::new();
    let mut feed = |graph: &mut Graph, shape: &[usize]| {
        feeds.push((shape.to_vec(), Dtype::F32));
        graph.input(Slot::Feed(feeds.len() as u32 - 1), shape, Dtype::F32)
    };
    let shape: Vec<usize> = (0..dice.below(3)).map(|_| dice.within(1, 4)).collect();
    let (turns, axis) = (dice.within(1, 5), dice.below(shape.len() + 1));
    let mut all = shape.clone();
    all.insert(axis, turns);
    let mut outside = vec![feed(&mut graph, &all), feed(&mut graph, &shape)];
    outside.extend(shape.last().map(|&n| feed(&mut graph, &[n, n])));
    let starts: Vec<Id> = (0..dice.within(1, 2)).map(|_| feed(&mut graph, &shape)).collect();
    let places: Vec<Id> = starts.iter().map(|_| graph.carry(&all, Dtype::F32)).collect();
    let carries = starts
        .into_iter()
        .zip(places.clone())
        .map(|(start, place)| Carry {
            place,
            start,
            next: turn(&mut graph, &mut dice, place, &[axis], &outside, &places),
        })
        .collect();
    Written { graph, axis, turns, backwards: dice.chance(2), carries, feeds }
}

/// The carried values after each turn, each turn found by evaluating what was written with that turn's value in its place.
fn turn_by_turn(written: &Written, feeds: &[Array]) -> Vec<Array> {
    let Written { graph, axis, turns, backwards, carries, .. } = written;
    // The places as feeds.
    let mut open = Graph::default();
    let mut new: Vec<Id> = Vec::new();
    for id in graph.ids() {
        let node = &graph[id];
        let args: Vec<Id> = node.args.iter().map(|arg| new[arg.0 as usize]).collect();
        let op = match carries.iter().position(|carry| carry.place == id) {
            Some(at) => Op::Input(Slot::Feed((feeds.len() + at) as u32)),
            None => node.op.clone(),
        };
        new.push(open.node(op, &args, node.shape.clone(), node.dtype));
    }
    let nexts: Vec<Id> = carries.iter().map(|carry| new[carry.next.0 as usize]).collect();
    let less = |place: &[usize]| {
        let mut place = place.to_vec();
        place.remove(*axis);
        place
    };
    let starts = carries.iter().map(|carry| match graph[carry.start].op {
        Op::Input(Slot::Feed(feed)) => feeds[feed as usize].clone(),
        ref op => unreachable!("{op:?}"),
    });
    let mut carried: Vec<Array> = starts.collect();
    let mut after: Vec<Vec<f32>> = carried.iter().map(|value| vec![0.0; value.floats().len() * turns]).collect();
    for at in 0..*turns {
        let at = if *backwards { turns - 1 - at } else { at };
        let in_place = carries.iter().zip(&carried).map(|(carry, value)| {
            let shape = graph.shape(carry.place);
            let element = |place: Vec<usize>| match place[*axis] == at {
                true => value.floats()[offset(&less(&place), &value.shape)],
                false => 0.123,
            };
            Array::f32(shape, places(shape).map(element).collect())
        });
        let all: Vec<Array> = feeds.iter().cloned().chain(in_place).collect();
        let nexts = evaluate(&open, &nexts, &[], &all, CLOCK);
        for ((value, next), after) in carried.iter_mut().zip(nexts).zip(&mut after) {
            let size = value.floats().len();
            let of_turn: Vec<f32> = places(&next.shape)
                .filter(|place| place[*axis] == at)
                .map(|place| next.floats()[offset(&place, &next.shape)])
                .collect();
            after[at * size..(at + 1) * size].copy_from_slice(&of_turn);
            *value = Array::f32(&value.shape.clone(), of_turn);
        }
    }
    let shape = |value: &Array| [&[*turns], &value.shape[..]].concat();
    carried.iter().zip(after).map(|(value, data)| Array::f32(&shape(value), data)).collect()
}

#[test]
fn a_recurrence_is_its_turns_one_after_the_other() {
    let (mut operands, mut nested) = (0, 0);
    for seed in 0..400 {
        let mut it = written(seed);
        let feeds = arrays(&it.feeds, &mut Dice::new(seed + 1000), false);
        let expected = turn_by_turn(&it, &feeds);
        let results = it.graph.scan(it.axis, it.backwards, &it.carries).expect("each turn sees one place");
        let function = Function { graph: it.graph.clone(), feeds: it.feeds.clone(), results, ..Function::default() };
        let simple = simplify(&function);
        verify(&simple);
        let scans = |graph: &Graph| -> Vec<Arc<Scan>> {
            let of = |id: Id| if let Op::Scan { scan, .. } = &graph[id].op { Some(scan.clone()) } else { None };
            graph.ids().filter_map(of).collect()
        };
        operands += scans(&simple.graph).len();
        nested += scans(&simple.graph).iter().filter(|it| !scans(&it.turn.graph).is_empty()).count();
        for function in [&function, &simple] {
            let found = evaluate(&function.graph, &function.results, &[], &feeds, CLOCK);
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.shape, expected.shape, "seed {seed}");
                check_close(found.floats(), expected.floats(), 1e-5);
            }
        }
    }
    assert!(operands > 400 && nested > 40, "{operands} {nested}");
}

#[test]
fn the_gradient_of_a_recurrence_is_what_differences_say() {
    for seed in 0..120 {
        let it = written(seed);
        let shapes: Vec<&[usize]> = it.feeds.iter().map(|feed| &feed.0[..]).collect();
        check(&shapes, (-1.0, 1.0), |graph, _| {
            *graph = it.graph.clone();
            let results = graph.scan(it.axis, it.backwards, &it.carries).expect("each turn sees one place");
            results.into_iter().reduce(|a, b| graph.map(dlmc::scalar::Scalar::Add, &[a, b])).expect("a carried value")
        });
    }
}

/// What does not depend on the carried values is computed outside, for all turns at once; what depends on nothing that
/// changes is not copied for every turn.
#[test]
fn a_turn_has_only_what_has_to_be_in_it() {
    let mut graph = Graph::default();
    let x = graph.input(Slot::Feed(0), &[4, 9, 3], Dtype::F32);
    let w = graph.input(Slot::Feed(1), &[3, 5], Dtype::F32);
    let u = graph.input(Slot::Feed(2), &[5, 5], Dtype::F32);
    let start = graph.constant(0.0, &[4, 5]);
    let place = graph.carry(&[4, 9, 5], Dtype::F32);
    let inputs = graph.contract("bti,io->bto", x, w);
    let carried = graph.contract("bti,io->bto", place, u);
    let next = graph.map(dlmc::scalar::Scalar::Add, &[inputs, carried]);
    let results = graph.scan(1, false, &[Carry { place, start, next }]).expect("each turn sees one place");
    let Op::Scan { scan, .. } = &graph[results[0]].op else { panic!("a recurrence") };
    assert_eq!((scan.carried(), scan.sliced, scan.turn.feeds.len()), (1, 1, 3));
    assert_eq!(scan.turn.feeds[1].0, [4, 5], "x w is seen place by place");
    assert_eq!(scan.turn.feeds[2].0, [5, 5], "u is seen whole");
    let products = scan.turn.graph.ids().filter(|&id| matches!(scan.turn.graph[id].op, Op::Contract { .. }));
    assert_eq!(products.count(), 1);
}
