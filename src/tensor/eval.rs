//! The reference interpreter: the meaning of a graph, node by node on arrays.
//!
//! It is generic over the type that stands for f32: f32 itself, whose scalars are bit for bit those of machine code, and
//! f64 for the checks of gradients and for metrics. A node is computed only if something wanted reads it, and its value
//! is dropped after the last reader.

use super::array::Wide;
use super::{Array, Clock, Dtype, Executor, Function, Graph, Id, Op, Scan, Slot, View};

mod kinds;
mod portions;
mod value;

pub use portions::{evaluate_in_portions, takes_portions};

use value::{Real, Value};

/// A function made ready to be called by the interpreter.
pub struct Interpreter {
    function: Function,
}

impl Interpreter {
    pub fn new(function: Function) -> Interpreter {
        Interpreter { function }
    }
}

impl Executor for Interpreter {
    fn run(&mut self, states: &mut [Array], feeds: &[&Array], clock: Clock) -> Vec<Array> {
        let Function { graph, results, updates, .. } = &self.function;
        let wanted: Vec<Id> = results.iter().copied().chain(updates.iter().map(|&(_, id)| id)).collect();
        let mut values = compute::<f32>(graph, &wanted, clock, |slot| match slot {
            Slot::State(at) => Value::of_array(&states[at as usize]),
            Slot::Feed(at) => Value::of_array(feeds[at as usize]),
            Slot::Step => Value::step(clock),
            Slot::Carry(_) => unreachable!("a recurrence that was never closed"),
        });
        let moved = values.split_off(results.len());
        for (&(state, _), value) in updates.iter().zip(moved) {
            states[state as usize] = value.into_array();
        }
        values.into_iter().map(Value::into_array).collect()
    }
}

/// The values of the nodes `wanted`.
pub fn evaluate(graph: &Graph, wanted: &[Id], states: &[Array], feeds: &[Array], clock: Clock) -> Vec<Array> {
    let values = compute::<f32>(graph, wanted, clock, |slot| match slot {
        Slot::State(at) => Value::of_array(&states[at as usize]),
        Slot::Feed(at) => Value::of_array(&feeds[at as usize]),
        Slot::Step => Value::step(clock),
        Slot::Carry(_) => unreachable!("a recurrence that was never closed"),
    });
    values.into_iter().map(Value::into_array).collect()
}

/// The values of the nodes `wanted`, in f64 throughout. Random numbers are the same as in f32.
pub fn evaluate_f64(graph: &Graph, wanted: &[Id], states: &[Wide], feeds: &[Wide], clock: Clock) -> Vec<Wide> {
    let values = compute::<f64>(graph, wanted, clock, |slot| match slot {
        Slot::State(at) => Value::of_wide(&states[at as usize]),
        Slot::Feed(at) => Value::of_wide(&feeds[at as usize]),
        Slot::Step => Value::step(clock),
        Slot::Carry(_) => unreachable!("a recurrence that was never closed"),
    });
    values.into_iter().map(Value::into_wide).collect()
}

/// A recurrence, its operands, and all of its results.
type Recurred<'g, T> = (&'g Scan, &'g [Id], Vec<Value<T>>);

fn compute<T: Real>(graph: &Graph, wanted: &[Id], clock: Clock, input: impl Fn(Slot) -> Value<T>) -> Vec<Value<T>> {
    let last_reader = last_readers(graph, wanted);
    let mut values: Vec<Option<Value<T>>> = vec![None; graph.len()];
    let mut scans: Vec<Recurred<T>> = Vec::new();
    for id in graph.ids().filter(|id| last_reader[id.0 as usize].is_some()) {
        let node = &graph[id];
        let args: Vec<Value<T>> =
            node.args.iter().map(|arg| values[arg.0 as usize].clone().expect("operands come first")).collect();
        for arg in &node.args {
            if last_reader[arg.0 as usize] == Some(Some(id)) {
                values[arg.0 as usize] = None;
            }
        }
        let value = match &node.op {
            Op::Input(slot) => input(*slot),
            // All results of a recurrence are computed with the first of them.
            Op::Scan { scan, at } => {
                let known = scans.iter().position(|(it, of, _)| *it == &**scan && *of == &node.args[..]);
                let known = known.unwrap_or_else(|| {
                    scans.push((scan, &node.args, recur(scan, args, clock)));
                    scans.len() - 1
                });
                scans[known].2[*at].clone()
            }
            _ => kinds::value(node, args, clock),
        };
        assert!(*value.shape() == *node.shape && value.dtype() == node.dtype, "%{} is {node:?}", id.0);
        values[id.0 as usize] = Some(value);
    }
    wanted.iter().map(|id| values[id.0 as usize].clone().expect("wanted values are kept")).collect()
}

/// The most bytes that a call of `function` holds beside its states and feeds, where it is interpreted. What only shows
/// another value shares its memory.
pub fn held(function: &Function) -> u64 {
    let graph = &function.graph;
    let wanted: Vec<Id> = function.results.iter().copied().chain(function.updates.iter().map(|&(_, id)| id)).collect();
    let last_reader = last_readers(graph, &wanted);
    // For each node the one whose memory its value is in, and for each memory how many values are in it.
    let mut owners: Vec<Id> = graph.ids().collect();
    let mut tenants = vec![0usize; graph.len()];
    let bytes = |id: Id| (graph[id].size() * if graph[id].dtype == Dtype::Bool { 1 } else { 4 }) as u64;
    let (mut now, mut most) = (0, 0);
    for id in graph.ids().filter(|id| last_reader[id.0 as usize].is_some()) {
        if let Op::View(View::Expand { .. } | View::Permute { .. } | View::Slice { .. }) = graph[id].op {
            owners[id.0 as usize] = owners[graph[id].args[0].0 as usize];
        }
        let owner = owners[id.0 as usize];
        if tenants[owner.0 as usize] == 0 {
            now += bytes(owner);
        }
        tenants[owner.0 as usize] += 1;
        most = most.max(now);
        let mut args = graph[id].args.clone();
        args.sort_unstable();
        args.dedup();
        for arg in args.into_iter().filter(|arg| last_reader[arg.0 as usize] == Some(Some(id))) {
            let owner = owners[arg.0 as usize];
            tenants[owner.0 as usize] -= 1;
            if tenants[owner.0 as usize] == 0 {
                now -= bytes(owner);
            }
        }
    }
    most
}

/// What a recurrence carries after each of its turns, side by side.
fn recur<T: Real>(scan: &Scan, mut args: Vec<Value<T>>, clock: Clock) -> Vec<Value<T>> {
    let seen = args.split_off(scan.carried());
    let mut carried = args;
    let mut after: Vec<Vec<Value<T>>> = vec![Vec::new(); carried.len()];
    let turn = &scan.turn;
    for place in scan.order() {
        carried = compute(&turn.graph, &turn.results, clock, |slot| match slot {
            Slot::Feed(feed) => match (feed as usize).checked_sub(carried.len()) {
                None => carried[feed as usize].clone(),
                Some(at) if at < scan.sliced => seen[at].at(place),
                Some(at) => seen[at].clone(),
            },
            slot => unreachable!("{slot} in a turn"),
        });
        after.iter_mut().zip(&carried).for_each(|(after, value)| after.push(value.clone()));
    }
    let side_by_side = |mut values: Vec<Value<T>>| {
        if scan.backwards {
            values.reverse();
        }
        Value::stack(&values)
    };
    after.into_iter().map(side_by_side).collect()
}

/// For each node that is needed, its last reader; `Some(None)` where the value is wanted in the end.
fn last_readers(graph: &Graph, wanted: &[Id]) -> Vec<Option<Option<Id>>> {
    let mut last = vec![None; graph.len()];
    wanted.iter().for_each(|id| last[id.0 as usize] = Some(None));
    for id in graph.ids().rev() {
        if last[id.0 as usize].is_some() {
            for arg in &graph[id].args {
                last[arg.0 as usize].get_or_insert(Some(id));
            }
        }
    }
    last
}
