//! What volumes and networks demand, on the final request.

use super::*;

#[test]
fn volumes_that_show_the_host_are_found() {
    let options = |options: Value| {
        let body = owned(json!({"Name": "abc_v", "Driver": "local", "DriverOpts": options}));
        texts(post("/volumes/create", &body))
    };
    assert_eq!(
        options(json!({"type": "none", "o": "bind", "device": "/etc"})),
        ["driver-option=device=/etc", "driver-option=o=bind", "driver-option=type=none"]
    );
    assert_eq!(options(json!({"device": "/etc"})), ["driver-option=device=/etc"]);
    assert!(!options(json!({"type": "nfs", "o": "rw,bind", "device": "/etc"})).is_empty());
    assert!(!options(json!({"type": "ext4", "device": "/dev/sda1"})).is_empty());
    assert!(!options(json!({"Type": "none"})).is_empty());
    assert!(options(json!({"type": "tmpfs", "device": "tmpfs", "o": "size=1m"})).is_empty());
    assert_eq!(
        options(json!({"type": "nfs", "o": "addr=10.0.0.1,rw", "device": ":/x"})),
        ["driver-option=device=:/x", "driver-option=o=addr=10.0.0.1,rw", "driver-option=type=nfs"]
    );
    let share = "username=ann,password=hunter2,credentials=/root/share";
    assert_eq!(
        options(json!({"type": "cifs", "o": share, "device": "//nas/x"}))[1],
        "driver-option=o=username=ann,password=(any),credentials=/root/share"
    );
    let body = json!({"Name": "abc_v", "Driver": "sshfs", "DriverOpts": {"password": "hunter2"}});
    let secret = texts(post("/volumes/create", &owned(body)));
    assert_eq!(secret, ["driver-option=driver=sshfs", "driver-option=password=(any)"]);

    let plugin = owned(json!({"Name": "abc_v", "Driver": "sshfs"}));
    assert_eq!(texts(post("/volumes/create", &plugin)), ["driver-option=driver=sshfs"]);
    let foreign = owned(json!({"Name": "xyz_v"}));
    assert_eq!(texts(post("/volumes/create", &foreign)), ["volume=xyz_v"]);
}

#[test]
fn networks_that_reach_the_host_are_found() {
    let table = [
        (json!({"Name": "abc_n", "Driver": "bridge", "Internal": true}), vec![]),
        (json!({"Name": "abc_n", "Options": {"com.docker.network.driver.mtu": "1400"}}), vec![]),
        (json!({"Name": "abc_n", "Driver": "macvlan"}), vec!["driver-option=driver=macvlan"]),
        (
            json!({"Name": "abc_n", "Options": {"parent": "eth0"}}),
            vec!["driver-option=parent=eth0"],
        ),
        (
            json!({"Name": "abc_n", "ConfigFrom": {"Network": "x"}}),
            vec!["field=Network.ConfigFrom"],
        ),
        (json!({"Name": "abc_n", "IPAM": {"Driver": "dhcp"}}), vec!["field=Network.IPAM.Driver"]),
        (json!({"Name": "abc_n", "IPAM": {"Config": [{"Subnet": "10.0.0.0/8"}]}}), vec![]),
        (
            json!({"Name": "abc_n", "IPAM": {"Config": [
                {"Subnet": "fd00:1::/64"}, {"Subnet": "8.8.8.0/24"}, {"Subnet": "10.0.0.0/7"}]}}),
            vec!["subnet=10.0.0.0/7", "subnet=8.8.8.0/24"],
        ),
        (json!({"Name": "xyz_n"}), vec!["network=xyz_n"]),
        (json!({"Name": "bridge"}), vec!["network=bridge"]),
    ];
    for (body, demands) in table {
        assert_eq!(texts(post("/networks/create", &owned(body.clone()))), demands, "{body}");
    }
}
