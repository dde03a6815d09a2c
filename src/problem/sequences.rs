//! Problems of what stands in a row: tokens of texts, and windows over rows.

use super::data::{Shown, quoted, tell};
use super::{count, problems, say};
use crate::source::Span;

problems! {
    /// A step that cuts texts into tokens stands where there is no text to be cut.
    "cuts-no-text" Error CutsNoText { step: &'static str, at: Span, ty_at: Option<Span> } =>
        say(format!("`{step}` is a step from the text in a cell to its tokens, and this is no such text"))
            .at(at, "not the column of a field like tokens[32, 5000], or rows that a window takes as they are")
            .maybe_at(ty_at, "the field's type")
            .help("write the column first: `input title: tokens[32, 5000] = title |> lower |> words`");

    /// Nothing says of what the tokens of a text are made.
    "tokens-uncut" Error TokensUncut { field: String, at: Span, ty_at: Span } =>
        say(format!("nothing says what a token of `{field}` is"))
            .at(at, "a text, which has words and characters")
            .at(ty_at, "made of tokens")
            .help("let the column go through `words` or `chars`; where each row is a token, through `window`");

    /// A window does not stand at the end of a field's formula.
    "window-misplaced" Error WindowMisplaced { at: Span } =>
        say("`window` puts rows side by side once a row is what it should be: it is the last step in the formula of a field, and there is one")
            .at(at, "not the last step of a field")
            .help("move it to the end: `input past: f32[24] = load |> standardize |> window(24)`");

    /// Places without a token are counted as if there were one.
    "padding-counted" Error PaddingCounted { reduction: &'static str, at: Span } =>
        say(format!("this {reduction} counts the places in which a text has no token"))
            .at(at, "goes over all places, those behind the end of a shorter text too")
            .help(format!("say which of them count, by the tokens: `{reduction}(over: T, where: present(title))`"));

    /// The places of a target in which there is no token would be learned like any other.
    "padded-target" Error PaddedTarget { field: String, at: Span } =>
        say(format!("the target `{field}` has places without a token, and the loss would count them"))
            .at(at, "shorter texts are filled up")
            .help("a target of tokens is a window over the rows of a text: `target next: tokens[64, 65] = chars |> window(64, offset: 1)`");

    /// The training rows have more different tokens than the type has room for.
    "vocabulary-full" Error VocabularyFull { column: String, shown: String, room: usize, found: usize, at: Span } =>
        say(format!("the training rows of `{column}` in {shown} have {}, and there is room for {room}", count(found, "token", "tokens")))
            .at(at, format!("{room} are declared"))
            .help(format!("declare {found}; one more stands for what no training row has"));

    /// Rows hold tokens that no training row has, and nothing stands for them.
    "unknown-tokens" Error UnknownTokens {
        column: String, shown: String, values: usize, cells: Vec<Shown>, count: usize, at: Span, ty_at: Span,
    } => {
        let rows = super::count(count, "row", "rows");
        let words = say(format!("{rows} of `{column}` in {shown} hold what no training row has"));
        let words = tell(words, &shown, &cells, count, Some(at), "read here", |text| match text {
            "" => "is missing".into(),
            text => format!("holds {}", quoted(text)),
        });
        let more = values + 1;
        words.at(ty_at, format!("each of the {values} values is a token of the training rows"))
            .help(format!("declare {more}: the one more then stands for any other"))
    };

    /// No window lies within the rows of a split.
    "no-window" Error NoWindow { split: &'static str, rows: usize, reach: usize, shown: String, at: Span, split_at: Option<Span> } =>
        say(format!("no example lies within the {split} rows of {shown}: it has {} that follow one another", count(reach, "row", "rows")))
            .at(at, "reaches so far")
            .maybe_at(split_at, format!("leaves {} here", count(rows, "row", "rows")))
            .help("rows that follow one another stay together in `by_position`, `by_time` and `by_group`; a shorter window needs fewer of them");

    /// A model is to write, and does not say of each token which one follows.
    "writes-nothing" Error WritesNothing { model: String, at: Span } =>
        say(format!("`{model}` cannot write: it does not say of each token of a text which one follows"))
            .at(at, "asks for a text")
            .help("its one input is a window of tokens, its target the window one further on: `target next: tokens[T, V] = chars |> window(T, offset: 1)`");

    /// What a model says of a token depends on the tokens behind it.
    "looks-ahead" Error LooksAhead { model: String, at: Option<Span> } =>
        say(format!("`{model}` cannot write: what it says of a token depends on tokens behind it, which it would have to write first"))
            .maybe_at(at, "asks for a text")
            .help("let attention be causal: `attention(heads: 4, causal: yes)`");

    /// A text to go on from holds a token that the training rows do not have.
    "unknown-prompt" Error UnknownPrompt { token: String, model: String, at: Option<Span> } =>
        say(format!("`{model}` has never seen {}, with which it is to begin", quoted(&token)))
            .maybe_at(at, "the text to begin with")
            .help("begin with tokens of the training rows; a model of characters knows those of its text, and no others");

    /// What a model reads and what it tells are numbered differently.
    "other-tokens" Error OtherTokens { model: String, at: Option<Span> } =>
        say(format!("`{model}` cannot write: the tokens that it tells are not those that it reads"))
            .maybe_at(at, "asks for a text")
            .help("let both fields read the same column");

    /// A file to predict has fewer rows than an example.
    "few-rows" Error FewRows { shown: String, rows: usize, reach: usize } =>
        say(format!("{shown} has {}, and an example has {reach} that follow one another", count(rows, "row", "rows")));
}
