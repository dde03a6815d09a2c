//! Where augmentation stands within the formula of a field: it sees numbers from 0 to 1, as images have them after `scale` and
//! no longer after `standardize`. There the formula is cut: a training step reads what is halfway, and goes on from it.

use super::Fields;
use super::functions::function;
use crate::model::eval::Scope;
use crate::model::lower::{Fits, Lower, Outcome};
use crate::model::program::{CellType, ColumnPlan, Halfway};
use crate::model::value::{BATCH, Meaning, Tensor, Value};
use crate::problem::Problem;
use crate::problem::training::{AugmentUnscaled, AugmentedFormula};
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use crate::tensor::eval::evaluate;
use crate::tensor::random::numbers;
use crate::tensor::{Array, Clock, Data, Draw, Function, Id, Slot};

/// The place at which a formula is cut.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Stages of the pipeline that come before; `None` where nothing follows.
    stages: Option<usize>,
    /// How many values have been fitted before.
    fits: usize,
    /// What is halfway, for one example.
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    meaning: Meaning,
}

/// So many numbers of a column show what a formula makes of any, in as many rows as hold them.
const PROBES: usize = 512;

/// So many of them differ.
const DRAWS: usize = 509;

/// Rows, where few hold enough numbers: what is fitted needs some.
const ROWS: std::ops::RangeInclusive<usize> = 3..=16;

/// Values that a column may hold: pixels, or numbers of any sign. Where there are many places the same come again; their
/// number is prime, so rows differ.
fn probe(column: &ColumnPlan, rows: usize, site: u32) -> Array {
    let shape = [&[rows][..], &column.shape].concat();
    let draws = numbers(Draw::Uniform, Clock { seed: 0, step: 0 }, site, DRAWS);
    let value = |draw: f32| match column.cell {
        CellType::Array | CellType::Picture(_) => (draw * 256.0).floor(),
        CellType::Number { .. } => draw * 1000.0 - 300.0,
        CellType::Binary { .. } | CellType::Class(_) | CellType::Set(_) | CellType::Tokens(_) => 0.0,
        CellType::Text => 0.0,
    };
    let values = draws.into_iter().map(value).cycle().take(shape.iter().product());
    let data = match column.dtype {
        Dtype::F32 => Data::F32(values.collect()),
        Dtype::I32 => Data::I32(values.map(|it| it as i32).collect()),
        Dtype::Bool => Data::Bool(values.map(|it| it != 0.0).collect()),
    };
    Array { shape, data }
}

/// Some stages of a field's formula on what those before them gave.
fn on(lower: &mut Lower, given: Tensor, stages: &[Expr], span: Span, scope: &mut Scope) -> Outcome<Tensor> {
    scope.bind(HALFWAY, Value::Tensor(given));
    let head = Box::new(Expr { kind: ExprKind::Name(HALFWAY.into()), span });
    let value = lower.evaluate(&Expr { kind: ExprKind::Pipe { head, stages: stages.to_vec() }, span }, scope)?;
    lower.tensor_of(value, span)
}

/// The name under which what is halfway enters the rest of its formula: no name of the language.
const HALFWAY: &str = "what is halfway";

impl Cut {
    /// What a training step reads, where something follows.
    pub fn plan(&self) -> Option<Halfway> {
        self.stages.map(|_| Halfway { shape: self.shape.clone(), dtype: self.dtype })
    }
}

impl Fields {
    /// Where a sound field is cut: at the last place of its pipeline at which all numbers are from 0 to 1, and, where it is an
    /// image, lie as its own do. `asked` is where its augmentation is asked for. Where no place is such, an image is refused;
    /// of other numbers nobody knows what they measure, and they are varied before anything is fitted.
    pub fn cut(&self, at: usize, asked: Span, problems: &mut Vec<Problem>) -> Cut {
        let (decl, whole) = (&self.decls[at], &self.received[at]);
        let stages = match &decl.value {
            Some(Expr { kind: ExprKind::Pipe { stages, .. }, .. }) => stages.len(),
            _ => 0,
        };
        let places = self.places(at);
        let place = match places.iter().rposition(|(_, within)| *within) {
            Some(place) => place,
            None if whole.meaning == Meaning::Image => {
                let (field, at) = (decl.name.text.to_string(), decl.value.as_ref().map_or(decl.ty.span, |it| it.span));
                problems.push(AugmentUnscaled { field, at, asked }.into());
                stages
            }
            None => places.iter().rposition(|(it, _)| it.fits == 0).unwrap_or(stages),
        };
        if place < stages {
            return places[place].0.clone();
        }
        let (shape, dtype, meaning) = (whole.shape.clone(), whole.dtype, whole.meaning);
        Cut { stages: None, fits: self.fits[at].len(), shape, dtype, meaning }
    }

    /// What is there before the first stage and after each, and whether it is numbers from 0 to 1, whatever the columns hold.
    fn places(&self, at: usize) -> Vec<(Cut, bool)> {
        let mut problems = Vec::new();
        let rows =
            PROBES.div_ceil(self.received[at].shape.iter().product::<usize>().max(1)).clamp(*ROWS.start(), *ROWS.end());
        let mut lower = self.lower(at, rows, Fits::Fit(vec![]), &mut problems);
        let mut scope = self.scope();
        let (decl, whole) = (&self.decls[at], &self.received[at]);
        let mut value = self.first(&mut lower, at, 0, &mut scope).expect("part of a sound formula");
        let mut values = vec![(value.clone(), lower.fits.fitted())];
        if let Some(Expr { kind: ExprKind::Pipe { stages, .. }, span }) = &decl.value {
            for stage in stages {
                value = on(&mut lower, value, std::slice::from_ref(stage), *span, &mut scope).expect("as before");
                values.push((value.clone(), lower.fits.fitted()));
            }
        }
        let columns = lower.columns.take().expect("in a field").plans;
        let feeds: Vec<Array> = columns.iter().zip(0..).map(|(it, site)| probe(it, rows, site)).collect();
        let wanted: Vec<Id> = values.iter().map(|(it, _)| it.id).collect();
        let found = evaluate(&lower.graph, &wanted, &[], &feeds, Clock { seed: 0, step: 0 });
        let meaning = if whole.meaning == Meaning::Image { Meaning::Image } else { Meaning::Plain };
        let place = |(stages, ((value, fits), found)): (usize, ((Tensor, usize), Array))| {
            let lies = meaning == Meaning::Plain || value.shape == whole.shape;
            let within =
                matches!(found.data, Data::F32(data) if lies && data.iter().all(|it| (0.0..=1.0).contains(it)));
            (Cut { stages: Some(stages), fits, shape: value.shape, dtype: value.dtype, meaning }, within)
        };
        values.into_iter().zip(found).enumerate().map(place).collect()
    }

    /// In which a field's formula is evaluated.
    fn scope(&self) -> Scope {
        let mut scope = Scope::new(self.module, "");
        scope.is_field = true;
        scope
    }

    /// The first stages of a field's formula.
    fn first(&self, lower: &mut Lower, at: usize, stages: usize, scope: &mut Scope) -> Outcome<Tensor> {
        let decl = &self.decls[at];
        let Some(expr) = &decl.value else { return lower.column(&decl.name.text, decl.name.span) };
        let first = match &expr.kind {
            ExprKind::Pipe { head, stages: all } => {
                let kind = ExprKind::Pipe { head: head.clone(), stages: all[..stages].to_vec() };
                Expr { kind, span: expr.span }
            }
            _ => expr.clone(),
        };
        let value = lower.evaluate(&first, scope)?;
        lower.tensor_of(value, expr.span)
    }

    /// The rest of a field's formula, on what augmentation gave. `fits` are those of the rest.
    pub fn rest(&self, lower: &mut Lower, at: usize, cut: &Cut, given: Tensor, fits: Fits) -> Outcome<Tensor> {
        let Some(before) = cut.stages else { return Ok(given) };
        let expr = self.decls[at].value.as_ref().expect("a pipeline");
        let ExprKind::Pipe { stages, .. } = &expr.kind else { unreachable!("a pipeline is cut") };
        let outer = (std::mem::replace(&mut lower.fits, fits), lower.columns.replace(self.columns(at)));
        let training = std::mem::replace(&mut lower.setting.training, false);
        let value = on(lower, given, &stages[before..], expr.span, &mut self.scope());
        lower.setting.training = training;
        let columns = std::mem::replace(&mut lower.columns, outer.1).expect("set above").plans;
        lower.fits = outer.0;
        if let Some(column) = columns.first() {
            let (field, column_at) = (self.decls[at].name.text.to_string(), column.span);
            return Err(lower.report(AugmentedFormula { field, at: column_at }));
        }
        let (value, whole) = (value?, &self.received[at]);
        let value = if value.shape.is_empty() && whole.shape == [1] { lower.reshape(&value, &[1]) } else { value };
        assert_eq!((&value.shape, value.dtype), (&whole.shape, whole.dtype), "as without augmentation");
        Ok(Tensor { meaning: whole.meaning, optional: whole.optional, ..value })
    }

    /// What is fitted by the rest, as numbers of the field's fits.
    pub fn rest_fits(&self, at: usize, cut: &Cut) -> std::ops::Range<usize> {
        cut.fits..self.fits[at].len()
    }

    /// States: what is fitted. Feeds: the columns. Result: what is halfway, `[n, shape..]`.
    pub fn encode_first(&self, at: usize, cut: &Cut, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(at, n, self.given(at), &mut problems);
        let value = self
            .first(&mut lower, at, cut.stages.expect("a field that is cut"), &mut self.scope())
            .expect("checked before");
        let columns = lower.columns.take().expect("set there").plans;
        let id = lower.spread(&value, &[BATCH], &value.shape.clone());
        function(lower, &columns, n, self.fits[at].clone(), vec![id])
    }

    /// States: what is fitted. Feed: what is halfway. Result: the field as the model receives it.
    pub fn encode_rest(&self, at: usize, cut: &Cut, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(at, n, Fits::None, &mut problems);
        lower.columns = None;
        let given = cut.halfway(&mut lower, Slot::Feed(0));
        let first = cut.fits as u32;
        let fits = Fits::given(&self.fits[at][cut.fits..], |it| Slot::State(first + it));
        let value = self.rest(&mut lower, at, cut, given, fits).expect("checked before");
        let id = lower.spread(&value, &[BATCH], &value.shape.clone());
        let feeds = vec![([&[n][..], &cut.shape].concat(), cut.dtype)];
        Function { graph: lower.graph, states: self.fits[at].clone(), feeds, results: vec![id], updates: vec![] }
    }
}

impl Cut {
    /// What is halfway, as it is fed.
    pub fn halfway(&self, lower: &mut Lower, slot: Slot) -> Tensor {
        let shape = [&[lower.setting.batch][..], &self.shape].concat();
        let id = lower.graph.input(slot, &shape, self.dtype);
        Tensor { meaning: self.meaning, ..lower.tensor(id, vec![BATCH]) }
    }
}
