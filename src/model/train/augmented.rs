//! How training examples are varied: the blocks of augmentations, and the fields that they mean.

use std::collections::BTreeMap;

use super::parts::Asked;
use crate::model::fields::{Cut, Fields};
use crate::model::lower::{Outcome, Reported};
use crate::model::program::DataPlan;
use crate::model::value::Meaning;
use crate::problem::Problem;
use crate::problem::names::UnknownName;
use crate::problem::training::{AugmentUnread, MixedTwice, MixesNoNumbers};
use crate::scalar::Dtype;
use crate::source::nearest;
use crate::syntax::tree::Expr;

/// How training examples are varied.
#[derive(Clone, Default)]
pub struct Augmented {
    /// In order; what changes several fields shares its draws among them.
    pub blocks: Vec<Augment>,
    /// Where the formula of each field that is varied is cut for it.
    pub cuts: BTreeMap<usize, Cut>,
    /// What mixes each example of a batch with another, and their targets with them.
    pub mixing: Option<Expr>,
}

/// Augmentations one after the other, of some fields.
#[derive(Clone)]
pub struct Augment {
    pub fields: Vec<usize>,
    pub steps: Vec<Expr>,
}

/// What is asked to be varied, found among the fields that a step reads; their plans say what steps read of them.
pub(super) fn augmented(
    data: &mut DataPlan,
    fields: &Fields,
    (inputs, read): (&[usize], &[usize]),
    asked: &[Asked],
    problems: &mut Vec<Problem>,
) -> Outcome<Augmented> {
    let (mut augmented, mut sound) = (Augmented::default(), true);
    for Asked { fields: names, steps } in asked {
        if let [name] = &names[..]
            && name.as_str() == "batch"
            && data.fields.iter().all(|field| field.name != "batch")
        {
            sound &= mixing(data, fields, inputs, steps, &mut augmented, problems).is_ok();
            continue;
        }
        let mut found = vec![];
        for name in names {
            let place = data.fields.iter().position(|field| field.name == name.as_str());
            match place {
                Some(place) if read.contains(&place) => found.push((place, name.span)),
                Some(place) => {
                    let (field, at, field_at) = (name.text.to_string(), name.span, data.fields[place].span);
                    problems.push(AugmentUnread { field, at, field_at }.into());
                    sound = false;
                }
                None => {
                    let near = nearest(name.as_str(), read.iter().map(|&it| data.fields[it].name.as_str()));
                    let (kind, name, at) = ("field".to_string(), name.text.to_string(), name.span);
                    problems.push(UnknownName { kind, name, at, near }.into());
                    sound = false;
                }
            }
        }
        // A block with nothing in it changes nothing.
        if steps.is_empty() {
            continue;
        }
        let before = problems.len();
        for &(field, at) in &found {
            let cut = augmented.cuts.entry(field).or_insert_with(|| fields.cut(field, at, problems));
            data.fields[field].halfway = cut.plan();
        }
        sound &= problems.len() == before;
        augmented.blocks.push(Augment { fields: found.into_iter().map(|it| it.0).collect(), steps: steps.clone() });
    }
    if sound { Ok(augmented) } else { Err(Reported) }
}

/// What `augment batch` asks for. Images are mixed where they are varied, other inputs as the model receives them.
fn mixing(
    data: &mut DataPlan,
    fields: &Fields,
    inputs: &[usize],
    steps: &[Expr],
    augmented: &mut Augmented,
    problems: &mut Vec<Problem>,
) -> Outcome<()> {
    let before = problems.len();
    for step in steps {
        match &augmented.mixing {
            Some(first) => problems.push(MixedTwice { at: step.span, first: first.span }.into()),
            None => augmented.mixing = Some(step.clone()),
        }
    }
    let Some(step) = &augmented.mixing else { return Ok(()) };
    for &input in inputs {
        let field = &mut data.fields[input];
        let received = &fields.received[input];
        if received.dtype != Dtype::F32 || received.optional {
            let (name, missing, field_at) = (field.name.clone(), received.optional, fields.decls[input].ty.span);
            problems.push(MixesNoNumbers { field: name, missing, at: step.span, field_at }.into());
        } else if received.meaning == Meaning::Image {
            let cut = augmented.cuts.entry(input).or_insert_with(|| fields.cut(input, step.span, problems));
            field.halfway = cut.plan();
        }
    }
    if problems.len() == before { Ok(()) } else { Err(Reported) }
}
