//! Values into what a person or a script reads. Never touches the kernel.

mod json;
mod number;
mod output;
mod table;

pub use json::table as table_json;
pub use output::{Output, Style};
pub use table::{ListOptions, View, grid, list};
