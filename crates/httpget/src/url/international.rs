//! Host names beyond ASCII, as resolvers and servers know them (feature `idna`).

/// Returns the ASCII form of a host name beyond ASCII: UTS #46 as browsers apply it, without
/// transitional processing.
#[cfg(feature = "idna")]
pub(crate) fn to_ascii(host: &str) -> Result<String, &'static str> {
    match idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL) {
        Ok(ascii) if !ascii.is_empty() => Ok(ascii.into_owned()),
        _ => Err("a host name with letters that IDNA allows (UTS #46) expected"),
    }
}

/// Returns an error: without the feature, names are ASCII.
#[cfg(not(feature = "idna"))]
pub(crate) fn to_ascii(_host: &str) -> Result<String, &'static str> {
    Err("a host in ASCII expected; a name in other letters has an xn-- form")
}
