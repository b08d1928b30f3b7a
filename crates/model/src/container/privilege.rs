//! What a container may do to the host: capabilities, security options, devices.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ContainerSpec;
use crate::field::{Form, Row, fields};
use crate::reach;
use crate::serde_default::is_default;

fields! {
    /// What a container may do to the host.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Privileges, at |spec: ContainerSpec| spec.privileges, rows PRIVILEGES;
    own {}
    plain {
        /// All that the engine keeps from other containers.
        privileged: bool = Row::host("privileged", "Privileged", Form::Flag)
            .demands("privileged", reach::privileged);
        /// Without the `CAP_` prefix, upper case.
        cap_add: BTreeSet<String> =
            Row::host("cap_add", "CapAdd", Form::Set { word: "cap add", normal: capability })
                .demands("cap_add", reach::capabilities)
                .about("capabilities added");
        /// Likewise.
        cap_drop: BTreeSet<String> =
            Row::host("cap_drop", "CapDrop", Form::Set { word: "cap drop", normal: capability })
                .about("capabilities dropped");
    }
    own {
        /// `SecurityOpt`; a seccomp profile is its JSON, without spaces.
        #[serde(skip_serializing_if = "is_default")]
        security_opt: BTreeSet<String>,
        /// Empty `MaskedPaths` and `ReadonlyPaths` (`systempaths=unconfined`): what the engine
        /// hides of `/proc` and `/sys` is shown.
        #[serde(skip_serializing_if = "is_default")]
        system_paths: bool,
    }
    plain {
        /// Further groups of the process, by name or number.
        groups: BTreeSet<String> =
            Row::host("group_add", "GroupAdd", Form::Set { word: "member", normal: str::to_owned })
                .inside("user");
    }
}

/// A capability in upper case without `CAP_`.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
}

fields! {
    /// The hardware that a container has.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Devices, at |spec: ContainerSpec| spec.devices, rows DEVICES;
    own {
        /// `Devices`, by path in the container.
        #[serde(skip_serializing_if = "is_default")]
        mapped: BTreeMap<String, Device>,
    }
    plain {
        /// `c 1:3 mr`.
        rules: BTreeSet<String> = Row::host(
            "device_cgroup_rules",
            "DeviceCgroupRules",
            Form::Set { word: "set", normal: str::to_owned },
        )
        .demands("devices", reach::device_rules);
    }
    own {
        /// `DeviceRequests`, in order.
        #[serde(skip_serializing_if = "is_default")]
        requests: Vec<DeviceRequest>,
    }
    plain {}
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
