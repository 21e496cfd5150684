//! Encrypted streams without the feature `tls`: there are none.

use std::io;

use socket2::Socket;

use crate::error::Error;
use crate::sys::{Interest, SocketIdentity};
use crate::until::Until;

/// Returns `false`: no socket has a session.
pub(super) fn is_encrypted_socket(_: SocketIdentity) -> bool {
    false
}

/// The TLS part of a [`Stream`](crate::Stream), of which no value exists.
#[derive(Debug)]
pub(super) enum Encrypted {}

impl Encrypted {
    pub(super) fn set_nonblocking(&self, _: bool) {
        match *self {}
    }

    pub(super) fn handshake(&self, _: &Socket, _: Until<'_>) -> Result<(), Error> {
        match *self {}
    }

    pub(super) fn read(&self, _: &Socket, _: &mut [u8], _: Until<'_>) -> Result<usize, Error> {
        match *self {}
    }

    pub(super) fn read_by_mode(&self, _: &Socket, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn write(&self, _: &Socket, _: &[u8], _: Until<'_>) -> Result<usize, Error> {
        match *self {}
    }

    pub(super) fn write_by_mode(&self, _: &Socket, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn flush(&self, _: &Socket, _: Until<'_>) -> Result<(), Error> {
        match *self {}
    }

    pub(super) fn flush_by_mode(&self, _: &Socket) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn has_unsent(&self) -> bool {
        match *self {}
    }

    pub(super) fn end(&self, _: &Socket, _: Until<'_>) -> Result<(), Error> {
        match *self {}
    }

    pub(super) fn end_by_mode(&self, _: &Socket) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn end_reading(&self) {
        match *self {}
    }

    pub(super) fn end_now(&self, _: &Socket) {
        match *self {}
    }

    pub(super) fn wait_readable(&self, _: &Socket, _: Until<'_>) -> Result<bool, Error> {
        match *self {}
    }

    pub(super) fn has_more(&self, _: &Socket, _: Until<'_>) -> Result<bool, Error> {
        match *self {}
    }

    pub(super) fn is_nonblocking(&self) -> bool {
        match *self {}
    }

    pub(super) fn try_read(&self, _: &Socket, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn try_write(&self, _: &Socket, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn try_flush(&self, _: &Socket) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn try_end(&self, _: &Socket) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn has_input(&self) -> bool {
        match *self {}
    }

    pub(super) fn is_established(&self) -> bool {
        match *self {}
    }

    pub(super) fn awaited(&self, _: Interest) -> (bool, bool) {
        match *self {}
    }
}
