//! Findings, for people and for scripts.

use std::io;

use serde::Serialize;

use super::{Output, Style};

/// A finding in words.
#[derive(Debug, Clone, Serialize)]
pub struct CheckLine {
    /// Its name.
    pub id: &'static str,
    /// `warning`, `critical` or `unknown`.
    pub severity: &'static str,
    /// What it is about.
    pub subject: String,
    /// What is seen.
    pub seen: String,
    /// How that shows.
    pub means: String,
    /// The command that mends it, or advice.
    pub fix: String,
    /// The commands in it, one by one.
    pub commands: Vec<String>,
    /// Whether `--fix` would run it.
    pub safe: bool,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    findings: &'a [CheckLine],
}

/// Writes the findings, or that there are none.
///
/// # Errors
/// The stream's.
pub fn check(lines: &[CheckLine], output: &mut Output) -> io::Result<()> {
    if lines.is_empty() {
        return output.styled("all well: packets get in, servers answer", Style::Good);
    }
    for line in lines {
        let style = match line.severity {
            "warning" => Style::Warning,
            _ => Style::Bad,
        };
        output.styled(
            &format!(
                "{} {}: {}",
                line.severity.to_uppercase(),
                line.id,
                line.subject
            ),
            style,
        )?;
        output.line(&format!("  seen:  {}", line.seen))?;
        output.line(&format!("  means: {}", line.means))?;
        output.line(&format!("  mend:  {}", line.fix))?;
    }
    let safe = lines.iter().filter(|line| line.safe).count();
    if safe > 0 {
        output.styled(
            &format!("lbctl check --fix does {safe} of these"),
            Style::Faint,
        )?;
    }
    Ok(())
}

/// `{"findings":[...]}`.
///
/// # Errors
/// None in practice.
pub fn check_json(lines: &[CheckLine]) -> serde_json::Result<String> {
    serde_json::to_string(&CheckJson { findings: lines })
}

/// A place on a packet's way, in words.
#[derive(Debug, Clone, Serialize)]
pub struct HopLine {
    /// Where it is.
    pub place: &'static str,
    /// `passes`, `ends` or `unclear`.
    pub sign: &'static str,
    /// What is seen there.
    pub text: String,
}

#[derive(Serialize)]
struct PathJson<'a> {
    hops: &'a [HopLine],
}

/// Writes a packet's way, a line a hop.
///
/// # Errors
/// The stream's.
pub fn path(lines: &[HopLine], output: &mut Output) -> io::Result<()> {
    for line in lines {
        let (mark, style) = match line.sign {
            "passes" => ("ok", Style::Good),
            "ends" => ("XX", Style::Bad),
            _ => ("??", Style::Warning),
        };
        output.styled(&format!("{mark} {:<10} {}", line.place, line.text), style)?;
    }
    Ok(())
}

/// `{"hops":[...]}`.
///
/// # Errors
/// None in practice.
pub fn path_json(lines: &[HopLine]) -> serde_json::Result<String> {
    serde_json::to_string(&PathJson { hops: lines })
}
