//! The proof that a plan touches its own memory only.
//!
//! Machine code is made from verified plans alone: it checks nothing while it runs, because everything was checked here.

use super::affine::{Affine, Var};
use super::{ALIGNMENT, Blocks, Body, Buffer, Core, Home, Kernel, Load, Loops, Plan, Reduction, Turns, Winograd, Work};
use crate::tensor::Dtype;

/// Panics unless every access of every kernel stays inside its buffer, every buffer inside its memory, and every body uses
/// only what it computed before.
pub fn verify(plan: &Plan) {
    for buffer in &plan.buffers {
        verify_home(plan, buffer);
    }
    assert_eq!(plan.together.iter().sum::<usize>(), plan.kernels.len(), "each kernel runs once");
    let mut first = 0;
    for &count in &plan.together {
        let parts = &plan.kernels[first..first + count];
        verify_together(parts).unwrap_or_else(|what| panic!("{what} from kernel {first} on:\n{}", Loops::of(plan)));
        first += count;
    }
    for (number, kernel) in plan.kernels.iter().enumerate() {
        let name = || format!("kernel {number}:\n{}", Loops::of(plan));
        verify_kernel(plan, kernel).unwrap_or_else(|what| panic!("{what} in {}", name()));
    }
}

fn verify_home(plan: &Plan, buffer: &Buffer) {
    let (types, slot) = match buffer.home {
        Home::State(slot) => (&plan.states, slot),
        Home::Feed(slot) => (&plan.feeds, slot),
        Home::Result(slot) => (&plan.results, slot),
        Home::Arena(start) => {
            assert!(start % ALIGNMENT == 0 && start + buffer.bytes() <= plan.arena, "{buffer:?} in the arena");
            return;
        }
    };
    assert_eq!(types[slot as usize], (buffer.shape.clone(), buffer.dtype), "{buffer:?}");
}

fn verify_kernel(plan: &Plan, kernel: &Kernel) -> Result<(), String> {
    let writable = |buffer: usize| match plan.buffers[buffer].home {
        Home::Feed(_) => Err(format!("buffer {buffer} is written")),
        _ => Ok(()),
    };
    let axes = kernel.axes();
    match &kernel.core {
        Core::Loop => {}
        Core::Reduce { body, value, how, .. } => {
            verify_body(plan, &axes, body)?;
            let known =
                (value.0 as usize) < body.lines.len() && (*how == Reduction::Max || body.dtype(*value) != Dtype::Bool);
            check(known && !body.lines.iter().any(|line| line.work == Work::Core), "the reduced register")?;
        }
        Core::Product { inner, left, right, panels, blocks } => {
            if let Some(blocks) = blocks {
                let (cut, floats) = super::panels::blocks(kernel, &plan.machine).ok_or("a sum in blocks")?;
                let room = &plan.buffers[blocks.buffer];
                let is_room = room.dtype == Dtype::F32 && room.size() >= floats && matches!(room.home, Home::Arena(_));
                let same = *blocks == Blocks { buffer: blocks.buffer, ..cut };
                check(same && blocks.axis < inner.len(), "the blocks of a sum")?;
                check(is_room && alone(kernel, blocks.buffer), "the room for sums")?;
            }
            if let Some(panels) = panels {
                let (kept, floats) =
                    super::panels::panels(kernel, &plan.machine).ok_or("panels of a factor in rows")?;
                let room = &plan.buffers[panels.buffer];
                let is_room = room.dtype == Dtype::F32 && room.size() >= floats && matches!(room.home, Home::Arena(_));
                check(kept == panels.kept && is_room, "the room for panels")?;
                check(alone(kernel, panels.buffer), "a room of their own for panels")?;
            }
            for load in [left, right] {
                verify_load(plan, &axes, &Body::default(), load)?;
                check(plan.buffers[load.buffer].dtype == Dtype::F32, "a factor is an f32")?;
            }
        }
        Core::Winograd(winograd) => {
            let Winograd { inner, image, other, roles, room } = &**winograd;
            verify_body(plan, &axes, &image.body)?;
            verify_load(plan, &axes, &Body::default(), other)?;
            check(plan.buffers[other.buffer].dtype == Dtype::F32, "a factor is an f32")?;
            check((image.value.0 as usize) < image.body.lines.len(), "the register of an image")?;
            let found = super::winograd::roles(&kernel.space, inner, image, other);
            check(found.as_ref() == Some(roles), "the axes of a convolution")?;
            let floats = winograd.layout(&axes, axes[kernel.space.len() - 1]).floats();
            let buffer = &plan.buffers[*room];
            let is_room =
                buffer.dtype == Dtype::F32 && buffer.size() >= floats && matches!(buffer.home, Home::Arena(_));
            check(is_room && alone(kernel, *room), "the room of a convolution")?;
        }
        Core::Order { source, target, scratch } => {
            let [outer, axis, inner] = kernel.space[..] else { return Err("an order of three axes".into()) };
            let [from, to, room] = [source, target, scratch].map(|&buffer| &plan.buffers[buffer]);
            let size = outer * axis * inner;
            check(from.size() == size && to.size() == size && room.size() == axis, "the sizes of an order")?;
            check(to.dtype == Dtype::I32 && room.dtype == Dtype::I32, "an order of i32")?;
            check(source != target && source != scratch && target != scratch, "three buffers of an order")?;
            check(kernel.stores.is_empty() && kernel.body.lines.is_empty(), "an order is all")?;
            return [target, scratch].into_iter().try_for_each(|&buffer| writable(buffer));
        }
        Core::Scan(turns) => {
            check(
                kernel.space.len() == 1 && kernel.stores.is_empty() && kernel.body.lines.is_empty(),
                "turns are all",
            )?;
            verify_turns(plan, turns, kernel.space[0])?;
            return turns.targets.iter().chain([&turns.arena]).try_for_each(|&buffer| writable(buffer));
        }
    }
    verify_body(plan, &kernel.space, &kernel.body)?;
    for store in &kernel.stores {
        writable(store.buffer)?;
        verify_at(plan, &kernel.space, &kernel.body, store.buffer, &store.at)?;
        let known = (store.value.0 as usize) < kernel.body.lines.len();
        check(known && kernel.body.dtype(store.value) == plan.buffers[store.buffer].dtype, "a stored register")?;
        check(!store.at.terms().iter().any(|term| matches!(term.0, Var::Inside(_))), "a store without guards")?;
    }
    Ok(())
}

/// Kernels that run at the same time are one kernel at different places along one axis, and write to different places. What one of
/// them writes, none of them reads but at that very place.
fn verify_together(parts: &[Kernel]) -> Result<(), String> {
    let [first, others @ ..] = parts else { return Err("a phase without kernels".into()) };
    if others.is_empty() {
        return Ok(());
    }
    let rank = first.space.len();
    let differs = |axis: usize| parts.windows(2).any(|two| two[0].space[axis] != two[1].space[axis]);
    let moves = |axis: usize| first.stores.iter().all(|store| store.at.factor(Var::Axis(axis as u32)) != 0);
    check(!first.stores.is_empty() && parts.iter().all(|it| it.space.len() == rank), "parts of one kernel")?;
    let stored = |number: usize| parts.iter().map(move |part| &part.stores[number]);
    // Along which axis the parts follow each other: at each, the one before ends.
    let follows = |axis: usize| {
        (0..first.stores.len()).all(|number| {
            let mut start = 0;
            stored(number).zip(parts).all(|(store, part)| {
                let at = Affine::var(Var::Axis(axis as u32)).plus(start as i64);
                start += part.space[axis];
                let whole = first.stores[number].at.replace(|var| match var {
                    Var::Axis(it) if it as usize == axis => at.clone(),
                    var => Affine::var(var),
                });
                (store.buffer, &store.at, store.adds) == (first.stores[number].buffer, &whole, false)
            })
        })
    };
    let same = |axis: usize| (0..rank).all(|it| it == axis || !differs(it)) && moves(axis);
    let alike = parts.iter().all(|part| part.stores.len() == first.stores.len());
    let axis = (0..rank).find(|&axis| alike && same(axis) && follows(axis)).ok_or("parts that follow each other")?;
    // A number of the whole space is met once: each step is longer than all shorter ones together.
    let mut space = first.space.clone();
    space[axis] = parts.iter().map(|part| part.space[axis]).sum();
    for store in &first.stores {
        let beside = || first.stores.iter().filter(|other| other.buffer == store.buffer);
        let alike = beside().all(|other| other.at.terms() == store.at.terms());
        let steps = (0..rank).map(|it| (store.at.factor(Var::Axis(it as u32)), space[it] as i64));
        // The stores of a point to one buffer are places along axes that are written out.
        let constants = beside().map(|other| other.at.constant).collect();
        let written_out = progressions(constants).filter(|_| alike).ok_or("places next to those of a point")?;
        let mut steps: Vec<(i64, i64)> = steps.chain(written_out).filter(|&(_, extent)| extent > 1).collect();
        steps.sort_unstable();
        let mut reach = 0;
        for (step, extent) in steps {
            check(step > reach, "places that are written once")?;
            reach += step * (extent - 1);
        }
    }
    for (number, part) in parts.iter().enumerate() {
        for (_, load) in part.loads() {
            let own = part.stores.iter().filter(|store| store.buffer == load.buffer);
            let at_own = own.clone().count() == 0 || own.clone().any(|store| store.at == load.at);
            check(at_own, "what is written is read at its own place")?;
            let other = |it: &Kernel| it.writes().contains(&load.buffer);
            let elsewhere = parts.iter().enumerate().any(|(at, it)| at != number && other(it));
            check(own.count() > 0 || !elsewhere, "what another part writes")?;
        }
        // Rooms belong to one part each.
        let rooms = part.writes().into_iter().filter(|it| part.stores.iter().all(|store| store.buffer != *it));
        let others = || parts.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, it)| it);
        check(rooms.into_iter().all(|room| others().all(|it| !it.writes().contains(&room))), "a room for each part")?;
    }
    Ok(())
}

/// The steps and lengths of arithmetic progressions, one term of each of which sum up to each of these numbers, and to each of them
/// in one way. `None` where two are the same, or there are no such progressions.
fn progressions(mut numbers: Vec<i64>) -> Option<Vec<(i64, i64)>> {
    numbers.sort_unstable();
    let mut all = vec![];
    while let [first, second, ..] = numbers[..] {
        let step = second - first;
        let length = (1..).find(|&at| numbers.binary_search(&(first + at * step)).is_err() || step == 0)?;
        let mut rest: Vec<i64> = vec![];
        while let Some(&start) = numbers.first() {
            rest.push(start);
            for at in 0..length {
                numbers.remove(numbers.binary_search(&(start + at * step)).ok()?);
            }
        }
        all.push((step, length));
        numbers = rest;
        if step == 0 {
            return None;
        }
    }
    Some(all)
}

/// Whether a kernel reads and writes a buffer only where it works in it.
fn alone(kernel: &Kernel, buffer: usize) -> bool {
    let reads = kernel.reads().into_iter().filter(|&it| it == buffer).count();
    reads == 0 && kernel.writes().into_iter().filter(|&it| it == buffer).count() == 1
}

/// Each turn reads and writes one place of the buffers that are seen place by place; they have one for each turn.
fn verify_turns(plan: &Plan, turns: &Turns, count: usize) -> Result<(), String> {
    let Turns { plan: turn, operands, sliced, targets, arena, .. } = turns;
    verify(turn);
    let carried = targets.len();
    check(turn.states.is_empty() && turn.feeds.len() == operands.len(), "the feeds of a turn")?;
    check(turn.results.len() == carried && carried + sliced <= operands.len(), "the results of a turn")?;
    check(turn.results[..] == turn.feeds[..carried], "the types of carried values")?;
    let holds = |buffer: usize, (shape, dtype): &super::Type, times: usize| {
        let buffer = &plan.buffers[buffer];
        buffer.size() == shape.iter().product::<usize>() * times && buffer.dtype == *dtype
    };
    for (at, (&operand, kind)) in operands.iter().zip(&turn.feeds).enumerate() {
        let times = if (carried..carried + sliced).contains(&at) { count } else { 1 };
        check(holds(operand, kind, times), "the size of an operand of turns")?;
    }
    for (&target, kind) in targets.iter().zip(&turn.results) {
        check(holds(target, kind, count), "the size of what turns have made")?;
    }
    let room = &plan.buffers[*arena];
    let aligned = matches!(room.home, Home::Arena(start) if start % ALIGNMENT == 0);
    check(room.dtype == Dtype::Bool && room.size() >= turn.arena && aligned, "the arena of a turn")?;
    let written: Vec<usize> = targets.iter().chain([arena]).copied().collect();
    let once = (0..written.len()).all(|at| !written[..at].contains(&written[at]) && !operands.contains(&written[at]));
    check(once, "the buffers of turns")
}

fn check(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{what} does not hold")) }
}

fn verify_body(plan: &Plan, axes: &[usize], body: &Body) -> Result<(), String> {
    for (at, line) in body.lines.iter().enumerate() {
        let before = |reg: &super::Reg| (reg.0 as usize) < at;
        match &line.work {
            Work::Core | Work::Const(_) | Work::Step | Work::Index(_) | Work::Random { .. } => {}
            Work::Load(load) => {
                verify_load(plan, axes, body, load)?;
                check(plan.buffers[load.buffer].dtype == line.dtype, "the type of a load")?;
            }
            Work::Map(scalar, args) => {
                check(args.iter().all(before), "the order of lines")?;
                let dtypes: Vec<Dtype> = args.iter().map(|&arg| body.dtype(arg)).collect();
                check(scalar.dtype(&dtypes) == Some(line.dtype), "the type of a scalar")?;
            }
            Work::Mask(_, reg) => check(before(reg) && body.dtype(*reg) == line.dtype, "the order of lines")?,
        }
        // A place that an index of this line needs has been computed.
        let number = match &line.work {
            Work::Load(load) => Some(&load.at),
            Work::Index(at) | Work::Random { at, .. } => Some(at),
            _ => None,
        };
        let guards: &[u32] = match &line.work {
            Work::Load(Load { guards, .. }) | Work::Mask(guards, _) => guards,
            _ => &[],
        };
        let values = guards.iter().map(|&guard| &body.guards[guard as usize].value);
        for number in number.into_iter().chain(values) {
            check(needs(body, number).all(|reg| before(&reg)), "the order of places")?;
        }
    }
    check(body.places.iter().all(|place| body.dtype(place.reg) == Dtype::I32), "the type of a place")
}

/// The registers that a number is made of.
fn needs<'a>(body: &'a Body, number: &'a Affine) -> Box<dyn Iterator<Item = super::Reg> + 'a> {
    Box::new(number.terms().iter().flat_map(move |term| match term.0 {
        Var::Axis(_) => Box::new(std::iter::empty()),
        Var::Place(place) => Box::new(std::iter::once(body.places[place as usize].reg)) as Box<dyn Iterator<Item = _>>,
        Var::Inside(guard) => needs(body, &body.guards[guard as usize].value),
    }))
}

fn verify_load(plan: &Plan, axes: &[usize], body: &Body, load: &Load) -> Result<(), String> {
    // Where the guard of one of its variables is not asked, a load could be anywhere.
    let guarded = load.at.terms().iter().all(|term| match term.0 {
        Var::Inside(guard) => load.guards.contains(&guard),
        _ => true,
    });
    check(guarded, "the guards of a load")?;
    if load.guards.iter().any(|&guard| body.guards[guard as usize].extent == 0) {
        return Ok(()); // It is never done.
    }
    verify_at(plan, axes, body, load.buffer, &load.at)
}

/// Each variable of a number lies below its extent, an axis by the loop, the quotient of a guard where the guard holds, a
/// place because it is clamped; so the number lies in its span.
fn verify_at(plan: &Plan, axes: &[usize], body: &Body, buffer: usize, at: &Affine) -> Result<(), String> {
    if axes.contains(&0) {
        return Ok(()); // The loop has no point.
    }
    let size = plan.buffers[buffer].size();
    let (least, greatest) = at.span(|var| body.extent(axes, var));
    check(least >= 0 && greatest < size as i64, "the bounds of an access")
}
