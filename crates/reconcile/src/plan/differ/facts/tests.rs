//! What a `differing_facts` of two containers tells.

use super::*;

/// What two lists of facts say differently.
fn differing([one, other]: &[Facts; 2]) -> BTreeSet<(String, String)> {
    let lacking = |these: &Facts, those: &Facts| {
        let all = these.clone().into_iter();
        all.filter(|(path, text)| those.get(path) != Some(text)).collect::<Vec<_>>()
    };
    lacking(one, other).into_iter().chain(lacking(other, one)).collect()
}

#[test]
fn a_contrast_tells_whatever_two_lists_of_facts_say_differently() {
    let changes: [fn(&mut ContainerSpec); 12] = [
        |spec| spec.user = Some("web".to_owned()),
        |spec| spec.command = Some(vec!["serve".to_owned()]),
        |spec| spec.env.extend([("A".to_owned(), "2".to_owned())]),
        |spec| spec.labels.extend([("tier".to_owned(), "db".to_owned())]),
        |spec| spec.stop_timeout = Some(3),
        |spec| spec.networks.extend([("front".into(), Box::default())]),
        |spec| spec.dns = vec!["192.0.2.1".to_owned()],
        |spec| spec.limits.memory = 1 << 20,
        |spec| spec.privileges.privileged = true,
        |spec| spec.tmpfs.extend([("/run".to_owned(), String::new())]),
        |spec| spec.ipc = model::share::Namespace::Host,
        |spec| spec.read_only = true,
    ];
    let mut specs = vec![ContainerSpec::of_image("web".into())];
    for change in changes {
        let mut next = specs.last().expect("there is one").clone();
        next.env.insert("A".to_owned(), "1".to_owned());
        change(&mut next);
        specs.push(next);
    }
    let side = |spec| Side { spec, image: None, filled_in: None };
    for one in &specs {
        for other in &specs {
            let whole = [facts(side(one)), facts(side(other))];
            assert_eq!(differing(&differing_facts(side(one), side(other))), differing(&whole));
        }
        assert_eq!(differing_facts(side(one), side(one)), [Facts::new(), Facts::new()]);
    }
}
