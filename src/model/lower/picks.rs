//! Indexing: which elements an index takes, as a view where the index is a sum of loop variables, gathered elsewhere.

use std::collections::BTreeMap;

use super::Lower;
use crate::model::value::{Affine, AxisName, Lead, Tensor};
use crate::scalar::Scalar;
use crate::tensor::{Id, View};

impl Lower<'_> {
    /// `tensor[indices..]`: each index takes away one axis, from the first on.
    pub fn pick(&mut self, tensor: &Tensor, indices: &[Tensor]) -> Tensor {
        let mut rest = tensor.clone();
        for index in indices {
            rest = self.pick_one(&rest, index);
        }
        rest
    }

    /// Takes the first axis of the shape away.
    fn pick_one(&mut self, tensor: &Tensor, index: &Tensor) -> Tensor {
        let extent = tensor.shape[0];
        if let Some(affine) = &index.affine
            && let Some(picked) = self.pick_affine(tensor, affine, extent)
        {
            return picked;
        }
        // An index that is computed: gathered. Leads that both have go together; they must stand in front of both.
        let shared: Vec<Lead> = tensor.lead.iter().copied().filter(|it| index.lead.contains(it)).collect();
        let own: Vec<Lead> = tensor.lead.iter().copied().filter(|it| !shared.contains(it)).collect();
        let others: Vec<Lead> = index.lead.iter().copied().filter(|it| !shared.contains(it)).collect();
        let table = self.arrange(tensor, &[&shared[..], &own[..]].concat());
        let at = self.arrange(index, &[&shared[..], &others[..]].concat());
        let id = self.graph.gather(table, at, shared.len() + own.len(), shared.len());
        // The result has: shared, own, others and the index's own shape, the rest of the table's shape.
        let order = [&shared[..], &own[..], &others[..]].concat();
        let mut names = index.names.clone();
        names.extend(tensor.names[1..].iter().cloned());
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let rank = self.graph.shape(id).len();
        let mut axes: Vec<usize> =
            sorted.iter().map(|lead| order.iter().position(|it| it == lead).expect("one of them")).collect();
        axes.extend(order.len()..rank);
        let id = if axes.is_sorted() { id } else { self.graph.permute(id, &axes) };
        Tensor { names, ..self.tensor(id, sorted) }
    }

    /// The node with its leads in the order `lead`.
    fn arrange(&mut self, tensor: &Tensor, lead: &[Lead]) -> Id {
        let rank = self.graph.shape(tensor.id).len();
        let mut order: Vec<usize> =
            lead.iter().map(|it| tensor.lead.iter().position(|l| l == it).expect("one of its leads")).collect();
        order.extend(lead.len()..rank);
        if order.is_sorted() { tensor.id } else { self.graph.permute(tensor.id, &order) }
    }

    /// The least and the greatest value of an index.
    pub fn span_of(&self, index: &Affine) -> (i64, i64) {
        let (mut low, mut high) = (index.constant, index.constant);
        for &(lead, factor) in &index.terms {
            let reach = factor * (self.extents[lead.0 as usize] as i64 - 1);
            low += reach.min(0);
            high += reach.max(0);
        }
        (low, high)
    }

    /// An index that is a sum of loop variables is a view: a slice, or a window where two variables meet. `None` where it
    /// is neither, or where the tensor depends on one of the variables already.
    fn pick_affine(&mut self, tensor: &Tensor, index: &Affine, extent: usize) -> Option<Tensor> {
        let (low, high) = self.span_of(index);
        if low < 0 || high >= extent as i64 || index.terms.len() > 1 && index.terms.iter().any(|&(_, f)| f <= 0) {
            return None;
        }
        if index.terms.iter().any(|(lead, _)| tensor.lead.contains(lead)) {
            return None;
        }
        match index.terms[..] {
            [] => {
                let start = index.constant as usize;
                let one = self.view(tensor, |axis| View::Slice { axis, start, step: 1, len: 1 }, 0);
                let mut shape = tensor.shape.clone();
                shape.remove(0);
                let names = tensor.names[1..].to_vec();
                Some(Tensor { names, ..self.reshape(&one, &shape) })
            }
            [(lead, factor)] => {
                let (start, len) = (index.constant as usize, self.extents[lead.0 as usize]);
                let sliced = if start == 0 && factor == 1 && len == extent {
                    tensor.clone()
                } else {
                    let sliced = self.view(tensor, |axis| View::Slice { axis, start, step: factor as isize, len }, 0);
                    Tensor { names: tensor.names.clone(), ..sliced }
                };
                Some(self.lift(&sliced.plain(), lead))
            }
            [(one, f), (two, g)] => {
                let (start, len) = (index.constant as usize, high as usize + 1);
                let sliced = if start == 0 && len == extent {
                    tensor.clone()
                } else {
                    self.view(tensor, |axis| View::Slice { axis, start, step: 1, len: len - start }, 0)
                };
                let size = self.extents[two.0 as usize];
                let windows =
                    self.view(&sliced, |axis| View::Window { axis, size, stride: f as usize, dilation: g as usize }, 0);
                let names = std::iter::once(AxisName::default()).chain(tensor.names.iter().cloned()).collect();
                let windows = Tensor { names, ..windows };
                let outer = self.lift(&windows, one);
                Some(self.lift(&outer, two))
            }
            _ => None,
        }
    }
}

/// What is known of an index after `scalar`.
pub(super) fn affine(scalar: Scalar, operands: &[&Tensor]) -> Option<Affine> {
    let of = |at: usize| operands[at].affine.as_ref();
    match scalar {
        Scalar::Add => Some(combine(of(0)?, of(1)?, 1)),
        Scalar::Sub => Some(combine(of(0)?, of(1)?, -1)),
        Scalar::Mul => {
            let (a, b) = (of(0)?, of(1)?);
            let (sum, by) = if a.terms.is_empty() { (b, a.constant) } else { (a, b.constant) };
            let constant_factor = a.terms.is_empty() || b.terms.is_empty();
            constant_factor.then(|| Affine {
                terms: sum.terms.iter().map(|&(lead, factor)| (lead, factor * by)).collect(),
                constant: sum.constant * by,
            })
        }
        _ => None,
    }
}

fn combine(a: &Affine, b: &Affine, sign: i64) -> Affine {
    let mut terms: BTreeMap<Lead, i64> = a.terms.iter().copied().collect();
    for &(lead, factor) in &b.terms {
        *terms.entry(lead).or_insert(0) += sign * factor;
    }
    terms.retain(|_, factor| *factor != 0);
    Affine { terms: terms.into_iter().collect(), constant: a.constant + sign * b.constant }
}
