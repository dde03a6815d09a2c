//! Who is in which split.

use std::collections::{BTreeMap, BTreeSet};

use arbtest::arbtest;
use dlmc::data::shuffle::{Purpose, order};
use dlmc::data::time::moment;

use super::Block;

/// Rows of a group, a time, a class and a number, as CSV.
fn rows(count: usize, row: impl Fn(usize) -> (String, String, String)) -> Vec<u8> {
    let mut text = String::from("g,t,x,y\n");
    for at in 0..count {
        let (group, time, class) = row(at);
        text += &format!("{group},{time},{at},{class}\n");
    }
    text.into_bytes()
}

const FIELDS: &str = "  group g: text\n  time t: date\n  input x: number\n  target y: class[\"p\", \"q\", \"r\"]";

/// The rows of each split, counted from 0, or the code of the problem.
fn split(how: &str, seed: u64, csv: &[u8]) -> Result<[Vec<usize>; 3], String> {
    let block = Block::new(&format!("  source: csv(\"f\")\n  split: {how}\n  seed: {seed}\n{FIELDS}"), &[("f", csv)]);
    let dataset = block.load().map_err(|problems| problems[0].code.to_string())?;
    Ok(dataset.parts.map(|part| part.numbers.iter().map(|&line| line as usize - 2).collect()))
}

fn plain(count: usize) -> Vec<u8> {
    rows(count, |at| (format!("g{}", at % 7), format!("2026-01-{:02}", at % 28 + 1), ["p", "q", "r"][at % 3].into()))
}

#[test]
fn sizes_follow_the_shares_and_the_rest_goes_to_the_first_split_not_named() {
    type Row<'a> = (&'a str, usize, Result<[usize; 3], &'a str>);
    let table: &[Row] = &[
        ("random(train: 80%, val: 10%, test: 10%)", 10, Ok([8, 1, 1])),
        ("random(train: 80%, val: 10%)", 10, Ok([8, 1, 1])),
        ("random(train: 90%, val: 10%)", 10, Ok([9, 1, 0])),
        ("random(train: 75%)", 10, Ok([8, 2, 0])),
        ("random(val: 10%)", 10, Ok([9, 1, 0])),
        ("random(val: 3, test: 2)", 10, Ok([5, 3, 2])),
        ("random(train: 70%, val: 15%, test: 15%)", 150, Ok([105, 23, 22])),
        ("random(train: 33%, val: 33%, test: 34%)", 7, Ok([2, 3, 2])),
        ("random(train: 5, val: 50%)", 10, Ok([5, 5, 0])),
        ("random(train: 100%)", 10, Ok([10, 0, 0])),
        ("random(train: 100%, val: 0%, test: 0%)", 10, Ok([10, 0, 0])),
        ("stratified(train: 70%, val: 15%, test: 15%)", 150, Ok([105, 23, 22])),
        ("by_time(train: 70%, val: 15%, test: 15%)", 150, Ok([105, 23, 22])),
        ("by_position(train: 70%, val: 15%, test: 15%)", 150, Ok([105, 23, 22])),
        ("random(train: 70%, val: 15%, test: 10%)", 100, Err("rows-left-over")),
        ("random(train: 3, val: 3, test: 3)", 10, Err("rows-left-over")),
        ("random(train: 80%, val: 30%)", 10, Err("split-too-large")),
        ("random(train: 8, val: 3)", 10, Err("split-too-large")),
        ("random(train: 95%, val: 5%)", 9, Err("empty-split")),
        ("random(val: 10)", 10, Err("empty-split")),
        ("random()", 10, Err("split-without-shares")),
    ];
    for (how, count, expected) in table {
        let sizes = split(how, 0, &plain(*count)).map(|parts| parts.map(|rows| rows.len()));
        assert_eq!(sizes, expected.map_err(String::from), "{how} of {count}");
    }
}

#[test]
fn every_row_is_in_exactly_one_split() {
    arbtest(|u| {
        let count = u.int_in_range(3..=120)?;
        let (groups, classes) = (u.int_in_range(1..=40)?, u.int_in_range(1..=3)?);
        let noise: Vec<usize> = (0..count).map(|_| u.int_in_range(0..=1000)).collect::<Result<_, _>>()?;
        let csv = rows(count, |at| {
            let (year, month) = (1990 + noise[at] % 30, noise[at] % 12 + 1);
            (
                format!("g{}", noise[at] % groups),
                format!("{year}-{month:02}-01"),
                ["p", "q", "r"][noise[at] % classes].into(),
            )
        });
        let ways = ["random(", "stratified(", "by_group(", "by_time(", "by_position(", "stratified(by: g, "];
        let way = *u.choose(&ways)?;
        let (val, test) = (u.int_in_range(0..=40)?, u.int_in_range(0..=40)?);
        let seed = u.int_in_range(0..=1000)?;
        let Ok(parts) = split(&format!("{way}val: {val}%, test: {test}%)"), seed, &csv) else { return Ok(()) };
        let all: Vec<usize> = parts.iter().flatten().copied().collect();
        assert_eq!(all.len(), count);
        assert_eq!(BTreeSet::from_iter(all).len(), count);
        assert!(parts.iter().all(|rows| rows.is_sorted()), "rows stay in the order of the file");
        let of =
            |part: &[usize], key: &dyn Fn(usize) -> usize| part.iter().map(|&row| key(row)).collect::<BTreeSet<_>>();
        if way == "by_group(" {
            let groups = parts.each_ref().map(|part| of(part, &|row| noise[row] % groups));
            assert!(
                groups[0].is_disjoint(&groups[1])
                    && groups[0].is_disjoint(&groups[2])
                    && groups[1].is_disjoint(&groups[2])
            );
        }
        if way == "by_time(" {
            let times = parts.each_ref().map(|part| of(part, &|row| (noise[row] % 30) * 12 + noise[row] % 12));
            let in_order = |early: &BTreeSet<usize>, late: &BTreeSet<usize>| {
                early.last().zip(late.first()).is_none_or(|(a, b)| a <= b)
            };
            assert!(in_order(&times[0], &times[1]) && in_order(&times[1], &times[2]) && in_order(&times[0], &times[2]));
        }
        Ok(())
    })
    .budget_ms(1500);
}

#[test]
fn a_stratified_split_holds_each_class_in_proportion() {
    for seed in 0..20 {
        let csv = rows(200, |at| {
            (
                "g".into(),
                "2026-01-01".into(),
                if at < 20 {
                    "p"
                } else if at < 100 {
                    "q"
                } else {
                    "r"
                }
                .into(),
            )
        });
        let parts = split("stratified(train: 70%, val: 10%, test: 20%)", seed, &csv).expect("enough rows");
        for (part, share) in parts.iter().zip([0.7, 0.1, 0.2]) {
            let mut classes: BTreeMap<usize, usize> = BTreeMap::new();
            part.iter()
                .for_each(|&row| *classes.entry(usize::from(row >= 20) + usize::from(row >= 100)).or_insert(0) += 1);
            for (class, of_class) in [20., 80., 100.].iter().enumerate() {
                let held = classes.get(&class).copied().unwrap_or(0) as f64;
                assert!(
                    (held - share * of_class).abs() <= 2.0,
                    "seed {seed}: {held} rows of class {class}, {share} of {of_class}"
                );
            }
        }
    }
}

#[test]
fn a_seed_decides_a_random_split_and_nothing_else_does() {
    let csv = plain(40);
    for how in ["random(val: 25%)", "stratified(val: 25%)", "by_group(val: 25%)"] {
        let first = split(how, 1, &csv).expect("sound");
        assert_eq!(split(how, 1, &csv).expect("sound"), first, "{how}");
        assert_ne!(split(how, 2, &csv).expect("sound"), first, "{how}");
    }
    for how in ["by_time(val: 25%)", "by_position(val: 25%)"] {
        assert_eq!(split(how, 1, &csv), split(how, 2, &csv), "{how}");
    }
}

#[test]
fn a_column_may_say_the_split() {
    let csv = b"part,x,y\ntrain,1,0\nval,2,1\ntest,3,1\nvalidation,4,0\nTraining,5,0\n";
    let block = |extra: &str| {
        let files: &[(&str, &[u8])] = &[("f", csv), ("g", b"x,y\n1,0\n")];
        Block::new(
            &format!("  source: csv(\"f\")\n  split: given(part)\n{extra}  input x: number\n  target y: binary"),
            files,
        )
    };
    let (_, problems) = block("").inspect();
    assert_eq!(problems, [], "the column is used");
    let parts = block("").load().unwrap_or_else(|it| panic!("{it:?}")).parts.map(|part| part.numbers);
    assert_eq!(parts, [vec![2, 6], vec![3, 5], vec![4]]);
    let problems = block("  test: csv(\"g\")\n").load().err().expect("test twice");
    assert_eq!(problems[0].code, "split-cells");
}

#[test]
fn test_rows_may_have_a_source_of_their_own() {
    let files: &[(&str, &[u8])] = &[("f", b"x,y\n1,a\n2,b\n3,a\n4,b\n"), ("g", b"y,x\nb,5\na,6\n")];
    let block = Block::new(
        "  source: csv(\"f\")\n  test: csv(\"g\")\n  split: by_position(val: 25%)\n  input x: number\n  target y: class[2]",
        files,
    );
    let dataset = block.load().unwrap_or_else(|it| panic!("{it:?}"));
    assert_eq!(dataset.parts.each_ref().map(|part| part.rows), [3, 1, 2]);
    assert_eq!(dataset.parts[2].fields[1].as_ref().expect("classes").integers(), [1, 0]);
}

/// These numbers never change: a run of yesterday is a run of tomorrow. They were computed apart, from the definition of
/// ChaCha with eight rounds.
#[test]
fn orders_are_what_they_have_always_been() {
    assert_eq!(order(10, 0, Purpose::Split, 0), GOLDEN[0]);
    assert_eq!(order(10, 0, Purpose::Epoch, 0), GOLDEN[1]);
    assert_eq!(order(10, 0, Purpose::Epoch, 1), GOLDEN[2]);
    assert_eq!(order(10, u64::MAX, Purpose::Epoch, 0), GOLDEN[3]);
    assert!(order(0, 0, Purpose::Epoch, 0).is_empty());
    let mut sorted = order(1000, 7, Purpose::Epoch, 3);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
}

const GOLDEN: [[u32; 10]; 4] = [
    [2, 7, 3, 0, 5, 1, 4, 9, 8, 6],
    [0, 5, 6, 9, 2, 1, 7, 8, 4, 3],
    [6, 3, 0, 9, 2, 7, 8, 4, 5, 1],
    [3, 4, 5, 8, 7, 1, 9, 2, 6, 0],
];

/// Every order of four is as likely as any other: none of 24 is off by more than five deviations in 24,000.
#[test]
fn all_orders_are_equally_likely() {
    let mut seen: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    (0..24_000).for_each(|round| *seen.entry(order(4, 1, Purpose::Epoch, round)).or_insert(0) += 1);
    assert_eq!(seen.len(), 24);
    assert!(seen.values().all(|count| count.abs_diff(1000) < 160), "{seen:?}");
}

#[test]
fn dates_are_read_with_the_year_first_and_nothing_else_is() {
    let table = [
        ("1970-01-01", Some(0.0)),
        ("1970-01-02", Some(86_400.0)),
        ("1969-12-31", Some(-86_400.0)),
        ("2000-03-01", Some(951_868_800.0)),
        ("2000/03/01", Some(951_868_800.0)),
        ("2024-02-29", Some(1_709_164_800.0)),
        ("2026-11", Some(1_793_491_200.0)),
        ("2026-11-24 13:45", Some(1_795_527_900.0)),
        ("2026-11-24T13:45:12.5Z", Some(1_795_527_912.5)),
        ("2026-11-24T13:45:12+01:00", Some(1_795_524_312.0)),
        ("2026-11-24T13:45:12-0130", Some(1_795_533_312.0)),
        ("2023-02-29", None),
        ("2026-13-01", None),
        ("2026-00-01", None),
        ("2026-1-1", None),
        ("24.11.2026", None),
        ("11/24/2026", None),
        ("2026-11-24T25:00", None),
        ("2026-11-24 13", None),
        ("2026-11-24 13:45:", None),
        ("2026-11-24 13:45+", None),
        ("2026-11-24 13:45+é", None),
        ("20261124", None),
        ("é", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(moment(text), expected, "{text}");
    }
}

/// A pattern means the columns that it selected for training, in their order, whatever else a later file holds.
#[test]
fn a_pattern_means_the_same_columns_in_every_file() {
    let files: &[(&str, &[u8])] = &[("f", b"p1,p2,y\n1,2,0\n3,4,1\n"), ("g", b"p3,p2,y,p1\n9,6,1,5\n")];
    let block = Block::new(
        "  source: csv(\"f\")\n  test: csv(\"g\")\n  input x: f32[2] = columns(\"p*\")\n  target y: binary\n  ignore \"p3\"",
        files,
    );
    let dataset = block.load().unwrap_or_else(|problems| panic!("{}", block.told(&problems)));
    assert_eq!(dataset.parts[2].fields[0].as_ref().expect("numbers").floats(), [5., 6.]);
}
