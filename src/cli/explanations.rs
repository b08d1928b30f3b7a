//! What `reconciler explain` knows: one file per code in `docs/errors`, compiled in. A
//! test plays their examples.

/// One code.
pub(super) struct Explanation {
    /// The code.
    pub(super) code: &'static str,
    /// Its file.
    pub(super) text: &'static str,
}

impl Explanation {
    /// What it is called.
    pub(super) fn title(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.split_once(": ").map_or(line, |(_, title)| title)
    }
}

macro_rules! explanations {
    ($($code:literal)+) => {
        /// All of them, in order.
        pub(super) const ALL: &[Explanation] = &[$(Explanation {
            code: $code,
            text: include_str!(concat!("../../docs/errors/", $code, ".md")),
        }),+];
    };
}

explanations! {
    "E0101" "E0102" "E0103" "E0104" "E0105" "E0106" "E0107" "E0108" "E0109" "E0110" "E0111" "E0112"
    "E0113" "E0114" "E0115" "E0116" "E0120" "E0121" "E0130" "E0131" "E0140" "E0141" "E0142" "E0143"
    "E0150" "E0160" "E0161" "E0201" "E0202" "E0203" "E0204" "E0205" "E0206" "E0207" "E0208" "E0209"
    "E0210" "E0211" "E0212" "E0213" "E0214" "E0215" "E0216" "E0217" "E0301" "E0302" "E0303" "E0304"
    "E0305" "E0306" "E0307" "E0308" "E0309" "E0310" "E0311" "E0312" "E0313" "E0314" "E0315" "E0316"
    "E0317" "E0318" "E0319" "E0401" "E0402" "E0403" "E0404" "E0405" "E0406" "E0407" "E0408" "E0409"
    "E0410" "E0411" "E0412" "E0501" "E0502" "E0503" "E0504" "E0505" "E0506" "E0507" "E0509" "E0510"
    "E0511" "E0512" "E0513" "E0514" "E0515" "E0516" "E0601" "E0602" "E0603" "E0604" "E0605" "E0606"
}
