//! Inputs and arguments: bound to the names of a definition, or said not to fit.

use std::sync::Arc;

use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::types::{AxisFact, Mismatch, describe, follows_target};
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::source::{Near, Span, nearest};
use crate::syntax::tree::{Dim, Name, Type, TypeKind};

/// The inputs of a definition on their way in: some types say more about their sizes than is known yet.
pub(super) struct Arrivals<'t> {
    noun: &'t str,
    waiting: Vec<Waiting<'t>>,
}

struct Waiting<'t> {
    input: &'t str,
    ty: &'t Type,
    tensor: Tensor,
    span: Span,
}

impl<'t> Arrivals<'t> {
    pub(super) fn at(noun: &'t str) -> Arrivals<'t> {
        Arrivals { noun, waiting: vec![] }
    }
}

impl Lower<'_> {
    pub(super) fn bind_function(
        &mut self,
        form: &Definition,
        noun: &str,
        bound: Vec<Option<Given>>,
        span: Span,
        scope: &mut Scope,
        lifted: &mut Vec<Lead>,
    ) -> Outcome<()> {
        let config = &form.callable.config;
        // Tensors first: settings may speak of their sizes.
        let mut tensors = Vec::new();
        for (at, argument) in bound.iter().enumerate() {
            if let (Some(ty), Some(argument)) = (&config[at].ty, argument)
                && self.takes_tensor(ty, &argument.value)
            {
                tensors.push((at, argument.value.clone()));
            }
        }
        let types: Vec<Option<&Type>> = tensors.iter().map(|&(at, _)| config[at].ty.as_ref()).collect();
        let values: Vec<Value> = tensors.iter().map(|(_, value)| value.clone()).collect();
        let values = self.lift_inputs(&types, &values, false, lifted, noun, span)?;
        let mut typed: Vec<Option<Value>> = vec![None; config.len()];
        let mut arrivals = Arrivals::at(noun);
        for ((at, _), value) in tensors.iter().zip(values) {
            let ty = config[*at].ty.as_ref().expect("a tensor type");
            let place = bound[*at].as_ref().map_or(span, |argument| argument.span);
            let value = self.arrive(&mut arrivals, config[*at].name.as_str(), ty, value, place, scope)?;
            typed[*at] = Some(value);
        }
        self.settle(arrivals, scope)?;
        for (at, argument) in bound.into_iter().enumerate() {
            let param = &config[at];
            let value = match typed[at].take() {
                Some(value) => value,
                None => self.configured(param, argument, noun, span, scope)?,
            };
            scope.bind(param.name.as_str(), value);
        }
        Ok(())
    }

    /// A free size of the model's result follows the data: `-> logits[K]`, `-> logit[K - 1]`.
    pub(super) fn solve_result(&mut self, result: Option<&Type>, scope: &mut Scope) {
        let Some(Type { kind: TypeKind::Named { dims, .. }, .. }) = result else { return };
        if let (Some(Dim::Expr(last)), Some((size, _))) = (dims.last(), self.wanted_scores)
            && let Some((name, _)) = follows_target(last)
            && scope.get(name).is_none()
            && self.constant_named(scope, name).is_none()
        {
            scope.bind(name, Value::Number(Number::size(size)));
        }
    }

    /// Takes the axes that a definition does not write, in front, as loops over it. With `all`, every input must have them:
    /// a loss compares each number with its own truth, never all with all.
    pub(super) fn lift_inputs(
        &mut self,
        types: &[Option<&Type>],
        values: &[Value],
        all: bool,
        lifted: &mut Vec<Lead>,
        noun: &str,
        span: Span,
    ) -> Outcome<Vec<Value>> {
        let mut extra: Vec<usize> = Vec::new();
        let mut surplus = Vec::new();
        for (ty, value) in types.iter().zip(values) {
            let rank = ty.and_then(|ty| self.written_rank(ty));
            let shape = match value.clone().settled() {
                Value::Tensor(tensor) => tensor.shape,
                _ => vec![],
            };
            let more = rank.map_or(0, |rank| shape.len().saturating_sub(rank));
            if more > extra.len() {
                extra = shape[..more].to_vec();
            }
            surplus.push((more, shape));
        }
        let lacks = |ty: &Option<&Type>, more: usize| all && ty.is_some() && more < extra.len();
        let fits = |(ty, (more, shape)): (&Option<&Type>, &(usize, Vec<usize>))| {
            extra.ends_with(&shape[..*more]) && !lacks(ty, *more)
        };
        if extra.is_empty() || !types.iter().zip(&surplus).all(fits) {
            return Ok(values.to_vec());
        }
        // Axes that are carried along meet as those within do.
        let fronts = values.iter().zip(&surplus).filter_map(|(value, (more, _))| match value.clone().settled() {
            Value::Tensor(tensor) => Some(Tensor { names: tensor.names[..*more].to_vec(), ..tensor }),
            _ => None,
        });
        let fronts: Vec<Tensor> = fronts.collect();
        self.meet(noun, &fronts.iter().collect::<Vec<_>>(), span)?;
        let leads: Vec<Lead> = extra.iter().map(|&extent| self.new_lead(extent)).collect();
        let mut results = Vec::new();
        for (value, (more, _)) in values.iter().zip(surplus) {
            results.push(match value.clone().settled() {
                Value::Tensor(mut tensor) => {
                    for lead in &leads[leads.len() - more..] {
                        tensor = self.lift(&tensor, *lead);
                    }
                    Value::Tensor(tensor)
                }
                other => other,
            });
        }
        lifted.extend(leads);
        Ok(results)
    }

    /// Arguments in the order of the parameters, which are those of the form.
    pub(super) fn arrange_arguments(
        &mut self,
        noun: &str,
        form: &Definition,
        given: &[Given],
    ) -> Outcome<Vec<Option<Given>>> {
        let config = &form.callable.config;
        let mut bound: Vec<Option<Given>> = vec![None; config.len()];
        let mut next = 0;
        for argument in given {
            let at = match &argument.name {
                Some(name) => config.iter().position(|param| param.name.text == name.text),
                None => {
                    while next < config.len() && bound[next].is_some() {
                        next += 1;
                    }
                    (next < config.len()).then_some(next)
                }
            };
            let place = self.blame(argument.place());
            match (at, &argument.name) {
                (Some(at), name) => {
                    if let (Some(first), Some(name)) = (&bound[at], name) {
                        let first = self.blame(first.place());
                        return Err(self.report(ArgumentTwice { name: name.text.to_string(), at: place, first }));
                    }
                    bound[at] = Some(argument.clone());
                }
                (None, Some(name)) => {
                    let known: Vec<String> = config.iter().map(|param| param.name.text.to_string()).collect();
                    let called = CALLED.iter().find(|it| it.0 == name.as_str() && known.iter().any(|own| own == it.1));
                    let near = called.map(|it| Near::certain(it.1));
                    let near = near.or_else(|| nearest(name.as_str(), known.iter().map(String::as_str)));
                    let (callee, name) = (noun.to_string(), name.text.to_string());
                    return Err(self.report(UnknownArgument { callee, name, at: place, near, known }));
                }
                (None, None) => {
                    let declared = (!self.in_library(form.callable.head)).then_some(form.callable.head);
                    let callee = noun.to_string();
                    return Err(self.report(TooManyArguments { callee, takes: config.len(), at: place, declared }));
                }
            }
        }
        Ok(bound)
    }

    /// The value of a parameter: as given, or its default.
    pub(super) fn configured(
        &mut self,
        param: &crate::syntax::tree::ConfigParam,
        argument: Option<Given>,
        noun: &str,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let (value, place) = match (argument, &param.default) {
            (Some(argument), _) => (argument.value, argument.span),
            (None, Some(default)) => (self.evaluate_for(param.ty.as_ref(), default, scope)?, default.span),
            (None, None) => {
                let at = self.blame(span);
                let declared = Some(param.name.span).filter(|&it| !self.in_library(it));
                let (callee, name) = (noun.to_string(), param.name.text.to_string());
                return Err(self.report(ArgumentMissing { callee, name, at, declared }));
            }
        };
        match &param.ty {
            Some(ty) => self.setting(param.name.as_str(), ty, value, place),
            None => Ok(value),
        }
    }

    /// An input as its type wants it.
    fn taken(
        &mut self,
        noun: &str,
        input: &str,
        ty: &Type,
        value: Value,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        // `net.output`: all that a model gives.
        let whole = matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str().ends_with(".output"));
        if let (true, Value::Tuple(_)) = (whole, &value) {
            return Ok(value);
        }
        let tensor = self.tensor_of(value, span)?;
        // An optional input tells the data floor that a column may have holes.
        if let (true, Meaning::Column(at), Some(columns)) = (ty.optional, tensor.meaning, &mut self.columns) {
            columns.allow_missing(at);
        }
        match self.fit(&tensor, ty, scope) {
            Ok(tensor) => Ok(Value::Tensor(tensor)),
            Err(mismatch) => Err(self.mismatch(mismatch, noun, input, ty, &tensor, span)),
        }
    }

    /// An input as its type wants it. What it leaves open of its sizes waits for the others.
    pub(super) fn arrive<'t>(
        &mut self,
        arrivals: &mut Arrivals<'t>,
        input: &'t str,
        ty: &'t Type,
        value: Value,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        if let (TypeKind::Tuple(types), Value::Tuple(items)) = (&ty.kind, &value) {
            return self.arrive_together(arrivals, types, items, (input, ty), span, scope);
        }
        let known = scope.open.len();
        let value = self.taken(arrivals.noun, input, ty, value, span, scope)?;
        if let (Some(open), Value::Tensor(tensor)) = (scope.open.get_mut(known..).filter(|it| !it.is_empty()), &value) {
            open.iter_mut().for_each(|fact| fact.input = arrivals.waiting.len());
            arrivals.waiting.push(Waiting { input, ty, tensor: tensor.clone(), span });
        }
        Ok(value)
    }

    /// Several values as one input: by the names that its type gives them where they have these, else by their places.
    fn arrive_together<'t>(
        &mut self,
        arrivals: &mut Arrivals<'t>,
        types: &'t [(Option<Name>, Type)],
        items: &[(Option<Arc<str>>, Value)],
        (input, ty): (&'t str, &'t Type),
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let named = |name: &Name| items.iter().find(|(label, _)| label.as_deref() == Some(name.as_str()));
        let by_name: Option<Vec<_>> = types.iter().map(|(name, _)| named(name.as_ref()?)).collect();
        let Some(found) = by_name.or_else(|| (items.len() == types.len()).then(|| items.iter().collect())) else {
            let (callee, input, wanted) = (arrivals.noun.to_string(), input.to_string(), self.type_text(ty));
            let (found, at, declared) = (format!("{} values", items.len()), self.blame(span), ty.span);
            return Err(self.report(TypeMismatch { callee, input, wanted, found, at, declared, help: None }));
        };
        let mut values = vec![];
        for ((name, ty), (_, value)) in types.iter().zip(found) {
            let part = name.as_ref().map_or(input, |name| name.as_str());
            let value = self.arrive(arrivals, part, ty, value.clone(), span, scope)?;
            values.push((name.as_ref().map(|name| name.text.clone()), value));
        }
        Ok(Value::Tuple(values))
    }

    /// Finds the sizes that no input tells alone; whatever order they stand in.
    pub(super) fn settle(&mut self, arrivals: Arrivals, scope: &mut Scope) -> Outcome<()> {
        let open = std::mem::take(&mut scope.open);
        match self.settle_facts(open, scope) {
            Ok(open) if open.is_empty() => Ok(()),
            Ok(open) => Err(self.stays_open(&open, scope)),
            Err(unfit) => {
                let Some(it) = arrivals.waiting.get(unfit.input) else { return Err(Reported) };
                Err(self.mismatch(unfit.mismatch, arrivals.noun, it.input, it.ty, &it.tensor, it.span))
            }
        }
    }

    /// Puts a mismatch of an input into words.
    pub fn mismatch(
        &mut self,
        mismatch: Mismatch,
        noun: &str,
        input: &str,
        ty: &Type,
        tensor: &Tensor,
        span: Span,
    ) -> Reported {
        let (at, declared) = (self.blame(span), ty.span);
        let (callee, input) = (noun.to_string(), input.to_string());
        let shape = describe(tensor);
        match mismatch {
            Mismatch::Silent => Reported,
            Mismatch::NoTensor(found) => {
                let wanted = self.type_text(ty);
                self.report(TypeMismatch { callee, input, wanted, found, at, declared, help: None })
            }
            Mismatch::Rank { wanted, found } => {
                self.report(RankMismatch { callee, input, wanted, found, shape, at, declared })
            }
            Mismatch::Extent { axis, wanted, found } => {
                self.report(AxisMismatch { callee, input, axis, wanted, found, shape, at, declared })
            }
            Mismatch::Type { wanted, found } => {
                let wants_order = matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str() == "ordinal");
                let has_none = matches!(tensor.meaning, Meaning::Class { ordered: false, .. });
                let help = (wants_order && has_none).then(class_has_no_order);
                self.report(TypeMismatch { callee, input, wanted, found, at, declared, help })
            }
            Mismatch::Order { axis, wanted, found } => {
                let (wanted, found, named) = (wanted.to_string(), found.name.to_string(), found.at);
                self.report(AxisOrder { callee, input, axis, wanted, found, at, named, declared })
            }
            Mismatch::Clash(facts) => {
                let facts = facts.iter().map(AxisFact::told).collect();
                self.report(SizesContradict { callee, facts, shape, at })
            }
            Mismatch::Optional => {
                let is_class = tensor.is_class();
                self.report(OptionalAsPresent { callee, input, is_class, at, declared })
            }
        }
    }
}

/// What other tools call the settings of callables, and what they are called here.
const CALLED: [(&str, &str); 22] = [
    ("learning_rate", "lr"),
    ("weight_decay", "decay"),
    ("beta1", "b1"),
    ("beta2", "b2"),
    ("beta_1", "b1"),
    ("beta_2", "b2"),
    ("epsilon", "eps"),
    ("activation", "act"),
    ("use_bias", "bias"),
    ("rate", "p"),
    ("gamma", "factor"),
    ("step_size", "every"),
    ("filters", "channels"),
    ("out_channels", "channels"),
    ("kernel_size", "kernel"),
    ("pool_size", "kernel"),
    ("strides", "stride"),
    ("padding", "pad"),
    ("output_padding", "output_pad"),
    ("dilation_rate", "dilation"),
    ("num_groups", "groups"),
    ("count_include_pad", "count_pad"),
];
