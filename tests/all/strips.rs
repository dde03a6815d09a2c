//! Rows in wide registers: bit for bit what the kernel interpreter says, on every machine that can be asked for, and the bytes of
//! their code as a disassembler reads them.

use std::collections::BTreeSet;

use dlmc::kernel::{Machine, plan};
use dlmc::native;
use dlmc::scalar::{Dtype, Scalar};
use dlmc::tensor::{Draw, Function, Graph, Id, View};
use iced_x86::{Decoder, DecoderOptions, Mnemonic, OpKind, Register};

use crate::functions;
use crate::native::{check, of_feeds};
use crate::tiles::{machines, written_for};

/// Whether any kernel on a machine is, or has in it, code that Cranelift does not write.
fn is_wide(function: &Function, machine: &Machine) -> bool {
    !native::foreign(&plan(function, machine)).is_empty()
}

/// Reads the code of a function as a machine would, and panics where that is not what such a function may consist of.
pub fn disassemble(bytes: &[u8], machine: &Machine) -> BTreeSet<Mnemonic> {
    let mut decoder = Decoder::with_ip(64, bytes, 0x1000, DecoderOptions::NONE);
    let (mut starts, mut pushed, mut found, mut constants) = (vec![], vec![], BTreeSet::new(), vec![]);
    loop {
        assert!(decoder.can_decode(), "code that ends with a return");
        let instruction = decoder.decode();
        assert!(!instruction.is_invalid(), "{bytes:02x?}");
        starts.push(instruction.ip());
        found.insert(instruction.mnemonic());
        let registers = (0..instruction.op_count()).filter(|&it| instruction.op_kind(it) == OpKind::Register);
        for register in registers.map(|it| instruction.op_register(it)).filter(|it| it.is_vector_register()) {
            // Half registers are those of AVX2, and no code mixes the two; quarters hold what is written as bytes.
            let narrow = matches!(
                instruction.mnemonic(),
                Mnemonic::Vpackusdw
                    | Mnemonic::Vpackuswb
                    | Mnemonic::Vmovq
                    | Mnemonic::Vmovd
                    | Mnemonic::Vmovss
                    | Mnemonic::Vextracti128
            );
            let spread = instruction.mnemonic() == Mnemonic::Vpbroadcastd;
            assert!(register.is_zmm() == (machine.vector == 64) || narrow || spread, "{register:?}");
            assert!(!register.is_zmm() || machine.vector == 64, "{register:?}");
        }
        match instruction.memory_base() {
            Register::None => {}
            Register::RIP => constants.push((instruction.ip_rel_memory_address() - 0x1000) as usize),
            base => {
                assert!(base.is_gpr64() && base != Register::RSP, "{base:?}");
                let index = instruction.memory_index();
                assert!([Register::None, Register::RCX].contains(&index), "{index:?}");
            }
        }
        match instruction.mnemonic() {
            Mnemonic::Jne => {
                assert!(starts.contains(&instruction.near_branch_target()), "a jump back to an instruction");
            }
            Mnemonic::Push => pushed.push(instruction.op_register(0)),
            Mnemonic::Pop => assert_eq!(pushed.pop(), Some(instruction.op_register(0)), "what was pushed last"),
            Mnemonic::Ret => break,
            _ => {}
        }
    }
    assert!(pushed.is_empty(), "{pushed:?}");
    let end = decoder.position();
    assert!(constants.iter().all(|&at| end <= at && at + 4 <= bytes.len()), "constants behind the code");
    assert!(!constants.is_empty() || end == bytes.len(), "nothing behind the code");
    found
}

#[test]
fn every_scalar_is_the_same_in_rows_of_every_length() {
    let kinds = Scalar::ALL.iter().flat_map(|&scalar| scalar.def().signatures.iter().map(move |it| (scalar, it.0)));
    let kinds: Vec<(Scalar, &[Dtype])> = kinds.collect();
    for machine in machines() {
        let mut wide = 0;
        for (number, &(scalar, dtypes)) in kinds.iter().enumerate() {
            // Each meets rows with every number of lanes left over, some of them with several registers.
            for columns in [16 + number % 16, 33 + number % 31, 64] {
                let shape = [3, columns];
                let feeds: Vec<(&[usize], Dtype)> = dtypes.iter().map(|&dtype| (&shape[..], dtype)).collect();
                let function = of_feeds(&feeds, |g, feeds| vec![g.map(scalar, feeds)]);
                wide += usize::from(is_wide(&function, &machine));
                check(&function, number as u64, &machine);
            }
        }
        let all = 3 * kinds.len();
        match machine.vector {
            // Quotients of integers have no instruction, and AVX2 cannot mask bytes.
            64 => assert!(wide >= all - 6, "{wide} of {all}"),
            32 => assert!(wide >= all / 2, "{wide} of {all}"),
            _ => assert_eq!(wide, 0),
        }
    }
}

#[test]
fn graphs_with_long_axes_are_the_same_in_rows() {
    for machine in machines() {
        let mut wide = 0;
        for seed in 0..60 {
            let function = functions::long(seed, 12);
            wide += usize::from(is_wide(&function, &machine));
            check(&function, seed, &machine);
        }
        assert!(machine.vector < 32 || wide > 30, "{wide} of 60");
    }
}

/// What depends on the place, on draws, on what is around the row, and on guards along it.
#[test]
fn places_draws_and_borders_are_the_same_in_rows() {
    for machine in machines() {
        for columns in [16, 29, 48, 67] {
            let (whole, row, column) = ([5, columns], [columns], [5]);
            let feeds: [(&[usize], Dtype); 4] =
                [(&whole, Dtype::F32), (&row, Dtype::F32), (&column, Dtype::F32), (&whole, Dtype::Bool)];
            let function = of_feeds(&feeds, |g, feeds| {
                let shape = &whole[..];
                let row = g.expand(feeds[1], 0, 5);
                let column = g.expand(feeds[2], 1, columns);
                let [down, across] = [0, 1].map(|axis| g.index(axis, shape));
                let causal = g.map(Scalar::LessEqual, &[across, down]);
                let drawn = g.random(Draw::Uniform, 7, shape);
                let kept = g.map(Scalar::Less, &[drawn, feeds[0]]);
                let both = g.map(Scalar::And, &[kept, feeds[3]]);
                let sum = g.map(Scalar::Add, &[row, column]);
                let chosen = g.map(Scalar::Select, &[causal, sum, feeds[0]]);
                let product = g.map(Scalar::Mul, &[chosen, feeds[0]]);
                let padded = View::Pad { axis: 1, before: 3, after: 5, between: 0 };
                let around = View::Pad { axis: 0, before: 1, after: 2, between: 0 };
                let cut = View::Slice { axis: 1, start: 2, step: 1, len: columns - 3 };
                let bordered = g.view(padded, product);
                let framed = g.view(around, bordered);
                let truths = g.view(View::Pad { axis: 1, before: 1, after: 0, between: 0 }, both);
                let inside = g.view(cut, sum);
                vec![product, framed, truths, inside, both, across]
            });
            check(&function, columns as u64, &machine);
        }
    }
}

#[test]
fn sums_and_maxima_over_any_axes_are_the_same_in_rows() {
    let mut seed = 0;
    for machine in machines() {
        for shape in [
            [1, 70, 33],
            [3, 32, 16],
            [2, 64, 20],
            [3, 45, 31],
            [40, 3, 48],
            [33, 1, 130],
            [5, 7, 300],
            [2, 37, 257],
            [4, 96, 1],
            [1, 1030, 17],
        ] {
            for dtype in [Dtype::F32, Dtype::I32, Dtype::Bool] {
                let function = of_feeds(&[(&shape, dtype), (&shape, Dtype::F32)], |g, feeds| {
                    let mut results = vec![];
                    let weighted = g.map(Scalar::Mul, &[feeds[1], feeds[1]]);
                    for value in [feeds[0], weighted] {
                        for axes in [&[0][..], &[1], &[2], &[1, 0], &[2, 1], &[2, 0], &[2, 1, 0]] {
                            let reduced = |g: &mut Graph, largest: bool| {
                                axes.iter().fold(value, |value, &axis| match largest {
                                    true => g.max(value, axis),
                                    false => g.sum(value, axis),
                                })
                            };
                            results.push(reduced(g, true));
                            if g[value].dtype != Dtype::Bool {
                                results.push(reduced(g, false));
                            }
                        }
                    }
                    results
                });
                seed += 1;
                check(&function, seed, &machine);
            }
        }
    }
}

/// More results are needed at once than there are registers.
#[test]
fn what_is_put_aside_comes_back() {
    for machine in machines() {
        for count in [10, 14, 30, 34, 60] {
            let function = of_feeds(&[(&[2, 37], Dtype::F32), (&[37], Dtype::F32)], |g, feeds| {
                let row = g.expand(feeds[1], 0, 2);
                let parts: Vec<Id> = (0..count)
                    .map(|number| {
                        let constant = g.constant(number as f32 / 7.0, &[2, 37]);
                        let sum = g.map(Scalar::Add, &[feeds[0], constant]);
                        g.map(Scalar::Mul, &[sum, row])
                    })
                    .collect();
                // Each is used first with the next, and again at the end in the order in which they were made.
                let mut value = feeds[0];
                for pair in parts.windows(2) {
                    let difference = g.map(Scalar::Sub, pair);
                    value = g.map(Scalar::Max, &[value, difference]);
                }
                for &part in &parts {
                    value = g.map(Scalar::Sub, &[part, value]);
                }
                vec![value]
            });
            assert!(machine.vector < 32 || is_wide(&function, &machine));
            check(&function, count as u64, &machine);
        }
    }
}

#[test]
fn the_code_of_rows_is_what_a_disassembler_expects() {
    use Mnemonic::*;
    let either = [
        Add,
        Cmp,
        Dec,
        Jne,
        Mov,
        Pop,
        Push,
        Ret,
        Vaddps,
        Vbroadcastss,
        Vcvtdq2ps,
        Vcvttps2dq,
        Vdivps,
        Vfmadd132ps,
        Vfmadd213ps,
        Vfmadd231ps,
        Vfnmadd132ps,
        Vfnmadd213ps,
        Vfnmadd231ps,
        Vmovaps,
        Vmovss,
        Vmovups,
        Vmulps,
        Vpaddd,
        Vpbroadcastd,
        Vpermilps,
        Vpmovzxbd,
        Vpmulld,
        Vpslld,
        Vpsrad,
        Vpsubd,
        Vsqrtps,
        Vsubps,
        Vzeroupper,
    ];
    let lesser = [
        Vblendvps,
        Vcmpps,
        Vextracti128,
        Vmaskmovps,
        Vmovd,
        Vmovq,
        Vpackusdw,
        Vpackuswb,
        Vpand,
        Vpcmpeqd,
        Vpcmpgtd,
        Vperm2f128,
        Vpor,
        Vpxor,
        Vroundps,
        Vxorps,
    ];
    let larger = [
        Kmovw,
        Vblendmps,
        Vcmpps,
        Vpandd,
        Vpcmpeqd,
        Vpcmpgtd,
        Vpmovdb,
        Vpord,
        Vpternlogd,
        Vptestmd,
        Vpxord,
        Vrndscaleps,
        Vshuff32x4,
    ];
    for machine in written_for() {
        let own = if machine.vector == 64 { &larger[..] } else { &lesser[..] };
        let (mut codes, mut found) = (0, BTreeSet::new());
        for seed in 0..150 {
            for bytes in native::foreign(&plan(&functions::long(seed, 12), &machine)) {
                codes += 1;
                found.extend(disassemble(&bytes, &machine));
            }
        }
        let odd: Vec<&Mnemonic> = found.iter().filter(|it| !either.contains(it) && !own.contains(it)).collect();
        assert!(odd.is_empty(), "{odd:?}");
        assert!(codes > 150, "{codes} functions");
        // Nearly all that may be there is there, so that what is decoded is what is used.
        assert!(found.len() > 35, "{found:?}");
    }
}
