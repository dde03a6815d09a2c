//! Recurrences: the functions of one turn, called for each place.

use cranelift_codegen::ir::{FuncRef, InstBuilder, Value};

use super::writer::{Writer, memory};
use crate::kernel::{Turns, width};

impl Writer<'_, '_> {
    /// Calls `turn` for each of `count` places, with the addresses of what it reads and writes there.
    pub fn turns(&self, turns: &Turns, count: usize, turn: &[FuncRef]) {
        let (feeds, carried) = (turns.operands.len(), turns.targets.len());
        let base = |buffer: usize| self.bases[buffer].expect("a buffer of the kernel");
        let bytes = |(shape, dtype): &crate::kernel::Type| shape.iter().product::<usize>() * width(*dtype);
        let table = self.slot_address(self.slot(8 * (feeds + carried)));
        let put = |entry: usize, address: Value| {
            self.code.ins(|ins| ins.store(memory(), address, table, 8 * entry as i32));
        };
        for at in carried + turns.sliced..feeds {
            put(at, base(turns.operands[at]));
        }
        let starts: Vec<Value> = turns.operands[..carried].iter().map(|&operand| base(operand)).collect();
        self.repeat((0, count, 1), &starts, &mut |at, before| {
            let place = match turns.backwards {
                true => {
                    let last = self.code.index(count as i64 - 1);
                    self.code.ins(|ins| ins.isub(last, at))
                }
                false => at,
            };
            let there = |buffer: usize, bytes: usize| {
                let offset = self.code.ins(|ins| ins.imul_imm_s(place, bytes as i64));
                self.code.ins(|ins| ins.iadd(base(buffer), offset))
            };
            before.iter().enumerate().for_each(|(at, &address)| put(at, address));
            for at in carried..carried + turns.sliced {
                put(at, there(turns.operands[at], bytes(&turns.plan.feeds[at])));
            }
            let mut after = Vec::with_capacity(carried);
            for (at, &target) in turns.targets.iter().enumerate() {
                let address = there(target, bytes(&turns.plan.results[at]));
                put(feeds + at, address);
                after.push(address);
            }
            let arguments = [base(turns.arena), table, self.clock.seed, self.clock.step];
            turn.iter().for_each(|&function| _ = self.code.ins(|ins| ins.call(function, &arguments)));
            after
        });
    }
}
