//! What a container may do to the host: capabilities, security options, devices.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::serde_default::is_default;

/// What a container may do to the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Privileges {
    /// `Privileged`.
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// `CapAdd`, without the `CAP_` prefix, upper case.
    #[serde(skip_serializing_if = "is_default")]
    pub cap_add: BTreeSet<String>,
    /// `CapDrop`, likewise.
    #[serde(skip_serializing_if = "is_default")]
    pub cap_drop: BTreeSet<String>,
    /// `SecurityOpt`; a seccomp profile is its JSON, without spaces.
    #[serde(skip_serializing_if = "is_default")]
    pub security_opt: BTreeSet<String>,
    /// Empty `MaskedPaths` and `ReadonlyPaths` (`systempaths=unconfined`): what the engine
    /// hides of `/proc` and `/sys` is shown.
    #[serde(skip_serializing_if = "is_default")]
    pub system_paths: bool,
    /// `GroupAdd`: further groups of the process, by name or number.
    #[serde(skip_serializing_if = "is_default")]
    pub groups: BTreeSet<String>,
}

/// The hardware that a container has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Devices {
    /// `Devices`, by path in the container.
    #[serde(skip_serializing_if = "is_default")]
    pub mapped: BTreeMap<String, Device>,
    /// `DeviceCgroupRules`, `c 1:3 mr`.
    #[serde(skip_serializing_if = "is_default")]
    pub rules: BTreeSet<String>,
    /// `DeviceRequests`, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub requests: Vec<DeviceRequest>,
}

/// A device of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its path on the host.
    pub host: String,
    /// What is allowed: letters of `rwm`.
    pub permissions: String,
}

/// A request to a driver for devices: GPUs, or devices by their CDI names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// `Driver`; empty lets the engine choose by the capabilities.
    pub driver: String,
    /// `Count`; -1 is all, 0 those of `ids`.
    pub count: i64,
    /// `DeviceIDs`.
    pub ids: Vec<String>,
    /// `Capabilities`: each list is one that would do.
    pub capabilities: Vec<Vec<String>>,
    /// `Options` of the driver.
    pub options: BTreeMap<String, String>,
}
