//! Values of settings that are more than a string: each is checked where it is read,
//! so that a wrong one is a message about the command line or a line of the file.

use std::net::SocketAddr;
use std::str::FromStr;

use clap::ValueEnum;
use serde::Deserialize;

use model::digest::Digest;

/// Something wrong with a value; the text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadValue(String);

/// Reads a type from YAML through its text form.
macro_rules! from_text {
    ($($type:ty),+) => {$(
        impl TryFrom<String> for $type {
            type Error = BadValue;

            fn try_from(text: String) -> Result<Self, BadValue> {
                text.parse()
            }
        }
    )+};
}

from_text!(Listen, Grant, Approval);

/// Where the controller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Listen {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl Default for Listen {
    fn default() -> Self {
        Self::At(SocketAddr::from(([127, 0, 0, 1], 8620)))
    }
}

impl FromStr for Listen {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| {
            BadValue(format!(
                "`{text}` is no address; write `127.0.0.1:8620`, `[::1]:8620` or `off`"
            ))
        })
    }
}

/// A demand that a deployment is granted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Grant {
    /// The deployment's id, or `*`.
    pub(super) deployment: String,
    /// What it may have, written as [`model::demand::Demand`] prints it.
    pub(super) demand: String,
}

/// The words that a demand may begin with, and whether a value follows.
const DEMANDS: &[(&str, bool)] = &[
    ("bind", true),
    ("privileged", false),
    ("namespace", true),
    ("device", true),
    ("capability", true),
    ("security-opt", true),
    ("propagation", true),
    ("sysctl", true),
    ("annotation", true),
    ("log-driver", true),
    ("runtime", true),
    ("cgroup-parent", true),
    ("network", true),
    ("volume", true),
    ("project", true),
    ("driver-option", true),
    ("subnet", true),
    ("build", true),
    ("field", true),
];

impl FromStr for Grant {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let form =
            || BadValue(format!("`{text}` is no grant; write for example `abc:bind=/srv/data`"));
        let (deployment, demand) = text.split_once(':').ok_or_else(form)?;
        if deployment.is_empty() || demand.is_empty() {
            return Err(form());
        }
        let (word, value) = match demand.split_once('=') {
            Some((word, value)) => (word, Some(value)),
            None => (demand, None),
        };
        let known = DEMANDS.iter().find(|(name, _)| *name == word);
        match (known, value) {
            (None, _) => {
                let words: Vec<&str> = DEMANDS.iter().map(|(name, _)| *name).collect();
                Err(BadValue(format!(
                    "there is no demand `{word}`; there are {}",
                    words.join(", ")
                )))
            }
            (Some((_, true)), None | Some("")) => {
                Err(BadValue(format!("`{word}` needs a value: `{deployment}:{word}=VALUE`")))
            }
            (Some((_, false)), Some(_)) => {
                Err(BadValue(format!("`{word}` takes no value: `{deployment}:{word}`")))
            }
            // As the stack may write it.
            (_, Some(name)) if word == "capability" => {
                let name = name.to_ascii_uppercase();
                let demand = format!("{word}={}", name.strip_prefix("CAP_").unwrap_or(&name));
                Ok(Self { deployment: deployment.to_owned(), demand })
            }
            _ => Ok(Self { deployment: deployment.to_owned(), demand: demand.to_owned() }),
        }
    }
}

/// The digest of a removal that a person approves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Approval(pub(super) Digest);

impl FromStr for Approval {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let hex = text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        if text.len() != 64 || !hex {
            return Err(BadValue(format!(
                "`{text}` is no digest; copy all 64 characters that the plan prints"
            )));
        }
        Ok(Self(Digest::from_text(text)))
    }
}

/// A percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub(super) struct Percent(pub(super) u8);

impl TryFrom<u8> for Percent {
    type Error = BadValue;

    fn try_from(number: u8) -> Result<Self, BadValue> {
        match number {
            0..=100 => Ok(Self(number)),
            _ => Err(BadValue(format!("{number} is more than 100 percent"))),
        }
    }
}

impl FromStr for Percent {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let number = text.strip_suffix('%').unwrap_or(text).parse::<u8>();
        number.map_err(|_| BadValue(format!("`{text}` is no percentage from 0 to 100")))?.try_into()
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object per line.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::demand::Demand;

    #[test]
    fn every_demand_of_the_policy_can_be_granted() {
        let value = "x".to_owned();
        let all = [
            Demand::Bind(value.clone()),
            Demand::Privileged,
            Demand::Namespace(value.clone()),
            Demand::Device(value.clone()),
            Demand::Capability("NET_ADMIN".to_owned()),
            Demand::SecurityOpt(value.clone()),
            Demand::Propagation(value.clone()),
            Demand::Sysctl(value.clone()),
            Demand::Annotation(value.clone()),
            Demand::LogDriver(value.clone()),
            Demand::Runtime(value.clone()),
            Demand::CgroupParent(value.clone()),
            Demand::Network(value.clone()),
            Demand::Volume(value.clone()),
            Demand::Project(value.clone()),
            Demand::DriverOption(value.clone()),
            Demand::Subnet(value.clone()),
            Demand::Build(value.clone()),
            Demand::Unknown(value),
        ];
        assert_eq!(all.len(), DEMANDS.len());
        for demand in all {
            let grant = format!("*:{demand}").parse::<Grant>().expect("a printed demand");
            assert_eq!(grant.demand, demand.to_string());
        }
        let as_written = "abc:capability=cap_net_admin".parse::<Grant>().expect("a grant");
        assert_eq!(as_written.demand, "capability=NET_ADMIN");
    }

    #[test]
    fn grants_say_what_is_wrong_with_them() {
        let error = |text: &str| text.parse::<Grant>().expect_err(text).to_string();
        assert!(error("bind=/srv").contains("abc:bind=/srv/data"));
        assert!(error("abc:bindd=/srv").contains("no demand `bindd`"));
        assert!(error("abc:bind").contains("needs a value"));
        assert!(error("abc:privileged=yes").contains("takes no value"));
    }

    #[test]
    fn a_listener_is_an_address_or_off() {
        assert_eq!("off".parse::<Listen>(), Ok(Listen::Off));
        assert!("127.0.0.1:1".parse::<Listen>().is_ok());
        assert!("8620".parse::<Listen>().is_err());
    }

    #[test]
    fn a_share_is_at_most_a_hundred() {
        assert_eq!("50%".parse::<Percent>(), Ok(Percent(50)));
        assert!("101".parse::<Percent>().is_err());
        assert!("-1".parse::<Percent>().is_err());
    }

    #[test]
    fn an_approval_is_a_whole_digest() {
        assert!(Digest::of("x").as_str().parse::<Approval>().is_ok());
        assert!(Digest::of("x").short().parse::<Approval>().is_err());
    }
}
