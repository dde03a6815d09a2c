//! What each column is taken for, which one is the target, how the rows are split; and why.

use super::column::{Column, Table};
use super::several::{Several, several};
use crate::data::columns::matches;
use crate::problem::Problem;
use crate::problem::command::{NoTargetColumn, NothingToLearn};
use crate::source::nearest;

/// What a table is taken for.
pub struct Guess {
    pub target: usize,
    pub goal: Goal,
    pub target_reason: String,
    pub parts: Vec<Part>,
    pub split: Option<Split>,
    pub split_reason: String,
}

/// How the target is learned.
#[derive(Clone, PartialEq, Debug)]
pub enum Goal {
    Number,
    /// A number that spreads over several magnitudes.
    Amount,
    /// 0 and 1.
    Binary,
    BinaryOf([String; 2]),
    Class(usize),
    ClassOf(Vec<String>),
    SetOf(Several),
}

/// One column, or several that are one.
pub struct Part {
    pub columns: Vec<usize>,
    pub role: Role,
    pub reason: String,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Role {
    Number {
        holes: bool,
    },
    Binary,
    BinaryOf([String; 2]),
    /// Its words, whether there are others, whether it may be missing.
    Class {
        words: Vec<String>,
        open: bool,
        holes: bool,
    },
    Set(Several),
    /// Columns whose names fit a pattern, and whether they are pixels.
    Many {
        pattern: String,
        pixels: bool,
    },
    Tensor(Vec<usize>),
    Id,
    Time,
    Ignored,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Split {
    Stratified,
    Random,
    ByTime,
    /// As this column says.
    Given(usize),
}

/// Names that people give to what they want to know.
const WANTED: [&str; 19] = [
    "target",
    "label",
    "class",
    "y",
    "outcome",
    "response",
    "survived",
    "churn",
    "churned",
    "species",
    "diagnosis",
    "income",
    "price",
    "quality",
    "salary",
    "value",
    "fraud",
    "spam",
    "sentiment",
];
/// The most words of a class.
const MOST_WORDS: usize = 40;
/// The fewest columns that are one for their names.
const FEW: usize = 8;

pub fn guess(table: &Table, wanted: Option<&str>) -> Result<Guess, Vec<Problem>> {
    let split_column = table.columns.iter().position(is_split);
    let (target, target_reason) = match wanted {
        Some(name) => {
            let at = table.column(name).ok_or_else(|| {
                let names = table.columns.iter().map(|it| it.name.as_str());
                let near = nearest(name, names.clone());
                vec![NoTargetColumn { name: name.into(), near, known: names.map(String::from).collect() }.into()]
            })?;
            (at, "as you said".to_string())
        }
        None => target(table, split_column)?,
    };
    let (goal, goal_reason) = goal(&table.columns[target]).ok_or_else(|| -> Vec<Problem> {
        vec![
            NothingToLearn { reason: format!("`{}` holds neither numbers nor few words", table.columns[target].name) }
                .into(),
        ]
    })?;
    let mut parts: Vec<Part> = vec![];
    for many in series(table, target) {
        parts.push(many);
    }
    let (mut time, mut id) = (None, None);
    for (at, column) in table.columns.iter().enumerate() {
        let taken = parts.iter().any(|part| part.columns.contains(&at));
        if at == target || Some(at) == split_column || taken {
            continue;
        }
        let (mut role, mut reason) = role(column, table.rows);
        if let Some(why) = leak(column, &table.columns[target]) {
            (role, reason) = (Role::Ignored, why);
        }
        // One is enough.
        let again = match role {
            Role::Time => time.replace(at),
            Role::Id => id.replace(at),
            _ => None,
        };
        if again.is_some() {
            role = Role::Ignored;
        }
        parts.push(Part { columns: vec![at], role, reason });
    }
    let learns = parts.iter().any(|part| !matches!(part.role, Role::Id | Role::Time | Role::Ignored));
    if !learns {
        let reason = "no column beside the target can be learned from".to_string();
        return Err(vec![NothingToLearn { reason }.into()]);
    }
    let (split, split_reason) = split(table, target, &goal, split_column, time);
    let target_reason = format!("{target_reason}: {goal_reason}");
    Ok(Guess { target, goal, target_reason, parts, split, split_reason })
}

/// Which column is to be predicted.
fn target(table: &Table, split: Option<usize>) -> Result<(usize, String), Vec<Problem>> {
    let can = |at: &usize| {
        let column = &table.columns[*at];
        Some(*at) != split && column.missing() == 0 && column.counts.len() > 1 && goal(column).is_some()
    };
    let last_word =
        |name: &str| name.to_lowercase().rsplit(['_', ' ', '.', '-']).next().unwrap_or_default().to_string();
    for word in WANTED {
        let found = (0..table.columns.len()).filter(can).find(|at| last_word(&table.columns[*at].name) == word);
        if let Some(at) = found {
            return Ok((at, format!("it is called `{}`", table.columns[at].name)));
        }
    }
    let useful = |at: &usize| can(at) && !matches!(role(&table.columns[*at], table.rows).0, Role::Id | Role::Time);
    match (0..table.columns.len()).rev().find(useful) {
        Some(at) if at + 1 == table.columns.len() => Ok((at, "the last column".into())),
        Some(at) => Ok((at, "the last column that can be learned".into())),
        None => Err(vec![NothingToLearn { reason: "no column can be a target".into() }.into()]),
    }
}

fn goal(column: &Column) -> Option<(Goal, String)> {
    if column.shape.is_some() {
        return None;
    }
    let words = column.words();
    let different = words.len();
    if let Some(numbers) = &column.numbers {
        let zero_up = column.is_whole() && column.range() == (0.0, different as f64 - 1.0);
        let named =
            ["target", "label", "class", "y", "species", "digit"].contains(&column.name.to_lowercase().as_str());
        return Some(match () {
            () if different == 2 && zero_up => (Goal::Binary, "0 and 1".into()),
            () if column.is_whole() && zero_up && (different <= 10 || named && different <= MOST_WORDS) => {
                (Goal::Class(different), format!("the integers 0 to {}", different - 1))
            }
            () if column.is_whole() && named && different == 2 => {
                let pair = [words[0].clone(), words[1].clone()];
                (Goal::BinaryOf(pair), "two integers".into())
            }
            () if column.is_whole() && named && different <= MOST_WORDS => {
                (Goal::ClassOf(words), format!("{different} integers"))
            }
            () => {
                let (low, high) = column.range();
                let mut sorted = numbers.clone();
                sorted.sort_by(f64::total_cmp);
                let median = sorted[sorted.len() / 2];
                let spread = low > 0.0 && high > 6.0 * median;
                let range = format!("numbers from {low} to {high}");
                match spread {
                    true => (Goal::Amount, format!("{range}, most of them small, so by their logarithm")),
                    false => (Goal::Number, range),
                }
            }
        });
    }
    if let Some((labels, reason)) = several(column) {
        return Some((Goal::SetOf(labels), reason));
    }
    match different {
        2 => Some((Goal::BinaryOf(pair(&words)), "two words; the second one is yes".into())),
        3..=MOST_WORDS => Some((Goal::ClassOf(words), format!("{different} words in {} rows", column.cells.len()))),
        _ => None,
    }
}

/// Two words, of which the second means yes.
fn pair(words: &[String]) -> [String; 2] {
    const YES: [&str; 10] = ["yes", "y", "true", "t", "1", "positive", "malignant", "spam", "good", "pass"];
    let (a, b) = (words[0].clone(), words[1].clone());
    if YES.contains(&a.to_lowercase().as_str()) { [b, a] } else { [a, b] }
}

fn role(column: &Column, rows: usize) -> (Role, String) {
    let (missing, different) = (column.missing(), column.counts.len());
    let holes = if missing > 0 { format!(", {missing} missing") } else { String::new() };
    if let Some(shape) = &column.shape {
        return (Role::Tensor(shape.clone()), "lists of numbers".into());
    }
    match different {
        0 => return (Role::Ignored, "always missing".into()),
        1 => {
            let word = column.counts.keys().next().expect("one");
            return (Role::Ignored, format!("always {word}{holes}"));
        }
        _ => {}
    }
    if missing * 10 > rows * 9 {
        return (Role::Ignored, format!("missing in {missing} of {rows} rows"));
    }
    if let Some((labels, reason)) = several(column) {
        return (Role::Set(labels), reason);
    }
    let name = column.name.to_lowercase();
    let named_id = ["id", "index", "uuid", "key", ""].contains(&name.as_str())
        || name.ends_with("_id")
        || column.name.ends_with("Id");
    let all_different = different == rows && rows > 10;
    let counted = column.is_whole()
        && column.numbers.iter().flatten().zip(1..).all(|(number, at)| {
            let first = column.numbers.as_ref().expect("whole")[0];
            *number == first + f64::from(at) - 1.0
        });
    if missing == 0 && all_different && (named_id || counted || (column.numbers.is_none() && !column.dates)) {
        return (Role::Id, format!("looks like an id: all {rows} different"));
    }
    if column.dates {
        return match missing {
            0 => (Role::Time, "dates".into()),
            _ => (Role::Ignored, format!("dates{holes}")),
        };
    }
    if column.numbers.is_some() {
        let (low, high) = column.range();
        return match () {
            () if different == 2 && missing == 0 && (low, high) == (0.0, 1.0) && column.is_whole() => {
                (Role::Binary, "0 and 1".into())
            }
            () => (Role::Number { holes: missing > 0 }, format!("numbers from {low} to {high}{holes}")),
        };
    }
    let words = column.words();
    if different == 2 && missing == 0 {
        return (Role::BinaryOf(pair(&words)), "two words".into());
    }
    if different <= MOST_WORDS && different * 2 <= rows {
        let reason = format!("{different} words in {rows} rows{holes}");
        return (Role::Class { words, open: false, holes: missing > 0 }, reason);
    }
    if different * 4 <= rows {
        let mut common: Vec<(&String, &usize)> = column.counts.iter().collect();
        common.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let mut words: Vec<String> = common.iter().take(MOST_WORDS / 2).map(|(word, _)| (*word).clone()).collect();
        words.sort();
        let reason = format!("{different} words, of which these are the most frequent{holes}");
        return (Role::Class { words, open: true, holes: missing > 0 }, reason);
    }
    (Role::Ignored, format!("{different} different texts in {rows} rows"))
}

/// Why a column says what the target says.
fn leak(column: &Column, target: &Column) -> Option<String> {
    if column.cells.len() != target.cells.len() || column.counts.len() < 2 || column.shape.is_some() {
        return None;
    }
    let pairs = || column.cells.iter().zip(&target.cells);
    if pairs().all(|(a, b)| a == b) {
        return Some("equal to the target, which it would give away".into());
    }
    // Where hardly anything stands twice, every column has one word for each of another.
    let few = column.counts.len() <= MOST_WORDS && 2 * column.counts.len() <= column.cells.len();
    if column.counts.len() != target.counts.len() || !few {
        return None;
    }
    let mut seen: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    let one_to_one = pairs().all(|(a, b)| match (a, b) {
        (Some(a), Some(b)) => *seen.entry(a).or_insert(b) == b.as_str(),
        _ => false,
    });
    let mut images: Vec<&&str> = seen.values().collect();
    images.sort();
    images.dedup();
    let says_the_same = one_to_one && images.len() == column.counts.len();
    says_the_same.then(|| "says the same as the target in other words, and would give it away".into())
}

/// Columns of numbers whose names differ in a number only: pixels, points of time.
fn series(table: &Table, target: usize) -> Vec<Part> {
    let mut found: Vec<Part> = vec![];
    let stem = |name: &str| {
        let end = name.find(|it: char| it.is_ascii_digit())?;
        let rest_is_numbers = name[end..].chars().all(|it| it.is_ascii_digit() || "_-x".contains(it));
        (end > 0 && rest_is_numbers).then(|| name[..end].to_string())
    };
    let mut stems: Vec<String> = table.columns.iter().filter_map(|it| stem(&it.name)).collect();
    stems.dedup();
    stems.sort();
    stems.dedup();
    for stem in stems {
        let pattern = format!("{stem}*");
        let fits = |at: &usize| matches(&pattern, &table.columns[*at].name);
        let columns: Vec<usize> = (0..table.columns.len()).filter(fits).collect();
        let whole = columns.iter().all(|&at| {
            let column = &table.columns[at];
            at != target && column.numbers.is_some() && column.missing() == 0 && column.shape.is_none()
        });
        if columns.len() < FEW || !whole {
            continue;
        }
        let pixels = columns.iter().all(|&at| {
            let (low, high) = table.columns[at].range();
            table.columns[at].is_whole() && low >= 0.0 && high <= 255.0
        });
        let reason = format!("{} columns of numbers", columns.len());
        found.push(Part { columns, role: Role::Many { pattern, pixels }, reason });
    }
    found
}

/// Whether a column says which rows are for what.
fn is_split(column: &Column) -> bool {
    const PARTS: [&str; 6] = ["train", "training", "val", "valid", "validation", "test"];
    let words = || column.counts.keys().map(|it| it.to_lowercase());
    column.missing() == 0
        && column.counts.len() > 1
        && words().all(|it| PARTS.contains(&it.as_str()))
        && words().any(|it| it.starts_with("train"))
}

fn split(
    table: &Table,
    target: usize,
    goal: &Goal,
    given: Option<usize>,
    time: Option<usize>,
) -> (Option<Split>, String) {
    if let Some(at) = given {
        return (Some(Split::Given(at)), "a column says it".into());
    }
    if table.rows < 20 {
        return (None, format!("only {} rows, so all are for training", table.rows));
    }
    if time.is_some() {
        return (Some(Split::ByTime), "by date: what comes is told from what was".into());
    }
    let few = table.columns[target].counts.values().min().is_some_and(|it| *it < 10);
    match goal {
        Goal::Number | Goal::Amount | Goal::SetOf(_) => (Some(Split::Random), "by chance".into()),
        _ if few => (Some(Split::Random), "by chance: a class has fewer than ten rows".into()),
        _ => (Some(Split::Stratified), "each class in each part in the same proportion".into()),
    }
}
