//! Plans and loops in words: what `emit plan` and `emit kernels` show.

use std::fmt::{self, Display, Formatter, Write};

use super::affine::{Affine, Var};
use super::winograd::Reader;
use super::{Body, Core, Home, Kernel, Load, Plan, Reduction, Reg, Store, Turns, Work};
use crate::tensor::Dtype;

/// What the memory of a caller is called; numbers say it where that is nothing.
pub type Names<'p> = &'p dyn Fn(Home) -> Option<String>;

/// A plan, and what is called how in it.
#[derive(Clone, Copy)]
struct Named<'p> {
    plan: &'p Plan,
    names: Names<'p>,
}

/// The kernels and the buffers of a plan as tables.
pub struct Tables<'p>(Named<'p>);

impl<'p> Tables<'p> {
    pub fn new(plan: &'p Plan, names: Names<'p>) -> Tables<'p> {
        Tables(Named { plan, names })
    }
}

impl Display for Tables<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let Named { plan, .. } = self.0;
        let (kernels, flops) = (plan.kernels.len(), plan.flops());
        writeln!(
            f,
            "{kernels} kernels, {flops} operations, {} bytes at the peak, {} of them in the arena",
            plan.peak_bytes(),
            plan.arena
        )?;
        let mut rows =
            vec![["", "kernel", "space", "over", "operations", "bytes", "reads", "writes"].map(String::from)];
        for (number, kernel) in plan.kernels.iter().enumerate() {
            rows.push([
                number.to_string(),
                kernel.core.name().into(),
                extents(&kernel.space),
                extents(kernel.core.inner()),
                kernel.flops().to_string(),
                plan.traffic(kernel).to_string(),
                self.0.names(kernel.reads()),
                self.0.names(kernel.writes()),
            ]);
        }
        table(f, &rows)?;
        let mut rows = vec![["buffer", "type", "bytes", "offset", "kernels"].map(String::from)];
        for (at, buffer) in plan.buffers.iter().enumerate() {
            let uses: Vec<usize> = (0..kernels)
                .filter(|&k| plan.kernels[k].reads().contains(&at) || plan.kernels[k].writes().contains(&at))
                .collect();
            let uses = match (uses.first(), uses.last()) {
                (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
                (first, _) => first.map(usize::to_string).unwrap_or_default(),
            };
            let offset = match buffer.home {
                Home::Arena(start) => start.to_string(),
                Home::State(_) | Home::Feed(_) | Home::Result(_) => String::new(),
            };
            let kind = format!("{}{:?}", buffer.dtype.name(), buffer.shape);
            rows.push([self.0.name(at), kind, buffer.bytes().to_string(), offset, uses]);
        }
        table(f, &rows)
    }
}

/// Rows of cells in aligned columns; numbers to the right.
fn table<const N: usize>(f: &mut Formatter, rows: &[[String; N]]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    writeln!(f)?;
    for (at, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let number = |row: &[String; N]| row[column].chars().all(|c| c.is_ascii_digit());
            let right = rows[1..].iter().all(number) && rows.len() > 1 && (at == 0 || number(row));
            match right {
                true => write!(line, "{cell:>width$}  ")?,
                false => write!(line, "{cell:<width$}  ")?,
            }
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The loops of a plan, as a person would write them.
pub struct Loops<'p>(Named<'p>);

impl<'p> Loops<'p> {
    pub fn new(plan: &'p Plan, names: Names<'p>) -> Loops<'p> {
        Loops(Named { plan, names })
    }

    /// With numbers for all names.
    pub fn of(plan: &'p Plan) -> Loops<'p> {
        Loops::new(plan, &|_| None)
    }
}

impl Display for Loops<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for (number, kernel) in self.0.plan.kernels.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "kernel {number}: {}", kernel.core.name())?;
            let text = Text { named: self.0, kernel };
            f.write_str(&text.kernel())?;
        }
        Ok(())
    }
}

impl Core {
    fn name(&self) -> &'static str {
        match self {
            Core::Loop => "loop",
            Core::Reduce { how: Reduction::Sum, .. } => "sum",
            Core::Reduce { how: Reduction::Max, .. } => "max",
            Core::Product { .. } => "product",
            Core::Winograd(_) => "convolution",
            Core::Order { .. } => "order",
            Core::Scan(_) => "scan",
        }
    }

    fn inner(&self) -> &[usize] {
        match self {
            Core::Loop | Core::Order { .. } | Core::Scan(_) => &[],
            Core::Reduce { inner, .. } | Core::Product { inner, .. } => inner,
            Core::Winograd(winograd) => &winograd.inner,
        }
    }
}

fn extents(extents: &[usize]) -> String {
    extents.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

impl Named<'_> {
    /// What a buffer is called: after its slot, or by its number among those of the arena.
    fn name(&self, buffer: usize) -> String {
        let home = self.plan.buffers[buffer].home;
        if let Some(name) = (self.names)(home) {
            return name;
        }
        match home {
            Home::State(slot) => format!("state{slot}"),
            Home::Feed(slot) => format!("feed{slot}"),
            Home::Result(slot) => format!("result{slot}"),
            Home::Arena(_) => {
                let before = self.plan.buffers[..buffer].iter().filter(|other| matches!(other.home, Home::Arena(_)));
                format!("t{}", before.count())
            }
        }
    }

    fn names(&self, mut buffers: Vec<usize>) -> String {
        buffers.sort_unstable();
        buffers.dedup();
        buffers.into_iter().map(|buffer| self.name(buffer)).collect::<Vec<_>>().join(", ")
    }
}

struct Text<'p> {
    named: Named<'p>,
    kernel: &'p Kernel,
}

impl Text<'_> {
    fn kernel(&self) -> String {
        let Kernel { space, core, body, stores } = self.kernel;
        if let Core::Order { source, target, .. } = core {
            let (from, to) = (self.named.name(*source), self.named.name(*target));
            return format!("  {to} = the order of {from} along the middle axis of {}\n", extents(space));
        }
        if let Core::Scan(turns) = core {
            return self.turns(turns, space[0]);
        }
        let mut text = String::new();
        let mut indent = 2;
        if !space.is_empty() {
            text += &format!("  for {}\n", self.ranges(0, space));
            indent = 4;
        }
        let rank = space.len();
        let pad = " ".repeat(indent);
        match core {
            Core::Loop | Core::Order { .. } | Core::Scan(_) => {}
            Core::Reduce { inner, body, value, .. } => {
                text += &format!("{pad}{} over {}\n", core.name(), self.ranges(rank, inner));
                let (lines, words) = self.body(body, &[*value], indent + 2);
                text += &format!("{lines}{pad}  of {}\n", words(*value));
            }
            Core::Product { inner, left, right, .. } => {
                let [left, right] = [left, right].map(|load| self.load(&Body::default(), load));
                let over =
                    if inner.is_empty() { String::new() } else { format!("sum over {} of ", self.ranges(rank, inner)) };
                text += &format!("{pad}product = {over}{left} * {right}\n");
            }
            Core::Winograd(winograd) => {
                let Reader { body, value } = &winograd.image;
                let (lines, words) = self.body(body, &[*value], indent + 2);
                let (image, other) = (words(*value), self.load(body, &winograd.other));
                let over = self.ranges(rank, &winograd.inner);
                text +=
                    &format!("{pad}convolution by tiles of 4×4: sum over {over}\n{lines}{pad}  of {image} * {other}\n");
            }
        }
        let stored: Vec<Reg> = stores.iter().map(|store| store.value).collect();
        let (lines, words) = self.body(body, &stored, indent);
        text += &lines;
        for Store { buffer, at, value, adds } in stores {
            let sign = if *adds { "+=" } else { "=" };
            text += &format!("{pad}{}[{}] {sign} {}\n", self.named.name(*buffer), number(at), words(*value));
        }
        text
    }

    /// The kernels of one turn. What it carries is called as after the turn, with a `'` where it is written; `[t]` is the
    /// place of the turn.
    fn turns(&self, turns: &Turns, count: usize) -> String {
        let carried = turns.targets.len();
        let name = |home: Home| match home {
            Home::Result(slot) => Some(format!("{}'", self.named.name(turns.targets[slot as usize]))),
            Home::Feed(slot) => {
                let slot = slot as usize;
                let name = |buffer: usize| self.named.name(buffer);
                Some(match slot {
                    _ if slot < carried => name(turns.targets[slot]),
                    _ if slot < carried + turns.sliced => format!("{}[t]", name(turns.operands[slot])),
                    _ => name(turns.operands[slot]),
                })
            }
            Home::State(_) | Home::Arena(_) => None,
        };
        let starts: Vec<String> = (0..carried)
            .map(|at| format!("{} ~ {}", self.named.name(turns.targets[at]), self.named.name(turns.operands[at])))
            .collect();
        let way = if turns.backwards { " backwards" } else { "" };
        let mut text = format!("  for t < {count}{way}, {}\n", starts.join(", "));
        let turn = Loops::new(&turns.plan, &name).to_string();
        for line in turn.lines() {
            text += format!("    {line}").trim_end();
            text.push('\n');
        }
        text
    }

    fn ranges(&self, first: usize, extents: &[usize]) -> String {
        let range = |(at, extent)| format!("{} < {extent}", axis(first + at));
        extents.iter().enumerate().map(range).collect::<Vec<_>>().join(", ")
    }

    /// The lines that are worth a name, and what a register is called. `wanted` are the registers used after the body.
    fn body<'a>(&'a self, body: &'a Body, wanted: &[Reg], indent: usize) -> (String, impl Fn(Reg) -> String + 'a) {
        let mut uses = vec![0; body.lines.len()];
        wanted.iter().for_each(|reg| uses[reg.0 as usize] += 1);
        // What indexes memory gets a name.
        body.places.iter().for_each(|place| uses[place.reg.0 as usize] += 2);
        for line in &body.lines {
            match &line.work {
                Work::Map(_, args) => args.iter().for_each(|arg| uses[arg.0 as usize] += 1),
                Work::Mask(_, reg) => uses[reg.0 as usize] += 1,
                _ => {}
            }
        }
        let named: Vec<bool> = body
            .regs()
            .map(|reg| {
                let worth =
                    matches!(body.lines[reg.0 as usize].work, Work::Map(..) | Work::Mask(..) | Work::Random { .. });
                uses[reg.0 as usize] > 1 && worth
            })
            .collect();
        let pad = " ".repeat(indent);
        let mut text = String::new();
        for (at, guard) in body.guards.iter().enumerate() {
            let by = if guard.divisor == 1 { String::new() } else { format!(" / {}", guard.divisor) };
            text += &format!("{pad}g{at} = ({}){by} in 0..{}\n", number(&guard.value), guard.extent);
        }
        for reg in body.regs() {
            if named[reg.0 as usize] {
                text += &format!("{pad}x{} = {}\n", reg.0, self.words(body, &named, reg));
            }
            for (at, place) in body.places.iter().enumerate().filter(|(_, place)| place.reg == reg) {
                text += &format!("{pad}p{at} = {} within 0..{}\n", self.name(body, &named, reg), place.extent);
            }
        }
        (text, move |reg| self.name(body, &named, reg))
    }

    fn name(&self, body: &Body, named: &[bool], reg: Reg) -> String {
        if named[reg.0 as usize] { format!("x{}", reg.0) } else { self.words(body, named, reg) }
    }

    fn words(&self, body: &Body, named: &[bool], reg: Reg) -> String {
        let line = &body.lines[reg.0 as usize];
        match &line.work {
            Work::Core => self.kernel.core.name().into(),
            Work::Step => "step".into(),
            Work::Const(bits) => match line.dtype {
                Dtype::F32 => format!("{:?}", f32::from_bits(*bits)),
                Dtype::I32 => (*bits as i32).to_string(),
                Dtype::Bool => (*bits != 0).to_string(),
            },
            Work::Load(load) => self.load(body, load),
            Work::Map(scalar, args) => {
                let args: Vec<String> = args.iter().map(|&arg| self.name(body, named, arg)).collect();
                format!("{}({})", scalar.def().name, args.join(", "))
            }
            Work::Mask(guards, reg) => format!("({} if {})", self.name(body, named, *reg), held(guards)),
            Work::Index(at) => format!("index({})", number(at)),
            Work::Random { draw, site, at } => format!("{draw:?}({site}, {})", number(at)).to_lowercase(),
        }
    }

    fn load(&self, body: &Body, load: &Load) -> String {
        let element = format!("{}[{}]", self.named.name(load.buffer), number(&body.expand(&load.at)));
        if load.guards.is_empty() { element } else { format!("({element} if {})", held(&load.guards)) }
    }
}

fn held(guards: &[u32]) -> String {
    guards.iter().map(|guard| format!("g{guard}")).collect::<Vec<_>>().join(" and ")
}

fn axis(axis: usize) -> String {
    const NAMES: &[u8] = b"ijklmnoqrsuvwyz";
    NAMES.get(axis).map_or_else(|| format!("i{axis}"), |&name| (name as char).to_string())
}

fn number(number: &Affine) -> String {
    let mut text = String::new();
    let mut add = |value: i64, var: &str| {
        let sign = match (text.is_empty(), value < 0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        let size = value.unsigned_abs();
        text += &match (size, var) {
            (_, "") => format!("{sign}{size}"),
            (1, _) => format!("{sign}{var}"),
            _ => format!("{sign}{size} {var}"),
        };
    };
    for &(var, factor) in number.terms() {
        let name = match var {
            Var::Axis(at) => axis(at as usize),
            Var::Inside(guard) => format!("g{guard}"),
            Var::Place(place) => format!("p{place}"),
        };
        add(factor, &name);
    }
    if number.constant != 0 || number.terms().is_empty() {
        add(number.constant, "");
    }
    text
}
