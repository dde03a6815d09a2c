//! From the place of a failure to the mistake that a person most likely made.

use super::super::grammar::Rule;
use super::super::lex::TokenKind;
use super::super::patch::Patch;
use super::super::tree::{Kind, Role};
use super::failure::{Failure, Wanted};
use crate::problem::syntax::*;
use crate::problem::{Edit, Problem};
use crate::source::{Near, Span, nearest};

/// A problem, and the change that would let the piece parse, if one is certain.
pub struct Verdict {
    pub problem: Problem,
    pub repair: Option<Patch>,
}

impl Verdict {
    fn plain(problem: impl Into<Problem>) -> Verdict {
        Verdict { problem: problem.into(), repair: None }
    }

    /// The edit of the problem is certain enough to go on with.
    fn mended(problem: impl Into<Problem>) -> Verdict {
        let problem = problem.into();
        let edit = problem.edits.first();
        let repair =
            edit.map(|it| Patch { start: it.span.range().start, end: it.span.range().end, text: it.text.clone() });
        Verdict { problem, repair }
    }
}

/// Words with which declarations begin, beside the kinds of callable.
const DECLARATIONS: [&str; 8] = ["dlm", "use", "let", "names", "data", "train", "tune", "export"];
const TRAIN_WORDS: [&str; 7] = ["augment", "regularize", "transfer", "privacy", "freeze", "lr", "decay"];
const TRANSFER_WORDS: [&str; 8] = ["names", "rename", "skip", "init", "adapt", "freeze", "lr", "decay"];
const NAMES_WORDS: [&str; 2] = ["rename", "skip"];
const BODY_WORDS: [&str; 4] = ["param", "state", "fit", "require"];

/// Words of other languages, and ours.
const FOREIGN: [(&str, &str); 9] = [
    ("def", "fn"),
    ("func", "fn"),
    ("function", "fn"),
    ("import", "use"),
    ("include", "use"),
    ("const", "let"),
    ("var", "let"),
    ("dataset", "data"),
    ("activation", "fn"),
];

/// Marks of other languages, and what to write.
const FOREIGN_MARKS: [(&str, &str); 16] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("&", "write `and`"),
    ("|", "write `or`, or `|>` for the next stage"),
    ("!", "write `not`, or `!=` to compare"),
    ("%", "a remainder is `mod(a, b)`"),
    ("**", "write `^` for a power"),
    ("//", "write `floor(a / b)` for a whole quotient, and `#` for a comment"),
    ("\\", "a line goes on by itself if it ends in an operator"),
    ("“", "write plain quotes: `\"`"),
    ("”", "write plain quotes: `\"`"),
    ("‘", "write plain quotes: `\"`"),
    ("−", "write a plain minus: `-`"),
    ("×", "write `*` for a product"),
    ("·", "write `*` for a product, `@` for a matrix product"),
    ("$", "write the name alone"),
];

/// Of these, the ones that mean the same.
const TRANSLATIONS: [(&str, &str); 5] = [("&&", "and"), ("||", "or"), ("**", "^"), ("\u{2212}", "-"), ("\u{d7}", "*")];

pub fn judge(failure: &Failure) -> Verdict {
    let first = [
        row,
        edition,
        named_by_equals,
        foreign_mark,
        beginning,
        first_word,
        too_far_out,
        colon,
        comma,
        wrong_word,
        run_on,
    ];
    let judged = first.iter().find_map(|it| it(failure));
    judged.unwrap_or_else(|| match failure.wanted() {
        Wanted::Type if failure.word(-1) == "on" => name(failure),
        Wanted::Formula => formula(failure),
        Wanted::Type => missing(failure, "type"),
        Wanted::Text => missing(failure, "text in quotes"),
        Wanted::Name => name(failure),
        Wanted::Operator => operator(failure),
        Wanted::Mark => mark(failure),
    })
}

/// A line that begins with `|` and has another one.
fn row(failure: &Failure) -> Option<Verdict> {
    let is_row = failure.is_at_start() && failure.word(0) == "|" && failure.later("|");
    is_row.then(|| Verdict::plain(RowsWithoutTable { at: failure.span(0) }))
}

/// A mark that other languages have.
fn foreign_mark(failure: &Failure) -> Option<Verdict> {
    let known = |text: &str| FOREIGN_MARKS.iter().find(|it| it.0 == text).map(|it| it.1.to_string());
    for (first, second) in [(-1, 0), (0, 1)] {
        let adjacent = failure.span(first).end == failure.span(second).start;
        let doubled = format!("{}{}", failure.word(first), failure.word(second));
        if adjacent && matches!(&*doubled, "**" | "//" | "&&" | "||") {
            let help = known(&doubled);
            let at = failure.span(first).to(failure.span(second));
            return Some(translated(unexpected(doubled.clone(), "", help, at), &doubled, at));
        }
    }
    let found = failure.word(0);
    let help = known(found).or_else(|| {
        let plain = failure.kind(0) == Some(TokenKind::Stray);
        plain.then(|| format!("`{found}` has a meaning only in strings and comments"))
    })?;
    let percent = found == "%" && failure.kind(-1) == Some(TokenKind::Number);
    let at = failure.span(0);
    (!percent).then(|| translated(unexpected(found.into(), "", Some(help), at), found, at))
}

/// With the edit to our mark, where it means the same.
fn translated(verdict: Verdict, mark: &str, at: Span) -> Verdict {
    let mut verdict = verdict;
    let ours = TRANSLATIONS.iter().find(|it| it.0 == mark).map(|it| it.1.to_string());
    verdict.problem.edits.extend(ours.map(|text| Edit { span: at, text, was: Some(mark.into()) }));
    verdict
}

/// A line that begins with a mark with which no line can begin.
fn beginning(failure: &Failure) -> Option<Verdict> {
    if !failure.is_at_start() || failure.kind(0) != Some(TokenKind::Mark) || failure.rule == Rule::only_expr {
        return None;
    }
    let found = failure.word(0);
    let help = match found {
        ">" => "the next stage begins with `|>`".to_string(),
        _ => format!("a formula that goes on on the next line ends in `{found}`"),
    };
    Some(unexpected(found.into(), "at the beginning of a line", Some(help), failure.span(0)))
}

/// The word with which a declaration or a statement begins is misspelt, or there is no such word.
fn first_word(failure: &Failure) -> Option<Verdict> {
    let head = failure.head();
    let item = failure.rule == Rule::only_item;
    // The grammar takes an unknown first word for the key of a setting or for an operand.
    if failure.count_before() != usize::from(!item) || head.is_empty() {
        return None;
    }
    let distance = if item { 0 } else { -1 };
    if failure.kind(distance) != Some(TokenKind::Word) {
        return item.then(|| outside(failure));
    }
    let words: Vec<&str> = match failure.rule {
        Rule::only_item => DECLARATIONS.into_iter().chain(Kind::ALL.map(Kind::word)).collect(),
        Rule::only_data => Role::ALL.map(Role::word).into_iter().chain(["ignore"]).collect(),
        Rule::only_train => TRAIN_WORDS.to_vec(),
        Rule::only_transfer => TRANSFER_WORDS.to_vec(),
        Rule::only_names => NAMES_WORDS.to_vec(),
        Rule::only_stmt => BODY_WORDS.to_vec(),
        _ => return None,
    };
    let follows = matches!(failure.kind(distance + 1), Some(TokenKind::Word | TokenKind::Text | TokenKind::Number));
    let follows = follows || failure.word(distance + 1) == "{";
    let foreign = FOREIGN.iter().find(|it| item && it.0 == head).map(|it| Near::certain(it.1));
    let near = foreign.or_else(|| nearest(head, words.iter().copied()).filter(|it| follows && it.name != head));
    let at = failure.span(distance);
    match near {
        Some(near) => Some(Verdict::mended(UnknownWord { word: head.into(), near: Some(near), known: vec![], at })),
        None if item && matches!(failure.word(1), ":" | "=") => Some(outside(failure)),
        None if item && !words.contains(&head) => {
            let known = words.iter().map(|it| it.to_string()).collect();
            Some(Verdict::plain(UnknownWord { word: head.into(), near: None, known, at }))
        }
        None if head == "return" => {
            let help = "the last formula of a body is its value".to_string();
            Some(unexpected(head.into(), "", Some(help), at))
        }
        None => None,
    }
}

/// Something that stands in no block.
fn outside(failure: &Failure) -> Verdict {
    let help = match failure.word(1) {
        "=" => format!("a constant is `let {} = …`", failure.word(0)),
        _ => "it belongs inside of `{ }`, after a word like `data`, `model` or `train`".to_string(),
    };
    unexpected(failure.word(0).into(), "outside of every block", Some(help), failure.span(0))
}

/// A line that belongs into a block within this one, or into another one.
fn too_far_out(failure: &Failure) -> Option<Verdict> {
    let (before, found) = (failure.word(-1), failure.word(0));
    if failure.count_before() != 1 {
        return None;
    }
    let (why, help) = match failure.rule {
        Rule::only_train if found == "(" && failure.later("on") => (
            "outside of a block",
            format!("what is added to the loss has one of its own: `regularize {{ {before}(…) on … }}`"),
        ),
        Rule::only_data if before == "augment" => {
            ("in `data`", "training varies what it sees: `augment` stands in `train`".to_string())
        }
        _ => return None,
    };
    Some(unexpected(before.into(), why, Some(help), failure.span(-1)))
}

/// `:` and `=` forgotten or confused.
fn colon(failure: &Failure) -> Option<Verdict> {
    let (before, found) = (failure.word(-1), failure.word(0));
    let after_word = failure.kind(-1) == Some(TokenKind::Word);
    if failure.expects(":") && after_word && !failure.in_brackets() && failure.wanted() == Wanted::Mark {
        if found == "=" {
            return Some(Verdict::mended(EqualsForColon { name: before.into(), at: failure.span(0) }));
        }
        let literal = matches!(failure.kind(0), Some(TokenKind::Number | TokenKind::Text));
        if failure.expects("=") && !failure.breaks_line() && (literal || !failure.later("=")) {
            return Some(part(failure, "="));
        }
        let gap = failure.gap();
        let at = if failure.breaks_line() { gap } else { failure.span(0) };
        let missing = MissingColon { name: before.into(), at, gap };
        let sure = !failure.breaks_line() && (failure.starts_operand(0) || found == "-");
        return Some(if sure { Verdict::mended(missing) } else { Verdict::plain(missing) });
    }
    if failure.rule == Rule::only_stmt && found == ":" && failure.count_before() == 1 && after_word {
        let at = failure.span(0);
        let confused = ColonForEquals { name: before.into(), at };
        return Some(if failure.later("=") { Verdict::plain(confused) } else { Verdict::mended(confused) });
    }
    None
}

/// A word that is nearly one of the words that could stand here.
fn wrong_word(failure: &Failure) -> Option<Verdict> {
    let found = failure.word(0);
    // What stands before an operand may be an operator; what does not is an operand itself.
    let between = failure.ends_operand(-1) && (failure.starts_operand(1) || failure.word(1) == "*");
    if failure.kind(0) != Some(TokenKind::Word) || failure.is_at_start() || !between {
        return None;
    }
    let near = nearest(found, failure.expected_words())?;
    let at = failure.span(0);
    Some(Verdict::mended(UnknownWord { word: found.into(), near: Some(near), known: vec![], at }))
}

/// `as` or `on` with a letter more: the grammar had seen the word when it saw the letter.
fn run_on(failure: &Failure) -> Option<Verdict> {
    let found = failure.word(0);
    let near = ["as", "on"].into_iter().find(|it| found.len() == it.len() + 1 && found.starts_with(it))?;
    let between = failure.ends_operand(-1) && failure.kind(1) == Some(TokenKind::Word);
    if failure.is_at_start() || !between {
        return None;
    }
    let at = failure.span(0);
    Some(Verdict::mended(UnknownWord { word: found.into(), near: Some(Near::certain(near)), known: vec![], at }))
}

/// A comma behind a setting, as other languages have it between entries.
fn comma(failure: &Failure) -> Option<Verdict> {
    let another_follows = failure.kind(1) == Some(TokenKind::Word) && failure.word(2) == ":";
    let is_last = matches!(failure.word(1), "" | "}") && second(failure) == ":";
    if failure.word(0) != "," || failure.in_brackets() || !(another_follows || is_last) {
        return None;
    }
    let at = failure.span(0);
    let help = "settings stand on lines of their own, or have `;` between them".to_string();
    let mut verdict = unexpected(",".into(), "behind a setting", Some(help), at);
    verdict.problem.edits.push(Edit {
        span: at,
        text: if another_follows { ";" } else { "" }.into(),
        was: Some(",".into()),
    });
    Some(Verdict::mended(verdict.problem))
}

/// A formula should begin here.
fn formula(failure: &Failure) -> Verdict {
    if failure.word(0) == "." && failure.kind(1) == Some(TokenKind::Number) {
        let at = failure.span(0).to(failure.span(1));
        let number = format!(".{}", failure.word(1));
        let help = Some(format!("write `0{number}`"));
        let mut verdict = unexpected(number.clone(), "", help, at);
        verdict.problem.edits.push(Edit { span: at, text: format!("0{number}"), was: Some(number) });
        return verdict;
    }
    missing(failure, "formula")
}

/// Nothing stands at the place of the failure: the line or the brackets end, or another part begins.
fn is_over(failure: &Failure) -> bool {
    failure.breaks_line() || failure.kind(0) == Some(TokenKind::Close) || matches!(failure.word(0), "," | ":" | "=")
}

/// The place of the failure: a gap, or the token that should not be there.
fn place(failure: &Failure) -> Span {
    if is_over(failure) { failure.gap() } else { failure.span(0) }
}

/// What stands at the place of the failure; nothing if it is a gap.
fn found(failure: &Failure) -> String {
    if is_over(failure) { String::new() } else { failure.word(0).into() }
}

/// Something is missing behind the token before.
fn missing(failure: &Failure, what: &'static str) -> Verdict {
    let mut before = failure.word(-1).to_string();
    if before == ":" {
        before.insert_str(0, failure.word(-2));
    }
    Verdict::plain(ValueMissing { what, before, found: found(failure), at: place(failure) })
}

fn name(failure: &Failure) -> Verdict {
    let reserved = failure.kind(0) == Some(TokenKind::Word);
    Verdict::plain(NameExpected {
        before: failure.word(-1).into(),
        found: found(failure),
        reserved,
        at: place(failure),
    })
}

/// A formula was read, and what follows does not belong to it.
fn operator(failure: &Failure) -> Verdict {
    let (before, found) = (failure.word(-1), failure.word(0));
    if let Some(verdict) = in_brackets(failure) {
        return verdict;
    }
    let marks = failure.marks().into_iter().filter(|it| !matches!(*it, "," | ")" | "]" | ":" | ";" | "}"));
    if matches!(failure.head(), "lr" | "decay" | "adapt") && failure.expects("on") && !failure.in_brackets() {
        return part(failure, "on");
    }
    if let [one] = marks.collect::<Vec<_>>()[..] {
        return part(failure, one);
    }
    if failure.ends_operand(-1) && failure.starts_operand(0) && !failure.breaks_line() {
        let help = Some(format!("an operator is missing between `{before}` and `{found}`, or a new line"));
        return unexpected(found.into(), "without an operator before it", help, failure.span(0));
    }
    let help = match found {
        "=" if failure.rule == Rule::only_stmt => Some("to compare, write `==`".to_string()),
        ":" if failure.in_brackets() => Some("only a plain name can stand before `:`".to_string()),
        _ => None,
    };
    unexpected(found.into(), "", help, failure.span(0))
}

/// `name = value` in brackets, as other languages write it.
fn named_by_equals(failure: &Failure) -> Option<Verdict> {
    let named = failure.kind(-1) == Some(TokenKind::Word) && matches!(failure.word(-2), "(" | ",");
    let confused = failure.word(0) == "=" && failure.in_brackets() && named;
    confused.then(|| Verdict::mended(EqualsForColon { name: failure.word(-1).into(), at: failure.span(0) }))
}

/// The first line names the edition by a number.
fn edition(failure: &Failure) -> Option<Verdict> {
    if failure.rule != Rule::only_item || failure.head() != "dlm" || failure.count_before() != 1 {
        return None;
    }
    let found = failure.word(0);
    let (found, at) = match failure.breaks_line() || found.is_empty() {
        true => (String::new(), failure.span(-1)),
        false => (found.to_string(), failure.span(-1).to(failure.span(0))),
    };
    Some(Verdict::mended(UnknownEdition { found, at }))
}

/// Two things side by side in brackets: the `,` between them is missing, or the `:` behind a name, or an operator.
fn in_brackets(failure: &Failure) -> Option<Verdict> {
    let side_by_side = failure.ends_operand(-1) && failure.starts_operand(0);
    let bracketed = failure.in_brackets() || failure.head() == "use";
    if !side_by_side || !bracketed || !failure.expects(",") {
        return None;
    }
    let (at, gap) = (failure.span(0), failure.gap());
    let after_name = failure.kind(-1) == Some(TokenKind::Word) && matches!(failure.word(-2), "(" | ",");
    let plain = matches!(failure.kind(0), Some(TokenKind::Number | TokenKind::Text));
    if after_name && failure.word(1) != ":" && (plain || failure.wanted() == Wanted::Mark) {
        return Some(Verdict::mended(MissingColon { name: failure.word(-1).into(), at, gap }));
    }
    if failure.expects("=") && plain {
        return Some(part(failure, "="));
    }
    if failure.in_group() {
        let (before, found) = (failure.word(-1), failure.word(0));
        let help = Some(format!("an operator is missing between `{before}` and `{found}`"));
        return Some(unexpected(found.into(), "without an operator before it", help, at));
    }
    Some(Verdict::mended(MissingComma { right: failure.word(0).into(), at, gap }))
}

/// One word or mark is missing, or another stands in its place.
fn part(failure: &Failure, part: &str) -> Verdict {
    let at = place(failure);
    let word = part.starts_with(char::is_alphabetic);
    let replaced = !word && failure.kind(0) == Some(TokenKind::Mark) && part.contains(failure.word(0));
    if replaced {
        let (at, found) = (failure.span(0), failure.word(0).to_string());
        return Verdict::mended(PartMissing { part: part.into(), found, at, gap: None });
    }
    let sure = !is_over(failure) && (failure.starts_operand(0) || failure.word(0) == "*");
    let gap = sure.then(|| failure.gap());
    Verdict::mended(PartMissing { part: part.into(), found: String::new(), at, gap })
}

/// Only certain words and marks can stand here.
fn mark(failure: &Failure) -> Verdict {
    if let Some(verdict) = in_brackets(failure) {
        return verdict;
    }
    if failure.rule == Rule::only_item && failure.expects("{") && failure.expects("=") {
        if failure.starts_operand(0) && !is_over(failure) && failure.word(0) != "{" {
            return part(failure, "=");
        }
        let name = if failure.count_before() > 1 {
            format!("{} {}", failure.head(), second(failure))
        } else {
            failure.head().into()
        };
        return Verdict::plain(BodyMissing { what: name, at: place(failure) });
    }
    if failure.expects("{") && !is_over(failure) {
        let help = Some("a block begins with `{`".to_string());
        return unexpected(failure.word(0).into(), "", help, failure.span(0));
    }
    if failure.expects("{") {
        return Verdict::plain(BlockNotOpened { what: failure.head().into(), at: failure.gap() });
    }
    if failure.expects("|") {
        let help = Some("a line of a table is written `| a | b |`".to_string());
        return unexpected(failure.word(0).into(), "in a table", help, failure.span(0));
    }
    let marks = failure.marks();
    let words: Vec<&str> = marks.iter().copied().filter(|it| it.starts_with(char::is_alphabetic)).collect();
    match (&marks[..], &words[..]) {
        ([one], _) | (_, [one]) => part(failure, one),
        _ => unexpected(failure.word(0).into(), "", None, failure.span(0)),
    }
}

/// The second word of the piece: the name of what it declares.
fn second<'a>(failure: &Failure<'a>) -> &'a str {
    failure.word(1 - failure.count_before() as isize)
}

fn unexpected(found: String, why: &str, help: Option<String>, at: Span) -> Verdict {
    Verdict::plain(UnexpectedText { found, why: why.into(), help, at })
}
