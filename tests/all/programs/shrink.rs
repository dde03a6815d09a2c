//! Smaller programs with the same failure.
//!
//! A text is made smaller in every way that its tree knows: an item, a statement, a setting, an argument is left away, a
//! formula gives way to a part of it, to a name or to a number, a number to a smaller one, everywhere or in one place. The
//! judge decides whether what remains fails as the whole did; what the checker refuses has another failure, so the shrinker
//! has to know nothing of types.

use std::ops::Range;

use dlmc::source::FileId;
use dlmc::syntax::tree::*;
use dlmc::syntax::walk;

/// The smallest text found of which `fails` holds, asking at most `most` times.
pub fn shrink(text: &str, most: usize, fails: impl Fn(&str) -> bool) -> String {
    let mut text = text.to_owned();
    // What takes most away comes first; after a success it goes on where it was, not from the start.
    let (mut at, mut asked, mut since) = (0, 0, 0);
    let mut smaller = candidates(&text);
    while since < smaller.len() && asked < most {
        at %= smaller.len();
        asked += 1;
        since += 1;
        match fails(&smaller[at]) {
            true => {
                text = smaller.swap_remove(at);
                smaller = candidates(&text);
                since = 0;
            }
            false => at += 1,
        }
    }
    match dlmc::syntax::format(FileId(0), &text) {
        Ok(formatted) if fails(&formatted) => formatted,
        _ => text,
    }
}

/// Every text that is one cut or one exchange away.
fn candidates(text: &str) -> Vec<String> {
    let (tree, _) = dlmc::syntax::parse(FileId(0), text);
    let mut cuts = Cuts { text, all: vec![], names: vec![], constants: constants(text) };
    tree.items.iter().for_each(|it| cuts.item(it));
    cuts.together(&tree);
    let mut texts = cuts.all;
    texts.extend(numbers(text));
    texts.push(without_doubled(text));
    texts.retain(|it| measure(it) < measure(text));
    texts.sort_by_key(String::len);
    texts.dedup();
    texts
}

/// The text with one pair of parentheses wherever several hold the same.
fn without_doubled(text: &str) -> String {
    let mut open = vec![];
    let mut pairs: Vec<(usize, usize)> = vec![];
    for (at, sign) in text.bytes().enumerate() {
        match sign {
            b'(' => open.push(at),
            b')' => pairs.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    let inner = |&(start, end): &(usize, usize)| pairs.contains(&(start.wrapping_sub(1), end + 1));
    let gone: Vec<usize> = pairs.iter().filter(|it| inner(it)).flat_map(|&(start, end)| [start, end]).collect();
    text.char_indices().filter(|(at, _)| !gone.contains(at)).map(|(_, sign)| sign).collect()
}

/// What has to become smaller: the words and signs, of which a loss that wants types of its own counts for some, then the sum
/// of the numbers, then the letters; of equals, what comes first in a dictionary.
fn measure(text: &str) -> (usize, usize, usize, &str) {
    let words = text.split(|it: char| !it.is_alphanumeric() && it != '.').filter(|it| !it.is_empty());
    let numbers: usize =
        words.clone().filter_map(|it| it.parse::<f64>().ok()).map(|it| (it.abs() * 8.0) as usize).sum();
    let signs = text.chars().filter(|it| it.is_ascii_punctuation()).count();
    let loss = if text.contains(PLAIN) { 0 } else { 10 };
    (words.count() + signs + loss, numbers, text.len(), text)
}

/// The loss that takes any numbers.
const PLAIN: &str = "mse";

struct Cuts<'a> {
    text: &'a str,
    all: Vec<String>,
    /// Names that might stand for a formula of the body.
    names: Vec<String>,
    /// Formulas that give one number everywhere, for every shape that the program names.
    constants: Vec<String>,
}

impl Cuts<'_> {
    fn exchange(&mut self, range: Range<usize>, with: &str) {
        self.all.push(format!("{}{with}{}", &self.text[..range.start], &self.text[range.end..]));
    }

    /// Leaves a piece away, with its line where nothing else stands in it.
    fn cut(&mut self, range: Range<usize>) {
        let before = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let after = self.text[range.end..].find('\n').map_or(self.text.len(), |at| range.end + at + 1);
        let alone = self.text[before..range.start].trim().is_empty() && self.text[range.end..after].trim().is_empty();
        self.exchange(if alone { before..after } else { range }, "");
    }

    /// Leaves one of several pieces away, with the comma beside it.
    fn cut_one_of(&mut self, ranges: &[Range<usize>]) {
        for at in 0..ranges.len() {
            match (at, ranges.len()) {
                (_, 1) => self.cut(ranges[0].clone()),
                (0, _) => self.cut(ranges[0].start..ranges[1].start),
                _ => self.cut(ranges[at - 1].end..ranges[at].end),
            }
        }
    }

    /// Makes several exchanges at once.
    fn exchange_all(&mut self, mut exchanges: Vec<(Range<usize>, String)>) {
        exchanges.sort_by_key(|it| std::cmp::Reverse(it.0.start));
        let mut text = self.text.to_owned();
        for (range, with) in exchanges {
            text.replace_range(range, &with);
        }
        self.all.push(text);
    }

    /// What can only go away in several places at once: an input, a target, a loss with the types that it takes.
    fn together(&mut self, tree: &File) {
        let mut fields = vec![];
        let (mut model, mut loss) = (None, None);
        for item in &tree.items {
            match item {
                Item::Data(data) => fields.extend(data.entries.iter().filter_map(|it| match it {
                    DataEntry::Field(field) => Some(field),
                    _ => None,
                })),
                Item::Callable(callable) if callable.kind == Kind::Model => model = Some(callable),
                Item::Train(train) => loss = loss.or(train.entries.iter().find_map(loss_of)),
                _ => {}
            }
        }
        let (Some(model), Some(loss)) = (model, loss) else { return };
        for field in &fields {
            let cut = (field.span.range(), String::new());
            match field.role {
                Role::Input => {
                    let kept = model.inputs.iter().filter(|it| it.name.text != field.name.text);
                    let kept: Vec<&str> = kept.map(|it| &self.text[input(it)]).collect();
                    if let ([first, ..], [_, ..]) = (&model.inputs[..], &kept[..]) {
                        let all = input(first).start..input(model.inputs.last().expect("a first one")).end;
                        self.exchange_all(vec![cut, (all, kept.join(", "))]);
                    }
                }
                Role::Target => {
                    let gone = self.without_target(model, loss, &field.name.text);
                    self.exchange_all(std::iter::once(cut).chain(gone).collect());
                    let plain = self.with_plain_loss(model, loss, field);
                    self.exchange_all(plain);
                }
                _ => {}
            }
        }
    }

    /// The exchanges by which a model of two named results has one.
    fn without_target(&self, model: &Callable, loss: &Expr, target: &str) -> Vec<(Range<usize>, String)> {
        let mut exchanges = vec![];
        if let Some(Type { kind: TypeKind::Tuple(parts), span, .. }) = &model.result {
            let kept = parts.iter().find(|(name, _)| name.as_ref().is_some_and(|it| *it.text != *target));
            exchanges.extend(kept.map(|(_, ty)| (span.range(), self.text[ty.span.range()].to_string())));
        }
        if let Some(Expr { kind: ExprKind::Tuple(args), span, .. }) = result_of(model) {
            let kept = args.iter().find(|it| it.name.as_ref().is_some_and(|name| *name.text != *target));
            exchanges.extend(kept.map(|it| (span.range(), self.text[it.value.span.range()].to_string())));
        }
        let mut terms = vec![];
        losses(loss, &mut terms);
        let kept = terms.iter().find(|(_, on)| *on != target);
        exchanges.extend(kept.map(|(term, _)| (loss.span.range(), self.text[term.span.range()].to_string())));
        exchanges
    }

    /// The exchanges by which a model is trained on the squares of differences.
    fn with_plain_loss(&self, model: &Callable, loss: &Expr, target: &FieldDecl) -> Vec<(Range<usize>, String)> {
        let mut exchanges = vec![(loss.span.range(), PLAIN.to_string())];
        let Some(result) = &model.result else { return exchanges };
        let dims = self.text[result.span.range()].split_once('[').map_or(String::new(), |it| format!("[{}", it.1));
        exchanges.push((result.span.range(), format!("f32{dims}")));
        exchanges.push((target.ty.span.range(), format!("f32{dims}")));
        if let Some(Expr { kind: ExprKind::Call { args, .. }, span, .. }) = result_of(model)
            && let [arg] = &args[..]
        {
            exchanges.push((span.range(), self.text[arg.value.span.range()].to_string()));
        }
        exchanges
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Edition { .. }
            | Item::Use(_)
            | Item::Names(_)
            | Item::Tune(_)
            | Item::Export(_)
            | Item::Broken(_) => {}
            Item::Let(it) => {
                self.cut(it.span.range());
                self.expr(&it.value);
            }
            Item::Callable(it) => {
                self.cut(it.span.range());
                self.callable(it);
            }
            Item::Data(data) => {
                for entry in &data.entries {
                    if let DataEntry::Field(field) = entry {
                        self.cut(field.span.range());
                    }
                }
            }
            Item::Train(train) => {
                for entry in &train.entries {
                    match entry {
                        TrainEntry::Setting(setting) => {
                            self.cut(setting.span.range());
                            self.expr(&setting.value);
                        }
                        TrainEntry::Regularize { span, .. }
                        | TrainEntry::Augment { span, .. }
                        | TrainEntry::Scale { span, .. }
                        | TrainEntry::Freeze { span, .. } => self.cut(span.range()),
                        _ => {}
                    }
                }
            }
        }
    }

    fn callable(&mut self, callable: &Callable) {
        let inputs: Vec<Range<usize>> = callable.inputs.iter().map(input).collect();
        if inputs.len() > 1 {
            self.cut_one_of(&inputs);
        }
        if callable.across_batch {
            let head = callable.head.range();
            if let Some(at) = self.text[head.start..].find(" across batch") {
                self.exchange(head.start + at..head.start + at + " across batch".len(), "");
            }
        }
        if let Some(Type { kind: TypeKind::Tuple(parts), .. }) = &callable.result {
            let ranges: Vec<Range<usize>> = parts
                .iter()
                .map(|(name, ty)| name.as_ref().map_or(ty.span, |it| it.span).range().start..ty.span.range().end)
                .collect();
            self.cut_one_of(&ranges);
        }
        self.names = callable.inputs.iter().map(|it| it.name.text.to_string()).collect();
        match &callable.body {
            Body::Formula(expr) => self.expr(expr),
            Body::Block(statements) => {
                // Many at once, where nothing that stays needs them.
                let spans: Vec<Range<usize>> = statements.iter().map(span_of).collect();
                for size in [spans.len() / 2, spans.len() / 4, 2].into_iter().filter(|&size| size > 1) {
                    for some in spans.windows(size) {
                        self.cut(some[0].start..some[size - 1].end);
                    }
                }
                statements.iter().for_each(|it| self.statement(it));
            }
        }
        self.names.clear();
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Param(place) | Stmt::State(place) => {
                self.cut(place.span.range());
                // The word before the name belongs to it.
                let start = self.text[..place.name.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
                self.cut(start..place.span.range().end);
                self.names.push(place.name.text.to_string());
                place.init.iter().for_each(|it| self.exchange(it.span.range(), "0.5"));
            }
            Stmt::Bind { pattern, value, span } => {
                self.cut(span.range());
                self.expr(value);
                for constant in self.constants.clone() {
                    self.exchange(value.span.range(), &constant);
                }
                let targets = match pattern {
                    Pattern::One(one) => std::slice::from_ref(one),
                    Pattern::Tuple(all) => all,
                };
                // What is bound gives way to what it is bound to.
                if let [one] = targets
                    && !one.next
                {
                    let rest = &self.text[span.range().end..];
                    let value = format!("({})", &self.text[value.span.range()]);
                    let inlined = exchanged(rest, &one.name.text, &value);
                    self.all.push(format!("{}{inlined}", &self.text[..span.range().start]));
                }
                self.names.extend(targets.iter().map(|it| it.name.text.to_string()));
            }
            Stmt::Require { span, .. } | Stmt::Fit { span, .. } => self.cut(span.range()),
            Stmt::Expr(expr) => {
                self.expr(expr);
                self.hoist(expr);
            }
            Stmt::Broken(_) => {}
        }
    }

    /// A part that is deep within the last formula alone, whatever its shape: the sum of it, times something of the shape of
    /// the whole.
    fn hoist(&mut self, expr: &Expr) {
        let mut open = parts(expr);
        while let Some(part) = open.pop() {
            open.extend(parts(part));
            if parts(part).is_empty() {
                continue;
            }
            for name in self.names.clone() {
                let part = &self.text[part.span.range()];
                self.exchange(expr.span.range(), &format!("{name} * sum({part})"));
            }
        }
    }

    /// The formula and its parts, each in the place of the whole.
    fn expr(&mut self, expr: &Expr) {
        let range = expr.span.range();
        let whole = self.text[range.clone()].to_string();
        // Parentheses that nothing needs.
        let (before, after) = (&self.text[..range.start], &self.text[range.end..]);
        let is_call = before.trim_end_matches('(').ends_with(|it: char| it.is_alphanumeric() || it == '_');
        if before.ends_with("((") && after.starts_with(')')
            || before.ends_with('(') && after.starts_with(')') && !is_call
        {
            self.exchange(range.start - 1..range.end + 1, &whole);
        }
        for name in self.names.clone() {
            self.exchange(range.clone(), &name);
        }
        if !matches!(expr.kind, ExprKind::Name(_) | ExprKind::Number(_) | ExprKind::Bool(_)) {
            for with in ["1", "0.5"] {
                self.exchange(range.clone(), with);
            }
        }
        for part in parts(expr) {
            let text = &self.text[part.span.range()];
            if text != whole {
                let with = if matches!(part.kind, ExprKind::Name(_) | ExprKind::Number(_)) {
                    text.into()
                } else {
                    format!("({text})")
                };
                self.exchange(range.clone(), &with);
            }
        }
        if let ExprKind::Call { args, .. } = &expr.kind {
            let span = |it: &Arg| {
                it.name.as_ref().map_or(it.value.span, |name| name.span).range().start..it.value.span.range().end
            };
            self.cut_one_of(&args.iter().map(span).collect::<Vec<_>>());
            if let [.., last] = &args[..] {
                // Without its parentheses it is a name.
                let callee = parts(expr)[0].span.range();
                self.exchange(callee.end..last.value.span.range().end + 1, "");
            }
        }
        if let ExprKind::Tuple(args) = &expr.kind {
            let span = |it: &Arg| {
                it.name.as_ref().map_or(it.value.span, |name| name.span).range().start..it.value.span.range().end
            };
            self.cut_one_of(&args.iter().map(span).collect::<Vec<_>>());
        }
        if let ExprKind::List(items) = &expr.kind {
            self.cut_one_of(&items.iter().map(|it| it.span.range()).collect::<Vec<_>>());
        }
        if let ExprKind::For { binders, .. } = &expr.kind {
            let span = |it: &Binder| match it {
                Binder::Over { name, range } => name.span.range().start..range.span.range().end,
                Binder::Carry { name, init } => name.span.range().start..init.span.range().end,
            };
            self.cut_one_of(&binders.iter().map(span).collect::<Vec<_>>());
        }
        for part in parts(expr) {
            self.expr(part);
        }
    }
}

fn input(it: &Input) -> Range<usize> {
    it.name.span.start as usize..it.ty.as_ref().map_or(it.name.span.end, |ty| ty.span.end) as usize
}

fn loss_of(entry: &TrainEntry) -> Option<&Expr> {
    match entry {
        TrainEntry::Setting(setting) if &*setting.key.text == "loss" => Some(&setting.value),
        _ => None,
    }
}

/// The terms of a loss that say what they apply to, without their factors, and the names of the targets.
fn losses<'t>(loss: &'t Expr, terms: &mut Vec<(&'t Expr, &'t str)>) {
    if let ExprKind::Binary { op, left, right, .. } = &loss.kind {
        match (op, &right.kind) {
            (Binary::On, ExprKind::Name(target)) => terms.push((left, target)),
            _ => [left, right].into_iter().for_each(|it| losses(it, terms)),
        }
    }
}

/// What a callable gives.
fn result_of(callable: &Callable) -> Option<&Expr> {
    match &callable.body {
        Body::Formula(expr) => Some(expr),
        Body::Block(statements) => match statements.last() {
            Some(Stmt::Expr(expr)) => Some(expr),
            _ => None,
        },
    }
}

fn span_of(statement: &Stmt) -> Range<usize> {
    match statement {
        Stmt::Param(place) | Stmt::State(place) => place.span.range(),
        Stmt::Bind { span, .. } | Stmt::Require { span, .. } | Stmt::Fit { span, .. } | Stmt::Broken(span) => {
            span.range()
        }
        Stmt::Expr(expr) => expr.span.range(),
    }
}

/// For every shape in brackets behind a type, a formula that gives the same number everywhere.
fn constants(text: &str) -> Vec<String> {
    let shapes = text.split("f32[").skip(1).filter_map(|it| Some(it.split_once(']')?.0));
    let shapes: std::collections::BTreeSet<&str> =
        shapes.filter(|it| it.split(", ").all(|extent| extent.parse::<usize>().is_ok())).collect();
    let constant = |shape: &str| {
        let binders: Vec<String> =
            (0..).zip(shape.split(", ")).map(|(at, extent)| format!("q{at} in {extent}")).collect();
        format!("(for {} => 0.5)", binders.join(", "))
    };
    shapes.into_iter().map(constant).collect()
}

/// The formulas that a formula is made of.
fn parts(expr: &Expr) -> Vec<&Expr> {
    let mut parts = vec![];
    walk::children(expr, &mut |it| parts.push(it));
    parts
}

/// A word in every place, or in none where it is part of another.
fn exchanged(text: &str, word: &str, with: &str) -> String {
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == '.');
    let (mut made, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(word) {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        if at >= from && !is_part(before) && !is_part(after) {
            made += &text[from..at];
            made += with;
            from = at + word.len();
        }
    }
    made + &text[from..]
}

/// Smaller numbers, each in all its places and in each one.
fn numbers(text: &str) -> Vec<String> {
    let mut found: Vec<(Range<usize>, usize)> = vec![];
    let mut from = 0;
    for word in text.split(|it: char| !it.is_alphanumeric() && it != '_' && it != '.') {
        if let Ok(value) = word.parse::<usize>() {
            found.push((from..from + word.len(), value));
        }
        from += word.len() + text[from + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    let mut texts = vec![];
    let values: std::collections::BTreeSet<usize> = found.iter().map(|it| it.1).filter(|&it| it > 1).collect();
    for value in values {
        let mut smaller = vec![1, 2, value / 2, value - 1];
        smaller.retain(|&it| it > 0 && it < value);
        smaller.dedup();
        for with in smaller {
            texts.push(exchanged(text, &value.to_string(), &with.to_string()));
            for (range, _) in found.iter().filter(|it| it.1 == value) {
                texts.push(format!("{}{with}{}", &text[..range.start], &text[range.end..]));
            }
        }
    }
    texts
}
