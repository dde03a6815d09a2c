//! Bytes to rows.

use std::borrow::Cow;

use arbtest::arbtest;
use dlmc::data::sources::{SOURCES, csv::Records};
use dlmc::model::program::Split;

use super::Block;

/// Three rows as two numbers and a class.
const FIELDS: &str = "  input a: number\n  input b: number\n  target y: binary";

fn rows(source: &str, files: &[(&str, &[u8])]) -> (Vec<f32>, Vec<f32>, Vec<f32>, Vec<u32>) {
    let block = Block::new(&format!("  source: {source}\n{FIELDS}"), files);
    let dataset = block.load().unwrap_or_else(|problems| panic!("{source}\n{}", block.told(&problems)));
    let part = dataset.part(Split::Train);
    let floats = |field: usize| part.fields[field].as_ref().expect("numbers").floats().to_vec();
    (floats(0), floats(1), floats(2), part.numbers.clone())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, bytes).expect("memory");
    packed.finish().expect("memory")
}

/// Every way of writing down the same three rows, and the lines on which they begin.
#[test]
fn the_same_rows_are_read_from_every_source() {
    let packed = gzip(b"a,b,y\n1,2,0\n3,4,1\n5,6,1\n");
    let two_members = [gzip(b"a,b,y\n1,2,0\n"), gzip(b"3,4,1\n5,6,1\n")].concat();
    let table: &[(&str, &[u8], [u32; 3])] = &[
        ("csv(\"f\")", b"a,b,y\n1,2,0\n3,4,1\n5,6,1\n", [2, 3, 4]),
        ("csv(path: \"f\")", b"a,b,y\n1,2,0\n3,4,1\n5,6,1", [2, 3, 4]),
        ("csv(\"f\")", b"a,b,y\r\n1,2,0\r\n3,4,1\r\n5,6,1\r\n", [2, 3, 4]),
        ("csv(\"f\")", b"a,b,y\r1,2,0\r3,4,1\r5,6,1\r", [2, 3, 4]),
        ("csv(\"f\")", b"\xEF\xBB\xBFa,b,y\n1,2,0\n3,4,1\n5,6,1\n", [2, 3, 4]),
        ("csv(\"f\")", b"\n a , b,y \n\n1, 2,\"0\"\n  \n+3,4e0,1\n5.,0.6e1, \"1\" \n\n", [4, 6, 7]),
        ("csv(\"f\")", b"a,note,b,y\n1,\"two\nlines\",2,0\n3,\"a \"\"quote\"\"\",4,1\n5,\"\r\n\r\n\",6,1\n", [2, 4, 5]),
        ("csv(\"f\", separator: \";\")", b"y;b;a\n0;2;1\n1;4;3\n1;6;5\n", [2, 3, 4]),
        ("csv(\"f\", header: no, names: [\"b\", \"a\", \"y\"])", b"2,1,no\n4,3,yes\n6,5,YES\n", [1, 2, 3]),
        ("csv(\"f\")", &packed, [2, 3, 4]),
        ("csv(\"f\")", &two_members, [2, 3, 4]),
        ("tsv(\"f\")", b"a\tb\ty\n1\t2\tfalse\n3\t4\ttrue\n5\t6\tTrue\n", [2, 3, 4]),
        (
            "jsonl(\"f\")",
            b"{\"a\":1,\"b\":2,\"y\":0}\n\n{\"y\":true,\"a\":3.0,\"b\":4}\n{\"a\":\"5\",\"b\":6,\"y\":1}\n",
            [1, 3, 4],
        ),
        ("table {\n| a | b | y |\n| 1 | 2 | 0 |\n| 3 | 4 | 1 |\n| 5 | 6 | 1 |\n}", b"", [1, 2, 3]),
    ];
    for (source, bytes, lines) in table {
        let expected = (vec![1., 3., 5.], vec![2., 4., 6.], vec![0., 1., 1.], lines.to_vec());
        assert_eq!(rows(source, &[("f", bytes)]), expected, "{source} of {:?}", String::from_utf8_lossy(bytes));
    }
}

/// The file of an IDX source: its type, its extents, its numbers.
pub fn idx(code: u8, extents: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, extents.len() as u8];
    extents.iter().for_each(|extent| bytes.extend(extent.to_be_bytes()));
    bytes.extend(body);
    bytes
}

#[test]
pub fn idx_files_of_every_type_give_their_numbers() {
    let float = |value: f32| value.to_be_bytes().to_vec();
    let double = |value: f64| value.to_be_bytes().to_vec();
    let table: &[(u8, Vec<u8>)] = &[
        (0x08, vec![1, 2, 3, 4]),
        (0x09, vec![1, 2, 3, 4]),
        (0x0B, [1i16, 2, 3, 4].iter().flat_map(|it| it.to_be_bytes()).collect()),
        (0x0C, [1i32, 2, 3, 4].iter().flat_map(|it| it.to_be_bytes()).collect()),
        (0x0D, [1., 2., 3., 4.].into_iter().flat_map(float).collect()),
        (0x0E, [1., 2., 3., 4.].into_iter().flat_map(double).collect()),
    ];
    for (code, body) in table {
        let images = gzip(&idx(*code, &[2, 2, 1], body));
        let labels = idx(0x08, &[2], &[1, 0]);
        let block = Block::new(
            "  source: idx(images: \"i\", labels: \"l\")\n  input x: f32[2] = images\n  target y: class[2] = labels",
            &[("i", &images), ("l", &labels)],
        );
        let (facts, problems) = block.inspect();
        assert_eq!((facts.rows, problems), (Some(2), vec![]));
        let dataset = block.load().unwrap_or_else(|problems| panic!("{code:#x}\n{}", block.told(&problems)));
        let part = dataset.part(Split::Train);
        assert_eq!(part.field(0).expect("images").floats(), [1., 2., 3., 4.], "{code:#x}");
        assert_eq!(part.fields[1].as_ref().expect("labels").integers(), [1, 0]);
        assert_eq!(part.field(0).expect("images").shape, [2, 2]);
    }
}

#[test]
fn lists_of_numbers_in_jsonl_are_tensors() {
    let lines = b"{\"x\":[[1,2],[3,4]],\"y\":0}\n{\"x\":[[5,6],[7,8]],\"y\":1}\n";
    let block = Block::new("  source: jsonl(\"f\")\n  input x: image[2, 2, 1]\n  target y: binary", &[("f", lines)]);
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    let images = dataset.parts[0].fields[0].as_ref().expect("images");
    assert_eq!((&images.shape[..], images.floats()), (&[2, 2, 2, 1][..], &[1., 2., 3., 4., 5., 6., 7., 8.][..]));
}

fn records(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut records, mut fields, mut all) = (Records::new(text, b','), vec![], vec![]);
    while records.next(&mut fields).ok()?.is_some() {
        all.push(fields.iter().map(|field: &Cow<str>| field.to_string()).collect());
    }
    Some(all)
}

#[test]
fn what_another_writer_writes_is_read_back() {
    arbtest(|u| {
        let columns = u.int_in_range(1..=4)?;
        let rows: Vec<Vec<String>> = (0..u.int_in_range(0..=5)?)
            .map(|_| (0..columns).map(|_| u.arbitrary()).collect())
            .collect::<Result<_, _>>()?;
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(vec![]);
        rows.iter().for_each(|row| writer.write_record(row).expect("memory"));
        let text = String::from_utf8(writer.into_inner().expect("memory")).expect("UTF-8");
        assert_eq!(records(&text).as_ref(), Some(&rows), "{text:?}");
        Ok(())
    });
}

/// Where quotes are plain, two readers agree on any text.
#[test]
fn another_reader_sees_the_same_cells() {
    arbtest(|u| {
        let pieces = ["a", "b c", ",", "\n", "\r\n", "\"x\"", "\"y,\n\"", "\"\"", "é", "1.5"];
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=12)? {
            text += u.choose(&pieces)?;
        }
        let Some(ours) = records(&text) else { return Ok(()) };
        // Text before a quote is where readers part: theirs ends the cell elsewhere.
        let bytes = text.as_bytes();
        let inside = |at: usize| at > 0 && bytes[at] == b'"' && !b",\n\"".contains(&bytes[at - 1]);
        if (0..bytes.len()).any(inside) {
            return Ok(());
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let theirs: Vec<Vec<String>> =
            reader.records().map(|it| it.expect("UTF-8").iter().map(String::from).collect()).collect();
        assert_eq!(ours, theirs, "{text:?}");
        Ok(())
    });
}

/// Any bytes at all in the place of any file: rows or problems, never a panic, and always the same.
#[test]
fn no_bytes_break_a_source() {
    let sources = [
        "csv(\"f\")",
        "csv(\"f\", header: no, names: [\"a\", \"b\", \"y\"], missing: [\"\", \"?\"])",
        "tsv(\"f\")",
        "jsonl(\"f\")",
        "text_file(\"f\")",
        "idx(images: \"f\", labels: \"f\")",
        "npy([\"f\", \"g\"], arrays: [\"*\", \"f\"])",
    ];
    let tested: Vec<&str> = sources.iter().map(|it| it.split('(').next().expect("a name")).collect();
    // A table is part of the program; folders of pictures, and the six files of CIFAR, get theirs in `pictures`; what is a zip file
    // gets them in `arrays`, and what a program writes is read as the file of `jsonl` is;
    // a database gets its in `databases`, a file of Parquet in `parquet`.
    let elsewhere = ["table", "image_folder", "cifar10", "npz", "command", "sqlite", "parquet"];
    assert!(SOURCES.iter().all(|source| elsewhere.contains(&source.name) || tested.contains(&source.name)));
    let pieces: &[&[u8]] = &[
        b"a,b,y\n",
        b"1,2,0\n",
        b"1\t2\t0\n",
        b"a\tb\ty\n",
        b"\"",
        b",",
        b"\n",
        b"\r",
        b"1e999",
        b"-0",
        b"NaN",
        b"\xFF",
        b"\0",
        b"\xEF\xBB\xBF",
        b"{\"a\":1,\"b\":[1],\"y\":0}\n",
        b"{\"a\":",
        b"[[[",
        b"\x1F\x8B",
        b"\0\0\x08\x01",
        b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01",
        b"\xFF\xFF\xFF\xFF",
        b"\0\0\x0D\x08",
        b"\x93NUMPY\x01\0\x40\0",
        b"\x93NUMPY\x02\0\x40\0\0\0",
        b"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1), }      \n",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }       \n",
        "ü".as_bytes(),
    ];
    for source in sources {
        let fields = match source.split('(').next() {
            Some("idx") => "  input x: f32[1] = images\n  target y: class[2] = labels",
            Some("npy") => "  input x: number = f\n  target y: class[2] = g",
            Some("text_file") => {
                "  input x: tokens[2, 300] = chars |> window(2)\n  target y: class[\"a\", ..] = chars |> window(1, offset: 2)"
            }
            _ => FIELDS,
        };
        let mut block = Block::new(&format!("  source: {source}\n{fields}"), &[]);
        arbtest(|u| {
            let mut bytes = vec![];
            while !u.is_empty() && bytes.len() < 2000 {
                match u.ratio(1, 3)? {
                    true => bytes.push(u.arbitrary()?),
                    false => bytes.extend(*u.choose(pieces)?),
                }
            }
            if u.ratio(1, 8)? {
                bytes = gzip(&bytes);
            }
            block.world.0.insert("g".into(), bytes.clone());
            block.world.0.insert("f".into(), bytes);
            let (facts, looked) = block.inspect();
            let told = block.told(&looked);
            match block.load() {
                Ok(dataset) => {
                    assert!(dataset.parts[0].rows > 0 && facts.splits.is_none_or(|it| it[0] == dataset.parts[0].rows))
                }
                Err(problems) => assert!(!problems.is_empty()),
            }
            assert_eq!(block.told(&block.inspect().1), told);
            Ok(())
        })
        .budget_ms(700);
    }
}

/// A heading that promises more than memory holds is refused by its size, not tried.
#[test]
fn headings_that_lie_are_refused() {
    let billions = idx(0x08, &[u32::MAX, u32::MAX, u32::MAX], &[1]);
    let nothing = idx(0x08, &[u32::MAX, 0], &[]);
    for bytes in [billions, nothing] {
        let block = Block::new(
            "  source: idx(images: \"f\", labels: \"f\")\n  input x: f32[1] = images\n  target y: class[2] = labels",
            &[("f", &bytes)],
        );
        let problems = block.load().err().expect("refused");
        assert_eq!(problems[0].code, "idx-damaged");
    }
}
