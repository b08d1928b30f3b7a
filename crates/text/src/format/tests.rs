//! The layout by example, and its promises over generated texts.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{FormatError, format};

fn formatted(text: &str) -> String {
    let result = format(text, false).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(format(&result, false).as_deref(), Ok(result.as_str()), "formatted again");
    result
}

#[test]
fn lists_and_maps_are_two_right_of_what_they_are_in() {
    let text = "\u{feff}# head\r\n\r\n\r\nservices:\r\n    web:\r\n        image:   web:1 \t\r\n\
        \x20       ports:\r\n        - 80:80   # why\r\n        -   target: 1\r\n            \
        published : \"2\"\r\n        # next\r\n        command: [a,\r\n           b\r\n        ]\r\n\r\n";
    let want = "\
# head

services:
  web:
    image: web:1
    ports:
      - 80:80   # why
      - target: 1
        published: \"2\"
    # next
    command: [a,
       b
    ]
";
    assert_eq!(formatted(text), want);
}

#[test]
fn scalars_of_several_lines_keep_their_text() {
    let text = "\
a:
      lit: |+
        x
          y

        # no comment

      # a comment
      ind: >2-
          z
      plain: one
         two

         three  # c
      quoted: \"one \\
        two
         three\"
      last: |-

        end
";
    let want = "\
a:
  lit: |+
    x
      y

    # no comment

  # a comment
  ind: >2-
      z
  plain: one
     two

     three  # c
  quoted: \"one \\
    two
     three\"
  last: |-

    end
";
    assert_eq!(formatted(text), want);
    assert_eq!(formatted("a:\n    b: |\n       no end"), "a:\n  b: |\n    no end");
}

#[test]
fn anchors_tags_documents_and_odd_places_stay() {
    for (text, want) in [
        ("x: &a\n   k: 1\ny:\n   <<: *a\n", "x: &a\n  k: 1\ny:\n  <<: *a\n"),
        ("a: !reset\nb: !override\n- x\n", "a: !reset\nb: !override\n  - x\n"),
        ("---\na: 1\n---   # two\n b: 2\n...\n", "---\na: 1\n---   # two\nb: 2\n...\n"),
        ("a:\n       word\n", "a:\n  word\n"),
        ("- - a\n  -   b\n- &x k: v\n", "- - a\n  - b\n- &x k: v\n"),
        ("-\n  k: v\n", "-\n  k: v\n"),
        ("a:\n    b: 1\n#c:\n#  d\n    e: 2\n", "a:\n  b: 1\n#c:\n#  d\n  e: 2\n"),
        ("a: 'x: y'\n'b' : \"#\"\n", "a: 'x: y'\n'b': \"#\"\n"),
        ("", ""),
        ("\n \n", ""),
        ("# only\n\n\n# comments", "# only\n\n# comments\n"),
    ] {
        assert_eq!(formatted(text), want, "{text}");
    }
}

#[test]
fn what_is_no_yaml_is_reported_with_its_place() {
    let error = format("a: 1\n b: [\n", false);
    assert!(matches!(error, Err(FormatError::Invalid { line: 2.., .. })), "{error:?}");
    let error = format("? a\n: b\n", false);
    assert!(matches!(error, Err(FormatError::Unknown { line: 1, .. })), "{error:?}");
}

#[test]
fn sorted_keys_take_their_comments_along() {
    let text = "\
# the file

volumes:
  data:
services:
  web:
    # how it is reached
    ports: [80]
    odd: 1
    image: web
x-a: 1
";
    let want = "\
# the file

x-a: 1
services:
  web:
    image: web
    # how it is reached
    ports: [80]
    odd: 1
volumes:
  data:
";
    assert_eq!(format(text, true).as_deref(), Ok(want));
    let bound = "volumes:\n  a: &x\n    name: n\nservices:\n  web: *x\n";
    assert_eq!(format(bound, true), Err(FormatError::Unsortable));
}

/// A piece of YAML whose layout is still open.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(&'static str),
    /// The header and the lines of a block scalar.
    Block(&'static str, Vec<&'static str>),
    List(Vec<Tree>),
    Map(Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = proptest::sample::select(vec![
        "word",
        "two  words",
        "'it''s'",
        "\"a \\\" b\"",
        "[a, {b: c}, \"d\"]",
        "{}",
        "",
        "80:80",
        "&x value",
        "!t x",
        "\"a\\\n    b\"",
        "one\n    two",
        "[a,\n    b]",
        "it's",
        "# c",
        "-1",
    ]);
    let block = (
        proptest::sample::select(vec!["|", ">", "|-", ">+", "|+", "|2", ">1-"]),
        vec(
            proptest::sample::select(vec!["text", "  more", "", "# no comment", "- a", "k: v "]),
            0..5,
        ),
    );
    let leaf = prop_oneof![
        4 => leaf.prop_map(Tree::Leaf),
        1 => block.prop_map(|(header, lines)| Tree::Block(header, lines)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..5).prop_map(Tree::List),
            vec(inner, 1..5).prop_map(Tree::Map)
        ]
    })
}

/// Writes a tree with blanks, comments and empty lines as the choices say.
struct Writer {
    choices: Vec<u8>,
    next: usize,
    text: String,
    comments: usize,
}

impl Writer {
    fn choose(&mut self, from: usize) -> usize {
        self.next += 1;
        usize::from(self.choices[self.next % self.choices.len()]) % from
    }

    fn between(&mut self, column: usize) {
        for _ in 0..self.choose(3) {
            match self.choose(4) {
                0 => self.text += "\n",
                1 => self.text += "  \n",
                2 => {
                    self.comments += 1;
                    let column = self.choose(column + 1);
                    self.text.extend([" ".repeat(column).as_str(), "#+ c\n"]);
                }
                _ => {}
            }
        }
    }

    /// Writes what comes after `-` or `key:`, to the end of the line and below.
    fn value(&mut self, tree: &Tree, column: usize, in_map: bool) {
        let deeper = column + 1 + self.choose(4);
        let blanks = " ".repeat(1 + self.choose(3));
        match tree {
            Tree::Leaf(text) => {
                let pad = " ".repeat(column);
                let text = text.replace('\n', &format!("\n{pad}"));
                let end = [" \t", "", ""][self.choose(3)];
                self.text.extend([blanks.as_str(), &text, end]);
                if self.choose(5) == 0 && !text.contains('\n') {
                    self.comments += 1;
                    self.text += "  #+ c";
                }
                self.text.push('\n');
            }
            Tree::Block(header, lines) => {
                let digit = header.chars().find_map(|c| c.to_digit(10)).map(|digit| digit as usize);
                let deeper = digit.map_or(deeper, |digit| column + digit);
                // Without a digit, the first line says how far the text is indented.
                let first = if digit.is_none() {
                    lines.iter().position(|l| l.starts_with(' '))
                } else {
                    None
                };
                self.text.extend([blanks.as_str(), header, "\n"]);
                for line in lines.iter().skip(first.map_or(0, |first| first + 1)) {
                    let pad = " ".repeat(if line.is_empty() { 0 } else { deeper });
                    self.text.extend([pad.as_str(), line, "\n"]);
                }
            }
            Tree::List(_) | Tree::Map(_) if !in_map && self.choose(2) == 0 => {
                self.text += &blanks;
                self.block(tree, column + 1 + blanks.len(), true);
            }
            Tree::List(_) | Tree::Map(_) => {
                let flush = in_map && matches!(tree, Tree::List(_)) && self.choose(2) == 0;
                self.text += "\n";
                self.block(tree, if flush { column } else { deeper }, false);
            }
        }
    }

    fn block(&mut self, tree: &Tree, column: usize, mut begun: bool) {
        let (Tree::List(items) | Tree::Map(items)) = tree else { return };
        for (index, item) in items.iter().enumerate() {
            if !begun {
                self.between(column);
                self.text += &" ".repeat(column);
            }
            begun = false;
            let in_map = matches!(tree, Tree::Map(_));
            let start = if in_map { format!("k{index}:") } else { "-".to_owned() };
            self.text += &start;
            self.value(item, column, in_map);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn formatting_keeps_the_meaning_and_the_comments_and_is_done_once(
        tree in tree(), choices in vec(any::<u8>(), 1..60), end in any::<bool>(),
    ) {
        let mut writer = Writer { choices, next: 0, text: String::new(), comments: 0 };
        let start = writer.choose(3);
        match &tree {
            Tree::List(_) | Tree::Map(_) => writer.block(&tree, start, false),
            Tree::Leaf(_) | Tree::Block(..) => writer.value(&Tree::Leaf("x"), 0, true),
        }
        let mut text = writer.text;
        if end {
            text.pop();
        }
        match format(&text, false) {
            // Some combinations are not valid YAML, such as a key after `- |2`.
            Err(FormatError::Invalid { .. }) => {}
            result => {
                let once = result.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
                prop_assert_eq!(format(&once, false).ok(), Some(once.clone()), "again, from:\n{}", text);
                prop_assert_eq!(once.matches("#+ c").count(), writer.comments, "{}\n--\n{}", text, once);
            }
        }
    }
}
