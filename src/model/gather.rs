//! Ordered maps and sets from iterators, by insertion. `collect` sorts first, and a sort
//! for every kind of entry is a fortieth of the program.

/// What can be gathered.
pub trait Gather: Iterator + Sized {
    /// Inserts all items into a collection, one after the other. Of equal keys the last
    /// one's value stays, as with `collect`.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut all = C::default();
        all.extend(self);
        all
    }
}

impl<I: Iterator> Gather for I {}
