//! Graphs as text: a line for each node, for `dlmc emit` and for snapshots.

use std::fmt::{self, Display, Formatter};

use super::{Draw, Dtype, Function, Graph, Id, Node, Op, Scan, Slot, View};

impl Display for Id {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Display for Slot {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Slot::State(at) => write!(f, "state {at}"),
            Slot::Feed(at) => write!(f, "feed {at}"),
            Slot::Step => write!(f, "step"),
            Slot::Carry(at) => write!(f, "carried {at}"),
        }
    }
}

/// `contract(%0, %1, ni,io->no) : f32[2, 4]`
impl Display for Node {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let args: Vec<String> = self.args.iter().map(Id::to_string).collect();
        let args = args.join(", ");
        match &self.op {
            Op::Input(slot) => write!(f, "{slot}")?,
            Op::Const(bits) => write!(f, "{}", constant(*bits, self.dtype))?,
            Op::Map(scalar) => write!(f, "{}({args})", scalar.def().name)?,
            Op::View(view) => write!(f, "{}({args}{})", word(view), settings(view))?,
            Op::Fold(View::Expand { axis, .. }) => write!(f, "sum({args}, axis {axis})")?,
            Op::Fold(view) => write!(f, "fold {}({args}{})", word(view), settings(view))?,
            Op::Contract { a, b, out } => write!(f, "contract({args}, {},{}->{})", text(a), text(b), text(out))?,
            Op::Max { axis } => write!(f, "max({args}, axis {axis})")?,
            Op::Gather { axis, batch } => write!(f, "gather({args}, axis {axis}{})", together(*batch))?,
            Op::ScatterAdd { axis, batch } => write!(f, "scatter_add({args}, axis {axis}{})", together(*batch))?,
            Op::Index { axis } => write!(f, "index(axis {axis})")?,
            Op::Order { axis } => write!(f, "order({args}, axis {axis})")?,
            Op::Scan { scan, at } => recurrence(f, &args, scan, *at)?,
            Op::Random { draw: Draw::Uniform, site } => write!(f, "uniform(site {site})")?,
            Op::Random { draw: Draw::Normal, site } => write!(f, "normal(site {site})")?,
        }
        write!(f, " : {}", tensor(&self.shape, self.dtype))
    }
}

/// `scan(%0, %1 : 28 turns, 1 carried, 1 turn by turn)`; the turn itself is printed once, by [`print`].
fn recurrence(f: &mut Formatter, args: &str, scan: &Scan, at: usize) -> fmt::Result {
    let way = if scan.backwards { " backwards" } else { "" };
    let (turns, carried, sliced) = (scan.turns, scan.carried(), scan.sliced);
    write!(f, "scan({args}, {turns} turns{way}, {carried} carried, {sliced} turn by turn)[{at}]")
}

impl Display for Graph {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        self.ids().try_for_each(|id| writeln!(f, "{id} = {}", self[id]))
    }
}

/// The nodes that are needed, then what is returned, then what becomes of the states.
impl Display for Function {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&print(self, &|slot| slot.to_string()))
    }
}

/// The function as text, its doors under the names that `name` gives them.
pub fn print(function: &Function, name: &dyn Fn(Slot) -> String) -> String {
    let graph = &function.graph;
    let mut text = String::new();
    for id in function.needed() {
        let node = &graph[id];
        text += &match node.op {
            Op::Input(slot) => format!("{id} = {} : {}\n", name(slot), tensor(&node.shape, node.dtype)),
            _ => format!("{id} = {node}\n"),
        };
        if let Op::Scan { scan, .. } = &node.op
            && graph.results_of(scan, &node.args).into_iter().flatten().min() == Some(id)
        {
            let turn = print(&scan.turn, &|slot| match slot {
                Slot::Feed(feed) if (feed as usize) < scan.carried() => format!("carried {feed}"),
                Slot::Feed(feed) => format!("operand {feed}"),
                other => other.to_string(),
            });
            turn.replace('%', &format!("{id}.")).lines().for_each(|line| text += &format!("  {line}\n"));
        }
    }
    let results: Vec<String> = function.results.iter().map(Id::to_string).collect();
    text += &format!("return {}\n", results.join(", "));
    for &(state, id) in &function.updates {
        text += &format!("{}' = {id}\n", name(Slot::State(state)));
    }
    text
}

/// `f32[2, 4]`, `f32` for a single number.
pub fn tensor(shape: &[usize], dtype: Dtype) -> String {
    match shape {
        [] => dtype.name().into(),
        _ => format!("{}{shape:?}", dtype.name()),
    }
}

/// The number or truth that these bits mean, as short as it can be written.
pub fn constant(bits: u32, dtype: Dtype) -> String {
    match dtype {
        Dtype::F32 => number(f32::from_bits(bits)),
        Dtype::I32 => (bits as i32).to_string(),
        Dtype::Bool => if bits == 0 { "no" } else { "yes" }.into(),
    }
}

/// The shortest text that reads back as `x`.
pub fn number(x: f32) -> String {
    match x.abs() {
        size if size != 0.0 && size.is_finite() && !(1e-4..1e7).contains(&size) => format!("{x:e}"),
        _ => x.to_string(),
    }
}

fn text(labels: &[u8]) -> String {
    labels.iter().map(|&label| label as char).collect()
}

/// How many leading axes of a table and its index go together.
fn together(batch: usize) -> String {
    if batch == 0 { String::new() } else { format!(", batch {batch}") }
}

fn word(view: &View) -> &'static str {
    match view {
        View::Expand { .. } => "expand",
        View::Permute { .. } => "permute",
        View::Slice { .. } => "slice",
        View::Pad { .. } => "pad",
        View::Window { .. } => "window",
        View::Reshape { .. } => "reshape",
    }
}

/// What the shapes do not tell; a step, dilation or gap only where there is one.
fn settings(view: &View) -> String {
    let unless = |usual: isize, word: &str, value: isize| {
        if value == usual { String::new() } else { format!(" {word} {value}") }
    };
    match *view {
        View::Expand { axis, .. } => format!(", axis {axis}"),
        View::Permute { ref order } => format!(", {order:?}"),
        View::Slice { axis, start, step, .. } => format!(", axis {axis} from {start}{}", unless(1, "step", step)),
        View::Pad { axis, before, after, between } => {
            format!(", axis {axis} before {before} after {after}{}", unless(0, "between", between as isize))
        }
        View::Window { axis, size, stride, dilation } => {
            let steps = unless(1, "stride", stride as isize) + &unless(1, "dilation", dilation as isize);
            format!(", axis {axis} size {size}{steps}")
        }
        View::Reshape { .. } => String::new(),
    }
}
