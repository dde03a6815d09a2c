//! Text to tree.

use std::path::PathBuf;

use dlmc::source::FileId;
use dlmc::syntax;

/// The text of a file in `tests/samples`.
pub fn sample(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the whole samples, in order.
pub fn samples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let entries = std::fs::read_dir(folder).expect("the samples are there");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string().expect("a plain name"));
    let mut names: Vec<String> = names.filter(|it| it.ends_with(".dlm")).collect();
    names.sort();
    names
}

#[test]
fn every_sample_has_a_whole_tree() {
    assert!(samples().len() >= 9);
    for name in samples() {
        let (file, problems) = syntax::parse(FileId(0), &sample(&name));
        assert_eq!(problems, [], "{name}");
        let tree = syntax::print_tree(&file);
        assert!(!tree.contains("broken"), "{name}:\n{tree}");
        insta::assert_snapshot!(format!("tree_{}", name.trim_end_matches(".dlm")), tree);
    }
}

/// A formula, and the same with all its brackets.
#[test]
fn operators_bind_as_in_mathematics() {
    let table = [
        ("-x^2", "-(x^2)"),
        ("2^-x * 3", "(2^(-x)) * 3"),
        ("a^b^c", "a^(b^c)"),
        ("a - b - c", "(a - b) - c"),
        ("-a * b", "(-a) * b"),
        ("a + b @ c / d", "a + ((b @ c) / d)"),
        ("0 .. n + 1", "0 .. (n + 1)"),
        ("not a == b and c or d", "((not (a == b)) and c) or d"),
        ("mse on price + 0.3 * cross_entropy on brand", "(mse on price) + (0.3 * (cross_entropy on brand))"),
        ("-loss(k: 2) on a.b^2", "-(((loss(k: 2)) on (a.b))^2)"),
        ("b1 * m' + x[i + 1].w", "(b1 * (m')) + ((x[i + 1]).w)"),
        ("x |> f as a |> g", "x |> (f as a) |> g"),
        ("if a then b else c |> f", "if a then b else (c |> f)"),
        ("1 + if a then 2 else 3 + 4", "1 + (if a then 2 else (3 + 4))"),
        ("sum(for i in n => x[i] * y[i])", "sum(for i in n => (x[i]) * (y[i]))"),
        ("(a)", "a"),
        ("((a, b))", "(a, b)"),
    ];
    for (short, long) in table {
        let (short_tree, long_tree) = (syntax::formula(short), syntax::formula(long));
        assert_eq!(syntax::print_expr(&short_tree), syntax::print_expr(&long_tree), "{short}");
        assert_eq!(shape(&short_tree), shape(&long_tree), "{short}");
        let again = syntax::formula(&syntax::print_expr(&short_tree));
        assert_eq!(shape(&again), shape(&short_tree), "printed and read again: {short}");
    }
}

/// The tree without its places.
fn shape(expr: &syntax::tree::Expr) -> String {
    let text = format!("{expr:?}");
    let mut shape = String::new();
    let mut rest = &*text;
    while let Some(at) = rest.find("Span {") {
        shape.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('}').expect("a span is closed") + 1..];
    }
    shape + rest
}
