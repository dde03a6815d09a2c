//! Arrays of NumPy: what it writes is read back, and what it does not write is refused.

use std::io::Write;

use arbtest::arbtest;
use dlmc::data::Dataset;
use dlmc::model::program::Split;

use super::Block;

/// A file of one array, as NumPy writes it.
pub fn npy(descr: &str, columns_first: bool, extents: &[usize], body: &[u8]) -> Vec<u8> {
    let extents: Vec<String> = extents.iter().map(|it| format!("{it}, ")).collect();
    let order = if columns_first { "True" } else { "False" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({}), }}", extents.concat());
    headed(1, &text, body)
}

/// The same with a heading of one's own.
fn headed(version: u8, text: &str, body: &[u8]) -> Vec<u8> {
    let fixed = if version == 1 { 10 } else { 12 };
    let length = (fixed + text.len() + 1).next_multiple_of(64) - fixed;
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    bytes.extend(&(length as u32).to_le_bytes()[..fixed - 8]);
    bytes.extend(format!("{text:<width$}\n", width = length - 1).as_bytes());
    bytes.extend(body);
    bytes
}

/// A file of several arrays, deflated or stored.
pub fn npz(members: &[(String, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let (mut file, mut directory) = (vec![], vec![]);
    for (name, bytes) in members {
        let (name, heading) = (format!("{name}.npy"), file.len() as u32);
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let packed = match deflated {
            true => {
                let mut packed = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::fast());
                packed.write_all(bytes).expect("memory");
                packed.finish().expect("memory")
            }
            false => bytes.clone(),
        };
        let mut about = vec![];
        about.extend([0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0x21, 0]);
        about.extend(crc.sum().to_le_bytes());
        [packed.len(), bytes.len()].iter().for_each(|&it| about.extend((it as u32).to_le_bytes()));
        about.extend((name.len() as u16).to_le_bytes());
        file.extend(b"PK\x03\x04\x14\0");
        file.extend(&about);
        file.extend([0, 0]);
        file.extend(name.as_bytes());
        file.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0\x14\0");
        directory.extend(&about);
        directory.extend([0; 12]);
        directory.extend(heading.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (file.len() as u32, members.len() as u16);
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn load(block: &Block) -> Dataset {
    block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)))
}

fn codes(block: &Block) -> Vec<&'static str> {
    let codes: Vec<&str> = block.problems().iter().map(|it| it.code).collect();
    let loaded: Vec<&str> = block.load().err().unwrap_or_default().iter().map(|it| it.code).collect();
    assert!(loaded.is_empty() || codes.contains(&loaded[0]), "{codes:?} {loaded:?}");
    codes
}

/// Rows of two by two, and a class each.
const FIELDS: &str = "  input x: image[2, 2, 1]\n  target y: class[3]";

fn floats(dataset: &Dataset, field: usize) -> Vec<f32> {
    dataset.part(Split::Train).field(field).expect("numbers").floats().to_vec()
}

#[test]
fn numbers_of_every_type_and_order_are_read() {
    let le = |values: &[&[u8]]| values.concat();
    // 1, 2, 3, 4, 5, 6, 7, 8 in every way.
    let counted: Vec<u64> = (1..=8).collect();
    let ints =
        |width: usize| counted.iter().flat_map(move |it| it.to_le_bytes()[..width].to_vec()).collect::<Vec<u8>>();
    let turned = |width: usize, bytes: Vec<u8>| {
        bytes.chunks_exact(width).flat_map(|it| it.iter().rev().copied()).collect::<Vec<u8>>()
    };
    let f4: Vec<u8> = counted.iter().flat_map(|&it| (it as f32).to_le_bytes()).collect();
    let f8: Vec<u8> = counted.iter().flat_map(|&it| (it as f64).to_le_bytes()).collect();
    let f2: Vec<u8> = le(&[b"\0\x3c\0\x40\0\x42\0\x44", b"\0\x45\0\x46\0\x47\0\x48"]);
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("|u1", ints(1)),
        ("|i1", ints(1)),
        ("<u2", ints(2)),
        (">u2", turned(2, ints(2))),
        ("<i4", ints(4)),
        (">i4", turned(4, ints(4))),
        ("<i8", ints(8)),
        (">u8", turned(8, ints(8))),
        ("<f2", f2.clone()),
        (">f2", turned(2, f2)),
        ("=f4", f4.clone()),
        (">f4", turned(4, f4)),
        ("<f8", f8.clone()),
        (">f8", turned(8, f8)),
    ];
    let labels = npy("<i8", false, &[2], &[2i64, 0].map(i64::to_le_bytes).concat());
    for (descr, body) in table {
        let x = npy(descr, false, &[2, 2, 2], &body);
        let block = Block::new(
            &format!("  source: npy([\"x.npy\", \"y.npy\"])\n{FIELDS}"),
            &[("x.npy", &x), ("y.npy", &labels)],
        );
        let (facts, problems) = block.inspect();
        assert_eq!((facts.rows, facts.columns.join(" "), problems), (Some(2), "x y".into(), vec![]), "{descr}");
        let dataset = load(&block);
        assert_eq!(floats(&dataset, 0), [1., 2., 3., 4., 5., 6., 7., 8.], "{descr}");
        assert_eq!(dataset.part(Split::Train).fields[1].as_ref().expect("classes").integers(), [2, 0]);
        // The same numbers, neighbours along the first axis.
        let width = body.len() / 8;
        let order = [0, 4, 2, 6, 1, 5, 3, 7];
        let body = order.iter().flat_map(|&it| body[it * width..(it + 1) * width].to_vec()).collect::<Vec<u8>>();
        let x = npy(descr, true, &[2, 2, 2], &body);
        let block = Block::new(
            &format!("  source: npy([\"x.npy\", \"y.npy\"])\n{FIELDS}"),
            &[("x.npy", &x), ("y.npy", &labels)],
        );
        assert_eq!(floats(&load(&block), 0), [1., 2., 3., 4., 5., 6., 7., 8.], "{descr} along the first axis");
    }
}

#[test]
fn truth_values_texts_and_large_numbers_are_read() {
    let words = |words: &[&str]| {
        let padded =
            words.iter().flat_map(|it| it.chars().map(|it| it as u32).chain([0; 3]).take(3).collect::<Vec<_>>());
        padded.flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
    };
    let members = [
        ("lit", npy("|b1", false, &[3], &[1, 0, 1])),
        ("word", npy("<U3", false, &[3], &words(&["öl", "tee", "öl"]))),
        ("short", npy("|S2", false, &[3], b"a\0bcd\0")),
        ("when", npy("<f8", false, &[3], &[1.5e9f64, 1.5e9 + 1.0, 1.5e9 + 2.0].map(f64::to_le_bytes).concat())),
        ("serial", npy("<i8", false, &[3], &[i64::MAX, i64::MAX - 1, 7].map(i64::to_le_bytes).concat())),
        ("about", npy("<f8", false, &[], &1f64.to_le_bytes())),
    ];
    let members: Vec<(String, Vec<u8>)> = members.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
    for deflated in [false, true] {
        let file = npz(&members, deflated);
        let fields = "  split: by_time(when, train: 2, test: 1)\n  id serial: text\n  time when: number\n  input word: class[\"öl\", \"tee\"]\n  \
                      input short: class[\"a\", \"bc\", \"d\"]\n  target lit: binary";
        let block = Block::new(&format!("  source: npz(\"f.npz\")\n{fields}"), &[("f.npz", &file)]);
        let (facts, problems) = block.inspect();
        assert_eq!((facts.columns.join(" ").as_str(), problems), ("lit word short when serial", vec![]));
        let dataset = load(&block);
        let (train, test) = (dataset.part(Split::Train), dataset.part(Split::Test));
        let all = |field: usize| train.fields[field].as_ref().expect("classes").integers().to_vec();
        assert_eq!((train.rows, test.rows, all(2), all(3)), (2, 1, vec![0, 1], vec![0, 1]));
        assert_eq!(test.numbers, [3], "times that an f32 does not tell apart");
        let numbers: Vec<Option<&str>> = train.texts[0].as_ref().expect("texts").iter().collect();
        assert_eq!(numbers, [Some("9223372036854775807"), Some("9223372036854775806")]);
    }
}

/// `x_train` and `x_test` are one column of two sources.
#[test]
fn a_star_says_which_arrays_are_columns() {
    let array = |rows: usize, value: u8| npy("|u1", false, &[rows], &vec![value; rows]);
    let members = [("x_train", 4, 3), ("y_train", 4, 1), ("x_test", 2, 5), ("y_test", 2, 0)];
    let members: Vec<(String, Vec<u8>)> = members.map(|(name, rows, value)| (name.into(), array(rows, value))).into();
    let file = npz(&members, true);
    let block =
        |sources: &str| Block::new(&format!("{sources}\n  input x: number\n  target y: class[2]"), &[("f.npz", &file)]);
    let both = block("  source: npz(\"f.npz\", arrays: [\"*_train\"])\n  test: npz(\"f.npz\", arrays: [\"*_test\"])");
    let dataset = load(&both);
    assert_eq!(floats(&dataset, 0), [3.0; 4]);
    assert_eq!(dataset.part(Split::Test).field(0).expect("numbers").floats(), [5.0; 2]);
    assert_eq!(codes(&block("  source: npz(\"f.npz\")")), ["row-counts"]);
    assert_eq!(codes(&block("  source: npz(\"f.npz\", arrays: [\"*_val\", \"x_train\"])")), ["array-missing"]);
    let named = block("  source: npz(\"f.npz\", arrays: [\"x_test\", \"y_test\"])");
    assert_eq!(codes(&named).first(), Some(&"unknown-column"));
}

#[test]
fn what_no_column_holds_is_refused() {
    let objects = "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }";
    let records = "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (3,), }";
    let table: Vec<(Vec<u8>, &str)> = vec![
        (headed(1, objects, b"\x80\x04."), "array-foreign"),
        (headed(3, records, &[0; 24]), "array-foreign"),
        (npy("<M8[D]", false, &[3], &[0; 24]), "array-foreign"),
        (npy("<c8", false, &[3], &[0; 24]), "array-foreign"),
        (npy("<f16", false, &[3], &[0; 48]), "array-foreign"),
        (npy("<U1", false, &[3, 2], &[0; 24]), "array-foreign"),
        (npy("<U1", false, &[3], &[0xFF; 12]), "array-damaged"),
        (npy("<f3", false, &[3], &[0; 9]), "array-damaged"),
        (npy("<f4", false, &[3], &[0; 8]), "array-damaged"),
        (npy("<f4", false, &[3], &[0; 16]), "array-damaged"),
        (npy("<f4", false, &[3, 0], &[]), "array-damaged"),
        (npy("<f4", false, &[usize::MAX, usize::MAX], &[]), "array-damaged"),
        (npy("<U99999999999999999999", false, &[3], &[]), "array-damaged"),
        (headed(9, objects, b""), "array-damaged"),
        (headed(1, "{'descr': '<f4', 'shape': (3,)}", &[0; 12]), "array-damaged"),
        (headed(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", &[0; 12]), "array-damaged"),
        (headed(1, "__import__('os')", &[0; 12]), "array-damaged"),
        (b"\x93NUMPY\x02\0\xFF\xFF\xFF\xFF{".to_vec(), "array-damaged"),
        (b"a,b\n1,2\n".to_vec(), "array-damaged"),
    ];
    let text = "  source: npy([\"f.npy\", \"y.npy\"])\n  input x: number = f\n  target y: number";
    let mut block = Block::new(text, &[("y.npy", &npy("|u1", false, &[3], &[1, 2, 4]))]);
    for (bytes, code) in table {
        block.world.0.insert("f.npy".into(), bytes.clone());
        assert_eq!(codes(&block), [code], "{:?}", String::from_utf8_lossy(&bytes));
    }
    let text = "  source: npy(\"f.npy\")\n  input x: number = f\n  target y: number = f";
    assert_eq!(codes(&Block::new(text, &[("f.npy", &npy("<f4", false, &[0], &[]))])), ["no-rows"]);
}

/// Whatever is changed in a file of several arrays: rows or problems, never a panic, and no more memory than the file says.
#[test]
fn no_change_breaks_a_file_of_arrays() {
    let numbers = npy("<f4", false, &[2], &[1f32, 2.0].map(f32::to_le_bytes).concat());
    let members = vec![("x".to_string(), numbers), ("y".to_string(), npy("|u1", false, &[2], &[0, 1]))];
    let files = [npz(&members, false), npz(&members, true)];
    let block = |bytes: &[u8]| {
        Block::new("  source: npz(\"f.npz\")\n  input x: number\n  target y: class[2]", &[("f.npz", bytes)])
    };
    let mut changed = block(&files[0]);
    for file in &files {
        assert_eq!(floats(&load(&block(file)), 0), [1.0, 2.0]);
        for end in 0..file.len() {
            changed.world.0.insert("f.npz".into(), file[..end].to_vec());
            assert_eq!(codes(&changed), ["array-damaged"], "cut off at {end}");
        }
    }
    arbtest(|u| {
        let mut bytes = u.choose(&files)?.clone();
        for _ in 0..u.int_in_range(1..=4)? {
            let at = u.choose_index(bytes.len())?;
            let any: u8 = u.arbitrary()?;
            bytes[at] = *u.choose(&[0, 1, 2, 8, 0x7F, 0xFF, any])?;
        }
        changed.world.0.insert("f.npz".into(), bytes);
        let told = changed.told(&changed.inspect().1);
        if let Err(problems) = changed.load() {
            assert!(!problems.is_empty());
        }
        assert_eq!(changed.told(&changed.inspect().1), told);
        Ok(())
    })
    .budget_ms(700);
}

/// What NumPy itself has written: see `tests/fixtures/numpy/make.py`.
#[test]
fn files_of_numpy_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/numpy");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a fixture");
    for name in ["stored.npz", "deflated.npz", "streamed.npz"] {
        let fields = "  id name: text\n  input x: image[2, 2, 1]\n  input half: number\n  target y: class[3]";
        let block = Block::new(&format!("  source: npz(\"f.npz\")\n{fields}"), &[("f.npz", &read(name))]);
        assert_eq!(block.inspect().1, vec![], "{name}");
        let dataset = load(&block);
        assert_eq!(floats(&dataset, 1), (0..12).map(|it| it as f32 * 0.5).collect::<Vec<_>>(), "{name}");
        assert_eq!(floats(&dataset, 2), [-1.5, 0.25, 1024.0]);
        assert_eq!(dataset.part(Split::Train).fields[3].as_ref().expect("classes").integers(), [2, 0, 1]);
        let names: Vec<Option<&str>> = dataset.part(Split::Train).texts[0].as_ref().expect("texts").iter().collect();
        assert_eq!(names, [Some("ä"), Some("bee"), Some("")]);
    }
    let fields = "  input x: image[2, 2, 1] = fortran\n  target y: number = big";
    let files = [("fortran.npy", read("fortran.npy")), ("big.npy", read("big.npy"))];
    let files = files.each_ref().map(|(name, bytes)| (*name, &bytes[..]));
    let block = Block::new(&format!("  source: npy([\"fortran.npy\", \"big.npy\"])\n{fields}"), &files);
    let dataset = load(&block);
    assert_eq!(floats(&dataset, 0), (0..12).map(|it| it as f32 * 0.5).collect::<Vec<_>>());
    assert_eq!(floats(&dataset, 1), [1.0, -2.0, 3.0]);
}
