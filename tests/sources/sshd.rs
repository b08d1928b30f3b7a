//! An OpenSSH server for tests, in a mount namespace of its own: it needs a user and a
//! folder in /run that the machine may not have, and must not get.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::temp::Temp;

/// A running server; the keys `key` and `locked` (with the passphrase `phrase`) log in.
pub(crate) struct Sshd {
    temp: Temp,
    child: Child,
    pub(crate) port: u16,
}

impl Sshd {
    pub(crate) async fn start() -> Self {
        let temp = Temp::new();
        let folder = temp.path().display();
        for (name, phrase) in [("host", ""), ("key", ""), ("stranger", ""), ("locked", "phrase")] {
            run(temp.path(), &["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", name]);
        }
        let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
        temp.write("authorized", read("key.pub") + &read("locked.pub"));
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(temp.path().join("authorized"), private).unwrap();
        let user = "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n";
        temp.write("passwd", fs::read_to_string("/etc/passwd").unwrap() + user);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        temp.write(
            "config",
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n\
                 AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n\
                 PermitRootLogin yes\nPasswordAuthentication no\nPidFile none\n"
            ),
        );
        let (program, libraries) = program(&temp);
        let script = format!(
            "mount --bind {folder}/passwd /etc/passwd && mount -t tmpfs none /run && \
             mkdir /run/sshd && exec '{}' -D -e -f {folder}/config",
            program.display()
        );
        let child = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .env("LD_LIBRARY_PATH", libraries)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut sshd = Self { temp, child, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(sshd.child.try_wait().unwrap().is_none(), "sshd ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sshd
    }

    /// A private key.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// A `known_hosts` file that gives this server the public key of that name.
    pub(crate) fn known_hosts(&self, name: &str) -> PathBuf {
        let key = fs::read_to_string(self.temp.path().join(format!("{name}.pub"))).unwrap();
        let file = format!("known_hosts_{name}");
        self.temp.write(&file, format!("[127.0.0.1]:{} {key}", self.port));
        self.temp.path().join(file)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The machine's sshd, or one unpacked from its Debian package, which leaves nothing
/// behind; and where its libraries are.
fn program(temp: &Temp) -> (PathBuf, PathBuf) {
    let installed = PathBuf::from("/usr/sbin/sshd");
    if installed.exists() {
        return (installed, PathBuf::new());
    }
    run(temp.path(), &["apt-get", "-qq", "download", "openssh-server", "libwrap0"]);
    run(temp.path(), &["sh", "-c", "for deb in *.deb; do dpkg -x $deb root; done"]);
    let libraries = temp.path().join("root/usr/lib");
    let libraries = fs::read_dir(&libraries)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("libwrap.so.0").exists())
        .unwrap_or(libraries);
    (temp.path().join("root/usr/sbin/sshd"), libraries)
}

fn run(folder: &Path, command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).current_dir(folder).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {printed}");
}
