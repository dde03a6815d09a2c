//! Inversion: the operand that gives a wanted value, by the inverses of the rows.

use super::{Graph, Id, Op, View, rows};

/// The value of `x` for which `y` would be `value`. `None` where a step on the way from `x` to `y` cannot be turned
/// around, or where `x` takes more than one way.
pub fn invert(graph: &mut Graph, y: Id, x: Id, value: Id) -> Option<Id> {
    let mut depends: Vec<bool> = Vec::with_capacity(y.0 as usize + 1);
    for id in graph.ids().take(y.0.max(x.0) as usize + 1) {
        depends.push(id == x || graph[id].args.iter().any(|arg| depends[arg.0 as usize]));
    }
    let (mut at, mut value) = (y, value);
    while at != x {
        let node = graph[at].clone();
        let mut ways = (0..node.args.len()).filter(|&it| depends[node.args[it].0 as usize]);
        let (way, None) = (ways.next()?, ways.next()) else { return None };
        let from = graph.shape(node.args[way]).to_vec();
        value = match node.op {
            Op::Map(scalar) => {
                let def = scalar.def();
                let formula = def.inverse.get(way).filter(|text| !text.is_empty())?;
                let mut scope: Vec<(&str, Id)> = def.operands.iter().copied().zip(node.args.iter().copied()).collect();
                scope.push(("y", value));
                rows::build(graph, formula, &scope, &node.shape)
            }
            // These show every place once, so their adjoint is their inverse.
            Op::View(view @ (View::Permute { .. } | View::Reshape { .. })) => graph.fold(view, value, &from),
            _ => return None,
        };
        at = node.args[way];
    }
    Some(value)
}
