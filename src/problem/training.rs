//! Problems of training: losses, optimizers, schedules, what fits what.

use super::problems;

problems! {}
