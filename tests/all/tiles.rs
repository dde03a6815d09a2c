//! Products in wide registers: bit for bit what the kernel interpreter says, on every machine that can be asked for.

use crate::functions::Dice;
use crate::native::check;
use crate::strips::disassemble;
use dlmc::kernel::{Core, Machine, Plan, plan};
use dlmc::native;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Function, Graph, Id, Slot, View};

/// This machine, and what it would be with narrower registers.
pub fn machines() -> Vec<Machine> {
    let host = Machine::host();
    let lesser = [64, 32, 16].into_iter().filter(|&vector| vector <= host.vector);
    lesser.map(|vector| Machine { vector, ..host.clone() }).collect()
}

/// Machines for which code can be written anywhere.
pub fn written_for() -> [Machine; 2] {
    [64, 32].map(|vector| Machine { fma: true, vector, ..Machine::portable() })
}

fn function(shapes: [&[usize]; 2], build: impl Fn(&mut Graph, [Id; 2]) -> Id) -> Function {
    let mut function = Function { feeds: shapes.map(|it| (it.to_vec(), Dtype::F32)).to_vec(), ..Default::default() };
    let g = &mut function.graph;
    let feeds = [0, 1].map(|slot| g.input(Slot::Feed(slot), shapes[slot as usize], Dtype::F32));
    let product = build(g, feeds);
    // A body behind it, which has to find its place in the tile.
    let shape = g.shape(product).to_vec();
    let index = g.index(shape.len() - 1, &shape);
    let index = g.map(Scalar::ToF32, &[index]);
    let scaled = g.map(Scalar::Mul, &[product, index]);
    function.results = vec![product, scaled];
    function
}

/// A product of the three ways in which a dense layer has one.
fn dense(spec: &str, [m, k, n]: [usize; 3]) -> Function {
    let shape = |labels: &str| labels.chars().map(|it| [m, k, n]["mkn".find(it).expect("a label")]).collect::<Vec<_>>();
    let (args, _) = spec.split_once("->").expect("an arrow");
    let (left, right) = args.split_once(',').expect("a comma");
    function([&shape(left), &shape(right)], |g, [a, b]| g.contract(spec, a, b))
}

/// A convolution over images `[batch, height, width, channels]`, with a border of zeros.
fn convolution([batch, height, width, channels, out]: [usize; 5], size: usize, stride: usize) -> Function {
    function([&[batch, height, width, channels], &[size, size, channels, out]], |g, [x, w]| {
        let mut padded = x;
        for axis in [1, 2] {
            padded = g.view(View::Pad { axis, before: size / 2, after: size / 2, between: 0 }, padded);
        }
        let windows = g.view(View::Window { axis: 1, size, stride, dilation: 1 }, padded);
        let windows = g.view(View::Window { axis: 3, size, stride, dilation: 1 }, windows);
        g.contract("bypxqc,pqco->byxo", windows, w)
    })
}

const SPECS: [&str; 3] = ["mk,kn->mn", "km,kn->mn", "mk,nk->mn"];

fn has_panels(plan: &Plan) -> bool {
    plan.kernels.iter().any(|kernel| matches!(kernel.core, Core::Product { panels: Some(_), .. }))
}

#[test]
fn tiles_of_every_width_and_height_are_the_same_chains() {
    let mut dice = Dice::new(1);
    for machine in machines() {
        for size in 1..=33 {
            for (spec, turned) in SPECS.iter().zip([false, true, false]) {
                let (other, terms) = (dice.within(1, 40), dice.within(1, 40));
                let [m, n] = if turned { [size, other] } else { [other, size] };
                // Enough terms for wide registers.
                let terms = terms.max(2049_usize.div_ceil(m * n));
                check(&dense(spec, [m, terms, n]), size as u64, &machine);
            }
        }
    }
}

#[test]
fn factors_in_panels_give_the_same_chains() {
    let mut dice = Dice::new(2);
    let (mut some, mut tries) = (0, 0);
    for machine in machines() {
        for seed in 0..12 {
            for spec in SPECS {
                let sizes = [dice.within(30, 90), dice.within(20, 70), dice.within(60, 150)];
                let function = dense(spec, sizes);
                some += usize::from(has_panels(&plan(&function, &machine)));
                tries += 1;
                check(&function, seed, &machine);
            }
        }
    }
    assert!(2 * some > tries, "{some} of {tries} products have panels");
    // So much is written that panels are all kept.
    check(&dense("km,kn->mn", [700, 9, 300]), 1, &Machine::host());
}

#[test]
fn convolutions_are_the_same_chains() {
    let mut dice = Dice::new(3);
    for machine in machines() {
        for seed in 0..10 {
            let sizes = [(1, 3), (3, 12), (3, 12), (1, 20), (1, 40)].map(|(from, to)| dice.within(from, to));
            let (size, stride) = (dice.within(1, 3), dice.within(1, 2));
            check(&convolution(sizes, size, stride), seed, &machine);
        }
    }
}

#[test]
fn long_sums_in_blocks_are_the_same_chains() {
    // The gradient of a filter, over all places of all images; the last block is a smaller one.
    let gradient = |[batch, height, width, channels, out]: [usize; 5]| {
        function([&[batch, height + 2, width + 2, channels], &[batch, height, width, out]], |g, [x, dy]| {
            let windows = g.view(View::Window { axis: 1, size: 3, stride: 1, dilation: 1 }, x);
            let windows = g.view(View::Window { axis: 3, size: 3, stride: 1, dilation: 1 }, windows);
            g.contract("bypxqc,byxo->pqco", windows, dy)
        })
    };
    let cut = |plan: &Plan| {
        let mut cuts = plan.kernels.iter().filter_map(|kernel| match &kernel.core {
            Core::Product { inner, blocks: Some(blocks), .. } => Some((inner[blocks.axis], blocks.size)),
            _ => None,
        });
        cuts.next()
    };
    let in_panels = |plan: &Plan| {
        let both = |core: &Core| matches!(core, Core::Product { panels: Some(_), blocks: Some(_), .. });
        plan.kernels.iter().any(|kernel| both(&kernel.core))
    };
    let (mut uneven, mut both) = (0, 0);
    for machine in machines() {
        for (seed, function) in [
            gradient([11, 20, 20, 16, 24]),
            gradient([5, 30, 31, 13, 20]),
            gradient([1, 100, 90, 5, 17]),
            dense("km,kn->mn", [40, 3000, 30]),
            dense("mk,kn->mn", [33, 5003, 18]),
            // Each block has a panel of its own; of the last, sums are too many to be near.
            dense("km,kn->mn", [45, 1500, 100]),
            dense("mk,kn->mn", [70, 2100, 131]),
            dense("km,kn->mn", [290, 1300, 260]),
        ]
        .iter()
        .enumerate()
        {
            let (extent, size) = cut(&plan(function, &machine)).expect("blocks");
            uneven += usize::from(extent % size != 0);
            both += usize::from(in_panels(&plan(function, &machine)));
            check(function, seed as u64, &machine);
        }
    }
    assert!(uneven > 0, "some have a smaller last block");
    assert_eq!(both, 3 * machines().len(), "three have panels, on every machine");
}

#[test]
fn large_results_are_computed_part_by_part() {
    for machine in machines() {
        for (spec, sizes, space) in [
            // Sums of 260 rows are near; of those of 512 columns, panels are.
            ("km,kn->mn", [520, 1030, 132], vec![2, 260, 132]),
            ("mk,kn->mn", [33, 520, 1024], vec![2, 33, 512]),
        ] {
            let function = dense(spec, sizes);
            assert_eq!(plan(&function, &machine).kernels[0].space, space);
            check(&function, 1, &machine);
        }
    }
}

#[test]
fn the_code_of_tiles_is_what_a_disassembler_expects() {
    let mut codes = 0;
    for machine in written_for() {
        for size in 1..=70 {
            for spec in SPECS {
                let plan = plan(&dense(spec, [size, 300, 71 - size]), &machine);
                for bytes in native::foreign(&plan) {
                    codes += 1;
                    disassemble(&bytes, &machine);
                }
            }
        }
    }
    assert!(codes > 300, "{codes} functions");
}

#[test]
fn threads_share_the_work_and_change_no_bit() {
    let mut dice = Dice::new(4);
    let mut shared = 0;
    for threads in [2, 3, 5] {
        let machine = Machine { threads, ..Machine::host() };
        for seed in 0..6 {
            let [m, k, n] = [(40, 300), (20, 90), (60, 300)].map(|(from, to)| dice.within(from, to));
            let image = [(2, 6), (8, 20), (8, 20), (3, 20), (8, 40)].map(|(from, to)| dice.within(from, to));
            let functions = SPECS.iter().map(|spec| dense(spec, [m, k, n])).chain([convolution(image, 3, 1)]);
            for function in functions {
                let [alone, together] = [&Machine::host(), &machine].map(|machine| plan(&function, machine));
                shared += usize::from(together.together.iter().any(|&count| count > 1));
                // What is shared is computed as if it were not.
                let outcomes = [alone, together].map(|plan| {
                    let mut step = native::compile(plan);
                    crate::kernels::outcome(&mut step, &function, seed, false)
                });
                assert_eq!(outcomes[0].len(), outcomes[1].len());
                for (alone, together) in outcomes[0].iter().zip(&outcomes[1]) {
                    assert_eq!(crate::native::bits(alone), crate::native::bits(together), "{threads} threads");
                }
                check(&function, seed, &machine);
            }
        }
    }
    assert!(shared > 40, "{shared} are shared");
}

#[test]
fn parts_that_meet_are_refused() {
    let function = dense("mk,kn->mn", [64, 100, 200]);
    let machine = Machine { threads: 2, ..Machine::host() };
    let good = plan(&function, &machine);
    assert_eq!(good.together, [2]);
    let refused = |change: &dyn Fn(&mut Plan)| {
        let mut plan = good.clone();
        change(&mut plan);
        let verified = std::panic::catch_unwind(|| dlmc::kernel::verify(&plan));
        assert!(verified.is_err(), "a plan whose parts meet");
    };
    dlmc::kernel::verify(&good);
    // The second part writes where the first does.
    refused(&|plan| plan.kernels[1] = plan.kernels[0].clone());
    // It begins one place too early.
    refused(&|plan| plan.kernels[1].stores.iter_mut().for_each(|store| store.at = store.at.plus(-1)));
    // Both lay out their panels in one room.
    refused(&|plan| {
        let Core::Product { panels: Some(room), .. } = plan.kernels[0].core else { panic!("panels") };
        let Core::Product { panels: Some(panels), .. } = &mut plan.kernels[1].core else { panic!("panels") };
        panels.buffer = room.buffer;
    });
    // A kernel too many.
    refused(&|plan| plan.together = vec![2, 1]);
}
