//! The screen without line editing (another system, or without the feature): it never opens.
#![allow(dead_code, reason = "a screen that never opens is never used")]

use std::io::{self, Write};
use std::path::PathBuf;

use crate::exit::Failure;

#[derive(Clone)]
pub(crate) struct Screen(());

pub(crate) struct InputLine(());

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    Line(String),
    NotUtf8,
    Interrupt { cleared: bool },
    End,
}

pub(crate) type Complete = Box<dyn Fn(&str) -> (usize, Vec<String>) + Send>;

impl Screen {
    pub(crate) fn open(
        _: Complete,
        _: fn(&str) -> Option<usize>,
        _: Option<PathBuf>,
    ) -> Result<Option<(Screen, InputLine)>, Failure> {
        Ok(None)
    }

    pub(crate) fn print(&self, _: &str) {}

    pub(crate) fn close(&self) {}
}

impl Write for Screen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl InputLine {
    pub(crate) fn read(&mut self) -> Entered {
        Entered::End
    }
}
