//! Private runs: the noise that a budget asks for once the rows are counted, and what has been spent of it.

use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};

use super::accountant::{Account, noise_for};
use super::cadence::pace;
use crate::model::Program;
use crate::model::program::{Batch, Pace, Privacy};
use crate::problem::Problem;
use crate::problem::privacy::BudgetOutOfReach;

/// How the updates of a run hide each example.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub asked: Privacy,
    /// The deviation of the noise, in the norms to which gradients are clipped.
    pub noise: f64,
    /// The probability with which an update draws an example.
    pub rate: f64,
    /// Examples in an update, on average.
    pub expected: usize,
    /// Updates of the whole run.
    pub updates: u64,
    account: Account,
}

/// What has been proved of a run, as artifacts and events say it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Guarantee {
    /// How gradients are made private.
    pub method: String,
    /// Spent by the updates that were done.
    pub epsilon: f64,
    pub delta: f64,
    /// The most that the gradient of an example counts for.
    pub clip: f64,
    /// The deviation of the noise in the sum of gradients, over `clip`.
    pub noise: f64,
    /// How updates come to their examples.
    pub sampling: String,
    /// The probability with which an update draws an example.
    pub rate: f64,
    /// Updates done.
    pub updates: u64,
    /// Whether the seed of the noise is known to nobody.
    pub secret: bool,
}

impl Plan {
    /// Of a run of `program` over `rows` training examples; `None` where it is not private.
    pub fn of(program: &Program, rows: usize) -> Result<Option<Plan>, Problem> {
        let Some(asked) = program.train.privacy.filter(|_| rows > 0) else { return Ok(None) };
        let Pace { batch: expected, total: updates, .. } = pace(program, rows);
        let rate = expected as f64 / rows as f64;
        let noise = noise_for(rate, updates, asked.epsilon, asked.delta).map_err(|least| {
            let Privacy { epsilon, delta, budget_at: at, .. } = asked;
            BudgetOutOfReach { epsilon, delta, least, updates, at }
        })?;
        Ok(Some(Plan { asked, noise, rate, expected, updates, account: Account::new(noise, rate) }))
    }

    /// The epsilon that so many updates spend.
    pub fn spent(&self, updates: u64) -> f64 {
        self.account.epsilon(updates, self.asked.delta)
    }

    /// What holds after so many updates.
    pub fn guarantee(&self, updates: u64) -> Guarantee {
        Guarantee {
            method: "dp_sgd".into(),
            epsilon: self.spent(updates),
            delta: self.asked.delta,
            clip: self.asked.clip,
            noise: self.noise,
            sampling: "poisson".into(),
            rate: self.rate,
            updates,
            secret: self.asked.seed.is_none(),
        }
    }

    /// The seed of the noise and of the draws: that of the program, or one that nobody knows.
    pub fn seed(&self) -> u64 {
        self.asked.seed.unwrap_or_else(|| SysRng.try_next_u64().expect("random numbers of the system"))
    }
}

/// So many deviations more than the average are drawn once in seven hundred updates.
const ABOVE: f64 = 3.0;

/// The rows of a pass, so that nearly every update of `expected` examples on average out of `rows` comes through with as many
/// passes as the program gives it batches. One that draws more takes another pass.
pub fn capacity(program: &Program, expected: usize, rows: usize) -> usize {
    let passes = match program.train.batch {
        Batch::All => 1,
        Batch::Size(size) => expected.div_ceil(size.max(1)).max(1),
    };
    let (mean, rate) = (expected as f64, expected as f64 / rows.max(1) as f64);
    let most = mean + ABOVE * (mean * (1.0 - rate)).sqrt();
    ((most / passes as f64).ceil() as usize).clamp(1, rows.max(1))
}
