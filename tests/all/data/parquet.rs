//! Files of Parquet, as Arrow writes them: every type and packing gives the rows that it should, and no damage breaks anything.

use std::cell::Cell;

use dlmc::data::files::Files;
use dlmc::data::sources;
use dlmc::data::{self, Dataset, Limits, Unwatched, Watch, Work};
use dlmc::ide::{self, Look};
use dlmc::model::program::Split;
use dlmc::session::formulas::Formulas;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::Block;
use crate::cli::Shell;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parquet/");

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}{name}")).unwrap_or_else(|why| panic!("{name}: {why}"))
}

const FIELDS: &str = "  split: by_time(TIME, train: 75%, val: 25%)
  input byte: number = byte |> impute(median)
  input short: number
  input whole: number = column(\"int\")
  input long: number = long |> impute(mean)
  input half: number
  input single: number = single |> impute(median)
  input double: number
  input price: number = price |> impute(median)
  input cost: number
  input kind: class[\"fox\", \"hare\"]
  input name: class[\"número 1\", \"número 10\", ..]
  input track: f32[2, 3]
  input spot: f32[2]
  input tags: set[\"red\", \"blue\"]
  target flag: binary
  ignore \"unsigned\", \"day\", \"milli\", \"micro\", \"nano\", \"clock\", \"bytes\", \"pair\"";

/// Reads a file by these fields.
fn load(source: &str, fields: &str, file: &str) -> Result<Dataset, String> {
    let block = Block::new(&format!("  source: {source}\n{fields}"), &[("it", &fixture(file))]);
    let checked =
        ide::look(&block.world, "it.dlm".as_ref(), Some(block.text.clone()), &[], Look::Glance).expect("given");
    let program = &checked.checked.programs[0];
    let loaded = data::load(&block.world, "".as_ref(), &program.data, &mut Formulas(program), Limits::default());
    loaded.map_err(|problems| block.told(&problems))
}

/// The fields of two datasets, split by split.
fn assert_same(left: &Dataset, right: &Dataset, name: &str) {
    for split in Split::ALL {
        let (left, right) = (left.part(split), right.part(split));
        assert_eq!(left.rows, right.rows, "{name}");
        for (at, (left, right)) in left.fields.iter().zip(&right.fields).enumerate() {
            assert_eq!(left, right, "{name}, field {at}");
        }
    }
    assert!(left.part(Split::Train).rows == 9 && left.part(Split::Val).rows == 3);
}

#[test]
fn every_type_and_packing_gives_its_rows() {
    let absent = |text: &str, names: &[&str]| {
        let lines = text.lines().filter(|line| !names.iter().any(|name| line.contains(&format!("input {name}:"))));
        let lines: Vec<String> = lines
            .map(|line| names.iter().fold(line.to_string(), |line, name| line.replace(&format!("\"{name}\", "), "")))
            .collect();
        lines.join("\n")
    };
    for (file, times) in [
        ("snappy", &["day", "milli", "micro", "nano"][..]),
        ("gzip", &["nano"]),
        ("zstd", &["day"]),
        ("lz4", &["micro"]),
        ("deltas", &["milli"]),
        ("old", &["milli", "micro", "nano"]),
        ("plain", &["day", "milli", "micro"]),
    ] {
        for time in times {
            let fields = FIELDS.replace("TIME", time).replace(&format!("\"{time}\", "), "");
            // The first version of the format has no half, no nanoseconds and no 32 bits without a sign.
            let fields = if file == "plain" { absent(&fields, &["half", "nano", "unsigned"]) } else { fields };
            let of_text = fields.replace(", \"bytes\", \"pair\"", "").replace("  ignore ", "  ignore \"half\", ");
            let of_text = if file == "plain" {
                of_text.replace("\"half\", ", "\"half\", \"nano\", \"unsigned\", ")
            } else {
                of_text.replace("\"half\", ", "")
            };
            let rows = load("parquet(\"it\")", &fields, &format!("{file}.parquet"))
                .unwrap_or_else(|told| panic!("{file}\n{told}"));
            let wanted = load("jsonl(\"it\")", &of_text, "rows.jsonl").unwrap_or_else(|told| panic!("{told}"));
            assert_same(&rows, &wanted, &format!("{file} by {time}"));
        }
    }
}

#[test]
fn times_without_a_day_are_texts() {
    let fields = "  input clock: class[\"13:45:12.5\", ..]\n  target flag: binary\n  ignore \"*\"";
    let rows = load("parquet(\"it\")", fields, "snappy.parquet").unwrap_or_else(|told| panic!("{told}"));
    let classes = rows.part(Split::Train).fields[0].as_ref().expect("classes").integers().to_vec();
    assert_eq!(classes, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
}

/// A look reads the end of the file alone.
#[test]
fn a_look_tells_rows_and_columns() {
    let mut cut = fixture("zstd.parquet");
    cut[4..2000].fill(0xAA);
    let block = Block::new("  source: parquet(\"it\")\n  input size: number\n  target flag: binary", &[("it", &cut)]);
    let (facts, problems) = block.inspect();
    assert_eq!((facts.rows, facts.splits), (Some(12), Some([12, 0, 0])));
    // Of lists nobody knows yet how long they are: what is not found may be one.
    assert!(!facts.columns.contains(&"track".into()) && facts.columns.contains(&"double".into()));
    assert!(problems.iter().all(|it| it.code == "unused-column"), "{}", block.told(&problems));
}

#[test]
fn what_does_not_fit_is_told() {
    let mut told = String::new();
    let whole = fixture("snappy.parquet");
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("no such file", b"height,blooms\n12,0\n".to_vec(), "input height: number\n  target blooms: binary"),
        ("a part of one", whole[whole.len() - 300..].to_vec(), "input int: number\n  target flag: binary"),
        ("nothing", vec![], "input int: number\n  target flag: binary"),
        ("no rows", fixture("empty.parquet"), "input x: number\n  target int: number"),
        ("bytes", whole.clone(), "input bytes: number\n  target flag: binary\n  ignore \"*\""),
        ("a struct", whole.clone(), "input pair: number\n  target flag: binary\n  ignore \"*\""),
        ("a list for a number", whole.clone(), "input spot: number\n  target flag: binary\n  ignore \"*\""),
        ("a column that is misspelt", whole.clone(), "input dubble: number\n  target flag: binary\n  ignore \"*\""),
        ("lists of several lengths", fixture("uneven.parquet"), "input x: f32[2]\n  target y: number"),
    ];
    for (name, bytes, fields) in cases {
        let block = Block::new(&format!("  source: parquet(\"it\")\n  {fields}"), &[("it", bytes)]);
        told += &format!("## {name}\n{}\n", block.told(&block.problems()));
    }
    insta::assert_snapshot!("parquet", told);
}

const ODD: &str = "  input big: number\n  target y: number\n  ignore \"*\"";

/// What is not read stands in nobody's way until a field asks for it.
#[test]
fn a_column_is_refused_where_it_is_used() {
    load("parquet(\"it\")", ODD, "odd.parquet").unwrap_or_else(|told| panic!("{told}"));
    let mut told = String::new();
    for field in ["packed: number", "hole: f32[2]", "nothing: f32[2]", "map: number"] {
        let fields = format!("  input {field}\n  target y: number\n  ignore \"*\"");
        told += &format!("## {field}\n{}\n", load("parquet(\"it\")", &fields, "odd.parquet").err().expect(field));
    }
    insta::assert_snapshot!("parquet_columns", told);
}

#[test]
fn wide_decimals_and_nanoseconds_are_told_whole() {
    let block = Block::new(&format!("  source: parquet(\"it\")\n{ODD}"), &[("it", &fixture("odd.parquet"))]);
    let files = Files::new(&block.world, "".as_ref(), Limits::default());
    let (source, call) = sources::call(&block.plan.source, files).expect("a source");
    let opened = (source.open)(&call).expect("opened");
    let names: Vec<String> = opened.heading.columns.iter().map(|it| it.name.clone()).collect();
    let chosen = ["sum", "tick", "stops", "big"];
    let wanted: Vec<bool> = names.iter().map(|it| chosen.contains(&it.as_str())).collect();
    let frame = (opened.read)(&wanted, &Unwatched).expect("read");
    let column = |name: &str| {
        let place = names.iter().position(|it| it == name).expect("a column");
        (0..frame.rows)
            .map(|row| frame.column(place).cell(row, 0).text().expect("a text").into())
            .collect::<Vec<String>>()
    };
    assert_eq!(column("sum")[0], "-750000000000000000000000000000.00");
    assert_eq!((&*column("sum")[3], &*column("sum")[4]), ("0.00", "250000000000000000000000000000.00"));
    assert_eq!((&*column("tick")[0], &*column("tick")[1]), ("12:34:56.0000005", "01:09:52.000001"));
    assert_eq!((&*column("stops")[0], &*column("stops")[1]), ("[]", "[\"2001-09-09T01:46:40.000000001\"]"));
    assert_eq!(column("stops")[2], "[\"2001-09-09T01:46:40.000000002\",null]");
    assert_eq!(column("big")[0], "18446744073709551615");
}

/// A file of this schema, with these values in each column.
fn written<T: DataType>(schema: &str, encoding: Option<Encoding>, packing: Compression, values: &[T::T]) -> Vec<u8> {
    written_each::<T>(schema, encoding, packing, |_| values.to_vec())
}

/// The same, with values of its own in each column.
fn written_each<T: DataType>(
    schema: &str,
    encoding: Option<Encoding>,
    packing: Compression,
    values: impl Fn(usize) -> Vec<T::T>,
) -> Vec<u8> {
    let schema = parse_message_type(schema).expect("a schema");
    let properties = WriterProperties::builder().set_dictionary_enabled(encoding.is_none()).set_compression(packing);
    let properties = encoding.into_iter().fold(properties, |it, encoding| it.set_encoding(encoding)).build();
    let mut file = SerializedFileWriter::new(vec![], schema.into(), properties.into()).expect("memory");
    let mut group = file.next_row_group().expect("memory");
    let mut number = 0;
    while let Some(mut column) = group.next_column().expect("memory") {
        let values = values(number);
        number += 1;
        let levels = vec![column.typed::<T>().get_descriptor().max_def_level(); values.len()];
        column.typed::<T>().write_batch(&values, Some(&levels), None).expect("memory");
        column.close().expect("memory");
    }
    group.close().expect("memory");
    file.into_inner().expect("memory")
}

/// Where the bytes stand that tell of the columns.
fn footer(bytes: &[u8]) -> std::ops::Range<usize> {
    let length = bytes[bytes.len() - 8..].first_chunk::<4>().expect("four");
    let end = bytes.len() - 8;
    end - u32::from_le_bytes(*length) as usize..end
}

/// The file with other bytes from a place on, of which there may be more or fewer.
fn replaced(bytes: &[u8], at: std::ops::Range<usize>, with: &[u8]) -> Vec<u8> {
    [&bytes[..at.start], with, &bytes[at.end..]].concat()
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|it| it == wanted).unwrap_or_else(|| panic!("{wanted:x?} in {bytes:x?}"))
}

/// Two thousand million, as Thrift writes it.
const MANY: [u8; 5] = [0x80, 0xD0, 0xAC, 0xF3, 0x0E];

/// What is said of a file that claims too much.
fn claimed(bytes: Vec<u8>, ty: &str) -> String {
    let fields = format!("  input x: {ty}\n  target y: {ty}");
    let block = Block::new(&format!("  source: parquet(\"it\")\n{fields}"), &[("it", &bytes)]);
    block.told(&block.load().err().expect("refused"))
}

/// Nothing is reserved for what a file only says that it holds.
#[test]
fn claims_are_held_against_the_file() {
    let doubles = |schema| written::<DoubleType>(schema, None, Compression::UNCOMPRESSED, &[1.0, 2.0]);
    let sound = doubles("message rows { required double x; required double y; }");
    let mut told = vec![];
    // Children of the root: after its name.
    let name = find(&sound, b"\x48\x04rows\x15\x04") + 7;
    let mut more = replaced(&sound, name..name + 1, &MANY);
    let (length, end) = (footer(&sound).len() as u32 + 4, more.len() - 8);
    more[end..end + 4].copy_from_slice(&length.to_le_bytes());
    told.push(claimed(more, "number"));
    // A dictionary of two values, which takes up five bytes of one of them.
    assert_eq!(sound[4..13], [0x15, 4, 0x15, 32, 0x15, 32, 0x4C, 0x15, 4]);
    let mut more = sound.clone();
    (more[7], more[9]) = (24, 24);
    let mut more = replaced(&more, 12..13, &MANY);
    let values = find(&more, &1.0_f64.to_le_bytes());
    more.drain(values..values + 4);
    told.push(claimed(more, "number"));
    // Texts of which as many as possible in one byte follow one another.
    let texts = [&b"a"[..], b"b", b"a"].map(ByteArray::from);
    for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
        let mut more = written::<ByteArrayType>(
            "message rows { optional binary x (UTF8); optional binary y (UTF8); }",
            Some(encoding),
            Compression::UNCOMPRESSED,
            &texts,
        );
        let block = find(&more, &[0x80, 1, 4, 3]);
        more[block + 3] = 127;
        told.push(claimed(more, "class[\"a\", \"b\"]"));
    }
    // A page of two thousand million bytes, packed into a few.
    let two = "message rows { required double x; required double y; }";
    let packed = written::<DoubleType>(two, None, Compression::SNAPPY, &[1.0, 2.0]);
    assert_eq!(packed[4..8], [0x15, 4, 0x15, 32]);
    told.push(claimed(replaced(&packed, 7..8, &MANY), "number"));
    let (open, close) = ("required group a { ".repeat(100), "} ".repeat(100));
    let deep = format!("message rows {{ required double x; {open} required double y; {close} }}");
    told.push(claimed(doubles(&deep), "number"));
    insta::assert_snapshot!("parquet_claims", told.join("\n"));
}

/// Says no when it is asked.
struct Impatient(Cell<usize>);

impl Watch for Impatient {
    fn goes_on(&self, work: Work, done: usize, of: usize) -> bool {
        assert!(work == Work::Columns && done <= of, "{work:?} {done}/{of}");
        self.0.set(self.0.get() + 1);
        false
    }
}

#[test]
fn reading_can_be_ended() {
    let values = vec![0.5; 1_500_000];
    let schema = "message rows { required double y; }";
    let bytes = written::<DoubleType>(schema, None, Compression::UNCOMPRESSED, &values);
    let fields = "  input x: number = column(\"y\")\n  target y: number";
    let block = Block::new(&format!("  source: parquet(\"it\")\n{fields}"), &[("it", &bytes)]);
    let watch = Impatient(Cell::new(0));
    let files = Files { watch: &watch, ..Files::new(&block.world, "".as_ref(), Limits::default()) };
    let (source, call) = sources::call(&block.plan.source, files).expect("a source");
    let opened = (source.open)(&call).expect("opened");
    let ended = (opened.read)(&[true], &watch).err().expect("ended");
    assert!(ended.is_empty() && watch.0.get() == 1);
    // More rows than may be are refused before any is read.
    let files = Files::new(&block.world, "".as_ref(), Limits { bytes: 1_000_000 });
    let (source, call) = sources::call(&block.plan.source, files).expect("a source");
    let opened = (source.open)(&call).expect("opened");
    let told = (opened.read)(&[true], &watch).err().expect("refused");
    assert!(told.len() == 1 && told[0].code == "data-too-large" && watch.0.get() == 1);
}

/// Damage anywhere gives rows or problems, never a panic that reaches anybody.
#[test]
fn no_bytes_break_a_file_of_parquet() {
    let fields = "  input double: number
  input track: f32[2, 3]
  input tags: set[\"red\", \"blue\"]
  target name: class[\"número 1\", ..]
  ignore \"*\"";
    let mut block = Block::new(&format!("  source: parquet(\"it\")\n{fields}"), &[]);
    let mut tried = |bytes: Vec<u8>| {
        block.world.0.insert("it".into(), bytes);
        block.inspect();
        let told = block.load().map(|it| it.parts[0].rows).map_err(|problems| block.told(&problems));
        assert!(told.as_ref().err().is_none_or(|told| !told.is_empty()));
        told.is_ok()
    };
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    for name in ["plain", "snappy", "gzip", "zstd", "lz4", "deltas", "old"] {
        let whole = fixture(&format!("{name}.parquet"));
        assert!(tried(whole.clone()), "{name}");
        for at in (0..whole.len()).step_by(whole.len() / 12) {
            assert!(!tried(whole[..at].to_vec()), "{name}, cut at {at}");
        }
        for round in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..=draw(3) {
                // Half of the damage is to what tells of the columns.
                let about = footer(&whole);
                let at = if round % 2 == 0 { about.start + draw(about.len() + 8) } else { draw(whole.len()) };
                bytes[at] = draw(256) as u8;
            }
            tried(bytes);
        }
    }
}

#[test]
fn a_file_of_parquet_becomes_a_program() {
    let schema = "message rows { required double x; required double y; }";
    let values = |column: usize| (0..30).map(|it| f64::from(it * it % [17, 13][column])).collect();
    let shell = Shell::new();
    shell.write("it.parquet", written_each::<DoubleType>(schema, None, Compression::SNAPPY, values));
    let said = shell.run(&["init", "it.parquet"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = String::from_utf8(shell.read("it.dlm")).expect("UTF-8");
    assert!(text.contains("parquet(\"it.parquet\")") && text.contains("target y: class["), "{text}");
    let checked = shell.run(&["check", "it.dlm", "--data"]);
    assert_eq!(checked.code, 0, "{}\n{text}", checked.err);
    // What is no cell is told with its column.
    shell.write("old.parquet", fixture("old.parquet"));
    let said = shell.run(&["init", "old.parquet"]);
    assert!(said.code == 2 && said.err.contains("`pair` holds what is no cell"), "{}", said.err);
}
