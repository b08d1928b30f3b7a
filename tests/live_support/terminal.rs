//! A terminal of its own for the program: what it writes is drawn on a screen in memory.

use std::fs::File;
use std::io::Read as _;
use std::num::NonZero;
use std::process::{Child, Stdio};

use nix::pty::{Winsize, openpty};

use super::program::Program;

/// The program at a terminal.
pub(crate) struct Terminal {
    child: Child,
    master: File,
    parser: vt100::Parser,
    raw: Vec<u8>,
}

/// All that a program wrote to its terminal.
pub(crate) struct Recording {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// As it was written.
    pub(crate) raw: String,
    /// What can be read when it has ended, with what left the screen at its top.
    pub(crate) lines: Vec<String>,
    /// The screen as it is then.
    pub(crate) screen: vt100::Screen,
}

impl Program {
    /// Starts it at a terminal of this width.
    pub(crate) fn at_terminal(mut self, columns: u16) -> Terminal {
        let rows = 40;
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        self.0.stdin(slave()).stdout(slave()).stderr(slave());
        let child = self.0.spawn().unwrap();
        // Only the program may hold it: else its end is not seen.
        drop((self, pty.slave));
        Terminal {
            child,
            master: File::from(pty.master),
            parser: vt100::Parser::new(some(rows), some(columns), 10_000),
            raw: Vec::new(),
        }
    }
}

impl Terminal {
    /// The process.
    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    /// Follows it until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        while !is_so(&self.parser.screen().contents()) {
            assert!(self.read(), "it ended before: {what}\n{}", self.parser.screen().contents());
        }
    }

    /// It is as wide as this from now on.
    pub(crate) fn resize(&mut self, columns: u16) {
        let (rows, _) = self.parser.screen().size();
        let size = rustix::termios::Winsize {
            ws_row: rows.get(),
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&self.master, size).unwrap();
        self.parser.screen_mut().set_size(rows, some(columns));
    }

    /// Follows it to its end.
    pub(crate) fn end(mut self) -> Recording {
        while self.read() {}
        let code = self.child.wait().unwrap().code();
        let columns = self.parser.screen().size().1.get();
        let row = |screen: &vt100::Screen, at| screen.rows(0, columns).nth(at).unwrap_or_default();
        let mut lines = Vec::new();
        self.parser.screen_mut().set_scrollback(usize::MAX);
        for above in (1..=self.parser.screen().scrollback()).rev() {
            self.parser.screen_mut().set_scrollback(above);
            lines.push(row(self.parser.screen(), 0));
        }
        self.parser.screen_mut().set_scrollback(0);
        lines.extend(self.parser.screen().rows(0, columns));
        let raw = String::from_utf8_lossy(&self.raw).into_owned();
        Recording { code, raw, lines, screen: self.parser.screen().clone() }
    }

    /// Reads what there is; `false` at the end.
    fn read(&mut self) -> bool {
        let mut part = [0; 4096];
        // The end of a terminal is an error.
        let read = self.master.read(&mut part).unwrap_or(0);
        self.raw.extend_from_slice(&part[..read]);
        self.parser.process(&part[..read]);
        read > 0
    }
}

impl Recording {
    /// What can be read.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

fn some(size: u16) -> NonZero<u16> {
    NonZero::new(size).expect("a terminal has a size")
}
