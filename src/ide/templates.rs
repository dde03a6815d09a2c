//! Projects to start from: a program, its data, and a page that says how to go on.

/// A project to start from.
pub struct Template {
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    program: &'static str,
    /// The data, and where the program looks for it.
    data: Option<(&'static str, &'static str)>,
}

pub const TEMPLATES: &[Template] = &[
    Template {
        name: "classification",
        about: "Rows of a table are told apart: three kinds of penguin, from numbers, words and holes.",
        program: include_str!("../../examples/penguins.dlm"),
        data: Some(("data/penguins/penguins.csv", include_str!("../../examples/data/penguins/penguins.csv"))),
    },
    Template {
        name: "regression",
        about: "A number is told from the others of its row: how far diabetes has progressed within a year.",
        program: include_str!("../../examples/diabetes.dlm"),
        data: Some(("data/diabetes/diabetes.csv", include_str!("../../examples/data/diabetes/diabetes.csv"))),
    },
    Template {
        name: "xor",
        about: "The smallest problem that needs a hidden layer, with its four rows in the program itself.",
        program: include_str!("../../examples/xor.dlm"),
        data: None,
    },
];

impl Template {
    /// The files of a project called `name`: paths within its folder, and texts. The program comes first.
    pub fn files(&self, name: &str) -> Vec<(String, String)> {
        let stem = self.name;
        let program = format!("{stem}.dlm");
        let mut files = vec![];
        let mut text = self.program.to_string();
        if let Some((path, content)) = self.data {
            let short = format!("data/{}", path.rsplit('/').next().expect("a part"));
            text = text.replace(path, &short);
            files.push((short, content.to_string()));
        }
        // In the text of an example its own path stands, as seen from the project's root.
        let words = include_str!("templates/readme.txt");
        let filled = [("name", name), ("about", self.about), ("file", &program), ("stem", stem)];
        let readme =
            filled.iter().fold(words.to_string(), |text, (blank, word)| text.replace(&format!("{{{blank}}}"), word));
        files.insert(0, (program, text));
        files.push(("README.md".into(), readme));
        files
    }
}
