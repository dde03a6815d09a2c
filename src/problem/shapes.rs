//! Problems of shapes and of types.

use super::{list, problems, say};
use crate::source::{Near, Span, nearest};

/// Why a class is no ordinal.
pub fn class_has_no_order() -> String {
    "a class has no order: if its words are listed from the first to the last, declare the field as `ordinal[…]`".into()
}

problems! {
    /// Two operands have shapes that do not meet.
    "shape-mismatch" Error ShapeMismatch { operation: String, left: String, right: String, at: Span, help: Option<String> } =>
        say(format!("`{operation}` cannot join {left} and {right}"))
            .at(at, format!("{left} on the left, {right} on the right"))
            .maybe_help(help);

    /// The inner sizes of a product differ.
    "inner-size-mismatch" Error InnerSizeMismatch { left: usize, right: usize, left_shape: String, right_shape: String, at: Span, left_at: Span, right_at: Span } =>
        say(format!("the product's inner sizes differ: {left} and {right}"))
            .at(at, "rows of the left times columns of the right")
            .at(left_at, format!("{left_shape}: its last axis has {left}"))
            .at(right_at, format!("{right_shape}: its first axis has {right}"));

    /// An input has other sizes than its declaration says.
    "axis-mismatch" Error AxisMismatch { callee: String, input: String, axis: usize, wanted: String, found: usize, shape: String, at: Span, declared: Span } =>
        say(format!("{callee} wants {wanted} on axis {axis} of `{input}`, but there are {found}"))
            .at(at, format!("this is {shape}"))
            .at(declared, "declared here")
            .help(format!("give it another shape, or declare `{input}: {shape}`"));

    /// An input has another number of axes than its declaration says.
    "rank-mismatch" Error RankMismatch { callee: String, input: String, wanted: usize, found: usize, shape: String, at: Span, declared: Span } =>
        say(format!("{callee} wants {} of `{input}`, but there {}", super::count(wanted, "axis", "axes"),
            if found == 1 { "is 1".to_string() } else { format!("are {found}") }))
            .at(at, format!("this is {shape}"))
            .at(declared, "declared here")
            .maybe_help((found > wanted && wanted <= 1).then(|| "put `flatten` before it".into()));

    /// An input has another meaning or type of number than its declaration says.
    "type-mismatch" Error TypeMismatch { callee: String, input: String, wanted: String, found: String, at: Span, declared: Span, help: Option<String> } =>
        say(format!("{callee} wants {wanted} as `{input}`, but gets {found}"))
            .at(at, format!("this is {found}"))
            .at(declared, "declared here")
            .maybe_help(help);

    /// Another number of inputs than a callable takes.
    "input-count" Error InputCount { callee: String, wanted: usize, found: usize, at: Span, declared: Span } =>
        say(format!("{callee} takes {}, but gets {found}", super::count(wanted, "input", "inputs")))
            .at(at, format!("{} here", super::count(found, "input", "inputs")))
            .at(declared, "declared here");

    /// What a definition gives is not what it says it gives.
    "result-mismatch" Error ResultMismatch { callee: String, wanted: String, found: String, at: Span, declared: Span, help: Option<String> } =>
        say(format!("{callee} says that it gives {wanted}, but it gives {found}"))
            .at(at, format!("this is {found}"))
            .at(declared, format!("{wanted} declared here"))
            .maybe_help(help);

    /// Two axes meet that have different names.
    "axes-differ" Error AxesDiffer { operation: String, left: String, right: String, at: Span, left_at: Span, right_at: Span } =>
        say(format!("the axis `{left}` meets the axis `{right}` in `{}`", operation.trim_matches('`')))
            .at(at, "these are two different axes")
            .at(left_at, format!("`{left}` named here"))
            .at(right_at, format!("`{right}` named here"))
            .help("bring the axes into one order, as with `transpose(x)` or `permute(x, [1, 0])`; or leave the names away");

    /// The axes of an input, or of a result, stand in another order than the type says.
    "axis-order" Error AxisOrder { callee: String, input: String, axis: usize, wanted: String, found: String, at: Span, named: Span, declared: Span } =>
        say(format!("{callee} wants the axis `{wanted}` as axis {axis} of `{input}`, but there is `{found}`"))
            .at(at, format!("`{wanted}` is another axis of this"))
            .at(named, format!("`{found}` named here"))
            .at(declared, "declared here")
            .help("bring the axes into one order, as with `transpose(x)` or `permute(x, [1, 0])`");

    /// A recurrence has another number of indices than one.
    "carry-along-one" Error CarryAlongOne { count: usize, at: Span } =>
        say(format!("a `for` that carries values runs along one index, but this has {}", super::count(count, "index", "indices")))
            .at(at, if count == 0 { "carried along nothing" } else { "a second index" })
            .help(if count == 0 { "say how often: `for t in T, h ~ 0 => …`" } else { "put a `for` of its own around it: `for i in N => (for t in T, h ~ 0 => …)`" });

    /// A carried value never gets its next value.
    "carry-without-next" Error CarryWithoutNext { name: String, at: Span } =>
        say(format!("`{name}` is carried from turn to turn, but nothing says what it becomes"))
            .at(at, "carried here")
            .help(format!("write `{name}' = …` in the body of the `for`"));

    /// The body of a recurrence ends in a formula.
    "carry-with-result" Error CarryWithResult { at: Span } =>
        say("a `for` that carries values gives those values; a formula at its end has no place to go")
            .at(at, "this is left over")
            .help("carry it too, or compute it from what the `for` gives: `for t in T => f(h[t])`");

    /// Numbers of different types meet.
    "number-types" Error NumberTypes { operation: String, left: String, right: String, at: Span } =>
        say(format!("`{operation}` cannot join {left} and {right}: number types are never changed silently"))
            .at(at, format!("{left} and {right}"))
            .help("write `cast(x, f32)` or `cast(x, i32)`");

    /// A missing value could reach a place that cannot take one.
    "optional-as-present" Error OptionalAsPresent { callee: String, input: String, is_class: bool, at: Span, declared: Span } =>
        say(format!("`{input}` of {callee} cannot be missing, but this value can"))
            .at(at, "may be missing")
            .at(declared, "declared without `?` here")
            .help(match is_class {
                true => "a class that may be missing has one value more: `embed` takes it, and so does what says `class[K]?`",
                false => "impute it: `= name |> impute(median)`",
            });

    /// A size is not a whole number.
    "size-not-whole" Error SizeNotWhole { value: String, at: Span } =>
        say(format!("a size must be a whole number, and this is {value}"))
            .at(at, "used as a size");

    /// A size of zero, below zero, or beyond what a tensor can have.
    "size-out-of-range" Error SizeOutOfRange { value: String, at: Span } =>
        say(format!("a size must be from 1 to 2147483647, and this is {value}"))
            .at(at, "used as a size");

    /// A division of sizes leaves a rest.
    "inexact-division" Error InexactDivision { at: Span, used: Span } =>
        say("this division of sizes leaves a rest")
            .at(at, "not a whole number")
            .maybe_at((used != at).then_some(used), "used as a size here")
            .help("write `floor(a / b)` or `ceil(a / b)` if that is meant");

    /// A tensor is reshaped to another number of elements.
    "element-count" Error ElementCount { from: String, to: String, has: usize, wants: usize, at: Span } =>
        say(format!("{from} has {has} elements, {to} has {wants}"))
            .at(at, format!("cannot become {to}"));

    /// A size cannot be found from what is known.
    "size-unsolved" Error SizeUnsolved { name: String, at: Span } =>
        say(format!("the size `{name}` cannot be found from the inputs"))
            .at(at, "not known here")
            .help("write a number, or let the data's target say it");

    /// Several facts about sizes, of which no sizes fit all.
    "sizes-contradict" Error SizesContradict { callee: String, facts: Vec<(String, Span)>, shape: String, at: Span } => {
        let told: Vec<String> = facts.iter().map(|it| it.0.clone()).collect();
        let head = match facts.len() {
            1 => format!("no sizes fit {}, which {callee} is given", told[0]),
            2 => format!("no sizes fit both {}, which {callee} is given", list(&told)),
            _ => format!("no sizes fit all of {}, which {callee} is given", list(&told)),
        };
        facts.into_iter().fold(say(head).at(at, format!("this is {shape}")), |words, (fact, at)| words.at(at, format!("{fact} here")))
    };

    /// There is no such axis.
    "unknown-axis" Error UnknownAxis { name: String, shape: String, at: Span, known: Vec<String> } =>
        say(format!("{shape} has no axis called `{name}`"))
            .at(at, "not one of its axes")
            .meant(at, &name, &nearest(&name, known.iter().map(String::as_str)).filter(|it| it.name != name))
            .maybe_help((!known.is_empty()).then(|| format!("its named axes are {}", list(&known))));

    /// More indices than axes.
    "too-many-indices" Error TooManyIndices { shape: String, at: Span } =>
        say(format!("{shape} has fewer axes than this has indices"))
            .at(at, "one index too many");

    /// An index lies outside.
    "index-out-of-range" Error IndexOutOfRange { index: String, extent: usize, at: Span } =>
        say(format!("the index {index} is outside: indices here go from 0 to {}", extent - 1))
            .at(at, "outside");

    /// A model needs an input that the data does not have.
    "model-input-missing" Error ModelInputMissing { model: String, input: String, data: String, at: Span, near: Option<Near>, known: Vec<String>, data_at: Span } =>
        say(format!("`{model}` wants the input `{input}`, but `{data}` has no field of that name"))
            .at(at, "bound to the data by its name")
            .at(data_at, match &known[..] {
                [] => "has no `input` fields".to_string(),
                [one] => format!("its only input is {one}"),
                known => format!("its inputs are {}", list(known)),
            })
            .maybe_help(super::did_you_mean(&near));

    /// A model reads a field that is no input: its own target, say.
    "model-reads-other" Error ModelReadsOther { model: String, input: String, role: String, at: Span, field_at: Span } =>
        say(format!("`{model}` wants `{input}` as input, but the data declares it as {role}"))
            .at(at, if role == "target" { "what is to be predicted cannot be known before" } else { "not an input of the data" })
            .at(field_at, format!("declared as {role} here"))
            .help(match role.as_str() {
                "target" => format!("leave it away; for a model that reproduces its input, declare an input and `target copy: … = {input}`"),
                _ => format!("declare it as `input {input}: …`"),
            });

    /// The number of scores is not the number of classes.
    "class-count" Error ClassCount { scores: usize, classes: usize, at: Span, target_at: Span, model: String, calls: Option<[String; 2]>, declared: Option<Span> } => {
        let is_said = calls.is_some();
        let words = say(format!("`{model}` gives {} but the data has {}", super::count(scores, "score", "scores"), super::count(classes, "class", "classes")))
            .at(at, "this becomes the number of scores")
            .at(target_at, super::count(classes, "class", "classes"))
            .help(match calls {
                Some([number, variable]) => format!("{number}, or `-> logits[K]` with {variable}, which follows the data"),
                None => format!("let the last layer give {classes}, or write `-> logits[K]` and use `K`, which follows the data"),
            });
        // The number of scores is said where they are made, and perhaps in the type of the result.
        match is_said {
            true => [Some(at), declared].into_iter().flatten().fold(words, |words, at| words.mend(at, scores.to_string(), classes.to_string())),
            false => words,
        }
    };
}
