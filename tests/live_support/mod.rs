//! What the live tests of the built program share: a lab of their own on the private
//! engine, the program, the docker command line, Consul, and a proxy that counts.

mod consul;
mod docker;
mod http;
mod lab;
mod program;
mod proxy;
mod terminal;
mod until;

pub(crate) use consul::Consul;
pub(crate) use docker::{docker, docker_fails, engine_post, id, inspect, started_at};
pub(crate) use lab::{IMAGE, Lab, variable};
pub(crate) use program::{Finished, kill};
pub(crate) use proxy::Proxy;
pub(crate) use terminal::{Recording, Terminal};
pub(crate) use until::until;
