//! Cranelift's module: one function for each kernel, and one that calls them in their order.

use std::cell::RefCell;
use std::collections::HashMap;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, FuncRef, InstBuilder, Signature, StackSlotData, StackSlotKind, Value, types};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};

use super::lanes::Code;
use super::sort::sort;
use super::tiling::Tiling;
use super::writer::{Clock, Writer, memory};
use crate::kernel::{Core, Home, Kernel, Machine, Plan, Type};

/// A compiled step: the start of the arena; the addresses of states, feeds and results; the seed; the number of the step.
/// It returns 0.
pub type Entry = unsafe extern "C" fn(*mut u8, *const *mut u8, u64, u32) -> i32;

/// One kernel of it, which returns nothing.
pub type Part = unsafe extern "C" fn(*mut u8, *const *mut u8, u64, u32);

/// The code of a step, and the memory that it lies in.
pub struct Compiled {
    entry: Entry,
    parts: Vec<Part>,
    /// There until the end.
    module: Option<JITModule>,
}

impl Compiled {
    /// To be called only while `self` is there.
    pub fn entry(&self) -> Entry {
        self.entry
    }

    /// The kernels in their order, likewise.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        let module = self.module.take().expect("dropped once");
        // SAFETY: the code is reached through `self.entry` and `self.parts` alone, which nobody keeps beyond the call that they
        // are asked for.
        unsafe { module.free_memory() }
    }
}

/// Address space that is set aside for code; memory is taken only where there is some.
const RESERVED: usize = 256 << 20;

/// Code that is being written.
struct Target {
    module: JITModule,
    context: Context,
    scratch: FunctionBuilderContext,
    /// Functions that Cranelift does not write, by their bytes.
    foreign: HashMap<Vec<u8>, FuncId>,
    /// Functions of what several kernels have in common.
    shared: HashMap<Pattern, FuncId>,
}

/// A kernel without the places of its buffers, and the buffers' types.
type Pattern = (Kernel, Vec<Type>);

impl Target {
    fn new(builder: JITBuilder) -> Target {
        let module = JITModule::new(builder);
        let (context, scratch) = (module.make_context(), FunctionBuilderContext::new());
        Target { module, context, scratch, foreign: HashMap::new(), shared: HashMap::new() }
    }
}

pub fn compile(plan: &Plan) -> Compiled {
    let mut builder = JITBuilder::with_isa(isa(&plan.machine), default_libcall_names());
    let reserved = ArenaMemoryProvider::new_with_size(RESERVED).expect("address space for code");
    builder.memory_provider(Box::new(reserved));
    let mut target = Target::new(builder);
    let functions = write_kernels(plan, "kernel", &mut target, &mut define);
    write_entry(&mut target, &functions);
    let entry = define(&mut target, "step");
    let mut module = target.module;
    module.finalize_definitions().expect("executable memory");
    let entry = module.get_finalized_function(entry);
    // SAFETY: `entry` is finished code, and `write_entry` gave it this signature in the calling convention of the host.
    let entry = unsafe { std::mem::transmute::<*const u8, Entry>(entry) };
    let parts = functions.into_iter().map(|id| module.get_finalized_function(id));
    // SAFETY: these are finished code as well, with the signature that `write_kernel` gave them.
    let parts = parts.map(|code| unsafe { std::mem::transmute::<*const u8, Part>(code) }).collect();
    Compiled { entry, parts, module: Some(module) }
}

/// The functions of a plan's kernels as Cranelift prints them.
pub fn clif(plan: &Plan) -> String {
    let mut target = Target::new(JITBuilder::with_isa(isa(&plan.machine), default_libcall_names()));
    let mut text = String::new();
    write_kernels(plan, "kernel ", &mut target, &mut |target, name| {
        let Target { module, context, .. } = target;
        text += &format!("; {name}\n{}\n", context.func.display());
        let id = module.declare_function(name, Linkage::Local, &context.func.signature).expect("a new name");
        module.clear_context(context);
        id
    });
    text
}

/// The functions that a plan's kernels call and that Cranelift does not write, as bytes.
pub fn foreign(plan: &Plan) -> Vec<Vec<u8>> {
    let mut target = Target::new(JITBuilder::with_isa(isa(&plan.machine), default_libcall_names()));
    write_kernels(plan, "kernel", &mut target, &mut |target, name| {
        let Target { module, context, .. } = target;
        let id = module.declare_function(name, Linkage::Local, &context.func.signature).expect("a new name");
        module.clear_context(context);
        id
    });
    target.foreign.into_keys().collect()
}

/// Writes the function of each kernel, those of the turns of a recurrence before it, and does with it what `done` says. What is
/// the same in several kernels but for the places of buffers is a function that each of them calls.
fn write_kernels(
    plan: &Plan,
    name: &str,
    target: &mut Target,
    done: &mut dyn FnMut(&mut Target, &str) -> FuncId,
) -> Vec<FuncId> {
    let patterns = plan.kernels.iter().map(|kernel| {
        let (kernel, buffers) = kernel.pattern()?;
        let types = buffers.iter().map(|&it| (plan.buffers[it].shape.clone(), plan.buffers[it].dtype));
        Some(((kernel, types.collect()), buffers))
    });
    let patterns: Vec<Option<(Pattern, Vec<usize>)>> = patterns.collect();
    let mut times: HashMap<&Pattern, usize> = HashMap::new();
    patterns.iter().flatten().for_each(|(pattern, _)| *times.entry(pattern).or_default() += 1);
    let mut functions = Vec::with_capacity(plan.kernels.len());
    for (number, kernel) in plan.kernels.iter().enumerate() {
        let name = format!("{name}{number}");
        match &patterns[number] {
            Some((pattern, buffers)) if times[pattern] > 1 => {
                let shared = target.shared.get(pattern).copied().unwrap_or_else(|| {
                    write_kernel(plan, kernel, &[], target, Some(buffers));
                    let shared = done(target, &format!("{name}.shared"));
                    target.shared.insert(pattern.clone(), shared);
                    shared
                });
                write_call(plan, buffers, shared, target);
            }
            _ => {
                let turn = match &kernel.core {
                    Core::Scan(turns) => write_kernels(&turns.plan, &format!("{name}."), target, done),
                    _ => vec![],
                };
                write_kernel(plan, kernel, &turn, target, None);
            }
        }
        functions.push(done(target, &name));
    }
    functions
}

/// What the code may use: all that this machine has, except what the plan's machine lacks.
fn isa(machine: &Machine) -> OwnedTargetIsa {
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "speed"),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
    ] {
        flags.set(name, value).expect("a flag of Cranelift");
    }
    let mut builder = cranelift_native::builder().expect("a processor that Cranelift knows");
    if cfg!(target_arch = "x86_64") && !machine.fma {
        builder.set("has_fma", "false").expect("a flag of x86");
    }
    builder.finish(settings::Flags::new(flags)).expect("flags that go together")
}

fn define(target: &mut Target, name: &str) -> FuncId {
    let Target { module, context, .. } = target;
    let id = module.declare_function(name, Linkage::Local, &context.func.signature).expect("a new name");
    module.define_function(id, context).unwrap_or_else(|error| panic!("{name}: {error:?}\n{}", context.func.display()));
    module.clear_context(context);
    id
}

/// (arena, table, seed, step)
fn signature(module: &JITModule) -> Signature {
    let mut signature = module.make_signature();
    signature.params = [types::I64, types::I64, types::I64, types::I32].map(AbiParam::new).to_vec();
    signature
}

/// A function that Cranelift does not write: of so many addresses, in the System V convention.
fn define_foreign(
    module: &mut JITModule,
    foreign: &mut HashMap<Vec<u8>, FuncId>,
    (bytes, arguments): (Vec<u8>, usize),
) -> FuncId {
    let number = foreign.len();
    *foreign.entry(bytes).or_insert_with_key(|bytes| {
        let mut signature = module.make_signature();
        signature.call_conv = CallConv::SystemV;
        signature.params = vec![AbiParam::new(types::I64); arguments];
        let id = module.declare_function(&format!("foreign{number}"), Linkage::Local, &signature).expect("a new name");
        module.define_function_bytes(id, 64, bytes, &[]).expect("a function that is not there yet");
        id
    })
}

fn write_entry(target: &mut Target, functions: &[FuncId]) {
    let Target { module, context, scratch, .. } = target;
    context.func.signature = signature(module);
    context.func.signature.returns.push(AbiParam::new(types::I32));
    let mut builder = FunctionBuilder::new(&mut context.func, scratch);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let parameters = builder.block_params(block).to_vec();
    for &function in functions {
        let function = module.declare_func_in_func(function, builder.func);
        builder.ins().call(function, &parameters);
    }
    let status = builder.ins().iconst(types::I32, 0);
    builder.ins().return_(&[status]);
    builder.seal_all_blocks();
    builder.finalize(module.target_config());
}

/// Writes a kernel that calls a shared function, with the places of these buffers.
fn write_call(plan: &Plan, buffers: &[usize], shared: FuncId, target: &mut Target) {
    let Target { module, context, scratch, .. } = target;
    context.func.signature = signature(module);
    let mut builder = FunctionBuilder::new(&mut context.func, scratch);
    let shared = module.declare_func_in_func(shared, builder.func);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let [arena, table, seed, step] = *builder.block_params(block) else { unreachable!("four parameters") };
    let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * buffers.len() as u32, 3);
    let slot = builder.create_sized_stack_slot(data);
    let places = builder.ins().stack_addr(types::I64, slot, 0);
    let code = Code::new(builder);
    for (number, &buffer) in buffers.iter().enumerate() {
        let base = base(plan, buffer, &code, arena, table);
        code.ins(|ins| ins.store(memory(), base, places, 8 * number as i32));
    }
    code.ins(|ins| ins.call(shared, &[arena, places, seed, step]));
    finish(code, module);
}

/// The function's end.
fn finish(code: Code, module: &JITModule) {
    let mut builder = code.into_builder();
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(module.target_config());
}

/// Writes what a kernel does. Where it is shared, the table that it is called with has the places of these buffers.
fn write_kernel(plan: &Plan, kernel: &Kernel, turn: &[FuncId], target: &mut Target, shared: Option<&[usize]>) {
    let Target { module, context, scratch, foreign, .. } = target;
    context.func.signature = signature(module);
    let mut builder = FunctionBuilder::new(&mut context.func, scratch);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let [arena, table, seed, step] = *builder.block_params(block) else { unreachable!("four parameters") };
    let code = Code::new(builder);
    let mut bases: Vec<Option<Value>> = vec![None; plan.buffers.len()];
    match shared {
        Some(buffers) => {
            for (number, &buffer) in buffers.iter().enumerate() {
                let place = code.ins(|ins| ins.load(types::I64, memory(), table, 8 * number as i32));
                bases[buffer] = Some(place);
            }
        }
        None => {
            for buffer in kernel.reads().into_iter().chain(kernel.writes()) {
                bases[buffer].get_or_insert_with(|| base(plan, buffer, &code, arena, table));
            }
        }
    }
    let shared = RefCell::new((&mut *module, foreign));
    let foreign = |code: &Code, bytes: Vec<u8>, arguments: usize| {
        let (module, foreign) = &mut *shared.borrow_mut();
        let id = define_foreign(module, foreign, (bytes, arguments));
        code.with(|builder| module.declare_func_in_func(id, builder.func))
    };
    let writer = Writer { plan, code: &code, bases, clock: Clock { seed, step }, foreign: &foreign };
    match &kernel.core {
        _ if kernel.space.contains(&0) => {}
        Core::Loop => writer.nest(kernel),
        Core::Reduce { inner, how, body, value } => writer.reduce(kernel, inner, *how, (body, *value)),
        Core::Product { inner, left, right, .. } => match Tiling::of(plan, kernel) {
            Some(tiling) => writer.tiled(&tiling),
            None => writer.product(kernel, inner, [left, right]),
        },
        Core::Winograd(winograd) => writer.winograd(kernel, winograd),
        &Core::Order { source, target, scratch } => writer.order(kernel, [source, target, scratch]),
        Core::Scan(turns) => {
            let here = |&id| code.with(|builder| shared.borrow_mut().0.declare_func_in_func(id, builder.func));
            writer.turns(turns, kernel.space[0], &turn.iter().map(here).collect::<Vec<FuncRef>>());
        }
    }
    drop(writer);
    finish(code, module);
}

/// Where a buffer begins.
fn base(plan: &Plan, buffer: usize, code: &Code, arena: Value, table: Value) -> Value {
    let (states, feeds) = (plan.states.len(), plan.feeds.len());
    let entry = match plan.buffers[buffer].home {
        Home::Arena(start) => return code.ins(|ins| ins.iadd_imm_s(arena, start as i64)),
        Home::State(slot) => slot as usize,
        Home::Feed(slot) => states + slot as usize,
        Home::Result(slot) => states + feeds + slot as usize,
    };
    code.ins(|ins| ins.load(types::I64, memory(), table, 8 * entry as i32))
}

impl Writer<'_, '_> {
    fn order(&self, kernel: &Kernel, [source, target, scratch]: [usize; 3]) {
        let sort = sort(self.plan.buffers[source].dtype);
        let mut signature = self.code.with(|builder| Signature::new(builder.func.signature.call_conv));
        signature.params = vec![AbiParam::new(types::I64); 6];
        let signature = self.code.with(|builder| builder.import_signature(signature));
        let callee = self.code.index(sort as usize as i64);
        let mut arguments: Vec<Value> = [source, target, scratch]
            .iter()
            .map(|&buffer| self.bases[buffer].expect("a buffer of the kernel"))
            .collect();
        arguments.extend(kernel.space.iter().map(|&extent| self.code.index(extent as i64)));
        self.code.ins(|ins| ins.call_indirect(signature, callee, &arguments));
    }
}
