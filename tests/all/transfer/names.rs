//! Maps of names: how a block asks for one, what its own lines do beside it, and what is proposed where one would fit.

use dlmc::ide::fix::fix;

use super::*;

/// The program of [`program`], with a map of names for its layer `tower`.
fn mapped(clause: &str, map: &str) -> String {
    format!("{}names torch of tower {{\n  {map}\n}}\n", program(clause))
}

const MAP: &str = "rename \"*\" -> * as oi\n  skip \"fc.*\"";

const ASKED: &str = "transfer body from \"it.safetensors\" { names torch }";

fn codes(program: &str, lines: &str) -> Vec<(&'static str, String)> {
    let found = said(program, &[("it.safetensors", lines)]);
    found.into_iter().map(|it| (it.code, it.message)).collect()
}

#[test]
fn a_block_asks_for_a_map_of_its_layer_by_one_line() {
    assert_eq!(codes(&mapped(ASKED, MAP), TORCH), []);
    // What the map leaves out need not be there, and may be.
    let more = format!("{TORCH}\nfc.bias f32 9\nfc.weight f32 9 6");
    assert_eq!(codes(&mapped(ASKED, MAP), &more), []);
    // The proof is that of all lines: what nobody takes, and what nothing fills.
    let more = format!("{TORCH}\nblocks.7.fc.bias f32 9");
    let found = codes(&mapped(ASKED, &MAP.replace("\"*\" -> *", "\"stem.*\" -> stem.*")), &more);
    assert_eq!(found[0].0, "transfer-holes");
}

#[test]
fn the_lines_of_a_block_count_before_those_of_the_map() {
    // Another tensor for the same place: the one of the map is left over.
    let clause = "transfer body from \"it.safetensors\" {\n names torch\n rename \"other.weight\" -> stem.w as oi\n }";
    let more = format!("{TORCH}\nother.weight f32 6 2");
    let found = codes(&mapped(clause, MAP), &more);
    assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), ["transfer-leftovers"]);
    let both = clause.replace("\n }", "\n skip \"stem.weight\"\n }");
    assert_eq!(codes(&mapped(&both, MAP), &more), []);
    // What starts afresh needs no `skip` beside a map.
    let clause = "transfer body from \"it.safetensors\" {\n names torch\n init stem fresh\n }";
    assert_eq!(codes(&mapped(clause, MAP), TORCH), []);
    // What the map leaves out the block may take.
    let map = "rename \"*\" -> * as oi\n  skip \"stem.*\"";
    let clause = "transfer body from \"it.safetensors\" {\n names torch\n rename \"stem.*\" -> stem.* as oi\n }";
    assert_eq!(codes(&mapped(clause, map), TORCH), []);
}

#[test]
fn a_map_may_speak_of_several_layers_and_of_the_model() {
    let whole = format!("{TORCH}\nhead.bias f32 2\nhead.weight f32 2 6");
    let whole = whole.lines().map(|it| if it.starts_with("head") { it.to_string() } else { format!("body.{it}") });
    let whole = whole.collect::<Vec<_>>().join("\n");
    let asked = "transfer from \"it.safetensors\" { names torch }";
    let text = mapped(asked, "rename \"*\" -> * as oi").replace("of tower", "of tower, net");
    assert_eq!(codes(&text, &whole), []);
}

#[test]
fn a_map_comes_with_its_layer_and_by_its_name() {
    let parts = "layer tower on x: f32[I] -> f32[6] = x |> dense(6, tanh) as stem
names torch of tower { rename \"*\" -> * as oi }
names keras of tower { rename \"*\" -> * }
";
    let file = "stem.bias f32 6\nstem.weight f32 6 2";
    let text = |lines: &str, asked: &str| {
        let whole = program(&format!("transfer body from \"it.safetensors\" {{ names {asked} }}"));
        let kept = whole.lines().filter(|it| !it.starts_with("layer tower"));
        let kept = kept.map(|it| format!("{it}\n")).collect::<String>();
        kept.replacen("dlm 1\n", &format!("dlm 1\nuse \"parts.dlm\" {{ {lines} }}\n"), 1)
    };
    let found = |text: &str| {
        let mut world = Memory::default();
        world.0.insert("parts.dlm".into(), parts.into());
        world.0.insert("it.safetensors".into(), weights(file));
        let report =
            look(&world, Path::new("it.dlm"), Some(text.into()), &[], Look::Glance).expect("the text is given");
        report.problems.into_iter().map(|it| (it.code, it.help)).collect::<Vec<_>>()
    };
    assert_eq!(found(&text("tower", "torch")), []);
    assert_eq!(found(&text("tower as tall, keras as other", "torch").replace("|> tower", "|> tall")), []);
    // And with the file as a whole.
    let whole =
        |asked: &str| text("WHOLE", asked).replace("{ WHOLE }", "as parts").replace("|> tower", "|> parts.tower");
    assert_eq!(found(&whole("torch")), []);
    assert_eq!(found(&whole("parts.torch")), []);
    let told = found(&whole("parts.touch"));
    assert_eq!(told[0], ("imported-name-missing", vec!["did you mean `torch`?".to_string()]));
    let own = format!("{}names mine of parts.tower {{ rename \"*\" -> * as oi }}\n", whole("mine"));
    assert_eq!(found(&own), []);
    let told = found(&text("tower, keras as other", "tensorflow"));
    assert_eq!(told, [("unknown-names", vec!["there are `other`, `torch` and `keras`".to_string()])]);
}

#[test]
fn where_a_map_of_the_layer_fits_it_is_proposed_and_put_in() {
    let text = mapped("transfer body from \"it.safetensors\"", MAP);
    let found = said(&text, &[("it.safetensors", TORCH)]);
    assert_eq!(found[0].help, ["shapes and names fit if you add\n    names torch"]);
    let mut world = Memory::default();
    world.0.insert("it.safetensors".into(), weights(TORCH));
    let fixed = fix(&world, Path::new("it.dlm"), Some(text), Look::Glance).expect("the text is given");
    assert!(fixed.text.contains("transfer body from \"it.safetensors\" {\n    names torch\n  }"), "{}", fixed.text);
    assert!(fixed.report.problems.is_empty());
}

#[test]
fn what_is_wrong_with_a_map_is_said_where_it_stands() {
    // Of the map itself, whether somebody asks for it or not.
    let lines = "rename \"a.*\" -> stem.w as oi";
    for clause in [ASKED, "transfer body from \"it.safetensors\" { rename \"*\" -> * as oi }"] {
        assert_eq!(codes(&mapped(clause, lines), TORCH)[0].0, "transfer-pattern");
    }
    // A part within the named one has it.
    let clause = "transfer from \"it.safetensors\" { names torch }";
    let found = said(&mapped(clause, MAP), &[("it.safetensors", TORCH)]);
    assert_eq!(found[0].help, ["`body` is of the layer `tower`, which has it: `transfer body from …`"]);
    // Twice, and for nothing.
    let clause = "transfer body from \"it.safetensors\" {\n names torch\n names torch\n }";
    assert_eq!(codes(&mapped(clause, MAP), TORCH)[0].0, "setting-twice");
    let clause = "transfer body from \"it.safetensors\" {\n names torch\n rename \"*\" -> * as oi\n }";
    let (code, message) = &codes(&mapped(clause, MAP), TORCH)[0];
    assert_eq!(
        (*code, &message[..]),
        ("names-unmatched", "the lines of the block leave nothing for the names of `torch`")
    );
    // Blocks of a repeat are several layers.
    let clause = "transfer body.blocks from \"it.safetensors\" { names torch }";
    let message = "maps of names belong to layers, and `body.blocks` is none";
    assert_eq!(codes(&mapped(clause, MAP), TORCH), [("unknown-names", message.to_string())]);
    let clause = "transfer body from \"it.safetensors\" { names: torch }";
    let found = said(&mapped(clause, MAP), &[("it.safetensors", TORCH)]);
    assert_eq!(found[0].help, ["a map of names is asked for without a colon: `names torch`"]);
    // Declared twice, of a layer that is not there, and with nothing in it.
    let twice = format!("{}names torch of tower {{ skip \"a\" }}\n", mapped(ASKED, MAP));
    assert_eq!(codes(&twice, TORCH), [("name-twice", "`names torch of tower` is declared twice".to_string())]);
    let text = mapped(ASKED, MAP).replace("of tower", "of towr");
    assert_eq!(codes(&text, TORCH)[0].0, "unknown-names");
    assert_eq!(codes(&text, TORCH)[1], ("unknown-name", "there is no layer or model called `towr`".to_string()));
    let text = format!("{}names keras of tower {{ }}\n", mapped(ASKED, MAP));
    assert_eq!(codes(&text, TORCH)[0].0, "empty-block");
}
