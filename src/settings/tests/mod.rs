//! What is held against files outside the sources.

mod chart_schema;
