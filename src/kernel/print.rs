//! A plan and its kernels in words.
use super::Plan;
use std::fmt;
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{:#?}", self.kernels)
    }
}
