//! Scalars made simpler: constants computed, rules applied, and what is the same along an axis computed once.

use super::peel::{can_peel, peel};
use super::{Rewriter, rules};
use crate::scalar::{Dtype, Scalar};
use crate::tensor::{Draw, Id, Op, View};

pub fn rewrite(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    known(rewriter, scalar, args, dtype)
        .or_else(|| cast(rewriter, scalar, args, dtype))
        .or_else(|| exchanged(rewriter, scalar, args, dtype))
        .or_else(|| vanishing(rewriter, scalar, args))
        .or_else(|| rules::apply(rewriter, scalar, args, dtype))
        .or_else(|| outside(rewriter, scalar, args))
        .or_else(|| before_reshape(rewriter, scalar, args))
}

/// The value for constants.
fn known(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    let words: Vec<u32> = args.iter().map(|&arg| rewriter.bits(arg)).collect::<Option<_>>()?;
    let types: Vec<Dtype> = args.iter().map(|&arg| rewriter.graph[arg].dtype).collect();
    let shape = rewriter.shape(args[0]).to_vec();
    Some(rewriter.constant(scalar.eval(&types, &words), &shape, dtype))
}

/// A cast to the type that the operand has.
fn cast(rewriter: &Rewriter, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    let is_cast = matches!(scalar, Scalar::ToF32 | Scalar::ToI32);
    (is_cast && rewriter.graph[args[0]].dtype == dtype).then(|| args[0])
}

/// The node with exchanged operands, if that is there already.
fn exchanged(rewriter: &Rewriter, scalar: Scalar, args: &[Id], dtype: Dtype) -> Option<Id> {
    if !rules::commutes(scalar) {
        return None;
    }
    rewriter.graph.find(Op::Map(scalar), &[args[1], args[0]], rewriter.shape(args[0]), dtype)
}

/// Zero times what is finite is zero.
fn vanishing(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id]) -> Option<Id> {
    let is_zero = |id| match (rewriter.bits(id), rewriter.graph[id].dtype) {
        (Some(bits), Dtype::F32) => f32::from_bits(bits) == 0.0,
        (Some(bits), _) => bits == 0,
        (None, _) => false,
    };
    if scalar != Scalar::Mul {
        return None;
    }
    let [a, b] = [args[0], args[1]];
    if is_zero(a) && finite(rewriter, b) {
        return Some(a);
    }
    (is_zero(b) && finite(rewriter, a)).then_some(b)
}

/// Whether no element can be infinite or no number.
fn finite(rewriter: &Rewriter, id: Id) -> bool {
    let node = &rewriter.graph[id];
    let all = || node.args.iter().all(|&arg| finite(rewriter, arg));
    if node.dtype != Dtype::F32 {
        return true;
    }
    match &node.op {
        Op::Const(bits) => f32::from_bits(*bits).is_finite(),
        Op::Random { draw: Draw::Uniform | Draw::Normal, .. } => true,
        Op::View(_) | Op::Max { .. } => all(),
        Op::Map(scalar) => match scalar {
            Scalar::ToF32 | Scalar::Neg | Scalar::Abs | Scalar::Min | Scalar::Max | Scalar::Select => all(),
            Scalar::Sin | Scalar::Cos | Scalar::Tanh | Scalar::Erf => all(),
            Scalar::Floor | Scalar::Ceil | Scalar::Round => all(),
            _ => false,
        },
        Op::Gather { .. } => finite(rewriter, node.args[0]),
        Op::Input(_) | Op::Fold(_) | Op::Contract { .. } | Op::ScatterAdd { .. } | Op::Scan { .. } => false,
        Op::Index { .. } | Op::Order { .. } => true,
    }
}

/// Computed before the expansion, where all operands are the same along an axis.
fn outside(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id]) -> Option<Id> {
    let shape = rewriter.shape(args[0]).to_vec();
    let axis = (0..shape.len()).find(|&axis| args.iter().all(|&arg| can_peel(rewriter, arg, axis)))?;
    let peeled: Vec<Id> = args.iter().map(|&arg| peel(rewriter, arg, axis)).collect();
    let inner = rewriter.map(scalar, &peeled);
    Some(rewriter.expand(inner, axis, shape[axis]))
}

/// Computed before the only operand that is no constant gets another shape: in the shape in which it was made, it can be made
/// together with it.
fn before_reshape(rewriter: &mut Rewriter, scalar: Scalar, args: &[Id]) -> Option<Id> {
    let mut others = args.iter().filter(|&&arg| rewriter.bits(arg).is_none());
    let (&reshaped, None) = (others.next()?, others.next()) else { return None };
    let Some((View::Reshape { shape }, inner)) = rewriter.as_view(reshaped) else { return None };
    let from = rewriter.shape(inner).to_vec();
    let before = |rewriter: &mut Rewriter, arg: Id| match rewriter.bits(arg) {
        Some(bits) => rewriter.constant(bits, &from, rewriter.graph[arg].dtype),
        None => inner,
    };
    let args: Vec<Id> = args.iter().map(|&arg| before(rewriter, arg)).collect();
    let inner = rewriter.map(scalar, &args);
    Some(rewriter.reshape(inner, &shape))
}
