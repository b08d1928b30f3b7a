//! How far a pull is: the engine reports each layer of its own, this adds them up.

use std::collections::BTreeMap;

use bollard::models::CreateImageInfo;

use crate::docker::Arrived;

/// The layers of an image that is pulled, by their short ids.
#[derive(Default)]
pub(super) struct Layers(BTreeMap<String, Layer>);

#[derive(Default)]
struct Layer {
    bytes: u64,
    /// `None` until the engine says it.
    of_bytes: Option<u64>,
    is_there: bool,
}

impl Layers {
    /// Takes one line of the engine in; `None` if it is about no layer.
    pub(super) fn note(&mut self, line: &CreateImageInfo) -> Option<Arrived> {
        let (id, status) = (line.id.as_ref()?, line.status.as_deref()?);
        // The first line has an id, too: the tag.
        if status.starts_with("Pulling from") {
            return None;
        }
        let layer = self.0.entry(id.clone()).or_default();
        let detail = line.progress_detail.as_ref();
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        match status {
            "Downloading" => {
                layer.bytes = detail.and_then(|d| number(d.current)).unwrap_or(layer.bytes);
                layer.of_bytes = detail.and_then(|d| number(d.total)).or(layer.of_bytes);
            }
            "Verifying Checksum" | "Download complete" | "Extracting" => {
                // What is small is not reported while it is on its way.
                let total = detail.and_then(|d| number(d.total));
                layer.of_bytes = layer.of_bytes.or(total.filter(|_| status == "Extracting"));
                layer.bytes = layer.of_bytes.unwrap_or(layer.bytes);
            }
            "Pull complete" | "Already exists" => {
                layer.bytes = layer.of_bytes.unwrap_or(layer.bytes);
                layer.is_there = true;
            }
            _ => {}
        }
        Some(self.arrived())
    }

    fn arrived(&self) -> Arrived {
        self.0.values().fold(Arrived::default(), |all, layer| Arrived {
            bytes: all.bytes.saturating_add(layer.bytes),
            of_bytes: all.of_bytes.saturating_add(layer.of_bytes.unwrap_or_default()),
            layers: all.layers + usize::from(layer.is_there),
            of_layers: all.of_layers + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    fn line(id: &str, status: &str, progress: Option<(i64, Option<i64>)>) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: progress
                .map(|(current, total)| ProgressDetail { current: Some(current), total }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn layers_add_up_and_never_get_less() {
        let mut layers = Layers::default();
        assert_eq!(layers.note(&line("latest", "Pulling from library/web", None)), None);
        assert_eq!(layers.note(&CreateImageInfo::default()), None);
        let mut note = |id, status, progress| {
            let all = layers.note(&line(id, status, progress)).unwrap();
            (all.bytes, all.of_bytes, all.layers, all.of_layers)
        };
        assert_eq!(note("a", "Pulling fs layer", None), (0, 0, 0, 1));
        assert_eq!(note("b", "Already exists", None), (0, 0, 1, 2));
        assert_eq!(note("a", "Downloading", Some((10, Some(100)))), (10, 100, 1, 2));
        assert_eq!(note("c", "Downloading", Some((5, None))), (15, 100, 1, 3));
        assert_eq!(note("a", "Download complete", None), (105, 100, 1, 3));
        assert_eq!(note("a", "Extracting", Some((3, Some(100)))), (105, 100, 1, 3));
        assert_eq!(note("c", "Extracting", Some((7, Some(7)))), (107, 107, 1, 3));
        assert_eq!(note("a", "Pull complete", None), (107, 107, 2, 3));
        assert_eq!(note("c", "Downloading", Some((-1, Some(-1)))), (107, 107, 2, 3));
    }
}
