//! `bento_format::yaml` beside PyYAML, whose reading is what BentoML's users write their files for.

mod differences;
mod judge;
mod random;
mod table;
