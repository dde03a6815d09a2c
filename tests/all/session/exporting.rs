//! A second artifact, for whoever predicts: it says the same of fewer columns.

use dlmc::model::program::Split;
use dlmc::session::artifact::Artifact;
use dlmc::session::tune;
use dlmc::session::{Cell, Known, Through, Trained};

use super::*;

/// Rows of which the model reads two columns, and the split a third, which the artifact does not serve.
const FLATS: &str = "dlm 1

data flats {
  source: csv(\"flats.csv\")
  split:  by_time(built, train: 60%, val: 20%, test: 20%)
  id     door:  text
  id     house: text
  input  size:  number = area |> standardize
  input  built: number = year |> standardize
  input  town:  class[3]
  input  rooms: number = rooms |> standardize
  target price: number = price |> standardize
}

model value on (rooms: number, size: number) -> number {
  concat(size, rooms) |> dense(4, tanh) as hidden |> dense(1) as price
}

train {
  model:     value
  data:      flats
  loss:      mse
  optimizer: adam(lr: 0.02)
  batch:     4
  for:       20 epochs
  metrics:   [mae]
  checkpoint: every(5 epochs)
}
";

fn rows() -> String {
    let row = |i: usize| {
        let town = ["Quedlinburg", "Ystad", "Zutphen"][i % 3];
        let (area, year, rooms) = (40 + (i * 37) % 90, 1900 + (i * 13) % 100, 1 + i % 5);
        format!("d{i},h{},{area},{year},{town},{rooms},{}\n", i % 4, 2 * area + 10 * rooms)
    };
    format!("door,house,area,year,town,rooms,price\n{}", (0..30).map(row).collect::<String>())
}

fn bench(export: &str) -> Bench {
    let world = Memory::default().with("it.dlm", &format!("{FLATS}\n{export}")).with("flats.csv", &rows());
    Bench::within(Box::new(world), Path::new("it.dlm"), &[])
}

const SERVED: &str = "export { file: \"serving/flats.dlmx\"; serve: [house, rooms, door, size] }\n";

fn read(path: impl AsRef<Path>) -> Trained {
    Trained::read(path.as_ref()).unwrap_or_else(|failure| panic!("{:#?}", failure.problems))
}

fn predicted(trained: &Trained, csv: &str) -> (Vec<String>, Vec<Vec<Cell>>) {
    let world = Memory::default().with("rows.csv", csv);
    let table = trained.predict(&[Path::new("rows.csv")], &Through::new(&world, Backend::Native));
    let table = table.unwrap_or_else(|failure| panic!("{:#?}", failure.problems)).table();
    (table.columns, table.rows)
}

#[test]
fn an_export_says_the_same_of_fewer_columns() {
    let bench = bench(SERVED);
    let (outcome, events) = bench.run();
    assert_logged(&outcome, &events);
    let [exported] = &outcome.end.exports[..] else { panic!("{:?}", outcome.end) };
    assert_eq!(exported.serves, ["house", "rooms", "door", "size"]);
    assert_eq!(PathBuf::from(&exported.file), outcome.folder.join("serving/flats.dlmx"));
    assert_eq!(std::fs::metadata(&exported.file).unwrap().len(), exported.bytes);
    let (whole, served) = (read(outcome.artifact.unwrap()), read(&exported.file));
    let (columns, some) = predicted(&served, "door,area,rooms,house\na,50,2,b\nc,90,4,d\n");
    assert_eq!(columns, ["house", "door", "price"], "in the order in which they are served");
    let (columns, all) =
        predicted(&whole, "door,area,rooms,house,year,town\na,50,2,b,1950,Ystad\nc,90,4,d,1960,Ystad\n");
    assert_eq!(columns, ["door", "house", "price"]);
    for (some, all) in some.iter().zip(&all) {
        assert_eq!([&some[1], &some[0], &some[2]], [&all[0], &all[1], &all[2]]);
    }
    // What is served must be there, what is not may be anything.
    let world = Memory::default().with("rows.csv", "area,town\n50,Atlantis\n");
    let failure =
        served.predict(&[Path::new("rows.csv")], &Through::new(&world, Backend::Native)).err().expect("a failure");
    assert_eq!(failure.problems.iter().map(|it| it.code).collect::<Vec<_>>(), ["input-columns"]);
    assert!(failure.problems[0].message.contains("rooms"), "{:?}", failure.problems);
    predicted(&served, "area,rooms,town,door\n50,2,Atlantis,\n");
}

#[test]
fn an_export_is_measured_as_the_run_was() {
    let bench = bench(SERVED);
    let (outcome, _) = bench.run();
    let served = read(&outcome.end.exports[0].file);
    for (split, told) in Split::ALL.into_iter().zip([&outcome.end.train, &outcome.end.val, &outcome.end.test]) {
        let known = Known::Split { split, base: &bench.base };
        assert_eq!(
            served.evaluate(known, &Through::new(&*bench.world, Backend::Native)).unwrap().metrics,
            *told,
            "{split:?}"
        );
    }
    // Of rows that say what is true, no more is wanted than what is served.
    let world = Memory::default().with("rows.csv", "area,rooms,price\n50,2,120\n");
    let known = Known::File(Path::new("rows.csv"));
    assert_eq!(served.evaluate(known, &Through::new(&world, Backend::Native)).unwrap().examples, 1);
}

#[test]
fn an_export_remembers_nothing_of_what_it_does_not_serve() {
    let bench = bench(&format!("{SERVED}export plain {{ file: \"plain.dlmx\" }}\n"));
    let (outcome, _) = bench.run();
    let holds = |path: &Path, word: &str| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(word.len()).any(|it| it == word.as_bytes())
    };
    let whole = outcome.artifact.clone().unwrap();
    assert!(holds(&whole, "Quedlinburg"));
    let [served, plain] = [0, 1].map(|at| PathBuf::from(&outcome.end.exports[at].file));
    assert!(!holds(&served, "Quedlinburg") && !holds(&plain, "Quedlinburg"));
    // Without a word about it, it serves what the model reads, and what names a row.
    assert_eq!(outcome.end.exports[1].serves, ["door", "house", "size", "rooms"]);
    let [whole, served] = [&whole, &served].map(|path| Artifact::read(path).unwrap());
    assert_eq!(whole.tensors, served.tensors);
    assert_eq!(whole.document.training, served.document.training);
    let fits =
        |artifact: &Artifact| artifact.document.data.fitted.fields.iter().map(|it| it.fits.len()).collect::<Vec<_>>();
    assert_eq!((fits(&whole), fits(&served)), (vec![0, 0, 2, 2, 0, 2, 2], vec![0, 0, 2, 0, 0, 2, 2]));
}

/// An artifact that says it serves less than its model reads is none.
#[test]
fn an_export_without_an_input_is_refused() {
    let first = bench(SERVED);
    let (outcome, _) = first.run();
    let mut artifact = Artifact::read(Path::new(&outcome.end.exports[0].file)).unwrap();
    artifact.document.serves = Some(vec!["size".into(), "door".into()]);
    let Err(problem) = artifact.program() else { panic!("it is taken") };
    assert_eq!(problem.code, "artifact-mismatch");
}

#[test]
fn a_run_that_was_interrupted_exports_when_it_is_done() {
    let bench = bench(SERVED).slow();
    let place = bench.folder.path().join("it");
    let (whole, _) = bench.run();
    let (outcome, _) = bench.try_run(Place::At(&place), |event| is_step(event, 30));
    assert!(outcome.unwrap().end.exports.is_empty() && !place.join("serving").exists());
    let (outcome, _) = bench.try_run(Place::ResumeAt(&place), |_| false);
    let bytes = |outcome: &Outcome| std::fs::read(&outcome.end.exports[0].file).unwrap();
    assert!(bytes(&whole) == bytes(&outcome.unwrap()));
}

#[test]
fn a_search_exports_its_best_trial() {
    let tune = "tune { optimizer.lr: choice(1e-4, 0.03); objective: minimize(val.mae); budget: 2 trials }\n";
    let bench = bench(&format!("{SERVED}{tune}"));
    let ticks = Ticks::of(bench.tick);
    let request = bench.request(Place::Under(bench.folder.path()), &ticks);
    let found = tune::search(&request, &bench.checked.tunes[0], &mut |_| {}, &AtomicBool::new(false));
    let found = found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
    let best = found.end.best.unwrap();
    let [exported] = &best.exports[..] else { panic!("{best:?}") };
    assert_eq!(PathBuf::from(&exported.file), found.folder.join("serving/flats.dlmx"));
    for trial in ["1", "2"] {
        assert!(!found.folder.join("trials").join(trial).join("serving").exists());
    }
    // It is what a run with these values writes.
    let set: Vec<(&str, &str)> = best.values.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    let world = Memory::default().with("it.dlm", &format!("{FLATS}\n{SERVED}{tune}")).with("flats.csv", &rows());
    let alone = Bench::within(Box::new(world), Path::new("it.dlm"), &set);
    let (outcome, _) = alone.run();
    assert!(std::fs::read(&exported.file).unwrap() == std::fs::read(&outcome.end.exports[0].file).unwrap());
}

/// Weights go on from an export as from any artifact.
#[test]
fn an_export_hands_its_weights_on() {
    let first = bench(SERVED);
    let (outcome, _) = first.run();
    let transfer = "  transfer from \"flats.dlmx\"\n}\n\nexport {";
    let text = format!("{FLATS}\n{SERVED}").replace("}\n\nexport {", transfer).replace("20 epochs", "1 step");
    let mut world = Memory::default().with("it.dlm", &text).with("flats.csv", &rows());
    world.0.insert("flats.dlmx".into(), std::fs::read(&outcome.end.exports[0].file).unwrap());
    let bench = Bench::within(Box::new(world), Path::new("it.dlm"), &[]);
    let (_, events) = bench.run();
    let brought = events.iter().find_map(|it| match it {
        Event::Transfer(it) => Some(it.tensors),
        _ => None,
    });
    assert_eq!(brought, Some(4));
}
