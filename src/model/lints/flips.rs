//! Augmentations that make one class of another: digits that are mirrored, left that becomes right, 6 that becomes 9.
//!
//! What an augmentation does is found by trying it on images with a single bright point. What classes mean is told by
//! their names, which is little: spoken of are digits, where the data says so, and names of which both of a pair are there.

use super::Scene;
use crate::model::program::{Constant, FieldType, Program};
use crate::model::train::{Augment, Augmented, Experiment, head_name};
use crate::problem::Problem;
use crate::problem::lint::FlipChangesClass;
use crate::syntax::tree::Expr;
use crate::tensor::{Array, Clock, evaluate};

/// What becomes of an image.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Move {
    /// Left and right change places.
    Mirrored,
    /// Above and below change places.
    Flipped,
    /// Both.
    Turned,
}

const MOVES: [Move; 3] = [Move::Mirrored, Move::Flipped, Move::Turned];

/// Names of classes, or parts of them, that change places.
const SIDES: &[(&str, &str)] = &[("left", "right")];
const HEIGHTS: &[(&str, &str)] =
    &[("up", "down"), ("upward", "downward"), ("upwards", "downwards"), ("above", "below")];
const SENSES: &[(&str, &str)] = &[("clockwise", "counterclockwise"), ("clockwise", "anticlockwise")];
/// Letters and digits that change places: as whole names alone.
const MIRRORED: &[(&str, &str)] = &[("b", "d"), ("p", "q")];
const FLIPPED: &[(&str, &str)] = &[("b", "p"), ("d", "q")];
const TURNED: &[(&str, &str)] = &[("6", "9"), ("b", "q"), ("d", "p"), ("n", "u")];

/// Words of a name or a path that say that ten classes are the ten digits, and such that say that they are something else.
const DIGITS: &[&str] = &["digit", "digits", "mnist", "usps", "svhn"];
const OTHERS: &[&str] =
    &["fashion", "kuzushiji", "kmnist", "sign", "signs", "gesture", "gestures", "hand", "hands", "asl"];

/// Examples that are varied, each by its own draws.
const EXAMPLES: usize = 16;

/// Images that have more numbers are varied less often, or not at all.
const MOST_NUMBERS: usize = 1 << 16;

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let (program, experiment) = (scene.program, &scene.program.experiment);
    let mut problems = vec![];
    for &target in &experiment.targets {
        let suspects: Vec<(Move, String)> =
            MOVES.iter().filter_map(|&it| Some((it, confused(program, target, it)?))).collect();
        if suspects.is_empty() {
            continue;
        }
        for block in &experiment.augmented.blocks {
            for (&field, step) in
                block.fields.iter().flat_map(|field| block.steps.iter().map(move |step| (field, step)))
            {
                let moves = moves(experiment, field, step);
                let Some((does, made)) = suspects.iter().find(|(it, _)| moves.contains(it)) else { continue };
                let field = &program.data.fields[field].name;
                let does = match does {
                    Move::Mirrored => format!("swaps the left and the right of `{field}`"),
                    Move::Flipped => format!("swaps the upper and the lower half of `{field}`"),
                    Move::Turned => format!("turns `{field}` upside down"),
                };
                let augmentation = head_name(step).map_or("augment", |(name, _)| name).to_string();
                let (made, at, target_at) = (made.clone(), step.span, program.data.fields[target].span);
                problems.push(FlipChangesClass { augmentation, does, made, at, target_at }.into());
            }
        }
    }
    problems
}

/// What of the classes of a target becomes another, where images are moved so: `a \`left\` a \`right\``.
fn confused(program: &Program, target: usize, by: Move) -> Option<String> {
    let plan = &program.data.fields[target];
    let names: Vec<String> = match &plan.ty {
        FieldType::Class(ty) | FieldType::Set(ty) => {
            let numbered = || (0..ty.declared).map(|it| it.to_string()).collect();
            ty.names.clone().unwrap_or_else(numbered)
        }
        FieldType::Binary { names: Some(names) } => names.to_vec(),
        _ => return None,
    };
    let words = words(program, target);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if has(OTHERS) {
        return None;
    }
    let is_numbered = names.iter().enumerate().all(|(at, name)| *name == at.to_string());
    if is_numbered {
        return (names.len() == 10 && has(DIGITS)).then(|| match by {
            Move::Mirrored | Move::Flipped => "of a digit another one, or none".into(),
            Move::Turned => "a 6 of a 9".into(),
        });
    }
    let (parts, wholes): (Vec<&[(&str, &str)]>, _) = match by {
        Move::Mirrored => (vec![SIDES, SENSES], MIRRORED),
        Move::Flipped => (vec![HEIGHTS, SENSES], FLIPPED),
        Move::Turned => (vec![SIDES, HEIGHTS], TURNED),
    };
    let lower: Vec<String> = names.iter().map(|it| it.to_lowercase()).collect();
    let other = |name: &String| {
        let both = |&(one, two): &(&str, &str)| [(one.to_string(), two.to_string()), (two.into(), one.into())];
        let whole = wholes.iter().flat_map(both).find(|(from, _)| from == name).map(|(_, to)| to);
        let mut others = parts.iter().copied().flatten().flat_map(both).map(|(from, to)| replaced(name, &from, &to));
        // Letters stand for themselves in lower case alone.
        whole.filter(|it| names.contains(it)).or_else(|| others.find(|it| it != name && lower.contains(it)))
    };
    let pair = lower.iter().enumerate().find_map(|(at, name)| Some((at, other(name)?)))?;
    let made = lower.iter().position(|it| *it == pair.1).map(|it| &names[it])?;
    Some(format!("`{made}` of `{}`", names[pair.0]))
}

/// A name with one of its words in place of another.
fn replaced(name: &str, from: &str, to: &str) -> String {
    name.split_inclusive(|it: char| !it.is_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|it: char| !it.is_alphanumeric());
            if word == from { format!("{to}{}", &piece[word.len()..]) } else { piece.to_string() }
        })
        .collect()
}

/// The words in the names of a target and its data, and in the paths of its source.
fn words(program: &Program, target: usize) -> Vec<String> {
    let data = &program.data;
    let texts = data.source.args.iter().filter_map(|it| match &it.value {
        Constant::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let all = texts.chain([data.name.as_str(), data.fields[target].name.as_str()]);
    let split = all.flat_map(|text| text.split(|it: char| !it.is_alphanumeric()));
    split.map(str::to_lowercase).collect()
}

/// What one step of an augmentation does to an image, if it is one.
fn moves(experiment: &Experiment, field: usize, step: &Expr) -> Vec<Move> {
    let block = Augment { fields: vec![field], steps: vec![step.clone()] };
    let augmented = Augmented { blocks: vec![block], cuts: experiment.augmented.cuts.clone(), mixing: None };
    let alone = Experiment { augmented, ..experiment.clone() };
    let Some(slot) = alone.feeds().iter().position(|&it| it == field) else { return vec![] };
    let Some(result) = alone.varied_fields().iter().position(|&it| it == field) else { return vec![] };
    let shape = alone.varied_function(1).feeds[slot].0.clone();
    let [_, height, width, channels] = shape[..] else { return vec![] };
    let examples = EXAMPLES.min(MOST_NUMBERS / (height * width * channels).max(1));
    let [down, right] = [height, width].map(|it| (it / 4).max(1));
    if examples == 0 || height.min(width) < 3 {
        return vec![];
    }
    let function = alone.varied_function(examples);
    // How an image with one bright point is seen, each example by its own draws.
    let seen = |point: Option<(usize, usize)>| {
        let mut feeds: Vec<Array> = function.feeds.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect();
        if let Some((row, column)) = point {
            let values = feeds[slot].floats_mut();
            for place in (0..examples).map(|it| (it * height + row) * width + column) {
                values[place * channels..(place + 1) * channels].fill(1.0);
            }
        }
        let clock = Clock { seed: 0, step: 1 };
        evaluate(&function.graph, &function.results[result..=result], &[], &feeds, clock).remove(0)
    };
    let dark = seen(None);
    let brightest = |image: &Array, example: usize| {
        let size = height * width * channels;
        let lit = |at: usize| f64::from((image.floats()[at] - dark.floats()[at]).abs());
        let place = (example * size..(example + 1) * size).max_by(|&a, &b| lit(a).total_cmp(&lit(b)))?;
        let pixel = (place - example * size) / channels;
        (lit(place) > 0.2).then_some(((pixel / width) as f64, (pixel % width) as f64))
    };
    let (row, column) = ((height - 1) / 2, (width - 1) / 2);
    let [middle, below, beside] = [(row, column), (row + down, column), (row, column + right)].map(|it| seen(Some(it)));
    let mut moves = vec![];
    for example in 0..examples {
        let [Some(middle), Some(below), Some(beside)] = [&middle, &below, &beside].map(|it| brightest(it, example))
        else {
            continue;
        };
        let down = (below.0 - middle.0) / down as f64;
        let right = (beside.1 - middle.1) / right as f64;
        moves.extend(match (right < -0.5, down < -0.5) {
            (true, false) if down > 0.5 => Some(Move::Mirrored),
            (false, true) if right > 0.5 => Some(Move::Flipped),
            (true, true) => Some(Move::Turned),
            _ => None,
        });
    }
    moves
}
