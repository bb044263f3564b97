//! Measuring: in turn, so that whatever else the machine does meets all of them
//! alike; medians, ratios and the lines of the table. It knows nothing of what is
//! measured.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one way of doing a thing measured, run by run. Never empty.
pub struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    fn new(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    /// The middle value; of an even number of them the mean of the middle two.
    pub fn median(&self) -> f64 {
        let high = self.sorted.len() / 2;
        let low = (self.sorted.len() - 1) / 2;
        f64::midpoint(self.sorted[low], self.sorted[high])
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.sorted[0], self.sorted[self.sorted.len() - 1]);
        write!(f, "{:.1} ({low:.1}-{high:.1})", self.median())
    }
}

/// Measures each of the ways so many times: A B C A B C and so on.
pub fn in_turn<T: Copy, const N: usize>(
    runs: usize,
    ways: [T; N],
    mut measure: impl FnMut(T) -> f64,
) -> [Spread; N] {
    let mut values = [(); N].map(|()| Vec::with_capacity(runs));
    for _ in 0..runs {
        for (way, values) in ways.iter().zip(&mut values) {
            values.push(measure(*way));
        }
    }
    values.map(Spread::new)
}

/// What the ratio should be.
pub enum Reach {
    /// A goal, met or missed.
    AtMost(f64),
    /// An expectation, not a promise.
    About(f64),
    /// It is only shown.
    Nothing,
}

/// One line of the table: B against A.
pub struct Row<'a> {
    /// What both do, and the unit it is measured in.
    pub what: &'a str,
    /// The peer, or the way without lbctl.
    pub a: (&'a str, &'a Spread),
    /// lbctl, or the way with it.
    pub b: (&'a str, &'a Spread),
    pub reach: Reach,
}

impl Row<'_> {
    /// Prints it.
    pub fn print(&self) {
        let ratio = self.b.1.median() / self.a.1.median();
        let reach = match self.reach {
            Reach::AtMost(limit) if ratio <= limit => format!("<= {limit:.2}, met"),
            Reach::AtMost(limit) => format!("<= {limit:.2}, MISSED"),
            Reach::About(value) => format!("about {value:.2}"),
            Reach::Nothing => "-".to_owned(),
        };
        let runs = self.b.1.sorted.len();
        println!("{}; {runs} runs of each", self.what);
        print_line("  A", self.a.0, &self.a.1.to_string(), "", "");
        print_line(
            "  B",
            self.b.0,
            &self.b.1.to_string(),
            &format!("{ratio:.2}"),
            &reach,
        );
    }
}

/// Prints what the columns are.
pub fn print_head() {
    print_line("", "", "median (min-max)", "B/A", "to reach");
}

fn print_line(letter: &str, way: &str, spread: &str, ratio: &str, reach: &str) {
    let line = format!("{letter:3} {way:38} {spread:>24} {ratio:>6}  {reach}");
    println!("{}", line.trim_end());
}

/// Prints what is worth knowing of the rows before it.
pub fn print_note(text: &str) {
    println!("    {text}");
}

/// Runs a program to its end, which must be a good one, and returns how many
/// milliseconds passed from before it was started until it was gone.
pub fn whole_process(program: &Path, line: &str) -> f64 {
    timed(program, line, Stdio::null())
}

/// The same with a file on its standard input.
pub fn whole_process_with(program: &Path, line: &str, file: &str) -> f64 {
    let file = File::open(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    timed(program, line, file.into())
}

fn timed(program: &Path, line: &str, input: Stdio) -> f64 {
    let mut command = Command::new(program);
    command
        .args(line.split_whitespace())
        .stdin(input)
        .stdout(Stdio::null());
    let begin = Instant::now();
    let status = command.status();
    let took = begin.elapsed();
    match status {
        Ok(status) if status.success() => took.as_secs_f64() * 1000.0,
        Ok(status) => panic!("{command:?}: {status}"),
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// Where a program is: looking it up is not what is measured.
pub fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("there is no program {name}"))
}
