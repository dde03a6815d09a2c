//! The gradient of a recurrence: another one, that carries gradients from the last turn to the first.

use std::sync::Arc;

use super::lift::{Lifted, lifted};
use super::{Carry, Scan};
use crate::scalar::Scalar;
use crate::tensor::{Dtype, Function, Graph, Id, Op, Slot, View, grad};

/// The gradient of each operand, where `dys` are those of the results; `None` of what is no f32.
///
/// With c the carried values before a turn, c' = f(c, s, w) those after it, and g' the gradient that the later turns have in
/// c', the gradient in c is that of Σ f(c, s, w) · (dy + g') in c. The values c of all turns are known, so this is written
/// for all turns at once, and only what depends on g' is computed turn by turn. The gradients in the other operands are
/// then those of the same sum, with all g' in their places.
pub fn pull_back(graph: &mut Graph, scan: &Arc<Scan>, args: &[Id], dys: &[Option<Id>]) -> Vec<Option<Id>> {
    let results = graph.scans(scan.clone(), args);
    let carried = scan.carried();
    let is_float = |feed: usize| scan.turn.feeds[feed].1 == Dtype::F32;
    // What all turns see: the carried values, the other operands, the gradients from outside and from the turns after.
    let before: Vec<Id> = (0..carried).map(|at| graph.before(args[at], results[at], scan.backwards)).collect();
    let known: Vec<Id> = before.iter().copied().chain(args[carried..].iter().copied()).collect();
    let floats: Vec<usize> = (0..carried).filter(|&at| is_float(at)).collect();
    let all = written(scan, &floats, dys);
    let gradients = |graph: &mut Graph, later: &[Id]| {
        let outside = floats.iter().filter_map(|&at| dys[at]);
        let feeds: Vec<Id> = known.iter().copied().chain(outside).chain(later.iter().copied()).collect();
        put(graph, &all, &feeds)
    };
    let kinds: Vec<Vec<usize>> = args.iter().map(|&arg| graph.shape(arg).to_vec()).collect();
    let each = |at: usize| [&[scan.turns], &kinds[at][..]].concat();
    let places: Vec<Id> = floats.iter().map(|&at| graph.carry(&each(at), Dtype::F32)).collect();
    let nexts = gradients(graph, &places);
    let carries: Vec<Carry> = floats
        .iter()
        .zip(places)
        .enumerate()
        .map(|(number, (&at, place))| {
            let start = graph.constant(0.0, &kinds[at]);
            Carry { place, start, next: nexts[number] }
        })
        .collect();
    if carries.is_empty() {
        return vec![None; args.len()];
    }
    let turned = graph.scan(0, !scan.backwards, &carries).expect("a turn sees one place of each recurrence in it");
    let later: Vec<Id> =
        carries.iter().zip(&turned).map(|(carry, &after)| graph.before(carry.start, after, !scan.backwards)).collect();
    let mut found = vec![None; args.len()];
    for (&at, &after) in floats.iter().zip(&turned) {
        let last = if scan.backwards { scan.turns - 1 } else { 0 };
        let one = graph.view(View::Slice { axis: 0, start: last, step: 1, len: 1 }, after);
        found[at] = Some(graph.reshape(one, &kinds[at]));
    }
    let others = gradients(graph, &later);
    let float_args = (carried..args.len()).filter(|&at| is_float(at));
    float_args.zip(&others[floats.len()..]).for_each(|(at, &id)| found[at] = Some(id));
    found
}

/// The function of all turns whose results are the gradients in the carried values that are f32, then in the other
/// operands that are. Its feeds are the carried values before each turn, the other operands, the gradients from outside,
/// and those from the turns after.
fn written(scan: &Scan, floats: &[usize], dys: &[Option<Id>]) -> Function {
    let mut graph = Graph::default();
    let carried = scan.carried();
    let mut number = 0;
    let mut feed = |graph: &mut Graph, shape: &[usize], dtype: Dtype| {
        number += 1;
        graph.input(Slot::Feed(number - 1), shape, dtype)
    };
    let each = |shape: &[usize]| [&[scan.turns], shape].concat();
    let operands: Vec<Lifted> = (0..scan.turn.feeds.len())
        .map(|at| {
            let (mut shape, dtype) = scan.operand(at);
            if at < carried {
                shape = each(&shape);
            }
            Lifted { id: feed(&mut graph, &shape, dtype), turns: at < carried + scan.sliced }
        })
        .collect();
    let kinds: Vec<Vec<usize>> = floats.iter().map(|&at| each(&scan.turn.feeds[at].0)).collect();
    let outside: Vec<Option<Id>> =
        floats.iter().zip(&kinds).map(|(&at, shape)| dys[at].map(|_| feed(&mut graph, shape, Dtype::F32))).collect();
    let later: Vec<Id> = kinds.iter().map(|shape| feed(&mut graph, shape, Dtype::F32)).collect();
    let after = lifted(&mut graph, &scan.turn, &operands, scan.turns);
    let mut loss = graph.constant(0.0, &[]);
    for ((&at, dy), later) in floats.iter().zip(outside).zip(later) {
        let total = dy.map_or(later, |dy| graph.map(Scalar::Add, &[dy, later]));
        let mut weighed = graph.map(Scalar::Mul, &[after[at], total]);
        while !graph.shape(weighed).is_empty() {
            weighed = graph.sum(weighed, 0);
        }
        loss = graph.map(Scalar::Add, &[loss, weighed]);
    }
    let wanted: Vec<Id> = operands.iter().map(|it| it.id).filter(|&id| graph[id].dtype == Dtype::F32).collect();
    let results = grad(&mut graph, loss, &wanted);
    Function { graph, results, ..Function::default() }
}

/// The results of `function` in `graph`, where its feeds are `feeds`.
fn put(graph: &mut Graph, function: &Function, feeds: &[Id]) -> Vec<Id> {
    let mut new: Vec<Option<Id>> = vec![None; function.graph.len()];
    for id in function.needed() {
        let node = &function.graph[id];
        new[id.0 as usize] = Some(match node.op {
            Op::Input(Slot::Feed(feed)) => feeds[feed as usize],
            ref op => {
                let args: Vec<Id> =
                    node.args.iter().map(|arg| new[arg.0 as usize].expect("operands come first")).collect();
                graph.node(op.clone(), &args, node.shape.clone(), node.dtype)
            }
        });
    }
    function.results.iter().map(|id| new[id.0 as usize].expect("a result is needed")).collect()
}
