//! The machine against a small world in virtual time.

mod world;

mod adoption;
mod conditions;
mod holds;
mod home;
mod start;
mod will;
