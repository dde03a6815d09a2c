//! Convolutions by Winograd's method: bit for bit what the kernel interpreter says, and close to the sums that they
//! stand for.

use crate::functions::Dice;
use crate::kernels::outcome;
use crate::native::check;
use crate::strips::disassemble;
use crate::tiles::{machines, written_for};
use dlmc::kernel::eval::Interpreter;
use dlmc::kernel::winograd::formulas::{both, gradient, image, results, taps, weights};
use dlmc::kernel::{Core, Loops, Machine, Plan, plan};
use dlmc::native;
use dlmc::scalar::plain::Double;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Array, Clock, Executor, Function, Graph, Id, Slot, View};

/// What is computed.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    Forward,
    /// With something behind it.
    Shifted,
    /// Of an image that is scaled, shifted and cut off where it is read.
    Made,
    /// The gradient of the image: the weights turned round.
    Data,
    Weights,
}

const WAYS: [Way; 5] = [Way::Forward, Way::Shifted, Way::Made, Way::Data, Way::Weights];

fn padded(g: &mut Graph, x: Id, by: usize) -> Id {
    [1, 2].iter().fold(x, |x, &axis| g.view(View::Pad { axis, before: by, after: by, between: 0 }, x))
}

/// The larger of zero and of what a scale and a shift for each channel, which are the third and the fourth feed, make
/// of `x`.
fn made(g: &mut Graph, x: Id) -> Id {
    let shape = g.shape(x).to_vec();
    let [scale, shift] = [2, 3].map(|slot| {
        let values = g.input(Slot::Feed(slot), &shape[3..], Dtype::F32);
        let times = shape[..3].iter().rev();
        times.fold(values, |values, &times| g.view(View::Expand { axis: 0, times }, values))
    });
    let scaled = g.map(Scalar::Mul, &[x, scale]);
    let shifted = g.map(Scalar::Add, &[scaled, shift]);
    let zero = g.constant(0.0, &shape);
    g.map(Scalar::Max, &[shifted, zero])
}

fn windows(g: &mut Graph, x: Id) -> Id {
    let windows = g.view(View::Window { axis: 1, size: 3, stride: 1, dilation: 1 }, x);
    g.view(View::Window { axis: 3, size: 3, stride: 1, dilation: 1 }, windows)
}

/// A convolution of images of `[batch, height, width, channels]` with a border of one place.
fn function(way: Way, sizes: [usize; 5]) -> Function {
    bordered(way, sizes, 1)
}

/// One with a border of so many places; height and width are those of the results.
fn bordered(way: Way, [batch, height, width, channels, out]: [usize; 5], border: usize) -> Function {
    let images = vec![batch, height + 2 - 2 * border, width + 2 - 2 * border, channels];
    let shapes = match way {
        Way::Forward | Way::Shifted | Way::Made => [images, vec![3, 3, channels, out]],
        Way::Data => [images, vec![3, 3, out, channels]],
        Way::Weights => [images, vec![batch, height, width, out]],
    };
    let mut function = Function { feeds: shapes.map(|it| (it, Dtype::F32)).to_vec(), ..Default::default() };
    let g = &mut function.graph;
    let [mut x, other] = [0, 1].map(|slot| g.input(Slot::Feed(slot), &function.feeds[slot as usize].0, Dtype::F32));
    if way == Way::Made {
        x = made(g, x);
        function.feeds.extend([(vec![channels], Dtype::F32), (vec![channels], Dtype::F32)]);
    }
    let x = padded(g, x, border);
    let x = windows(g, x);
    let product = match way {
        Way::Forward | Way::Shifted | Way::Made => g.contract("bypxqc,pqco->byxo", x, other),
        Way::Data => {
            let turned =
                [0, 1].iter().fold(other, |w, &axis| g.view(View::Slice { axis, start: 2, step: -1, len: 3 }, w));
            g.contract("bypxqc,pqoc->byxo", x, turned)
        }
        Way::Weights => g.contract("bypxqc,byxo->pqco", x, other),
    };
    function.results = vec![product];
    if way == Way::Shifted || way == Way::Weights {
        let shape = g.shape(product).to_vec();
        let index = g.index(2, &shape);
        let index = g.map(Scalar::ToF32, &[index]);
        function.results.push(g.map(Scalar::Mul, &[product, index]));
    }
    function
}

fn is_winograd(plan: &Plan) -> bool {
    plan.kernels.iter().any(|kernel| matches!(kernel.core, Core::Winograd(_)))
}

/// Sizes of images, of which many do not end with a whole tile, and of channels.
fn sizes(dice: &mut Dice) -> [usize; 5] {
    let mut pick = |from: &[usize]| from[dice.within(0, from.len() - 1)];
    let [height, width] = [(); 2].map(|()| pick(&[8, 11, 12, 14, 15, 16, 19, 20]));
    let [channels, out] = [(); 2].map(|()| pick(&[16, 32, 48, 64]));
    [dice.within(1, 6), height, width, channels, out]
}

#[test]
fn code_for_every_machine_equals_the_interpreter() {
    let mut dice = Dice::new(1);
    for (number, machine) in machines().into_iter().chain([Machine::portable()]).enumerate() {
        for way in WAYS {
            for seed in 0..3 {
                let sizes = sizes(&mut dice);
                let function = bordered(way, sizes, seed as usize);
                assert!(is_winograd(&plan(&function, &machine)), "{way:?} of {sizes:?}");
                check(&function, seed + 10 * number as u64, &machine);
            }
        }
    }
}

#[test]
fn what_few_operations_make_of_an_image_is_made_where_it_is_read() {
    let plan = plan(&bordered(Way::Made, [2, 12, 12, 16, 32], 1), &Machine::host());
    assert_eq!(plan.kernels.len(), 1, "{}", Loops::of(&plan));
    insta::assert_snapshot!(Loops::of(&plan));
}

#[test]
fn what_is_added_to_a_part_of_an_image_is_not_added_where_it_is_read() {
    let mut function = Function {
        feeds: vec![(vec![2, 14, 14, 16], Dtype::F32), (vec![3, 3, 16, 32], Dtype::F32)],
        ..Default::default()
    };
    function.feeds.push((vec![16], Dtype::F32));
    let g = &mut function.graph;
    let [x, weights, shift] =
        [0, 1, 2].map(|slot| g.input(Slot::Feed(slot), &function.feeds[slot as usize].0, Dtype::F32));
    let rows = [14, 10, 2].iter().fold(shift, |x, &times| g.view(View::Expand { axis: 0, times }, x));
    let middle = g.view(View::Pad { axis: 1, before: 2, after: 2, between: 0 }, rows);
    let sum = g.map(Scalar::Add, &[x, middle]);
    let seen = windows(g, sum);
    function.results = vec![g.contract("bypxqc,pqco->byxo", seen, weights)];
    let plan = plan(&function, &Machine::host());
    assert!(is_winograd(&plan) && plan.kernels.iter().any(|kernel| kernel.core == Core::Loop), "{}", Loops::of(&plan));
    let feeds: Vec<Array> = (0..).zip(&function.feeds).map(|(at, (shape, _))| normal(at, shape)).collect();
    let feeds: Vec<&Array> = feeds.iter().collect();
    let clock = Clock { seed: 0, step: 0 };
    let meant = dlmc::tensor::eval::Interpreter::new(function.clone()).run(&mut [], &feeds, clock);
    let found = native::compile(plan).run(&mut [], &feeds, clock);
    let far = meant[0].floats().iter().zip(found[0].floats()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 1e-4, "{far:e}");
    check(&function, 1, &Machine::host());
}

#[test]
fn blocks_of_one_tile_are_computed_like_others() {
    // No number but one divides the tiles of the height.
    for way in WAYS {
        check(&function(way, [1, 148, 4, 16, 16]), 3, &Machine { threads: 1, ..Machine::host() });
    }
}

#[test]
fn what_gains_nothing_is_a_chain() {
    // Few channels, many results of tiles that are thrown away, few tiles.
    for sizes in [[2, 16, 16, 3, 16], [2, 16, 16, 16, 10], [2, 9, 9, 16, 16], [2, 4, 4, 16, 16]] {
        let found = WAYS.map(|way| is_winograd(&plan(&function(way, sizes), &Machine::host())));
        assert_eq!(found, [false; 5], "{sizes:?}");
    }
}

#[test]
fn threads_and_the_number_of_examples_change_no_bit() {
    let mut dice = Dice::new(2);
    let mut shared = 0;
    for threads in [2, 3] {
        let machine = Machine { threads, ..Machine::host() };
        for way in WAYS {
            let mut sizes = sizes(&mut dice);
            for batch in [1, 5] {
                sizes[0] = batch;
                let function = function(way, sizes);
                let plans = [&Machine::host(), &machine].map(|machine| plan(&function, machine));
                shared += usize::from(plans[1].together.iter().any(|&count| count > 1));
                let [alone, together] = plans.map(|plan| outcome(&mut native::compile(plan), &function, 7, false));
                for (alone, together) in alone.iter().zip(&together) {
                    assert_eq!(
                        crate::native::bits(alone),
                        crate::native::bits(together),
                        "{threads} {way:?} {sizes:?}"
                    );
                }
            }
        }
    }
    assert!(shared > 10, "{shared} are shared");
    // An example alone gives what it gives among others.
    let all = function(Way::Forward, [4, 14, 14, 32, 16]);
    let one = function(Way::Forward, [1, 14, 14, 32, 16]);
    let size = 14 * 14 * 32;
    let images: Vec<f32> = (0..4 * size).map(|at| (at as f32 * 0.37).sin()).collect();
    let weights = Array::f32(&[3, 3, 32, 16], (0..9 * 512).map(|at| (at as f32 * 0.73).cos()).collect());
    let run = |function: &Function, images: &[f32]| {
        let images = Array::f32(&[images.len() / size, 14, 14, 32], images.to_vec());
        let mut step = native::compile(plan(function, &Machine::host()));
        step.run(&mut [], &[&images, &weights], Clock { seed: 0, step: 0 })[0].floats().to_vec()
    };
    let together = run(&all, &images);
    let apart: Vec<f32> = images.chunks(size).flat_map(|image| run(&one, image)).collect();
    assert_eq!(together, apart);
}

#[test]
fn the_code_is_what_a_disassembler_expects() {
    let mut codes = 0;
    for machine in written_for() {
        for way in WAYS {
            for sizes in [[3, 14, 15, 48, 16], [2, 8, 16, 16, 80]] {
                for bytes in native::foreign(&plan(&function(way, sizes), &machine)) {
                    codes += 1;
                    disassemble(&bytes, &machine);
                }
            }
        }
    }
    assert!(codes > 60, "{codes} functions");
}

// ----------------------------------------------------------------------------------------------------- accuracy

/// The sums in f64, by their definition, and how far a chain and Winograd's method are from them, relative to their
/// root mean square.
fn errors(way: Way, sizes: [usize; 5]) -> [f64; 2] {
    let function = function(way, sizes);
    let feeds: Vec<Array> = (0..).zip(&function.feeds).map(|(at, (shape, _))| normal(at, shape)).collect();
    let [batch, height, width, channels, out] = sizes;
    let exact = exact(way, sizes, &feeds);
    let run = |executor: &mut dyn Executor| {
        let found = executor.run(&mut [], &feeds.iter().collect::<Vec<_>>(), Clock { seed: 0, step: 0 });
        let square = |x: f64| x * x;
        let error: f64 = found[0].floats().iter().zip(&exact).map(|(&a, &b)| square(f64::from(a) - b)).sum();
        (error / exact.iter().map(|&x| square(x)).sum::<f64>()).sqrt()
    };
    assert_eq!(exact.len(), if way == Way::Weights { 9 * channels * out } else { batch * height * width * out });
    let tensors = &mut dlmc::tensor::eval::Interpreter::new(function.clone());
    [run(tensors), run(&mut Interpreter::new(plan(&function, &Machine::host())))]
}

/// Numbers that are nearly normal: each a sum of twelve even ones.
fn normal(seed: u64, shape: &[usize]) -> Array {
    let mut dice = Dice::new(100 + seed);
    let mut number = || (0..12).map(|_| dice.within(0, 1 << 20) as f64 / f64::from(1 << 20)).sum::<f64>() - 6.0;
    Array::f32(shape, (0..shape.iter().product()).map(|_| number() as f32).collect())
}

fn exact(way: Way, [batch, height, width, channels, out]: [usize; 5], feeds: &[Array]) -> Vec<f64> {
    let (x, other) = (feeds[0].floats(), feeds[1].floats());
    let mut sums = vec![0.0; if way == Way::Weights { 9 * channels * out } else { batch * height * width * out }];
    for n in 0..batch {
        for (y, x0) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            for (p, q) in (0..9).map(|at| (at / 3, at % 3)) {
                let (Some(row), Some(column)) = ((y + p).checked_sub(1), (x0 + q).checked_sub(1)) else { continue };
                if row >= height || column >= width {
                    continue;
                }
                for (c, o) in (0..channels).flat_map(|c| (0..out).map(move |o| (c, o))) {
                    let image = f64::from(x[((n * height + row) * width + column) * channels + c]);
                    let place = ((n * height + y) * width + x0) * out + o;
                    let weight = match way {
                        Way::Data => (((2 - p) * 3 + 2 - q) * out + o) * channels + c,
                        _ => ((p * 3 + q) * channels + c) * out + o,
                    };
                    match way {
                        Way::Weights => sums[weight] += image * f64::from(other[place]),
                        _ => sums[place] += image * f64::from(other[weight]),
                    }
                }
            }
        }
    }
    sums
}

#[test]
fn it_is_nearly_as_exact_as_a_chain() {
    for way in [Way::Forward, Way::Data, Way::Weights] {
        for sizes in [[1, 12, 12, 16, 16], [2, 8, 8, 64, 16]] {
            let [chain, winograd] = errors(way, sizes);
            assert!(winograd < 2e-6 && winograd < 8.0 * chain, "{way:?} {sizes:?}: {winograd:e}, a chain {chain:e}");
        }
    }
}

#[test]
fn the_formulas_are_those_of_a_convolution() {
    let mut dice = Dice::new(3);
    let mut number = || dice.within(0, 2000) as f64 / 1000.0 - 1.0;
    let mut square =
        |side: usize| -> Vec<Vec<f64>> { (0..side).map(|_| (0..side).map(|_| number()).collect()).collect() };
    let fixed = |square: &[Vec<f64>]| -> Vec<f64> { square.concat() };
    let (d, g, y) = (square(6), square(3), square(4));
    let at = |square: &[f64], side: usize, row: usize, column: usize| square[row * side + column];
    let (flat_d, flat_g, flat_y) = (fixed(&d), fixed(&g), fixed(&y));
    let d6: [[f64; 6]; 6] = std::array::from_fn(|row| std::array::from_fn(|column| at(&flat_d, 6, row, column)));
    let g3: [[f64; 3]; 3] = std::array::from_fn(|row| std::array::from_fn(|column| at(&flat_g, 3, row, column)));
    let y4: [[f64; 4]; 4] = std::array::from_fn(|row| std::array::from_fn(|column| at(&flat_y, 4, row, column)));
    let images = both(&Double, image::<Double>, d6);
    let product = |other: [[f64; 6]; 6]| -> [[f64; 6]; 6] {
        std::array::from_fn(|row| std::array::from_fn(|column| images[row][column] * other[row][column]))
    };
    let forward: [[f64; 4]; 4] = both(&Double, results::<Double>, product(both(&Double, weights::<Double>, g3)));
    for (row, column) in (0..16).map(|at| (at / 4, at % 4)) {
        let sum: f64 = (0..9).map(|at| d6[row + at / 3][column + at % 3] * g3[at / 3][at % 3]).sum();
        assert!((sum - forward[row][column]).abs() < 1e-6, "{row} {column}: {sum}, {}", forward[row][column]);
    }
    let back: [[f64; 3]; 3] = both(&Double, taps::<Double>, product(both(&Double, gradient::<Double>, y4)));
    for (row, column) in (0..9).map(|at| (at / 3, at % 3)) {
        let sum: f64 = (0..16).map(|at| d6[row + at / 4][column + at % 4] * y4[at / 4][at % 4]).sum();
        assert!((sum - back[row][column]).abs() < 1e-6, "{row} {column}: {sum}, {}", back[row][column]);
    }
}
