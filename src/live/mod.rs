//! The live screen of `rate`: what came in between two readings, how it is sorted
//! and filtered, and what of it is drawn. Pure but for `screen`, which draws into
//! whatever terminal it is given: frames are tested against a fixed clock.

mod history;
mod meter;
mod rows;
mod screen;
mod view;

pub use meter::Meter;
pub use screen::{Screen, draw, page};
pub use view::{Asked, SortKey, View};
