//! What a checked experiment is: the plan of its data, of its training, its tensors by name, and the functions that a
//! run calls.

use super::lower::ALL;
pub use super::privacy::Privacy;
use super::recognised::LoopInfo;
use super::transfer::TransferPlan;
use crate::problem::Problem;
use crate::source::Span;
use crate::syntax::tree::{Name, Role};
use crate::tensor::{Dtype, Function, Slot};

/// One `train` block with its model and its data, checked. Everything here is known before a row is read.
pub struct Program {
    /// The name of the `train` block, if it has one.
    pub name: Option<String>,
    pub model: String,
    pub data: DataPlan,
    pub train: TrainPlan,
    /// Every tensor that lives from step to step, by slot: parameters first, then the states of layers, then those of
    /// the optimizer.
    pub states: Vec<StateInfo>,
    /// The stages of the model in order, for the table of `check`.
    pub stages: Vec<StageInfo>,
    /// Each `for` of the user's own in the model and its layers.
    pub loops: Vec<LoopInfo>,
    /// What the model gives, in order. Most models give one output.
    pub outputs: Vec<OutputInfo>,
    /// The fields that a training step reads, as indices into `data.fields`, in the order of its feeds. Inputs first,
    /// then targets, then the weight if there is one.
    pub feeds: Vec<usize>,
    /// How many of `feeds` are inputs: what prediction needs.
    pub inputs: usize,
    /// The fitted values that a training step reads after its fields: of which field, and which of its.
    pub step_fits: Vec<(usize, usize)>,
    /// Numbers that a run moves: those of the parameters that are neither frozen for good nor adapted.
    pub trained: usize,
    /// The outputs' names, shapes and meanings.
    pub(super) shapes: Vec<(String, Vec<usize>, super::value::Meaning)>,
    pub(super) experiment: super::train::Experiment,
}

// ------------------------------------------------------------------------------------------------ data

#[derive(Clone, Debug)]
pub struct DataPlan {
    pub name: String,
    pub span: Span,
    pub source: SourcePlan,
    /// `test:` with a source of its own.
    pub test: Option<SourcePlan>,
    pub split: SplitPlan,
    /// The seed of the split.
    pub seed: u64,
    pub fields: Vec<FieldPlan>,
    /// Columns, or patterns of columns, that the user does not want.
    pub ignored: Vec<Name>,
}

/// A source as called: `csv("file.csv", missing: ["", "NA"])`. Which sources there are, and what they take, is known
/// one floor up, by the table of sources.
#[derive(Clone, Debug)]
pub struct SourcePlan {
    pub kind: Name,
    pub args: Vec<Given>,
    /// The rows of `table { … }`, its heading first.
    pub table: Vec<Vec<Cell>>,
    pub span: Span,
}

/// An argument of a source or a split: positional where it has no name.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: Option<Name>,
    pub value: Constant,
    pub span: Span,
}

/// A value that is known without running anything.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    Bool(bool),
    /// With its unit as written: `70%` is 70 and `%`.
    Number {
        value: f64,
        unit: Option<String>,
    },
    Text(String),
    /// A word: `applied_on`, `short`.
    Word(String),
    List(Vec<Constant>),
}

/// A cell of an inline table, and where it stands.
#[derive(Clone, Debug)]
pub struct Cell {
    pub text: String,
    pub span: Span,
}

/// `random(train: 80%, val: 10%)`. Without `split:` all rows are training rows, and `kind` is `None`.
#[derive(Clone, Debug)]
pub struct SplitPlan {
    pub kind: Option<Name>,
    pub args: Vec<Given>,
    pub span: Option<Span>,
}

#[derive(Clone, Debug)]
pub struct FieldPlan {
    pub name: String,
    pub span: Span,
    pub role: Role,
    pub ty: FieldType,
    pub ty_span: Span,
    /// What the model receives, for one example.
    pub shape: Vec<usize>,
    /// What one row holds of it: less than an example, where that has several rows side by side.
    pub row: Vec<usize>,
    pub dtype: Dtype,
    /// The columns that the field's formula reads, in the order of the feeds of its functions.
    pub columns: Vec<ColumnPlan>,
    /// Whether `Program::encode` does more than hand the one column on.
    pub encoded: bool,
    /// How many values `Program::fit` gives.
    pub fits: usize,
    /// The rows that an example has side by side, where it has several: the functions of the field speak of one row.
    pub window: Option<Window>,
    /// What training steps read of the field instead, where they augment it within its formula.
    pub halfway: Option<Halfway>,
}

impl FieldPlan {
    /// The shape of what training steps read, for one example.
    pub fn step_shape(&self) -> &[usize] {
        self.halfway.as_ref().map_or(&self.shape, |it| &it.shape)
    }
}

/// What is there of a field after the first part of its formula, for one example.
#[derive(Clone, PartialEq, Debug)]
pub struct Halfway {
    pub shape: Vec<usize>,
    pub dtype: Dtype,
}

/// What a field means.
#[derive(Clone, PartialEq, Debug)]
pub enum FieldType {
    /// `number`, `int`
    Number,
    /// `binary`: its value is 0 or 1. The second name is the positive one.
    Binary { names: Option<[String; 2]> },
    /// `class`, `ordinal`
    Class(ClassType),
    /// `set`: of each label 0 or 1.
    Set(ClassType),
    /// `tokens[T, V]`
    Tokens(TokensType),
    /// `f32[2]`, `image[28, 28, 1]`, `vector[8]`
    Tensor,
    /// `text`, `date` and what else is kept but not given to a model.
    Text,
}

/// `tokens[32, 5000]`: so many tokens, each one of so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokensType {
    pub length: usize,
    pub values: usize,
    /// Whether 0 stands where a text is shorter, and 1 for what is none of the others.
    pub padded: bool,
}

/// `class[10]`, `class["cat", "dog"]`, `class["own", "rent", ..]?`, `ordinal["low", "high"]`, and the labels of a `set`.
#[derive(Clone, PartialEq, Debug)]
pub struct ClassType {
    /// The declared words, or nothing where only their number is declared.
    pub names: Option<Vec<String>>,
    /// How many are declared.
    pub declared: usize,
    /// `..`: any other word is one further class, at index `declared`.
    pub open: bool,
    /// `?`: a missing cell is one further class, the last one.
    pub optional: bool,
    /// Whether the order in which the words stand says something.
    pub ordered: bool,
}

impl ClassType {
    /// The number of values that an element can take.
    pub fn values(&self) -> usize {
        self.declared + usize::from(self.open) + usize::from(self.optional)
    }
}

/// Columns that enter a formula as one tensor.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    pub select: Select,
    pub span: Span,
    /// What a cell must hold.
    pub cell: CellType,
    /// The shape for one row: `[1]` for one number, `[n]` for `columns("pixel_*")`, `[28, 28, 1]` for an image, `[]`
    /// for a class.
    pub shape: Vec<usize>,
    pub dtype: Dtype,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Select {
    /// One column by its name.
    Column(String),
    /// Every column whose name fits, `*` standing for anything, in the order of the file: side by side.
    Pattern(String),
}

#[derive(Clone, PartialEq, Debug)]
pub enum CellType {
    /// A number; a missing cell is NaN where `optional`, and a problem elsewhere.
    Number {
        optional: bool,
    },
    /// `binary`: an f32 of 0 or 1, shape `[1]`.
    Binary {
        names: Option<[String; 2]>,
    },
    /// An i32 below `values()`, shape `[]`.
    Class(ClassType),
    /// Of each label 0 or 1, shape `[values()]`.
    Set(SetCell),
    /// An i32 for each token, shape `[length]`; for a whole cell, shape `[]`.
    Tokens(TokenCell),
    /// What the source gives as an array of its own: pixels from 0 to 255, say.
    Array,
    /// The path of a PNG or JPEG file, of which these steps make the picture that is declared: pixels from 0 to 255.
    Picture(Vec<PictureStep>),
    Text,
}

/// What stands between the labels in a cell where nothing else is said: no source has it between its cells by default.
pub const SEPARATOR: &str = ";";

/// How a cell names several labels: side by side with `separator` between them, or as a list of JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct SetCell {
    pub labels: ClassType,
    pub separator: String,
    /// Whether in a missing cell no label is on.
    pub empty: bool,
}

/// How the text of a cell becomes tokens.
#[derive(Clone, PartialEq, Debug)]
pub struct TokenCell {
    /// How many tokens there are, with those that stand for none and for any other.
    pub values: usize,
    /// So many of a cell; `None` where each cell is a token.
    pub length: Option<usize>,
    /// In small letters.
    pub lower: bool,
    /// Of what a token is made, once that is said.
    pub units: Option<Units>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Units {
    Words,
    Chars,
}

/// `window(24, offset: 1)`: rows that follow one another, side by side in one example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    pub length: usize,
    /// Of the first of them, from the row of the example.
    pub offset: usize,
    pub span: Span,
}

impl Window {
    /// The row behind the last one, from the row of the example.
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}

impl CellType {
    /// The classes, or the labels, of which a cell names one or several.
    pub fn classes(&self) -> Option<&ClassType> {
        match self {
            CellType::Class(ty) => Some(ty),
            CellType::Set(set) => Some(&set.labels),
            CellType::Number { .. } | CellType::Binary { .. } => None,
            CellType::Array | CellType::Picture(_) | CellType::Text | CellType::Tokens(_) => None,
        }
    }
}

/// What is done with a picture before its pixels are numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum PictureStep {
    /// To this height and width.
    Resize([usize; 2]),
    /// Until its shorter side is so long.
    Short(usize),
    /// The middle of it, of this height and width.
    CenterCrop([usize; 2]),
}

// ------------------------------------------------------------------------------------------------ training

#[derive(Clone, Debug)]
pub struct TrainPlan {
    pub span: Span,
    pub batch: Batch,
    /// Where the batch is said, if it is.
    pub batch_at: Option<Span>,
    pub length: Length,
    /// `at_most: 20min`, in seconds.
    pub at_most: Option<f64>,
    pub seed: u64,
    /// How often the validation split is looked at.
    pub validate: Every,
    pub plateau: Option<Plateau>,
    pub stop: Option<Patience>,
    pub keep: Keep,
    pub checkpoint: Option<Checkpoints>,
    /// The text that is written where the validation split is looked at.
    pub preview: Option<Preview>,
    /// The metrics that are reported beside the loss, in order.
    pub metrics: Vec<MetricPlan>,
    /// Batches in an update. (`clip`, `precision` and the like are part of the step function already.)
    pub accumulate: usize,
    /// Where that is said, if it is.
    pub accumulate_at: Option<Span>,
    /// What a run may tell of any one example.
    pub privacy: Option<Privacy>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Batch {
    All,
    Size(usize),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Length {
    Epochs(f64),
    Steps(u64),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Every {
    Epochs(f64),
    Steps(u64),
    Seconds(f64),
}

/// `patience(val.loss, 3 epochs)`
#[derive(Clone, Debug)]
pub struct Patience {
    pub metric: MetricPath,
    pub patience: Every,
    pub span: Span,
}

/// `plateau(val.loss, 3 epochs, factor: 0.1x)`: a rate that becomes smaller where nothing becomes better.
#[derive(Clone, Debug)]
pub struct Plateau {
    pub metric: MetricPath,
    pub patience: Every,
    /// By which the rate is multiplied.
    pub factor: f64,
    /// The least that it is multiplied by in all.
    pub floor: f64,
    /// By which part of itself a value has to be better.
    pub threshold: f64,
    pub span: Span,
    /// The state that holds what the rate is multiplied by, unless the optimizer has no rate.
    pub slot: Option<u32>,
}

#[derive(Clone, Debug)]
pub enum Keep {
    Last,
    /// The weights at the best value seen.
    Best {
        metric: MetricPath,
        span: Option<Span>,
    },
}

/// `val.loss`, `val.accuracy`, `val.mae.price`
#[derive(Clone, PartialEq, Debug)]
pub struct MetricPath {
    pub split: Split,
    /// `None` is the loss.
    pub metric: Option<usize>,
    /// Whether more is better.
    pub rising: bool,
}

/// `maximize(val.accuracy)`: by what the runs of a search are judged.
#[derive(Clone, Debug)]
pub struct Objective {
    pub metric: MetricPath,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Split {
    Train,
    Val,
    Test,
}

impl Split {
    pub const ALL: [Split; 3] = [Split::Train, Split::Val, Split::Test];

    pub fn word(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Val => "val",
            Split::Test => "test",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Checkpoints {
    pub every: Every,
    pub keep: usize,
}

/// `generate("ROMEO:", 200 tokens, temperature: 0.8)`
#[derive(Clone, Debug)]
pub struct Preview {
    pub prompt: String,
    pub tokens: usize,
    pub temperature: f64,
    pub span: Span,
}

/// That a model says of each token of a window which one follows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Writing {
    /// The fields, as indices into `data.fields`.
    pub input: usize,
    pub target: usize,
    /// The output that is trained towards the target.
    pub output: usize,
    /// Tokens in a window.
    pub length: usize,
}

#[derive(Clone, Debug)]
pub struct MetricPlan {
    /// Its path: the metric's name, or the word after `as`.
    pub name: String,
    pub rising: bool,
    /// The shape of the value: `[]` for a number, `[K, K]` for a confusion table.
    pub shape: Vec<usize>,
    /// Whether it is the mean of a value that each example has alone.
    pub is_mean: bool,
    pub span: Span,
}

// ------------------------------------------------------------------------------------------------ tensors

#[derive(Clone, Debug)]
pub struct StateInfo {
    /// `hidden.w`; a state of the optimizer is `m of hidden.w`.
    pub path: String,
    pub role: StateRole,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    /// Of what belongs to an adapter the parameter that this adapts.
    pub adapts: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateRole {
    Parameter,
    /// Kept by a layer, moved in training only.
    Layer,
    Optimizer,
}

#[derive(Clone, Debug)]
pub struct StageInfo {
    /// The words after `as`, from the outside in: `hidden`, `blocks[0].a`.
    pub path: String,
    /// The layer's name.
    pub layer: String,
    /// The type of its value, as the language writes it.
    pub ty: String,
    pub shape: Vec<usize>,
    pub parameters: usize,
    /// Operations of the forward pass for one example: a fused multiply-add counts two.
    pub flops: u64,
    /// How deep it stands inside other stages.
    pub depth: usize,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct OutputInfo {
    /// Empty where a model gives one unnamed output.
    pub name: String,
    pub kind: OutputKind,
    pub shape: Vec<usize>,
    /// The field (index into `data.fields`) that the output is trained towards, where there is one.
    pub target: Option<usize>,
}

/// How an output is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputKind {
    /// One score on the last axis for each class.
    Logits,
    /// One score for yes or no.
    Logit,
    Prob,
    LogProb,
    /// Plain numbers.
    Number,
}

/// What a step must know about the run beside its program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// Examples in the batch of this function.
    pub batch: usize,
    /// Updates in one epoch.
    pub epoch: u64,
    /// Updates in the whole run.
    pub total: u64,
}

/// What part of an update the call of a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// All of it.
    Whole,
    /// A batch of several: adds to the sums.
    Batch,
    /// The last batch of several: makes the update of the mean over so many examples, and empties the sums.
    Last { examples: usize },
    /// A pass over some of the examples of a private update: adds to the sums; or the last, which makes the update, with noise.
    /// Its results are sums over all passes, not means.
    Private { is_last: bool },
}

/// Parts that begin to train.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thaw {
    /// The updates that are done before.
    pub after: u64,
    /// As the program names them.
    pub parts: Vec<String>,
}

/// The functions of a run. `n` is a number of rows: the first extent of every feed and of every result that depends on
/// an example.
impl Program {
    /// The columns of training rows -> what the field's formula fits on them (medians, means, deviations).
    pub fn fit(&self, field: usize, n: usize) -> Function {
        self.experiment.fields.fit(field, n)
    }
    /// States: what `fit` gave. Feeds: the columns. Result: the field as the model receives it, `[n, shape..]`.
    pub fn encode(&self, field: usize, n: usize) -> Function {
        self.experiment.fields.encode(field, n)
    }
    /// States: what `fit` gave. Feed: a target as the model sees it. Result: the same in the user's own units. `None`
    /// where the formula changes nothing.
    pub fn decode(&self, field: usize, n: usize) -> Option<Function> {
        self.experiment.fields.decode(field, n)
    }
    /// The fields that training varies, by their indices.
    pub fn varied_fields(&self) -> Vec<usize> {
        self.experiment.varied_fields()
    }
    /// Feeds: those of a step. Results: of each of the `varied_fields` what a step sees, before the rest of its formula.
    pub fn varied(&self, n: usize) -> Function {
        self.experiment.varied_function(n)
    }
    /// States: what `fit` gave. Feeds: the columns. Result: what training steps read of a field that is augmented within its
    /// formula.
    pub fn encode_first(&self, field: usize, n: usize) -> Function {
        self.experiment.encode_first(field, n)
    }
    /// States: what `fit` gave. Feed: what `encode_first` gave. Result: the field as the model receives it.
    pub fn encode_rest(&self, field: usize, n: usize) -> Function {
        self.experiment.encode_rest(field, n)
    }
    /// No feeds. Results: the first value of every state, by slot. Draws from the clock's seed.
    pub fn initial(&self) -> Function {
        let results = self.experiment.declared.iter().map(|it| it.initial).collect();
        Function { graph: self.experiment.initial.clone(), results, ..Function::default() }
    }
    /// What only shows once the rows are counted: a warm-up that is as long as the run, a part that is frozen until its end.
    pub fn paced(&self, pace: Pace) -> Vec<Problem> {
        let warmup = self.experiment.long_warmup_of(pace);
        warmup.into_iter().chain(self.experiment.long_freeze_of(pace)).collect()
    }
    /// One update; whatever is frozen for a while trains. Feeds: `self.feeds`, those that are augmented within their formulas halfway; then `self.step_fits`. Results: the loss without regularizers, then the loss with them, then the
    /// learning rate (0 where the optimizer has none). Updates the states.
    pub fn step(&self, pace: Pace) -> Function {
        self.step_after(pace, ALL, Share::Whole)
    }
    /// The same for the steps that follow `done` others: what is frozen for a while is frozen still, or trains. Where it is a
    /// share of an update, `self.sums` follow the states, and the results of the last batch are those of the update. A private
    /// pass is fed [`PRIVATE_FEEDS`] behind all else.
    pub fn step_after(&self, pace: Pace, done: u64, share: Share) -> Function {
        self.experiment.step_function(pace, done, share)
    }
    /// What is summed over the batches of an update: the losses of the examples, and the gradients of what can move.
    pub fn sums(&self) -> Vec<(Vec<usize>, Dtype)> {
        self.experiment.sums()
    }
    /// What a slot holds that follows the states.
    pub fn sum_name(&self, at: usize) -> String {
        match at.checked_sub(1) {
            None => "sum of the losses".to_string(),
            Some(at) => format!("sum of gradients of {}", self.states[self.experiment.summed()[at] as usize].path),
        }
    }
    /// When parts that are frozen for a while begin to train, in order.
    pub fn thaws(&self, pace: Pace) -> Vec<Thaw> {
        self.experiment.thaws(pace)
    }
    /// Feeds: those of a step where it is `training`, else `self.feeds`. Results: the gradient of the loss with regularizers in
    /// the parameters of `slots`.
    pub fn gradient(&self, slots: &[u32], n: usize, training: bool) -> Function {
        self.experiment.gradient_function(slots, n, training)
    }
    /// Feeds: those of a step where it is `training`, else `self.feeds`. Result: the loss with regularizers.
    pub fn objective(&self, n: usize, training: bool) -> Function {
        self.experiment.objective_function(n, training)
    }
    /// Feeds: the inputs. Results: the outputs of the model as it is when it is not in training.
    pub fn predict(&self, n: usize) -> Function {
        self.experiment.predict_function(n)
    }
    /// No feeds. Results: each parameter that belongs to no adapter, with what its adapter makes of it, in the order of slots.
    pub fn merged(&self) -> Function {
        self.experiment.merged_function()
    }
    /// Feeds: the outputs, then the targets and the weight as the model sees them. Result: the loss, `[]`.
    pub fn loss(&self, n: usize) -> Function {
        self.experiment.loss_function(&self.shapes, n)
    }
    /// Feeds: the outputs, then the targets, both in the user's own units. Result: the value of one metric. Computed in
    /// f64 by the interpreter.
    pub fn metric(&self, metric: usize, n: usize) -> Function {
        self.experiment.metric_function(metric, &self.shapes, n)
    }
    /// Feed: one output. Result: what a person reads: probabilities for scores (of the second class for one score), the
    /// numbers themselves elsewhere (`decode` turns them into the user's units).
    pub fn read(&self, output: usize, n: usize) -> Function {
        self.experiment.read_function(&self.shapes[output], n)
    }
    /// The degree of the model in its inputs, where it is a polynomial in them.
    pub fn degree_in_inputs(&self) -> Option<u32> {
        degree(&self.predict(2), |slot| matches!(slot, Slot::Feed(_)))
    }
    /// The degree of the model in its parameters, where it is a polynomial in them.
    pub fn degree_in_parameters(&self) -> Option<u32> {
        degree(&self.predict(2), |slot| matches!(slot, Slot::State(_)))
    }
    /// The degree of the loss in the parameters: of a parabola the least value can be computed.
    pub fn degree_of_loss(&self) -> Option<u32> {
        degree(&self.objective(2, false), |slot| matches!(slot, Slot::State(_)))
    }
    /// What files hold that parameters and states start as, in the order of the program.
    pub fn transfers(&self) -> &[TransferPlan] {
        &self.experiment.transfers
    }
    /// Where the model says what it gives, and where the loss stands: for what is said about both.
    pub fn places(&self) -> (Span, Span) {
        (self.experiment.output_place(), self.experiment.loss.span)
    }
    /// Whether the model can write: it reads tokens alone, and is trained towards those one further on.
    pub fn writing(&self) -> Option<Writing> {
        let tokens = |field: usize| match (&self.data.fields[field].ty, self.data.fields[field].window) {
            (FieldType::Tokens(ty), Some(window)) => Some((*ty, window)),
            _ => None,
        };
        let [input] = self.feeds[..self.inputs] else { return None };
        let (read, seen) = tokens(input)?;
        let told = self.outputs.iter().enumerate().find_map(|(output, info)| {
            let (told, window) = tokens(info.target?)?;
            let is_next = told.values == read.values
                && window.length == seen.length
                && window.offset == seen.offset + 1
                && info.kind == OutputKind::Logits
                && info.shape == [told.length, told.values];
            is_next.then_some((output, info.target?))
        });
        let (output, target) = told?;
        Some(Writing { input, target, output, length: seen.length })
    }
    /// Numbers of all parameters.
    pub fn parameters(&self) -> usize {
        let trained = self.states.iter().filter(|it| it.role == StateRole::Parameter);
        trained.map(|it| it.shape.iter().product::<usize>()).sum()
    }
}

/// The degree of a function's first result in what it reads by `slots`.
fn degree(function: &Function, slots: impl Fn(Slot) -> bool) -> Option<u32> {
    super::linear::degree(&function.graph, function.results[0], slots)
}
