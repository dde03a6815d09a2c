//! Problems of `transfer`: what a file of weights holds against what the model wants.

use super::{count, list, problems, say, ticked};
use crate::source::{Near, Span};

/// How the two sides of a `rename` differ.
#[derive(Clone, Debug)]
pub enum Unlike {
    /// A number of the right side that the left one does not have.
    Number(String),
    /// The stars on the left, and on the right.
    Stars(usize, usize),
}

/// Why a file is not one of safetensors.
#[derive(Clone, Debug)]
pub enum Unreadable {
    Io(String),
    /// What PyTorch's `save` writes.
    Pickle,
    /// Something else altogether.
    Foreign,
    /// Its end is missing.
    Cut,
    Header(String),
}

/// What comes to one tensor of the model twice.
#[derive(Clone, Debug)]
pub enum Twice {
    Tensors(String, String),
    /// The block says, too, that it starts afresh.
    Fresh(String),
    Blocks,
}

/// A part of the model for which there is no such map of names.
#[derive(Clone, Debug)]
pub struct Unmapped {
    /// Its kind and its name, where it is one layer or the model.
    pub layer: Option<(&'static str, String)>,
    pub part: Option<String>,
    /// The maps that there are for it.
    pub known: Vec<String>,
    /// A part within it that has the map, and the layer which that is.
    pub inner: Option<(String, String)>,
}

/// A shape as the language writes it.
fn dims(shape: &[usize]) -> String {
    let all: Vec<String> = shape.iter().map(|it| it.to_string()).collect();
    format!("[{}]", all.join(", "))
}

/// `the model` or `backbone`
fn of(part: &Option<String>) -> String {
    part.as_ref().map_or("the model".to_string(), |part| format!("`{part}`"))
}

/// The first of many names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown = ticked(&names[..names.len().min(3)]);
    match names.len().saturating_sub(shown.len()) {
        0 => list(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Lines of the program below the words before them.
fn below(lines: &[String]) -> String {
    const MOST: usize = 16;
    let shown: String = lines.iter().take(MOST).map(|line| format!("\n    {line}")).collect();
    match lines.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown}\n    … and {more} more"),
    }
}

/// How many of several tensors of one line are meant.
fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(", and {more} more of this line") }
}

/// The parameter for which something was done.
pub fn for_parameter(path: &str, ty: &str) -> String {
    format!("this adapts `{path}`, which is {ty}")
}

problems! {
    /// A layer cannot stand between a parameter and whoever reads it.
    "adapter-unfit" Error AdapterUnfit { how: String, parameter: String, ty: String, takes: Vec<String>, gives: Option<String>, at: Span, selected_at: Span } =>
        match gives {
            None => say(format!("`{how}` cannot adapt `{parameter}`, which is {ty}"))
                .at(at, format!("takes {}", ticked(&takes).join(" or ")))
                .at(selected_at, format!("selects `{parameter}`"))
                .help("let the pattern select less: `*.w` are the weights of dense layers and of convolutions"),
            Some(gives) => say(format!("`{how}` makes {gives} of `{parameter}`, which is {ty}"))
                .at(at, format!("gives {gives}"))
                .at(selected_at, format!("selects `{parameter}`"))
                .help("an adapter gives what it takes, a tensor of the same shape, which the layer reads in its place"),
        };

    /// A parameter does not meet what an adapter requires.
    "adapter-unmet" Error AdapterUnmet { how: String, parameter: String, ty: String, message: String, facts: String, at: Span, selected_at: Span } =>
        say(format!("`{how}` does not fit `{parameter}`, which is {ty}: {message}"))
            .at(at, facts)
            .at(selected_at, format!("selects `{parameter}`"))
            .help(format!("change the settings of the adapter, or let the pattern leave `{parameter}` out"));

    /// An adapter has nothing to train.
    "adapter-still" Error AdapterStill { how: String, parameter: String, at: Span, selected_at: Span } =>
        say(format!("`{how}` has no parameters, so `{parameter}` would stay, and nothing would train in its place"))
            .at(at, "nothing to train")
            .at(selected_at, format!("selects `{parameter}`"))
            .help("what shall only stay is named by `freeze`; an adapter is a layer with parameters");

    /// Two adapters select one parameter.
    "adapted-twice" Error AdaptedTwice { parameter: String, at: Span, first: Span } =>
        say(format!("`{parameter}` would be adapted twice"))
            .at(at, "again here")
            .at(first, "adapted here")
            .help("let one of the two patterns select less");

    /// What is adapted stays as it starts, and it starts at random.
    "adapted-fresh" Error AdaptedFresh { parameter: String, at: Span, fresh_at: Span } =>
        say(format!("`{parameter}` starts afresh, and an adapter would keep it as it starts"))
            .at(at, format!("selects `{parameter}`"))
            .at(fresh_at, "starts afresh")
            .help("what is new trains itself: let the pattern leave it out");

    /// The two sides of a `rename` do not say the same.
    "transfer-pattern" Error TransferPattern { unlike: Unlike, at: Span, from_at: Span } =>
        match unlike {
            Unlike::Number(name) => say(format!("`{{{name}}}` stands for a number that the file's name does not have"))
                .at(at, format!("`{{{name}}}` is nowhere on the left"))
                .at(from_at, "the name in the file")
                .help(format!("write `{{{name}}}` on the left where the file's names have that number, or write the number itself")),
            Unlike::Stars(left, right) => say(format!("the file's name has {} and the model's {right}, so nobody knows which is which", count(left, "star", "stars")))
                .at(at, format!("{} here", count(right, "star", "stars")))
                .at(from_at, format!("{} here", count(left, "star", "stars")))
                .help("what a star on the left stands for is put in the place of the star on the right: as many on both sides"),
        };

    /// A word that names no order of axes.
    "unknown-layout" Error UnknownLayout { word: String, at: Span, known: Vec<String> } => {
        let near = crate::source::nearest(&word, known.iter().map(String::as_str));
        say(format!("`{word}` is no layout of a weight"))
            .at(at, "not an order of axes")
            .meant(at, &word, &near)
            .help("PyTorch has `oihw` for images, `oiw` for sequences and `oi` for dense layers; Keras and Flax have the library's own order")
            .note(format!("o is outputs, i inputs, h height, w width; there are {}", list(&ticked(&known))))
    };

    /// A `rename` leads to nothing that the model has.
    "transfer-nowhere" Error TransferNowhere { to: String, part: Option<String>, near: Option<Near>, example: Option<(String, String, usize)>, at: Span } =>
        match &example {
            None => say(format!("{} has nothing called `{to}`", of(&part))),
            Some((_, target, _)) => say(format!("{} has no tensor called `{target}`", of(&part))),
        }
            .at(at, match &example {
                None => "no tensor has such a name".to_string(),
                Some((tensor, _, more)) => format!("`{tensor}` would go there{}", and_more(*more)),
            })
            .meant(at, &to, &near.filter(|near| example.is_none() || !near.name.is_empty()))
            .help("`dlmc check --verbose` shows the names of all stages; what the part has no place for is left out by `skip`");

    /// A `transfer` block asks for a map of names that its part does not have.
    "unknown-names" Error UnknownNames { names: String, unmapped: Unmapped, near: Option<Near>, at: Span } => {
        let Unmapped { layer, part, known, inner } = unmapped;
        let words = match (&layer, &part) {
            (Some((kind, name)), _) => say(format!("the {kind} `{name}` has no map of names called `{names}`")),
            (None, part) => say(format!("maps of names belong to layers, and {} is none", of(part))),
        };
        let words = words.at(at, "not known here").meant(at, &names, &near);
        match (near, inner, layer) {
            (Some(_), ..) => words,
            (None, Some((path, layer)), _) => words.help(format!("`{path}` is of the layer `{layer}`, which has it: `transfer {path} from …`")),
            (None, None, Some(_)) if !known.is_empty() => words.help(format!("there {} {}", if known.len() == 1 { "is" } else { "are" }, list(&ticked(&known)))),
            (None, None, Some((_, layer))) => words.help(format!("say by `rename` which tensor is which, here or for all: `names {names} of {layer} {{ rename … }}`")),
            (None, None, None) => words.help("say by `rename` which tensor is which"),
        }
    };

    /// A map of names takes nothing from a file.
    "names-unmatched" Error NamesUnmatched { names: String, path: String, some: Vec<String>, tensors: usize, too_late: bool, at: Span } => {
        if too_late {
            return say(format!("the lines of the block leave nothing for the names of `{names}`"))
                .at(at, "takes nothing")
                .help("leave it away, or let the lines of the block match less")
                .finish(NamesUnmatched::CODE, super::Severity::Error);
        }
        let words = say(format!("no tensor in {path:?} goes by the names of `{names}`")).at(at, "takes nothing");
        match tensors.saturating_sub(some.len()) {
            0 => words.note(format!("it holds {}", list(&ticked(&some)))),
            more => words.note(format!("it holds {} and {more} more; `dlmc inspect` shows all", ticked(&some).join(", "))),
        }
    };

    /// A `rename` or a `skip` matches nothing in the file.
    "transfer-unmatched" Error TransferUnmatched { pattern: String, path: String, near: Option<Near>, some: Vec<String>, tensors: usize, too_late: bool, at: Span } => {
        if too_late {
            return say(format!("whatever `{pattern}` matches is taken by the lines before it"))
                .at(at, "nothing is left for this line")
                .help("a tensor goes where the first line that fits it says: put this line before those, or leave it away")
                .finish(TransferUnmatched::CODE, super::Severity::Error);
        }
        let words = say(format!("no tensor in {path:?} is called `{pattern}`"))
            .at(at, "matches nothing")
            .meant(at, &format!("{pattern:?}"), &near.map(|near| Near { name: format!("{:?}", near.name), ..near }));
        match tensors.saturating_sub(some.len()) {
            0 => words.note(format!("it holds {}", list(&ticked(&some)))),
            more => words.note(format!("it holds {} and {more} more; `dlmc inspect` shows all", ticked(&some).join(", "))),
        }
    };

    /// Two things would fill one tensor.
    "transfer-twice" Error TransferTwice { parameter: String, by: Twice, at: Span, first: Span } =>
        match by {
            Twice::Tensors(one, two) => say(format!("`{parameter}` would be filled by `{one}` and by `{two}`"))
                .at(at, "again here")
                .at(first, "filled here")
                .help("let one of the two patterns match less, or `skip` one of the tensors"),
            Twice::Fresh(tensor) => say(format!("`{parameter}` is to start afresh, and `{tensor}` would fill it"))
                .at(at, "starts afresh")
                .at(first, "filled here")
                .help("leave one of the two lines away, or `skip` the tensor"),
            Twice::Blocks => say(format!("`{parameter}` would be filled from two files"))
                .at(at, "the second")
                .at(first, "the first")
                .help("name the part that each of them fills: `transfer PART from …`"),
        };

    /// A tensor has another shape than what it would fill.
    "transfer-shape" Error TransferShape { tensor: String, found: Vec<usize>, parameter: String, wanted: Vec<usize>, more: usize, layout: Option<&'static str>, at: Span, layout_at: Option<Span> } => {
        let words = say(format!("`{tensor}` is {} in the file, and `{parameter}` is {}", dims(&found), dims(&wanted)))
            .at(at, format!("does not fit{}", and_more(more)));
        match (layout, layout_at) {
            (Some(layout), Some(at)) => words.help(format!("it fits `as {layout}`")).edit(at, layout),
            (Some(layout), None) => words.help(format!("it fits if its axes are in the order `as {layout}`")).edit(at.after(), format!(" as {layout}")),
            (None, _) => words.help("no order of its axes fits: rename it to another part, `skip` it and let the part start afresh with `init … fresh`, or change the model"),
        }
    };

    /// The order of a tensor's axes is not said, and its shape fits either way.
    "layout-unsaid" Error LayoutUnsaid { tensor: String, found: Vec<usize>, parameter: String, own: &'static str, other: &'static str, more: usize, at: Span } =>
        say(format!("`{tensor}` of {} fits `{parameter}` in two orders of its axes, and nothing says which it is", dims(&found)))
            .at(at, format!("in which order{}?", and_more(more)))
            .help(format!("write `as {other}` if it comes from PyTorch, `as {own}` if it is as the library has it (so in Keras and Flax)"));

    /// A file holds whole numbers where real ones are wanted.
    "transfer-numbers" Error TransferNumbers { tensor: String, parameter: String, kind: String, at: Span } =>
        say(format!("`{tensor}` holds numbers of the type {kind}, and `{parameter}` is made of f32"))
            .at(at, format!("this is {kind}"))
            .help("f16, bf16, f32 and f64 become f32; `skip` what is of another type, or write the file with such numbers");

    /// Tensors of the model that nothing in the file fills.
    "transfer-holes" Error TransferHoles {
        part: Option<String>, path: String, holes: Vec<String>, total: usize, share: f64, unused: Vec<String>, lines: Vec<String>, open: Vec<String>, edit: Option<(Span, String)>, at: Span,
    } => {
        let one = holes.len() == 1;
        let filled = total - holes.len();
        let words = say(format!("{} of {} would stay as {} starts", count(holes.len(), "tensor", "tensors"), of(&part), if one { "it" } else { "each" }))
            .at(at, format!("{filled} of {} filled from {path:?}, {:.1} % of the numbers", count(total, "tensor", "tensors"), 100.0 * share))
            .note(match unused.is_empty() {
                true => format!("nothing fills {}", some(&holes)),
                false => format!("nothing fills {}; unused in the file: {}", some(&holes), some(&unused)),
            });
        let words = match lines.iter().any(|line| line.starts_with("rename") || line.starts_with("names")) {
            true => words.help(format!("shapes and names fit if you add{}", below(&lines))),
            false => words,
        };
        let words = match edit {
            Some((at, text)) => words.edit(at, text),
            None => words,
        };
        words.maybe_help((!open.is_empty()).then(|| format!("what shall start afresh is named: `init {} fresh`", open.join(", "))))
    };

    /// Tensors of the file that no part of the model takes.
    "transfer-leftovers" Error TransferLeftovers { path: String, part: Option<String>, unused: Vec<String>, lines: Vec<String>, at: Span } =>
        say(format!("{} of {path:?} would be left over: nothing in {} is called so", count(unused.len(), "tensor", "tensors"), of(&part)))
            .at(at, format!("unused: {}", some(&unused)))
            .help(format!("say so if nobody needs them{}", below(&lines)));

    /// A file of weights is not one of safetensors.
    "not-safetensors" Error NotSafetensors { path: String, why: Unreadable, at: Span } =>
        match why {
            Unreadable::Io(reason) => say(format!("{path:?} cannot be read: {reason}")).at(at, "this file"),
            Unreadable::Pickle => say(format!("{path:?} was written by `torch.save`, and may hold programs: dlmc reads none of it"))
                .at(at, "a pickle")
                .help("write its weights as safetensors, where you trust it: `safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")`"),
            Unreadable::Foreign => say(format!("{path:?} is no file of safetensors"))
                .at(at, "begins otherwise")
                .help("weights come as `.safetensors`, or as an artifact of dlmc's, which is one: `.dlmx`"),
            Unreadable::Cut => say(format!("the end of {path:?} is missing: it is shorter than its head says"))
                .at(at, "cut off")
                .help("fetch it again"),
            Unreadable::Header(words) => say(format!("the head of {path:?} does not say what it must: {words}"))
                .at(at, "this file")
                .help("fetch it again, or write it anew"),
        };

    /// A file of weights holds numbers that are not finite.
    "transfer-not-finite" Error TransferNotFinite { path: String, tensor: String, at: Span } =>
        say(format!("`{tensor}` of {path:?} holds numbers that are not finite, so no loss would be"))
            .at(at, "NaN or infinity, as f32")
            .help("the training that wrote the file has failed, or its numbers are too large for f32: take weights from before");

    /// A file of weights is another than the program names.
    "transfer-hash" Error TransferHash { path: String, wanted: String, found: String, at: Span, from_at: Span } =>
        say(format!("{path:?} is another file than this program was written for"))
            .at(at, "of the file that is meant")
            .at(from_at, format!("its hash is {found}"))
            .note(format!("wanted is {wanted}"))
            .help("fetch the file again; or, where the new one is meant, write its hash here");
}
