//! Machine code against the kernel interpreter, bit for bit.

use dlmc::kernel::eval::Interpreter;
use dlmc::kernel::{Machine, plan};
use dlmc::native;
use dlmc::tensor::{Array, Data, Function};

use crate::functions;
use crate::kernels::outcome;

/// All bits of an array; every NaN counts as one.
pub fn bits(array: &Array) -> Vec<u32> {
    match &array.data {
        Data::F32(data) => data.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect(),
        Data::I32(data) => data.iter().map(|&x| x as u32).collect(),
        Data::Bool(data) => data.iter().map(|&x| x.into()).collect(),
    }
}

fn compare(function: &Function, seed: u64, machine: &Machine) -> Result<(), String> {
    let plan = plan(function, machine);
    let mut interpreter = Interpreter::new(plan.clone());
    let mut step = native::compile(plan);
    step.fence();
    for wild in [false, true] {
        let meant = outcome(&mut interpreter, function, seed, wild);
        let found = outcome(&mut step, function, seed, wild);
        for (at, (meant, found)) in meant.iter().zip(&found).enumerate() {
            let (meant, found) = (bits(meant), bits(found));
            if let Some(place) = meant.iter().zip(&found).position(|(a, b)| a != b) {
                let (a, b) = (meant[place], found[place]);
                let [x, y] = [a, b].map(f32::from_bits);
                return Err(format!("array {at} at {place} (wild: {wild}): meant {a:08x} {x}, found {b:08x} {y}"));
            }
        }
    }
    Ok(())
}

#[test]
fn machine_code_equals_the_kernel_interpreter_on_random_graphs() {
    let machine = Machine::host();
    for seed in 0..300 {
        for length in [3, 8, 20, 40] {
            let function = functions::function(seed, length);
            if let Err(what) = compare(&function, seed, &machine) {
                panic!("seed {seed}, length {length}: {what}\n{}", dlmc::kernel::Loops(&plan(&function, &machine)));
            }
        }
    }
}
