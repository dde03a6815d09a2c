//! How a search looks while it goes: a row for each trial, below them one line drawn again and again on a terminal, or JSON.

use unicode_width::UnicodeWidthStr;

use crate::cli::Stop;
use crate::cli::live::Live;
use crate::cli::numbers::{count, measure, seconds};
use crate::cli::terminal::Terminal;
use crate::compile::TunePlan;
use crate::session::tune::points::points;
use crate::session::tune::{Event, Start, State, Trial};

/// Into so many pieces the bar divides a trial.
const PIECES: u64 = 1000;

/// Listens to a search.
pub struct Progress<'a> {
    live: Live<'a>,
    plan: &'a TunePlan,
    columns: Vec<Column>,
    trials: u64,
    /// Those that are over.
    over: u64,
    /// The seconds that they took.
    seconds: f64,
    best: Option<(u64, f64)>,
}

/// A setting that is searched.
struct Column {
    title: String,
    width: usize,
}

impl<'a> Progress<'a> {
    pub fn new(terminal: &'a Terminal, plan: &'a TunePlan) -> Progress<'a> {
        Progress {
            live: Live::new(terminal),
            plan,
            columns: columns(plan),
            trials: 0,
            over: 0,
            seconds: 0.0,
            best: None,
        }
    }

    pub fn hear(&mut self, event: &Event) {
        if self.live.is_told(event) {
            return;
        }
        match event {
            Event::Reading { work, done, of } => self.live.reading(*work, *done, *of),
            Event::Search(start) => self.start(start),
            Event::Begin { .. } => self.step(0, 1),
            Event::Step { step, steps, .. } => self.step(*step, *steps),
            Event::Trial(trial) => self.trial(trial),
            Event::End(_) => self.live.clear(),
        }
    }

    /// Takes the live line away; fails if events could not be written.
    pub fn finish(self) -> Result<(), Stop> {
        self.live.finish()
    }

    fn start(&mut self, start: &Start) {
        self.trials = start.trials;
        let train = start.train.as_ref().map_or(String::new(), |name| format!(" of {name}"));
        let goal = if start.rising { "the more the better" } else { "the less the better" };
        let mut words =
            vec![format!("{} trials{train}", count(start.trials)), format!("by {}, {goal}", start.objective)];
        words.extend(
            start
                .resumed
                .map(|trials| format!("resumed after {}", crate::problem::count(trials as usize, "trial", "trials"))),
        );
        let titles = self.columns.iter().map(|it| it.title.clone()).collect();
        let head = self.row("trial".into(), titles, self.plan.metric.clone(), "time".into(), "");
        self.live.say(&format!("  {}\n{head}", words.join(" · ")));
    }

    fn step(&mut self, step: u64, steps: u64) {
        self.live.show(self.trials * PIECES, self.over * PIECES + PIECES * step / steps.max(1));
        let mut words = vec![format!("trial {}/{}", count(self.over + 1), count(self.trials))];
        if let Some((trial, value)) = self.best {
            words.push(format!("best {} {} in trial {trial}", self.plan.metric, measure(value)));
        }
        if self.over > 0 {
            let left = self.seconds / self.over as f64 * (self.trials.saturating_sub(self.over)) as f64;
            words.push(format!("about {} left", seconds(left)));
        }
        self.live.words(words.join(" · "));
    }

    fn trial(&mut self, trial: &Trial) {
        self.over += 1;
        self.seconds += trial.seconds;
        let rising = self.plan.objective.metric.rising;
        let better = |value: f64| self.best.is_none_or(|(_, best)| if rising { value > best } else { value < best });
        let is_best = trial.state == State::Done && trial.objective.is_some_and(better);
        if let (true, Some(value)) = (is_best, trial.objective) {
            self.best = Some((trial.trial, value));
        }
        let state = match (&trial.problem, trial.state) {
            (Some(problem), _) => format!("failed: {}  [{}]", problem.message, problem.code),
            (None, State::Done) if is_best => "best so far".into(),
            (None, State::Done) => String::new(),
            (None, State::Stopped) => "stopped early".into(),
            (None, State::Failed) => "failed".into(),
        };
        let values = trial.values.values().cloned().collect();
        let objective = trial.objective.map_or("–".into(), measure);
        let row = self.row(trial.trial.to_string(), values, objective, seconds(trial.seconds), &state);
        self.live.say(&row);
    }

    /// A row of the table, whose widths are known before its cells are.
    fn row(&self, trial: String, values: Vec<String>, objective: String, time: String, state: &str) -> String {
        let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        let mut line = format!("  {}{trial}", pad(&trial, "trial".len()));
        for (value, column) in values.iter().zip(&self.columns) {
            line += &format!("  {value}{}", pad(value, column.width));
        }
        let width = self.plan.metric.width().max(10);
        line += &format!("  {}{objective}  {}{time}  {state}", pad(&objective, width), pad(&time, 9));
        format!("{}\n", line.trim_end())
    }
}

/// A column for each setting: as wide as its widest value, under the last word of its path that no other has.
fn columns(plan: &TunePlan) -> Vec<Column> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_string();
    let points = points(plan);
    let column = |(at, key): (usize, &crate::model::tune::Key)| {
        let twins = plan.keys.iter().filter(|it| last(&it.path) == last(&key.path)).count();
        let title = if twins > 1 { key.path.clone() } else { last(&key.path) };
        let width = points.iter().map(|point| point[at].width()).chain([title.width()]).max().unwrap_or(0);
        Column { title, width }
    };
    plan.keys.iter().enumerate().map(column).collect()
}
