//! A whole file as an outline: one line for each thing it declares.

use std::fmt::Display;

use super::super::tree::*;

/// An indented print of the tree, without places.
pub fn print_tree(file: &File) -> String {
    let mut outline = Outline { text: String::new(), depth: 0 };
    for item in &file.items {
        outline.item(item);
    }
    outline.text
}

struct Outline {
    text: String,
    depth: usize,
}

fn optional(lead: &str, part: &Option<impl Display>) -> String {
    part.as_ref().map(|it| format!("{lead}{it}")).unwrap_or_default()
}

fn joined(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

impl Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        super::write_text(f, &self.value)
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl Outline {
    fn line(&mut self, text: impl Display) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
        self.text.push_str(&text.to_string());
        self.text.push('\n');
    }

    fn inside(&mut self, body: impl FnOnce(&mut Outline)) {
        self.depth += 1;
        body(self);
        self.depth -= 1;
    }

    fn doc(&mut self, doc: &Option<std::sync::Arc<str>>) {
        for line in doc.iter().flat_map(|it| it.lines()) {
            self.line(format!("## {line}").trim_end());
        }
    }

    fn broken(&mut self) {
        self.line("broken");
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Edition { number, .. } => self.line(format!("edition {number}")),
            Item::Use(it) => {
                let from = match &it.from {
                    UseFrom::Path(path) => path.to_string(),
                    UseFrom::Library(name) => name.to_string(),
                };
                let names = if it.names.is_empty() { String::new() } else { format!(": {}", joined(&it.names)) };
                self.line(format!("use {from}{}{names}", optional(" as ", &it.alias)));
            }
            Item::Let(it) => {
                self.doc(&it.doc);
                self.value(&format!("let {}{} =", it.name, optional(": ", &it.ty)), &it.value);
            }
            Item::Callable(it) => self.callable(it),
            Item::Names(it) => {
                self.doc(&it.doc);
                self.line(format!("names {} of {}", it.name, joined(&it.of)));
                self.inside(|this| it.entries.iter().for_each(|it| this.transfer_entry(it)));
            }
            Item::Data(it) => {
                self.doc(&it.doc);
                self.line(format!("data {}", it.name));
                self.inside(|this| it.entries.iter().for_each(|it| this.data_entry(it)));
            }
            Item::Train(it) => {
                self.doc(&it.doc);
                self.line(format!("train{}", optional(" ", &it.name)));
                self.inside(|this| it.entries.iter().for_each(|it| this.train_entry(it)));
            }
            Item::Tune(it) => self.block("tune", it),
            Item::Export(it) => self.block("export", it),
            Item::Broken(_) => self.broken(),
        }
    }

    fn callable(&mut self, it: &Callable) {
        self.doc(&it.doc);
        let across = if it.across_batch { " across batch" } else { "" };
        self.line(format!("{} {}{}{across}", it.kind.word(), it.name, optional(" -> ", &it.result)));
        self.inside(|this| {
            for param in &it.config {
                this.line(format!(
                    "config {}{}{}",
                    param.name,
                    optional(": ", &param.ty),
                    optional(" = ", &param.default)
                ));
            }
            for input in &it.inputs {
                this.line(format!("on {}{}", input.name, optional(": ", &input.ty)));
            }
            match &it.body {
                Body::Formula(formula) => this.value("=", formula),
                Body::Block(statements) => statements.iter().for_each(|it| this.statement(it)),
            }
        });
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Bind { pattern, value, .. } => self.value(&format!("{pattern} ="), value),
            Stmt::Expr(value) => self.value("result", value),
            Stmt::Broken(_) => self.broken(),
            Stmt::Param(_) | Stmt::State(_) | Stmt::Fit { .. } | Stmt::Require { .. } => self.line(statement),
        }
    }

    /// `lead value`, with the stages of a pipe and the statements of a loop on lines of their own.
    fn value(&mut self, lead: &str, value: &Expr) {
        match &value.kind {
            ExprKind::Pipe { head, stages } => {
                self.line(format!("{lead} {head}"));
                self.inside(|this| stages.iter().for_each(|it| this.value("|>", it)));
            }
            ExprKind::Table(rows) => {
                self.line(format!("{lead} table"));
                self.inside(|this| rows.iter().for_each(|it| this.line(format!("| {} |", this.cells(it)))));
            }
            ExprKind::For { binders, body } => match &**body {
                ForBody::Block(statements) => {
                    self.line(format!("{lead} for {}", joined(binders)));
                    self.inside(|this| statements.iter().for_each(|it| this.statement(it)));
                }
                ForBody::Expr(_) => self.line(format!("{lead} {value}")),
            },
            _ => self.line(format!("{lead} {value}")),
        }
    }

    fn cells(&self, row: &Row) -> String {
        row.cells.iter().map(|it| &*it.value).collect::<Vec<_>>().join(" | ")
    }

    fn setting(&mut self, it: &Setting) {
        self.value(&format!("{}:", it.key), &it.value);
    }

    fn block(&mut self, word: &str, it: &Block) {
        self.doc(&it.doc);
        self.line(format!("{word}{}", optional(" ", &it.name)));
        self.inside(|this| {
            it.settings.iter().for_each(|it| this.setting(it));
            it.broken.iter().for_each(|_| this.broken());
        });
    }

    fn data_entry(&mut self, entry: &DataEntry) {
        match entry {
            DataEntry::Setting(it) => self.setting(it),
            DataEntry::Field(it) => {
                self.doc(&it.doc);
                let head = format!("{} {}: {}", it.role.word(), it.name, it.ty);
                match &it.value {
                    Some(value) => self.value(&format!("{head} ="), value),
                    None => self.line(head),
                }
            }
            DataEntry::Ignore { columns, .. } => self.line(format!("ignore {}", joined(columns))),
            DataEntry::Broken(_) => self.broken(),
        }
    }

    fn train_entry(&mut self, entry: &TrainEntry) {
        match entry {
            TrainEntry::Setting(it) => self.setting(it),
            TrainEntry::Regularize { terms, .. } => {
                self.line("regularize");
                self.inside(|this| {
                    for term in terms {
                        let on =
                            if term.what.is_empty() { String::new() } else { format!(" on {}", joined(&term.what)) };
                        this.line(format!("{}{on}", term.value));
                    }
                });
            }
            TrainEntry::Augment { fields, steps, .. } => {
                self.line(format!("augment {}", joined(fields)));
                self.inside(|this| steps.iter().for_each(|it| this.line(it)));
            }
            TrainEntry::Transfer(it) => {
                self.line(format!("transfer{} from {}", optional(" ", &it.part), it.from));
                self.inside(|this| it.entries.iter().for_each(|it| this.transfer_entry(it)));
            }
            TrainEntry::Freeze { what, until, .. } => {
                self.line(format!("freeze {}{}", joined(what), optional(" until ", until)));
            }
            TrainEntry::Scale { setting, factor, what, .. } => {
                self.line(format!("{setting} {factor} on {}", joined(what)));
            }
            TrainEntry::Privacy(it) => self.block("privacy", it),
            TrainEntry::Broken(_) => self.broken(),
        }
    }

    fn transfer_entry(&mut self, entry: &TransferEntry) {
        match entry {
            TransferEntry::Setting(it) => self.setting(it),
            TransferEntry::Names { name, .. } => self.line(format!("names {name}")),
            TransferEntry::Rename { from, to, layout, .. } => {
                self.line(format!("rename {from} -> {to}{}", optional(" as ", layout)));
            }
            TransferEntry::Skip { names, .. } => self.line(format!("skip {}", joined(names))),
            TransferEntry::Init { what, how, .. } => self.line(format!("init {} {how}", joined(what))),
            TransferEntry::Adapt { how, what, .. } => self.line(format!("adapt {how} on {}", joined(what))),
            TransferEntry::Train(it) => self.train_entry(it),
            TransferEntry::Broken(_) => self.broken(),
        }
    }
}
