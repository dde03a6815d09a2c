//! Databases of SQLite: rows as from a file, problems in the words of SQLite, and that nothing in them is changed.

use std::cell::Cell as Slot;
use std::path::{Path, PathBuf};

use arbtest::arbtest;
use dlmc::compile::{self, Checked};
use dlmc::data::files::Files;
use dlmc::data::{self, Dataset, Limits, Watch, Work};
use dlmc::ide::{self, Look};
use dlmc::model::program::Split;
use dlmc::problem::{Problem, Severity};
use dlmc::session::formulas::Formulas;
use dlmc::source::Disk;
use rusqlite::Connection;

/// A folder with a database.
struct Shop {
    folder: tempfile::TempDir,
    /// Who writes to it.
    writer: Connection,
}

impl Shop {
    fn new(sql: &str) -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Connection::open(folder.path().join("shop.db")).expect("a database");
        writer.execute_batch(sql).expect(sql);
        Shop { folder, writer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn checked(&self, source: &str, fields: &str) -> Checked {
        let text = text(source, fields);
        let checked = compile::check(&disk(), &self.path("it.dlm"), Some(text.clone()), &[]).expect("given");
        assert!(checked.is_sound(), "{text}\n{:#?}", checked.problems);
        checked
    }

    fn load(&self, source: &str, fields: &str) -> Result<Dataset, Vec<Problem>> {
        self.load_within(source, fields, Limits::default(), &data::Unwatched)
    }

    fn load_within(
        &self,
        source: &str,
        fields: &str,
        limits: Limits,
        watch: &dyn Watch,
    ) -> Result<Dataset, Vec<Problem>> {
        let checked = self.checked(source, fields);
        let (program, disk) = (&checked.programs[0], disk());
        let files = Files { watch, ..Files::new(&disk, self.folder.path(), limits) };
        data::load_watched(files, &program.data, None, &mut Formulas(program))
    }

    /// The columns of the training rows, in the order of the fields.
    fn rows(&self, source: &str, fields: &str) -> (Vec<Vec<f32>>, Vec<u32>) {
        let dataset = self.load(source, fields).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}"));
        let part = dataset.part(Split::Train);
        let fields = part.fields.iter().map(|field| field.as_ref().expect("numbers").floats().to_vec());
        (fields.collect(), part.numbers.clone())
    }

    fn fingerprint(&self, source: &str) -> String {
        self.load(source, FIELDS).unwrap_or_else(|problems| panic!("{source}\n{problems:#?}")).fingerprint
    }

    /// Everything that is said of it, more or less as a person reads it.
    fn told(&self, source: &str, fields: &str) -> String {
        let report =
            ide::look(&disk(), &self.path("it.dlm"), Some(text(source, fields)), &[], Look::Rows).expect("given");
        let mut told = String::new();
        for problem in &report.problems {
            let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
            told += &format!("{severity}: {} [{}]\n", problem.message, problem.code);
            for label in &problem.labels {
                told += &format!("  `{}` {}\n", report.checked.sources.text(label.span), label.text);
            }
            problem.notes.iter().for_each(|note| told += &format!("  note: {note}\n"));
            problem.help.iter().for_each(|help| told += &format!("  help: {help}\n"));
            problem.edits.iter().for_each(|edit| told += &format!("  edit: {}\n", edit.text));
        }
        told.replace(&self.folder.path().display().to_string(), "…")
    }
}

fn disk() -> Disk {
    Disk::default()
}

fn text(source: &str, fields: &str) -> String {
    format!(
        "data shop {{\n  source: {source}\n{fields}\n}}\nmodel line on (a: number, b: number) -> number = concat(a, b) |> dense(1)\n\
         train {{ model: line; data: shop; loss: mse; optimizer: adam; for: 3 epochs }}\n"
    )
}

const FIELDS: &str = "  input a: number\n  input b: number\n  target y: number";
const TABLE: &str = "sqlite(\"shop.db\", table: \"orders\")";

#[test]
fn rows_of_every_type_are_those_of_a_table_as_text() {
    let shop = Shop::new(
        "create table orders (y, b, a, note blob); create view late as select a, b, y from orders where a > 2;
         insert into orders values (0.1, '4', 1, x'00ff'), (1e300 * 1e-290, '5.5', 2, null), (-3, 6e-9, 9007199254740993, 7), (1e20, 0.0, 3, 'x')",
    );
    let csv = "a,b,y\n1,4,0.1\n2,5.5,1e10\n9007199254740993,6e-9,-3\n3,0,1e20\n";
    std::fs::write(shop.path("orders.csv"), csv).expect("a file");
    let fields = format!("{FIELDS}\n  ignore \"note\"");
    let (columns, numbers) = shop.rows(TABLE, &fields);
    assert_eq!(columns, shop.rows("csv(\"orders.csv\")", FIELDS).0);
    assert_eq!(numbers, [1, 2, 3, 4]);
    for source in [
        "sqlite(\"shop.db\", \"orders\")",
        "sqlite(\"shop.db\", table: \"ORDERS\")",
        "sqlite(path: \"shop.db\", query: \"select a, b, y, 1 as note from orders -- all of them\")",
    ] {
        assert_eq!(shop.rows(source, &fields).0, columns, "{source}");
    }
    let (late, _) = shop.rows("sqlite(\"shop.db\", table: \"late\")", FIELDS);
    assert_eq!(late[0], [9007199254740993_i64 as f32, 3.0]);
}

#[test]
fn null_is_a_missing_cell_and_an_empty_text_is_a_text() {
    let shop = Shop::new(
        "create table orders (a, b, y); insert into orders values (1, null, 3), (null, 2, 3), (3, 4, 3), (5, 6, 3)",
    );
    let fields = "  input a: number = a |> impute(median)\n  input b: number = b |> impute(mean)\n  target y: number";
    assert_eq!(shop.rows(TABLE, fields).0, [vec![1.0, 3.0, 3.0, 5.0], vec![4.0, 2.0, 4.0, 6.0], vec![3.0; 4]]);
    shop.writer.execute_batch("update orders set b = '' where a = 1").expect("a change");
    assert!(shop.told(TABLE, fields).contains("[bad-cells]"));
}

/// Names that a query would have to quote.
#[test]
fn a_table_may_have_any_name() {
    let shop = Shop::new(
        "create table \"my \"\"old\"\" orders; --\" (a, b, y); insert into \"my \"\"old\"\" orders; --\" values (1, 2, 3)",
    );
    let (columns, _) = shop.rows("sqlite(\"shop.db\", table: \"my \\\"old\\\" orders; --\")", FIELDS);
    assert_eq!(columns, [[1.0], [2.0], [3.0]]);
    std::fs::copy(shop.path("shop.db"), shop.path("file:it?mode=rw")).expect("a copy");
    let (columns, _) = shop.rows("sqlite(\"file:it?mode=rw\", query: \"select 1 as a, 2 as b, 3 as y\")", FIELDS);
    assert_eq!(columns, [[1.0], [2.0], [3.0]]);
}

const ORDERS: &str = "create table orders (a, b, y); insert into orders values (1, 2, 3), (4, 5, 6);";

/// What is committed is read, also where it has not reached the file; and looked at again where it has changed.
#[test]
fn what_lies_in_the_log_is_read_too() {
    let shop = Shop::new(&format!("pragma journal_mode = wal; pragma wal_autocheckpoint = 0; {ORDERS}"));
    assert_eq!(shop.rows(TABLE, FIELDS).1, [1, 2]);
    let kept = Disk { memory: Some(shop.path("memory")), ..disk() };
    let rows = |look: Look| {
        let report = ide::look(&kept, &shop.path("it.dlm"), Some(text(TABLE, FIELDS)), &[], look).expect("given");
        report.trains[0].rows.map(|rows| rows[0])
    };
    assert_eq!([rows(Look::Glance), rows(Look::Rows), rows(Look::Glance)], [None, Some(2), Some(2)]);
    shop.writer.execute_batch("insert into orders values (7, 8, 9)").expect("a row");
    assert_eq!([rows(Look::Glance), rows(Look::Rows), rows(Look::Glance)], [None, Some(3), Some(3)]);
    // What is not committed is nobody's business.
    shop.writer.execute_batch("begin; insert into orders values (10, 11, 12)").expect("a row");
    assert_eq!(shop.rows(TABLE, FIELDS).1, [1, 2, 3]);
}

#[test]
fn nothing_in_a_database_is_changed() {
    let shop = Shop::new(ORDERS);
    let before = std::fs::read(shop.path("shop.db")).expect("a file");
    assert_eq!(shop.rows(TABLE, FIELDS).1, [1, 2]);
    for sql in [
        "delete from orders returning a, b, y",
        "insert into orders values (1, 2, 3) returning *",
        "update orders set a = 0",
        "drop table orders",
        "pragma user_version = 7",
        "vacuum",
        "attach 'other.db' as other",
    ] {
        let told = shop.told(&format!("sqlite(\"shop.db\", query: {sql:?})"), FIELDS);
        assert!(told.contains("[sql-refused]") || told.contains("[unknown-column]"), "{sql}\n{told}");
    }
    assert!(before == std::fs::read(shop.path("shop.db")).expect("a file") && !shop.path("other.db").exists());
}

/// The rows are what counts, not the file.
#[test]
fn the_fingerprint_is_that_of_what_was_read() {
    let shop = Shop::new(ORDERS);
    let first = shop.fingerprint(TABLE);
    shop.writer.execute_batch("create table others (x); insert into others values (1); vacuum").expect("a change");
    assert_eq!(shop.fingerprint(TABLE), first);
    assert_eq!(shop.fingerprint("sqlite(\"shop.db\", query: \"select a, b, y from orders order by a\")"), first);
    let mut seen = vec![first];
    for sql in [
        "update orders set a = 1.0 where a = 1",
        "update orders set a = '1' where a = 1",
        "update orders set b = 7 where b = 2",
        "insert into orders values (4, 5, 6)",
        "delete from orders where y = 3",
        "alter table orders add column note",
    ] {
        shop.writer.execute_batch(sql).expect(sql);
        let now = shop.fingerprint(TABLE);
        assert!(!seen.contains(&now), "{sql}");
        seen.push(now);
    }
}

const ENDLESS: &str = "with recursive n(a) as (select 1 union all select a + 1 from n) select a, a as b, a as y from n";

/// Says no after some questions.
struct Impatient(Slot<usize>);

impl Watch for Impatient {
    fn goes_on(&self, work: Work, _done: usize, of: usize) -> bool {
        assert_eq!((work, of), (Work::Query, 0));
        self.0.set(self.0.get() + 1);
        self.0.get() < 3
    }
}

#[test]
fn a_query_without_an_end_is_ended() {
    let shop = Shop::new(ORDERS);
    let endless = format!("sqlite(\"shop.db\", query: {ENDLESS:?})");
    let told = shop.load_within(&endless, FIELDS, Limits { bytes: 100_000 }, &data::Unwatched).err().expect("too much");
    assert_eq!((told.len(), told[0].code), (1, "data-too-large"));
    // One that gives no row, too.
    for sql in [ENDLESS.into(), ENDLESS.replace("select a, a", "select max(a) as a, 1")] {
        let (began, watch) = (std::time::Instant::now(), Impatient(Slot::new(0)));
        let source = format!("sqlite(\"shop.db\", query: {sql:?})");
        let told = shop.load_within(&source, FIELDS, Limits::default(), &watch).err().expect("ended");
        assert!(told.is_empty() && watch.0.get() == 3 && began.elapsed().as_secs() < 20, "{told:#?}");
    }
    // A look at it does not run it.
    let report = ide::check(&disk(), &shop.path("it.dlm"), Some(text(&endless, FIELDS)), &[]).expect("given");
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}

#[test]
fn problems_are_told_in_the_words_of_sqlite() {
    let shop = Shop::new(&format!(
        "{ORDERS} create table empty (a, b, y); create table clients (name); create view \"big orders\" as select * from orders;
         create table odd (a, b, y); insert into odd values (1, x'01', 3), (1, 2, x'02'), (1, cast(x'ff' as text), 3), (1, x'', 3), (1, x'', 3)",
    ));
    std::fs::write(
        shop.path("words.db"),
        "these are no tables, but words, and many enough of them for a whole heading of a database",
    )
    .expect("a file");
    std::fs::write(shop.path("none.db"), "").expect("a file");
    let whole = std::fs::read(shop.path("shop.db")).expect("a file");
    std::fs::write(shop.path("half.db"), &whole[..whole.len() / 2]).expect("a file");
    let sources = [
        "sqlite(\"shop.bd\", table: \"orders\")",
        "sqlite(\"words.db\", table: \"orders\")",
        "sqlite(\"half.db\", table: \"orders\")",
        "sqlite(\"none.db\", table: \"orders\")",
        "sqlite(\"none.db\")",
        "sqlite(\"shop.db\")",
        "sqlite(\"shop.db\", table: \"orders\", query: \"select * from orders\")",
        "sqlite(\"shop.db\", table: \"order\")",
        "sqlite(\"shop.db\", table: \"sqlite_schema\")",
        "sqlite(\"shop.db\", table: \"empty\")",
        "sqlite(\"shop.db\", table: \"odd\")",
        "sqlite(\"shop.db\", query: \"select a, b, why from orders\")",
        "sqlite(\"shop.db\", query: \"selct a, b, y from orders\")",
        "sqlite(\"shop.db\", query: \"select a, b, y from order\")",
        "sqlite(\"shop.db\", query: \"select a, b, \\\"y from orders\")",
        "sqlite(\"shop.db\", query: \"select a, b, y from oders\")",
        "sqlite(\"shop.db\", query: \"select a, b, y from orders; select 1\")",
        "sqlite(\"shop.db\", query: \"select a, b, y from orders where a = ?\")",
        "sqlite(\"shop.db\", query: \"delete from orders\")",
        "sqlite(\"shop.db\", query: \"-- nothing\")",
        "sqlite(\"shop.db\", query: \"select a, b from orders\")",
        "sqlite(\"shop.db\", query: \"select a, a, b, y from orders\")",
        "sqlite(\"shop.db\", query: \"select a, b, y from orders where abs(-9223372036854775808) > a\")",
        "sqlite(\"shop.db\", query: \"\")",
    ];
    let told: Vec<String> =
        sources.iter().map(|source| format!("## {source}\n{}", shop.told(source, FIELDS))).collect();
    insta::assert_snapshot!("databases", told.join("\n"));
}

/// Somebody who writes is waited for by a look for some milliseconds.
#[test]
fn a_database_that_is_held_is_told() {
    let shop = Shop::new(ORDERS);
    shop.writer.execute_batch("begin exclusive").expect("a lock");
    let began = std::time::Instant::now();
    let report = ide::check(&disk(), &shop.path("it.dlm"), Some(text(TABLE, FIELDS)), &[]).expect("given");
    assert_eq!(
        report.problems.iter().map(|it| it.code).collect::<Vec<_>>(),
        ["file-unreadable"],
        "{:#?}",
        report.problems
    );
    assert!(report.problems[0].labels[0].text.contains("locked") && began.elapsed().as_secs() < 4);
}

/// Damage anywhere gives rows or problems, never a panic, and the same again.
#[test]
fn no_bytes_break_a_database() {
    let shop = Shop::new(&format!(
        "pragma page_size = 512; {ORDERS} create index by_a on orders (a); create table more (a, b, y);
         insert into more select a, b, hex(zeroblob(400)) from orders;"
    ));
    let whole = std::fs::read(shop.path("shop.db")).expect("a file");
    let checked = shop.checked("sqlite(\"broken.db\", table: \"orders\")", FIELDS);
    let (program, disk) = (&checked.programs[0], disk());
    let load = || {
        let loaded = data::load(&disk, shop.folder.path(), &program.data, &mut Formulas(program), Limits::default());
        loaded
            .map(|it| it.fingerprint)
            .map_err(|problems| problems.iter().map(|it| it.message.clone()).collect::<Vec<_>>())
    };
    arbtest(|u| {
        let mut bytes = whole.clone();
        for _ in 0..u.int_in_range(1..=6)? {
            let at = u.choose_index(bytes.len())?;
            bytes[at] = u.arbitrary()?;
        }
        bytes.truncate(if u.ratio(1, 8)? { u.choose_index(whole.len())? } else { whole.len() });
        std::fs::write(shop.path("broken.db"), bytes).expect("a file");
        let (first, _) = (load(), data::inspect(&disk, Path::new(shop.folder.path()), &program.data));
        assert!(first.as_ref().err().is_none_or(|told| !told.is_empty()));
        assert_eq!(load(), first);
        Ok(())
    })
    .budget_ms(500);
}
