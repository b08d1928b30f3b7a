//! Last stage: plans in words.

mod reasons;
mod text;
