//! ldirectord.cf as lines: global ones, and those indented below a `virtual`.

/// A line `key = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// From 1.
    pub(super) line: usize,
    pub(super) key: String,
    /// Without blanks around it.
    pub(super) value: String,
}

impl Entry {
    /// The value without the quotes around it.
    pub(super) fn unquoted(&self) -> &str {
        let inner = self
            .value
            .strip_prefix('"')
            .and_then(|it| it.strip_suffix('"'));
        inner.unwrap_or(&self.value)
    }
}

/// A virtual server's first line, and those below.
pub(super) type Block = (Entry, Vec<Entry>);

/// The global lines, and the virtual servers.
pub(super) fn blocks(text: &str) -> (Vec<Entry>, Vec<Block>) {
    let mut globals = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let is_indented = text.starts_with(char::is_whitespace);
        // A # begins a comment anywhere below a virtual server, elsewhere only a line.
        let code = if text.trim_start().starts_with('#') || is_indented {
            text.split('#').next().unwrap_or_default()
        } else {
            text
        };
        let code = code.trim();
        if code.is_empty() {
            continue;
        }
        let (key, value) = code.split_once('=').unwrap_or((code, ""));
        let entry = Entry {
            line,
            key: key.trim().to_owned(),
            value: value.trim().to_owned(),
        };
        match blocks.last_mut() {
            _ if !is_indented && matches!(entry.key.as_str(), "virtual" | "virtual6") => {
                blocks.push((entry, Vec::new()));
            }
            Some((_, entries)) if is_indented => entries.push(entry),
            _ => globals.push(entry),
        }
    }
    (globals, blocks)
}
