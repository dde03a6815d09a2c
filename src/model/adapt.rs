//! Adapters: layers that stand between a parameter, which stays as it is, and whatever reads it.

use std::rc::Rc;

use super::eval::Scope;
use super::lower::{Declared, Lower, Outcome, Reported};
use super::modules::{Definition, ModuleId};
use super::train::{callee, selects};
use super::types::describe;
use super::value::{Callee, Given, Tensor, Value, What};
use crate::problem::Problem;
use crate::problem::shapes::RankMismatch;
use crate::problem::transfer::{AdaptedTwice, AdapterStill, AdapterUnfit, AdapterUnmet, for_parameter};
use crate::problem::values::RequirementUnmet;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{Expr, Kind, Selector, own_name};

/// `adapt lora(rank: 8) on *.w`, with the part before its names.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// A layer, with its settings.
    pub how: Expr,
    pub what: Vec<Selector>,
    /// Where the names of `how` are looked for.
    pub module: ModuleId,
}

impl Adapter {
    /// The pattern that selects a parameter, if one does. What belongs to an adapter is adapted by none.
    pub fn selector(&self, parameter: &Declared) -> Option<&Selector> {
        let is_meant = parameter.trained && parameter.adapts.is_none();
        self.what.iter().find(|it| is_meant && selects(&it.pattern, &parameter.path))
    }
}

/// Whether a parameter stays as it is, and an adapter trains in its place.
pub fn is_adapted(adapters: &[Adapter], parameter: &Declared) -> bool {
    adapters.iter().any(|it| it.selector(parameter).is_some())
}

impl Lower<'_> {
    /// A parameter or a state as the model reads it: what its adapter makes of it, where it has one.
    pub fn read(&mut self, slot: u32) -> Outcome<Tensor> {
        let tensor = self.state(slot);
        let adapters = self.adapters.clone();
        let declared = &self.declared[slot as usize];
        let found = adapters.iter().find_map(|it| Some((it, it.selector(declared)?)));
        // An adapter reads its parameter once, and initial values read none.
        let Some((adapter, selector)) = found.filter(|_| self.adapting.is_none() && self.hint.is_none()) else {
            return Ok(self.copy_of(slot, tensor));
        };
        let (id, lead) = match self.adapted.get(&slot) {
            Some(known) => known.clone(),
            None => {
                let declared = declared.clone();
                let adapted = self.aside(&declared, |lower| lower.adapt(adapter, selector, &declared, &tensor))?;
                self.adapted.insert(slot, (adapted.id, adapted.lead.clone()));
                (adapted.id, adapted.lead)
            }
        };
        Ok(Tensor { id, lead, ..tensor })
    }

    /// Does `what` as it would be done outside of the layer in which it was found to be needed.
    fn aside<T>(&mut self, parameter: &Declared, what: impl FnOnce(&mut Self) -> T) -> T {
        let training = std::mem::replace(&mut self.setting.training, self.trains);
        let open = std::mem::take(&mut self.open);
        let frozen = self.frozen.clone();
        // What is frozen with the parameter is not its adapter.
        self.frozen.retain(|it| !selects(it, &parameter.path));
        self.adapting = Some(parameter.path.clone());
        let stages = self.stages.len();
        let done = what(self);
        // An adapter is no stage of the model.
        self.stages.truncate(stages);
        self.adapting = None;
        (self.frozen, self.open, self.setting.training) = (frozen, open, training);
        done
    }

    fn adapt(
        &mut self,
        adapter: &Adapter,
        selector: &Selector,
        parameter: &Declared,
        tensor: &Tensor,
    ) -> Outcome<Tensor> {
        let (how, at, selected_at) = (print_expr(&adapter.how), adapter.how.span, selector.span);
        let (path, ty) = (parameter.path.clone(), describe(tensor));
        let mut scope = Scope::new(adapter.module, "");
        let (forms, given) = callee(self, &adapter.how, Kind::Layer, &mut scope)?;
        let name = forms[0].callable.name.text.to_string();
        let result = match self.attempt(|lower| lower.applied_to(&forms, given, tensor, &path, at)) {
            Ok(result) => result,
            Err(problems) => {
                for problem in problems {
                    let problem: Problem = if problem.code == RankMismatch::CODE {
                        let takes = takes(&forms);
                        let (how, parameter, ty) = (how.clone(), path.clone(), ty.clone());
                        AdapterUnfit { how, parameter, ty, takes, gives: None, at, selected_at }.into()
                    } else if problem.code == RequirementUnmet::CODE {
                        let message = problem.message.trim_start_matches(&format!("the layer `{name}`: ")).to_string();
                        let facts = problem.labels.first().map(|it| it.text.clone()).unwrap_or_default();
                        let (how, parameter, ty) = (how.clone(), path.clone(), ty.clone());
                        AdapterUnmet { how, parameter, ty, message, facts, at, selected_at }.into()
                    } else {
                        Problem { notes: [problem.notes, vec![for_parameter(&path, &ty)]].concat(), ..problem }
                    };
                    self.report(problem);
                }
                return Err(Reported);
            }
        };
        if result.shape != tensor.shape || !self.is_whole(&result) || self.dtype(&result) != Dtype::F32 {
            let gives = Some(describe(&result));
            let facts = AdapterUnfit { how, parameter: path, ty, takes: vec![], gives, at, selected_at };
            return Err(self.report(facts));
        }
        let is_its_own = |it: &Declared| it.trained && it.adapts.as_ref() == Some(&parameter.path);
        if !self.declared.iter().any(is_its_own) {
            return Err(self.report(AdapterStill { how, parameter: path, at, selected_at }));
        }
        Ok(result)
    }

    fn applied_to(
        &mut self,
        forms: &[Definition],
        given: Vec<Given>,
        tensor: &Tensor,
        path: &str,
        at: Span,
    ) -> Outcome<Tensor> {
        let place = format!("{path}.{}", own_name(&forms[0].callable.name.text));
        let callee = Rc::new(Callee { what: What::Defined(forms.to_vec()), given, span: at });
        let value = self.applied(&callee, vec![Value::Tensor(tensor.clone().plain())], &place, at)?;
        self.tensor_of(value, at)
    }

    /// Says which parameters two adapters would adapt.
    pub fn adapted_once(&mut self) -> Outcome<()> {
        let adapters = self.adapters.clone();
        let mut sound = Ok(());
        for parameter in self.declared.clone() {
            let mut selectors = adapters.iter().filter_map(|it| it.selector(&parameter));
            if let (Some(first), Some(second)) = (selectors.next(), selectors.next()) {
                let (parameter, at, first) = (parameter.path, second.span, first.span);
                sound = Err(self.report(AdaptedTwice { parameter, at, first }));
            }
        }
        sound
    }
}

/// What the forms of a layer take, as they say it.
fn takes(forms: &[Definition]) -> Vec<String> {
    let types = forms.iter().filter_map(|form| form.callable.inputs.first()?.ty.as_ref());
    types.map(|ty| ty.to_string()).collect()
}
