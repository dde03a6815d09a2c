//! What cells may hold.

use dlmc::data::cells::{Bad, Cell, number};
use dlmc::model::program::Split;

use super::Block;

#[test]
fn numbers_are_decimal_and_nothing_else() {
    let table = [
        ("0", Ok(0.0)),
        ("-0", Ok(-0.0)),
        ("12", Ok(12.0)),
        ("+7", Ok(7.0)),
        ("-1.5e3", Ok(-1500.0)),
        (".5", Ok(0.5)),
        ("5.", Ok(5.0)),
        ("1E-2", Ok(0.01)),
        ("123456789012345678901234567890", Ok(1.2345678901234568e29)),
        ("1e400", Err(Bad::TooLarge)),
        ("1e-400", Ok(0.0)),
        ("NaN", Err(Bad::NotFinite)),
        ("inf", Err(Bad::NotFinite)),
        ("-Infinity", Err(Bad::NotFinite)),
        ("", Err(Bad::NotNumber)),
        ("1,234", Err(Bad::NotNumber)),
        ("3,5", Err(Bad::NotNumber)),
        ("1_000", Err(Bad::NotNumber)),
        ("0x10", Err(Bad::NotNumber)),
        ("1 2", Err(Bad::NotNumber)),
        ("$3", Err(Bad::NotNumber)),
        ("15%", Err(Bad::NotNumber)),
        ("e5", Err(Bad::NotNumber)),
        ("١", Err(Bad::NotNumber)),
        ("½", Err(Bad::NotNumber)),
    ];
    for (text, expected) in table {
        assert_eq!(number(Cell::Text(text)), expected, "{text:?}");
    }
}

/// A type, the cells of the column `y`, what they become, and the names of the classes.
#[test]
fn classes_are_numbered_as_the_type_says() {
    type Row<'a> = (&'a str, &'a [&'a str], &'a [i32], &'a [&'a str]);
    let table: &[Row] = &[
        ("class[3]", &["0", "2", "1", "1"], &[0, 2, 1, 1], &["0", "1", "2"]),
        ("class[3]", &["0", "2.0", "1.00"], &[0, 2, 1], &["0", "1", "2"]),
        ("class[3]", &["0", "2", "0"], &[0, 2, 0], &["0", "1", "2"]),
        ("class[3]", &["cat", "ant", "bee", "ant"], &[2, 0, 1, 0], &["ant", "bee", "cat"]),
        ("class[3]", &["Z", "a", "É"], &[0, 1, 2], &["Z", "a", "É"]),
        ("class[3]", &["1", "2", "3"], &[0, 1, 2], &["1", "2", "3"]),
        ("class[2]", &["猫", "犬", "犬"], &[1, 0, 0], &["犬", "猫"]),
        ("class[\"no\", \"yes\"]", &["yes", "no", "yes"], &[1, 0, 1], &["no", "yes"]),
        ("class[\"1\", \"0\"]", &["1", "0"], &[0, 1], &["1", "0"]),
        ("class[\"a\", \"b\", ..]", &["b", "zebra", "a"], &[1, 2, 0], &["a", "b", "other"]),
        ("ordinal[\"low\", \"mid\", \"high\"]", &["mid", "high", "low"], &[1, 2, 0], &["low", "mid", "high"]),
        ("ordinal[\"小\", \"大\"]", &["大", "小", "小"], &[1, 0, 0], &["小", "大"]),
        ("ordinal[3]", &["2", "0", "1.0"], &[2, 0, 1], &["0", "1", "2"]),
    ];
    for (ty, cells, expected, names) in table {
        let lines: Vec<String> = cells.iter().map(|cell| format!("{cell},1\n")).collect();
        let csv = format!("y,x\n{}", lines.concat());
        let block =
            Block::new(&format!("  source: csv(\"f\")\n  input x: number\n  target y: {ty}"), &[("f", csv.as_bytes())]);
        let dataset = block.load().unwrap_or_else(|problems| panic!("{ty} {cells:?}\n{}", block.told(&problems)));
        assert_eq!(dataset.part(Split::Train).fields[1].as_ref().expect("classes").integers(), *expected, "{ty}");
        assert_eq!(dataset.fitted.class_names(&block.plan, 1).expect("classes"), *names, "{ty}");
    }
}

#[test]
fn a_missing_cell_of_an_optional_class_is_the_last_class() {
    for (ty, expected) in
        [("class[\"a\", \"b\"]?", [0, 2, 1]), ("class[\"a\", ..]?", [0, 2, 1]), ("class[2]?", [0, 2, 1])]
    {
        let block = Block::new(
            &format!("  source: csv(\"f\", missing: [\"?\"])\n  input c: {ty}\n  target y: number"),
            &[("f", b"c,y\na,1\n?,2\nb,3\n")],
        );
        let dataset = block.load().unwrap_or_else(|problems| panic!("{ty}\n{}", block.told(&problems)));
        assert_eq!(dataset.parts[0].fields[0].as_ref().expect("classes").integers(), expected, "{ty}");
    }
}

#[test]
fn a_missing_number_is_nan_where_the_type_allows_it() {
    let block = Block::new(
        "  source: csv(\"f\", missing: [\"\", \"NA\"])\n  input x: number?\n  target y: number",
        &[("f", b"x,y\n1,1\n,2\nNA,3\n")],
    );
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    let floats = dataset.parts[0].fields[0].as_ref().expect("numbers").floats();
    assert!(floats[0] == 1.0 && floats[1].is_nan() && floats[2].is_nan());
}

/// The fitter takes away the mean of what it was fitted on: that of the training rows, 2.
#[test]
fn statistics_are_those_of_the_training_rows() {
    let block = Block::new(
        "  source: csv(\"f\")\n  split: by_position(train: 3, val: 1, test: 1)\n  input x: number = x |> standardize\n  target y: number",
        &[("f", b"x,y\n1,0\n2,0\n3,0\n102,0\n-98,0\n")],
    );
    // `standardize` fits two values; the stand-in gives what it is asked for.
    let dataset = block.load_with(&mut super::Means(2)).unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    let floats = |part: usize| dataset.parts[part].fields[0].as_ref().expect("numbers").floats().to_vec();
    assert_eq!((floats(0), floats(1), floats(2)), (vec![-1., 0., 1.], vec![100.], vec![-100.]));
}

#[test]
fn weights_have_the_mean_one_over_the_training_rows() {
    let block = Block::new(
        "  source: csv(\"f\")\n  split: by_position(train: 3, val: 1)\n  weight w: number\n  input x: number\n  target y: number",
        &[("f", b"w,x,y\n1,0,0\n2,0,0\n3,0,0\n5,0,0\n")],
    );
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    let floats = |part: usize| dataset.parts[part].fields[0].as_ref().expect("weights").floats().to_vec();
    assert_eq!((floats(0), floats(1)), (vec![0.5, 1., 1.5], vec![2.5]));
    assert_eq!(dataset.fitted.fields[0].scale, Some(0.5));
}

/// The labels of a field `y`, row after row, as digits; and their names.
fn labels(field: &str, source: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let block = format!("  source: {source}(\"f\")\n  input x: number\n  target y: {field}");
    let block = Block::new(&block, &[("f", text.as_bytes())]);
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    let array = dataset.part(Split::Train).fields[1].as_ref().expect("labels");
    let width = array.shape[1];
    let rows = array.floats().chunks(width).map(|row| row.iter().map(|it| it.to_string()).collect::<String>());
    (rows.collect(), dataset.fitted.class_names(&block.plan, 1).expect("labels"))
}

#[test]
fn a_set_has_a_place_for_each_of_its_labels() {
    const THREE: &str = "set[\"oak\", \"rosé\", \"red plum\"]";
    let cells = |field: &str, cells: &[&str]| {
        let lines: Vec<String> = cells.iter().map(|cell| format!("1,\"{}\"\n", cell.replace('"', "\"\""))).collect();
        labels(field, "csv", &format!("x,y\n{}", lines.concat())).0
    };
    assert_eq!(cells(THREE, &["oak", "rosé;oak", " oak ; red plum", "oak;oak"]), ["100", "110", "101", "100"]);
    assert_eq!(cells(&format!("{THREE} = y |> separated(\"|\")"), &["oak|rosé", "oak | red plum"]), ["110", "101"]);
    assert_eq!(cells(&format!("{THREE} = y |> separated(by: \" / \")"), &["oak / rosé", "rosé"]), ["110", "010"]);
    assert_eq!(cells("set[\"a\", \"b\"] = y |> separated(\" \")", &["a  b", "b"]), ["11", "01"]);
    assert_eq!(cells(THREE, &["[\"oak\", \"ros\\u00e9\"]", "[]", "oak"]), ["110", "000", "100"]);
    assert_eq!(cells("set[\"oak\", ..]", &["oak", "fig", "elm;ash;oak"]), ["10", "01", "11"]);
    // What is missing is a label of its own, or says that none is on.
    assert_eq!(cells("set[\"oak\", ..]?", &["oak", "", "elm"]), ["100", "001", "010"]);
    assert_eq!(cells("set[\"a\", \"b\"] = y |> separated(missing: empty)", &["a", "", "b;a"]), ["10", "00", "11"]);
    let (rows, names) = labels("set[3]", "csv", "x,y\n1,oak;fig\n2,elm\n3,fig\n");
    assert_eq!(
        (rows, names),
        (vec!["011".into(), "100".into(), "010".into()], vec!["elm".into(), "fig".into(), "oak".into()])
    );
    let (rows, names) = labels("set[3]", "csv", "x,y\n1,0;2\n2,1\n");
    assert_eq!((rows, names), (vec!["101".into(), "010".into()], vec!["0".into(), "1".into(), "2".into()]));
}

#[test]
fn a_list_of_json_is_a_set_and_so_are_columns_of_yes_and_no() {
    let text = "{\"x\":1,\"y\":[\"b\",\"a\"]}\n{\"x\":2,\"y\":[]}\n{\"x\":3,\"y\":\"b\"}\n";
    assert_eq!(labels("set[\"a\", \"b\"]", "jsonl", text).0, ["11", "00", "01"]);
    let optional = text.replace("[]", "null");
    assert_eq!(labels("set[\"a\", \"b\"]?", "jsonl", &optional).0, ["110", "001", "010"]);
    let csv = "x,a,b\n1,0,1\n2,yes,no\n3,1,1\n";
    let (rows, names) = labels("set[\"a\", \"b\"] = [a, b]", "csv", csv);
    assert_eq!((rows, names), (vec!["01".into(), "10".into(), "11".into()], vec!["a".into(), "b".into()]));
    let many = "x,is_a,is_b\n1,0,1\n2,1,0\n";
    assert_eq!(labels("set[\"a\", \"b\"] = columns(\"is_*\")", "csv", many).0, ["01", "10"]);
}
