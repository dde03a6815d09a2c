//! Machine code: a plan becomes one compiled function that runs a whole step.
//!
//! This is the one floor with `unsafe`. Compiled code checks nothing: [`crate::kernel::verify`] has proved before that each
//! of its accesses stays inside its buffer, and [`Step::run_into`] checks that the buffers are those of the plan.

#![allow(unsafe_code)]

mod along;
mod children;
mod draft;
mod guards;
mod lanes;
mod memory;
mod mode;
mod module;
mod nest;
mod product;
mod reduce;
mod sort;
mod strips;
mod team;
mod tiles;
mod tiling;
mod sums;
mod turns;
mod winograd;
mod writer;
mod x86;

use crate::kernel::{Plan, verify};
use crate::tensor::{Array, Clock, Executor};

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use guards::{Copies, Guarded};
use memory::Arena;
use module::Compiled;
use team::{Arguments, Phases, Team};

pub use children::end_with_us;
pub use guards::Side;
pub use module::{clif, foreign};

/// A compiled step, with the memory that it works in.
pub struct Step {
    plan: Plan,
    code: Compiled,
    room: Room,
    /// Where more than one thread shares the work.
    team: Option<Rc<Team>>,
    phases: Phases,
    /// Where it works between pages that may not be touched: the memory of its arena, and the side at which buffers meet a page.
    guarded: Option<(Guarded, Side)>,
    /// The addresses of one call's states, feeds and results.
    table: Vec<*mut u8>,
}

/// Threads by their number.
type Teams = Vec<(usize, Rc<Team>)>;

/// Memory for the arenas of steps that are called one after the other, as much as the largest needs, and the threads that work
/// in it.
#[derive(Clone)]
pub struct Room(Rc<RefCell<Arena>>, Rc<RefCell<Teams>>);

impl Default for Room {
    fn default() -> Room {
        Room(Rc::new(RefCell::new(Arena::new(0))), Rc::default())
    }
}

impl Room {
    /// A team of so many threads.
    fn team(&self, threads: usize) -> Rc<Team> {
        let mut teams = self.1.borrow_mut();
        let known = teams.iter().find(|(size, _)| *size == threads).map(|(_, team)| team.clone());
        known.unwrap_or_else(|| {
            let team = Rc::new(Team::new(threads));
            teams.push((threads, team.clone()));
            team
        })
    }
}

/// Compiles the step that `plan` describes, with memory of its own.
pub fn compile(plan: Plan) -> Step {
    compile_in(plan, &Room::default())
}

/// Compiles the step that `plan` describes, to work in `room`. The code may use the instructions that the plan's machine
/// has, and must be run on such a machine.
pub fn compile_in(plan: Plan, room: &Room) -> Step {
    room.0.borrow_mut().hold(plan.arena);
    written(plan, room, None)
}

/// Compiles a step all of whose buffers lie on pages of their own, with one on `side` that may not be touched: code that does is
/// stopped by the system, and what it writes on the other side is found when the call is over.
pub fn compile_guarded(mut plan: Plan, side: Side) -> Step {
    let memory = guards::spread(&mut plan, side);
    written(plan, &Room::default(), Some((memory, side)))
}

fn written(plan: Plan, room: &Room, guarded: Option<(Guarded, Side)>) -> Step {
    verify(&plan);
    let code = module::compile(&plan);
    let table = Vec::with_capacity(plan.states.len() + plan.feeds.len() + plan.results.len());
    let shared = plan.together.iter().any(|&count| count > 1);
    let team = shared.then(|| room.team(plan.machine.threads));
    let ranges = plan.together.iter().scan(0, |first, count| {
        *first += count;
        Some(*first - count..*first)
    });
    let phases = Phases { ranges: ranges.collect(), parts: code.parts().into() };
    Step { plan, code, room: room.clone(), team, phases, guarded, table }
}

impl Step {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The bytes that have been allocated for the work of the step, and of those that share its room.
    pub fn arena_bytes(&self) -> usize {
        self.room.0.borrow().bytes()
    }

    /// The addresses of the arena that may be touched, where the step was compiled between pages that may not be.
    pub fn pages(&self) -> Vec<Range<usize>> {
        self.guarded.iter().flat_map(|(memory, _)| memory.pages()).collect()
    }

    /// Runs the step. It overwrites `results`, which have the plan's types, and allocates nothing.
    pub fn run_into(&mut self, states: &mut [Array], feeds: &[&Array], clock: Clock, results: &mut [Array]) {
        let (code, team, phases) = (self.code.entry(), self.team.clone(), self.phases.clone());
        self.call(states, feeds, results, &mut |arena, table| {
            // SAFETY: the code was made from `self.plan`, which `compile` verified: it reads and writes inside the plan's
            // buffers only. `call` gives what `Part` and `Entry` ask for. The code belongs to `self.code`, and was made for
            // the machine that the plan was made for. Kernels that are together are parts of one, which write to different
            // places.
            unsafe {
                match &team {
                    Some(team) => team.run(&phases, Arguments { arena, table, seed: clock.seed, step: clock.step }),
                    None => assert_eq!(code(arena, table, clock.seed, clock.step), 0, "a step cannot fail"),
                }
            }
        });
    }

    /// Runs the step kernel by kernel, and adds what each took to its own of `times`.
    pub fn run_timed(
        &mut self,
        states: &mut [Array],
        feeds: &[&Array],
        clock: Clock,
        results: &mut [Array],
        times: &mut [Duration],
    ) {
        let parts = self.code.parts().to_vec();
        assert_eq!(parts.len(), times.len(), "a time for each kernel");
        self.call(states, feeds, results, &mut |arena, table| {
            for (part, time) in parts.iter().zip(times.iter_mut()) {
                let start = Instant::now();
                // SAFETY: as for the whole step, of which this is a part; the parts come in the order of the plan.
                unsafe { part(arena, table, clock.seed, clock.step) };
                *time += start.elapsed();
            }
        });
    }

    /// Has `run` called with the arena, which has the bytes that the plan asks for and in which nobody else works, and with
    /// the addresses of arrays of the plan's types: states first, then feeds, then results. All live until it is over.
    fn call(
        &mut self,
        states: &mut [Array],
        feeds: &[&Array],
        results: &mut [Array],
        run: &mut dyn FnMut(*mut u8, *const *mut u8),
    ) {
        let typed = |array: &Array, (shape, dtype): &(Vec<usize>, _)| array.shape == *shape && array.dtype() == *dtype;
        let plan = &self.plan;
        assert_eq!(
            (states.len(), feeds.len(), results.len()),
            (plan.states.len(), plan.feeds.len(), plan.results.len())
        );
        assert!(states.iter().zip(&plan.states).all(|(array, kind)| typed(array, kind)), "states of the plan's types");
        assert!(feeds.iter().zip(&plan.feeds).all(|(array, kind)| typed(array, kind)), "feeds of the plan's types");
        assert!(
            results.iter().zip(&plan.results).all(|(array, kind)| typed(array, kind)),
            "results of the plan's types"
        );
        let arrays = states.len() + feeds.len() + results.len();
        self.table.clear();
        let copies = self.guarded.as_ref().map(|(_, side)| Copies::of(states, feeds, results, *side));
        match &copies {
            Some(copies) => self.table.extend(copies.addresses()),
            None => {
                self.table.extend(states.iter_mut().map(memory::address));
                // Compiled code writes to no feed.
                self.table.extend(feeds.iter().map(|array| memory::address_to_read(array)));
                self.table.extend(results.iter_mut().map(memory::address));
            }
        }
        assert_eq!(self.table.len(), arrays);
        let (table, mut arena) = (self.table.as_ptr(), self.room.0.borrow_mut());
        match &self.guarded {
            Some((memory, _)) => {
                mode::flushing(|| run(memory.start(), table));
                memory.check();
            }
            None => {
                assert!(arena.bytes() >= plan.arena, "room for the arena");
                let start = arena.start();
                mode::flushing(|| run(start, table));
                arena.check();
            }
        }
        if let Some(copies) = copies {
            copies.check_and_give_back(states, results);
        }
    }
}

impl Executor for Step {
    fn run(&mut self, states: &mut [Array], feeds: &[&Array], clock: Clock) -> Vec<Array> {
        let mut results: Vec<Array> =
            self.plan.results.iter().map(|(shape, dtype)| Array::zeros(shape, *dtype)).collect();
        self.run_into(states, feeds, clock, &mut results);
        results
    }
}
