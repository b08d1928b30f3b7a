//! One question to a DNS server over UDP: whether Consul's DNS answers, and whether what it does not
//! know itself is answered, too (RFC 1035, section 4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use world::OutsideError;

/// How long a server may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// How often a question is sent: a datagram may be lost.
const TRIES: u32 = 2;

/// What kind of record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// An address.
    A = 1,
    /// A name server.
    Ns = 2,
}

/// What a server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsAnswer {
    /// 0 is fine, 2 a failure, 3 no such name, 5 refused.
    pub code: u8,
    /// How many records it gave.
    pub records: u16,
}

/// Asks a server for a name; `""` is the root of all.
///
/// # Errors
/// If it does not answer.
pub async fn ask(
    server: SocketAddr,
    name: &str,
    record: Record,
) -> Result<DnsAnswer, OutsideError> {
    let unreachable =
        |why: &dyn std::fmt::Display| OutsideError::Unreachable(format!("DNS at {server}: {why}"));
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).await.map_err(|error| unreachable(&error))?;
    socket.connect(server).await.map_err(|error| unreachable(&error))?;
    for attempt in 0..TRIES {
        let id = u16::try_from(attempt + 1).unwrap_or_default();
        socket.send(&question(id, name, record)).await.map_err(|error| unreachable(&error))?;
        let mut bytes = [0; 1500];
        match tokio::time::timeout(DEADLINE, socket.recv(&mut bytes)).await {
            Ok(Ok(length)) => {
                let answer = answer(id, &bytes[..length]);
                return answer.ok_or_else(|| unreachable(&"what answers there is no DNS server"));
            }
            Ok(Err(error)) => return Err(unreachable(&error)),
            Err(_) => {}
        }
    }
    Err(unreachable(&"no answer"))
}

/// A question, to be answered by others if the server does not know.
fn question(id: u16, name: &str, record: Record) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        bytes.push(u8::try_from(label.len()).unwrap_or_default());
        bytes.extend(label);
    }
    bytes.extend([0, 0, record as u8, 0, 1]);
    bytes
}

/// What an answer says; `None` if it is none to this question.
fn answer(id: u16, bytes: &[u8]) -> Option<DnsAnswer> {
    let head: &[u8; 12] = bytes.first_chunk()?;
    let is_answer = head[..2] == id.to_be_bytes() && head[2] & 0x80 != 0;
    let records = u16::from_be_bytes([head[6], head[7]]);
    is_answer.then_some(DnsAnswer { code: head[3] & 0x0f, records })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_written_and_answers_read() {
        let asked = question(7, "a.consul", Record::A);
        let expected = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x06consul\0\0\x01\0\x01";
        assert_eq!(asked, expected);
        assert_eq!(question(1, "", Record::Ns)[12..], [0, 0, 2, 0, 1]);
        let mut reply = asked.clone();
        (reply[2], reply[3], reply[7]) = (0x81, 0x83, 2);
        assert_eq!(answer(7, &reply), Some(DnsAnswer { code: 3, records: 2 }));
        assert_eq!(answer(8, &reply), None);
        assert_eq!(answer(7, &asked), None, "a question is no answer");
        assert_eq!(answer(7, &reply[..11]), None);
    }

    #[tokio::test]
    async fn a_server_is_asked_over_the_network() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = server.local_addr().unwrap();
        let serve = async {
            let mut bytes = [0; 1500];
            let (length, from) = server.recv_from(&mut bytes).await.unwrap();
            (bytes[2], bytes[7]) = (0x81, 1);
            server.send_to(&bytes[..length], from).await.unwrap();
        };
        let (answer, ()) = tokio::join!(ask(at, "consul.service.consul", Record::A), serve);
        assert_eq!(answer, Ok(DnsAnswer { code: 0, records: 1 }));
    }
}
