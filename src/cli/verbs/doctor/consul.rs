//! How Consul is: whether it answers and has a leader, what our token may do, and whether its DNS
//! answers.

use adapters::consul::Right;
use adapters::dns::DnsAnswer;
use world::OutsideError;
use world::remedy::cause_and_remedy;

use super::finding::Finding;

/// What all findings are about.
pub(super) const CONSUL: &str = "Consul";

/// Whether it answers, and has a leader.
pub(super) fn leader(leader: &Result<String, OutsideError>) -> Finding {
    let of = ("consul", CONSUL);
    match leader {
        Ok(leader) if leader.is_empty() => Finding::fail(
            of,
            "it answers and has no leader: nothing is read or written",
            "look at its servers with `consul operator raft list-peers`",
        ),
        Ok(leader) => Finding::ok(of, format!("answers; its leader is {leader}")),
        Err(error) => {
            let text = error.to_string();
            let (cause, remedy) = cause_and_remedy(&text);
            let help = remedy.unwrap_or("`consul members` asks it with the same address and token");
            Finding::fail(of, cause, help)
        }
    }
}

/// Whether our token may do what it has to.
pub(super) fn rights(rights: &Result<Option<Vec<Right>>, OutsideError>) -> Finding {
    let of = ("consul-token", CONSUL);
    match rights {
        Ok(None) => Finding::ok(of, "it has no access control: every client may change everything"),
        Ok(Some(rights)) => {
            let lacking: Vec<&str> = rights
                .iter()
                .filter(|right| !right.granted)
                .map(|right| right.rule.as_str())
                .collect();
            match lacking[..] {
                [] => Finding::ok(of, "the token has the rights that are needed"),
                // Only a takeover takes longer without it.
                [agent] if agent.starts_with("agent_prefix") => Finding::warn(
                    of,
                    "the token may not read the agent: another controller takes over later",
                    format!("add to its policy: {agent}"),
                ),
                [..] => Finding::fail(
                    of,
                    "the token lacks rights",
                    format!("add to its policy: {}", lacking.join(" ")),
                ),
            }
        }
        Err(OutsideError::Forbidden(why)) => Finding::fail(
            of,
            why.as_str(),
            "`consul acl token read -self` shows what Consul knows of it",
        ),
        Err(error) => Finding::unknown(of, error.to_string(), None),
    }
}

/// Whether a server that containers are to ask answers for Consul.
pub(super) fn dns(server: &str, answer: &Result<DnsAnswer, OutsideError>) -> Finding {
    let subject = format!("DNS {server}");
    let of = ("consul-dns", subject.as_str());
    match answer {
        Ok(DnsAnswer { code: 0, records: 1.. }) => {
            Finding::ok(of, "answers for `consul.service.consul`")
        }
        Ok(DnsAnswer { code, .. }) => Finding::fail(
            of,
            format!("it does not know `consul.service.consul` (code {code})"),
            format!(
                "`dig @{server} consul.service.consul`; let it forward `consul.` to Consul's DNS"
            ),
        ),
        Err(error) => Finding::fail(
            of,
            error.to_string(),
            "let Consul's DNS listen there (`ports { dns = 53 }`, `client_addr`), or mend `consul_dns`",
        ),
    }
}

/// Whether that server answers also for names that are not Consul's: containers ask it for all.
pub(super) fn recursion(
    server: &str,
    recursors: &Result<Vec<String>, OutsideError>,
    answer: &Result<DnsAnswer, OutsideError>,
) -> Finding {
    let subject = format!("DNS {server}");
    let of = ("dns-recursion", subject.as_str());
    match (answer, recursors) {
        (Ok(DnsAnswer { code: 0, records: 1.. }), _) => {
            Finding::ok(of, "answers for names outside of Consul, too")
        }
        (_, Ok(recursors)) if recursors.is_empty() => Finding::fail(
            of,
            "it answers for Consul's names only, and containers ask it for all of theirs",
            "give Consul servers to ask for the others: `recursors = [\"1.1.1.1\"]`",
        ),
        (Ok(DnsAnswer { code, .. }), recursors) => Finding::fail(
            of,
            match recursors {
                Ok(all) => format!("its recursors {} do not help (code {code})", all.join(", ")),
                Err(_) => format!("it does not answer for names outside of Consul (code {code})"),
            },
            format!("`dig @{server} . NS`; mend `recursors` of Consul's agent"),
        ),
        (Err(error), _) => Finding::unknown(of, error.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn unreachable() -> OutsideError {
        OutsideError::Unreachable("no answer".to_owned())
    }

    #[test]
    fn a_consul_without_a_leader_fails() {
        let of = |text: &str| leader(&Ok(text.to_owned())).verdict;
        assert_eq!((of("10.0.0.1:8300"), of("")), (Verdict::Ok, Verdict::Fail));
        let gone = leader(&Err(unreachable()));
        assert_eq!(gone.verdict, Verdict::Fail);
        assert!(gone.help.is_some());
    }

    #[test]
    fn a_token_that_lacks_rights_is_told_which() {
        let right = |rule: &str, granted| Right { rule: rule.to_owned(), granted };
        let of = |all: Vec<Right>| rights(&Ok(Some(all)));
        let (key, agent) = ("key_prefix \"reconciler/\"", "agent_prefix \"\"");
        assert_eq!(of(vec![right(key, true)]).verdict, Verdict::Ok);
        assert_eq!(of(vec![right(key, true), right(agent, false)]).verdict, Verdict::Warn);
        let lacking = of(vec![right(key, false), right(agent, false)]);
        assert_eq!(lacking.verdict, Verdict::Fail);
        assert!(lacking.help.is_some_and(|help| help.contains(key) && help.contains(agent)));
        assert_eq!(rights(&Ok(None)).verdict, Verdict::Ok);
        let unknown = OutsideError::Forbidden("ACL not found".to_owned());
        assert_eq!(rights(&Err(unknown)).verdict, Verdict::Fail);
        assert_eq!(rights(&Err(unreachable())).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_dns_server_answers_for_consul_and_for_the_rest() {
        let answer = |code, records| Ok(DnsAnswer { code, records });
        let consul = |answer| dns("127.0.0.1", &answer).verdict;
        assert_eq!(consul(answer(0, 1)), Verdict::Ok);
        assert_eq!(consul(answer(0, 0)), Verdict::Fail);
        assert_eq!(consul(answer(3, 0)), Verdict::Fail);
        assert_eq!(consul(Err(unreachable())), Verdict::Fail);
        let some = || Ok(vec!["1.1.1.1".to_owned()]);
        let rest = |recursors, answer| recursion("127.0.0.1", &recursors, &answer).verdict;
        assert_eq!(rest(some(), answer(0, 13)), Verdict::Ok);
        assert_eq!(rest(Err(unreachable()), answer(0, 13)), Verdict::Ok);
        assert_eq!(rest(Ok(Vec::new()), answer(5, 0)), Verdict::Fail);
        assert_eq!(rest(some(), answer(2, 0)), Verdict::Fail);
        assert_eq!(rest(Err(unreachable()), answer(2, 0)), Verdict::Fail);
        assert_eq!(rest(some(), Err(unreachable())), Verdict::Unknown);
    }
}
