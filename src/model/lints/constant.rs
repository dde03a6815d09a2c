//! Nodes that are one number, whatever the data: known numbers are carried forwards, and 0 times, or by, whatever it is, is
//! 0. (What is not finite ends a run anyway.)

use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Graph, Op, Slot, View};

/// For each node the number that all its elements are, where it is known; given those of the states.
pub fn constants(graph: &Graph, states: impl Fn(u32) -> Option<f64>) -> Vec<Option<f64>> {
    let mut all: Vec<Option<f64>> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = &graph[id];
        let of = |at: usize| all[node.args[at].0 as usize];
        let nothing = |at: usize| of(at).filter(|it| *it == 0.0);
        let found = match &node.op {
            Op::Input(Slot::State(slot)) => states(*slot),
            Op::Const(bits) => Some(match node.dtype {
                Dtype::F32 => f64::from(f32::from_bits(*bits)),
                Dtype::I32 => f64::from(*bits as i32),
                Dtype::Bool => f64::from(*bits),
            }),
            Op::View(View::Pad { .. }) => nothing(0),
            Op::View(_) | Op::Fold(View::Permute { .. } | View::Reshape { .. }) => of(0),
            Op::Max { .. } | Op::Gather { .. } => of(0),
            Op::Fold(View::Expand { times, .. }) => of(0).map(|it| it * *times as f64),
            Op::Fold(_) | Op::ScatterAdd { .. } => nothing(0),
            Op::Contract { .. } => nothing(0).or(nothing(1)),
            Op::Map(scalar) => {
                let dtypes: Vec<Dtype> = node.args.iter().map(|&arg| graph[arg].dtype).collect();
                let known: Option<Vec<f64>> = (0..node.args.len()).map(of).collect();
                match (scalar, known) {
                    (_, Some(known)) => Some(scalar.eval_f64(&dtypes, &known)),
                    (Scalar::Mul, None) => nothing(0).or(nothing(1)),
                    (Scalar::Div, None) => nothing(0),
                    (Scalar::Select, None) => of(0).and_then(|condition| of(if condition == 0.0 { 2 } else { 1 })),
                    _ => None,
                }
            }
            Op::Input(_) | Op::Index { .. } | Op::Order { .. } | Op::Random { .. } | Op::Scan { .. } => None,
        };
        all.push(found.filter(|it| it.is_finite()));
    }
    all
}
