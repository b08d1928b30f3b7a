//! What an engine reports of containers, networks and volumes, for people to read. What to look at
//! is decided by `events`, which reads nothing of them but whom they are about.

use std::collections::{BTreeMap, VecDeque};

use http::{Request, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;

use super::events::{IDLE, Pieces};
use super::logs::seconds;
use crate::docker::form;
use crate::docker::wire::error;
use crate::docker::{Docker, READ};
use crate::http::date::date;
use crate::http::{full, percent_encoded};
use model::time::Timestamp;
use world::OutsideError;

/// So many events an engine remembers, of all kinds; older ones are forgotten.
pub const REMEMBERED: usize = 256;
/// What is asked for of what happens from now on.
const FILTERS: &str = r#"{"type":["container","network","volume"]}"#;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportedKind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// What it is about.
    pub kind: ReportedKind,
    /// The id of that; of a volume its name.
    pub id: String,
    /// The engine's word for what happened: `die`, `health_status: healthy`.
    pub action: String,
    /// What it says besides; of a container all of its labels.
    pub attributes: BTreeMap<String, String>,
}

/// Events as they come.
pub struct ReportStream<'a> {
    engine: &'a Docker,
    body: Incoming,
    pieces: Pieces,
    ready: VecDeque<Reported>,
    /// Whether it has no end.
    follow: bool,
    /// How many events came, of all kinds.
    count: usize,
    /// When the first of them was.
    oldest: Option<Timestamp>,
}

/// An event as the engine writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    action: String,
    actor: Actor,
    #[serde(rename = "timeNano", default)]
    nanos: u64,
    #[serde(rename = "time", default)]
    seconds: u64,
}

impl Event {
    fn at(&self) -> Timestamp {
        if self.nanos > 0 { Timestamp(self.nanos) } else { Timestamp::from_secs(self.seconds) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    attributes: Option<BTreeMap<String, String>>,
}

impl Docker {
    /// Opens the events since a time, as far as the engine remembers them, and from then on without
    /// an end, or until another time.
    ///
    /// # Errors
    /// If the engine cannot be asked.
    pub async fn reported(
        &self,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<ReportStream<'_>, OutsideError> {
        let end = until.map(|at| format!("&until={}", seconds(at))).unwrap_or_default();
        let query = format!("filters={}&since={}{end}", percent_encoded(FILTERS), seconds(since));
        self.opened(&query, until.is_none()).await
    }

    /// Opens the events that the engine remembers since a time, until another one. They are asked for
    /// with all others that it remembers, so that it shows whether it forgot some.
    ///
    /// # Errors
    /// If the engine cannot be asked.
    pub async fn reported_until(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<ReportStream<'_>, OutsideError> {
        self.opened(&format!("since={}&until={}", seconds(since), seconds(until)), false).await
    }

    async fn opened(&self, query: &str, follow: bool) -> Result<ReportStream<'_>, OutsideError> {
        let body = self.within(READ, self.transport.open(&format!("/events?{query}"))).await?;
        let (pieces, ready) = (Pieces::default(), VecDeque::new());
        Ok(ReportStream { engine: self, body, pieces, ready, follow, count: 0, oldest: None })
    }

    /// What the engine's clock says, to the second; `None` if it does not say.
    pub async fn date(&self) -> Result<Option<Timestamp>, OutsideError> {
        let call = async {
            let response = self.transport.call(Request::get("/_ping").body(full(""))?).await?;
            let reported = response.headers().get(header::DATE).cloned();
            response.into_body().collect().await?;
            Ok(reported)
        };
        let reported = self.read(call).await?;
        Ok(reported.and_then(|value| value.to_str().ok().and_then(date)))
    }

    /// Counts how often the engine was lost or started again, as far as that was noticed: what was
    /// open before may be dead.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.transport.connection()
    }
}

impl ReportStream<'_> {
    /// When the oldest event was that the engine remembers, if it may have forgotten some of those
    /// that were asked for; to be called at the end of what [`Docker::reported_until`] opened.
    #[must_use]
    pub fn forgotten_before(&self) -> Option<Timestamp> {
        self.oldest.filter(|_| self.count >= REMEMBERED)
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// If the stream breaks, or the engine answers no more.
    pub async fn next(&mut self) -> Result<Option<Reported>, OutsideError> {
        loop {
            if let Some(reported) = self.ready.pop_front() {
                return Ok(Some(reported));
            }
            let frame = match tokio::time::timeout(IDLE, self.body.frame()).await {
                Err(_) if self.follow => {
                    self.engine.ping().await?;
                    continue;
                }
                Err(_) => return Err(error::timeout(&self.engine.name)),
                Ok(frame) => frame,
            };
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let lines = self.pieces.add(&data);
                    let events = lines.iter().filter_map(|line| serde_json::from_slice(line).ok());
                    for event in events {
                        self.take(event);
                    }
                }
                Some(Err(error)) => {
                    return Err(error::outside(&self.engine.name, &error.into()));
                }
            }
        }
    }

    fn take(&mut self, event: Event) {
        self.count += 1;
        self.oldest.get_or_insert(event.at());
        self.ready.extend(reported(event));
    }
}

/// What an event says that is of interest, which those of our own records are not.
fn reported(event: Event) -> Option<Reported> {
    let at = event.at();
    let Event { kind, action, actor, .. } = event;
    let kind = match kind.as_str() {
        "container" => ReportedKind::Container,
        "network" => ReportedKind::Network,
        "volume" => ReportedKind::Volume,
        _ => return None,
    };
    let attributes = actor.attributes.unwrap_or_default();
    let is_record = form::ALL.iter().any(|label| attributes.contains_key(*label));
    (!is_record).then_some(Reported { at, kind, id: actor.id, action, attributes })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event: &Value) -> Option<Reported> {
        reported(serde_json::from_value(event.clone()).unwrap())
    }

    #[test]
    fn an_event_is_read_with_all_that_it_says() {
        let event = json!({
            "Type": "container", "Action": "die", "scope": "local", "time": 7, "timeNano": 7_000_000_001_u64,
            "Actor": { "ID": "c1", "Attributes": { "exitCode": "137", "name": "abc-web-1" } },
        });
        let seen = read(&event).unwrap();
        assert_eq!((seen.at, seen.kind), (Timestamp(7_000_000_001), ReportedKind::Container));
        assert_eq!((seen.id.as_str(), seen.action.as_str()), ("c1", "die"));
        assert_eq!(seen.attributes["exitCode"], "137");
        let bare =
            json!({ "Type": "volume", "Action": "destroy", "Actor": { "ID": "v" }, "time": 7 });
        assert_eq!(read(&bare).unwrap().at, Timestamp::from_secs(7));
    }

    #[test]
    fn records_and_what_is_no_event_are_none() {
        let of = |kind: &str, attributes: Value| {
            read(
                &json!({ "Type": kind, "Action": "x", "Actor": { "ID": "i", "Attributes": attributes } }),
            )
        };
        assert!(of("container", json!({ "reconciler.ledger": "{}" })).is_none());
        assert!(of("container", json!({ "reconciler.lock": "{}" })).is_none());
        assert!(of("daemon", json!({})).is_none());
        assert!(serde_json::from_slice::<Event>(b"<html>").is_err());
    }
}
