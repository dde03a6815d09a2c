//! The formatter.
use dlmc::source::FileId;
use dlmc::syntax;

#[test]
fn show() {
    for arg in std::env::var("FMT").unwrap_or_default().split(' ').filter(|it| !it.is_empty()) {
        let text = std::fs::read_to_string(arg).unwrap();
        let out = syntax::format(FileId(0), &text);
        std::fs::write(format!("/tmp/fmt/{}", arg.replace('/', "_")), out.unwrap()).unwrap();
    }
}
