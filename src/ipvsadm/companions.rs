//! ipvsadm-save and ipvsadm-restore: what Debian's shell scripts of these names do.

use std::io;

use super::run::{Program, run};

/// `ipvsadm-save`: its words are its own.
///
/// # Errors
/// As [`run`](super::run).
pub fn save_table(program: Program<'_>, words: &[&str]) -> io::Result<u8> {
    let mut line = vec!["-S"];
    for word in words {
        if *word == "-n" {
            line = vec!["-S", word];
        } else if word.starts_with('-') {
            writeln!(
                program.errors,
                "{}: Script to save the IPVS table to stdout.\n   With the -n option, prints out \
                 the table in numeric format.",
                program.name
            )?;
            return Ok(1);
        }
    }
    run(
        Program {
            name: "ipvsadm",
            ..program
        },
        &line,
    )
}

/// `ipvsadm-restore`: the table is cleared, then the lines are carried out.
/// Words behind its name mean nothing.
///
/// # Errors
/// As [`run`](super::run).
pub fn restore_table(program: Program<'_>) -> io::Result<u8> {
    // All of the input is there before the table goes.
    let mut text = Vec::new();
    program.input.read_to_end(&mut text)?;
    let clear = Program {
        name: "ipvsadm",
        input: &mut io::empty(),
        output: &mut *program.output,
        errors: &mut *program.errors,
        names: program.names,
    };
    run(clear, &["-C"])?;
    let restore = Program {
        name: "ipvsadm",
        input: &mut text.as_slice(),
        output: program.output,
        errors: program.errors,
        names: program.names,
    };
    run(restore, &["-R"])
}
