//! What must hold for any bytes whatever. The fuzz targets in `fuzz`, the test over their corpus
//! and the test of the table in `docs/http.md` include this file.

use httpget::http::HeaderMap;
use httpget::http::header::{AUTHORIZATION, HOST};
use httpget::protocol::{
    Event, Exchange, ProtocolError, RequestHead, ResponsePart, Warning, disposition_name,
    redirect_request, safe_file_name,
};
use httpget::{Limits, ParseUrlError, Url};
use netcore::testing::cut;

/// All that an exchange told of a stream, and what became of it at the stream's end.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Story {
    /// Heads, byte for byte; the last one is the response's if `status` is there.
    pub(crate) heads: Vec<(u16, Vec<u8>)>,
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) expected: Option<u64>,
    /// Whole before the peer closed.
    pub(crate) whole: bool,
    pub(crate) kept: bool,
    pub(crate) warnings: Vec<Warning>,
    /// What came of closing.
    pub(crate) end: Option<ProtocolError>,
}

impl Story {
    fn is_success(&self) -> bool {
        self.end.is_none()
    }
}

/// Gives the pieces to an exchange and then closes. With `moving`, content goes past it where that
/// is allowed.
pub(crate) fn tell(limits: &Limits, pieces: &[&[u8]], moving: bool) -> Story {
    tell_of(Exchange::new, limits, pieces, moving)
}

/// As [`tell`], for the exchange that `new` makes.
pub(crate) fn tell_of(
    new: fn(&Limits) -> Exchange,
    limits: &Limits,
    pieces: &[&[u8]],
    moving: bool,
) -> Story {
    let mut exchange = new(limits);
    let mut story = Story::default();
    let mut failed = None;
    'pieces: for piece in pieces {
        let mut rest = *piece;
        loop {
            if moving && exchange.passthrough_len() > 0 && !rest.is_empty() {
                let most = usize::try_from(exchange.passthrough_len()).unwrap_or(usize::MAX);
                let (content, more) = rest.split_at(rest.len().min(most));
                exchange.advance(content.len() as u64);
                story.content.extend_from_slice(content);
                rest = more;
                continue;
            }
            let plain = exchange.passthrough_len();
            let (used, event) = match exchange.receive(rest) {
                Ok(received) => received,
                Err(error) => {
                    failed = Some(error);
                    break 'pieces;
                }
            };
            assert!(used <= rest.len(), "more is consumed than there is");
            let was = rest;
            rest = &rest[used..];
            match event {
                Event::NeedMore => {
                    assert!(rest.is_empty(), "all is consumed before more is asked for");
                    break;
                }
                Event::Interim(head) => {
                    assert!(head.status().is_informational());
                    story.heads.push((head.status().as_u16(), head.raw().to_vec()));
                }
                Event::Head => {
                    let head = exchange.head().expect("a head that was announced");
                    story.heads.push((head.status().as_u16(), head.raw().to_vec()));
                    story.status = Some(head.status().as_u16());
                    story.headers = head.headers().clone();
                }
                Event::Content(content) => {
                    assert!(!content.is_empty() && was.ends_with(rest));
                    assert!(plain == 0 || plain >= content.len() as u64, "plain() said {plain}");
                    story.content.extend_from_slice(content);
                }
                Event::End => {
                    assert!(exchange.is_done());
                    if rest.is_empty() || used == 0 {
                        break;
                    }
                }
            }
        }
    }
    story.whole = exchange.is_done();
    story.kept = exchange.is_reusable();
    assert!(!story.kept || story.whole);
    story.expected = exchange.content_length();
    story.end = exchange.closed().err();
    assert_eq!(exchange.closed().err(), story.end, "the first error is final");
    if failed.is_some() {
        assert_eq!(story.end, failed, "the first error is final");
        assert_eq!(exchange.receive(b"HTTP/1.1 200 OK\r\n\r\n").err(), failed);
    }
    assert_eq!(exchange.is_done(), story.is_success());
    assert_eq!(exchange.received(), story.content.len() as u64);
    assert!(story.content.len() as u64 <= limits.body);
    story.trailers = exchange.trailers().cloned();
    story.warnings = exchange.warnings().to_vec();
    story
}

/// What holds for every stream: neither how it is cut nor what goes past the exchange matters,
/// what is cut short is no success, and every error is one that can be shown.
fn laws(limits: &Limits, stream: &[u8], seed: u8) -> Story {
    let story = tell(limits, &[stream], false);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    for pieces in [&[stream][..], &bytes, &cut(stream, seed, 24)] {
        for moving in [false, true] {
            assert_eq!(tell(limits, pieces, moving), story, "moving: {moving}, {pieces:?}");
        }
    }
    if let Some(error) = story.end {
        let words = error.to_string();
        assert!(!words.contains(char::is_control) && words.len() < 200, "{words:?}");
        if let ProtocolError::Malformed { offset, .. } = error {
            assert!(!words.contains("not the fields"), "what is wrong is always found: {words}");
            assert!(offset < stream.len() as u64, "{words}, of {} bytes", stream.len());
        }
    }
    // Where a stream is long, a few of its prefixes have to do.
    let step = stream.len() / 64 + 1;
    for length in (usize::from(seed) % step..stream.len()).step_by(step) {
        prefix(limits, &stream[..length], &story);
    }
    let raw = story.heads.iter().flat_map(|(_, raw)| raw.iter().copied()).collect::<Vec<_>>();
    assert!(stream.starts_with(&raw), "a head is kept as it came");
    for (_, value) in story.headers.iter().chain(story.trailers.iter().flatten()) {
        assert!(!value.as_bytes().iter().any(|byte| b"\0\r\n".contains(byte)), "{value:?}");
        assert_eq!(value.as_bytes().trim_ascii(), value.as_bytes());
    }
    story
}

/// A stream cut short is told as far as it goes. Closed, it is a success only where nothing that
/// belongs to the response was cut off, or where the end of the connection is its end.
pub(crate) fn prefix(limits: &Limits, prefix: &[u8], story: &Story) {
    prefix_of(Exchange::new, limits, prefix, story);
}

/// As [`prefix`], for the exchange that `new` makes.
pub(crate) fn prefix_of(
    new: fn(&Limits) -> Exchange,
    limits: &Limits,
    prefix: &[u8],
    story: &Story,
) {
    let short = tell_of(new, limits, &[prefix], false);
    let shown = prefix.escape_ascii();
    assert!(story.content.starts_with(&short.content), "{shown}");
    assert!(story.heads.starts_with(&short.heads), "{shown}");
    match short.end {
        None if short.whole => {
            assert_eq!((short.status, &short.content), (story.status, &story.content), "{shown}");
            assert!(story.is_success(), "{shown}: whole, and then not");
        }
        None => {
            assert_eq!(short.expected, None, "{shown}");
            let closed = short.status.is_some() && story.trailers.is_none() && !story.whole;
            assert!(closed, "{shown}: cut short, and a success");
        }
        Some(ProtocolError::Incomplete { part, received, expected }) => {
            assert!(received <= prefix.len() as u64, "{shown}");
            assert!(expected.is_none_or(|expected| received < expected), "{shown}");
            assert_eq!(part == ResponsePart::Response, prefix.is_empty(), "{shown}");
        }
        Some(error) => assert_eq!(Some(error), story.end, "{shown}"),
    }
}

/// Heads. The first byte of the input is the seed of the cutting, the rest what a server sends.
/// Says whether there was a head to be had.
pub(crate) fn http_head(input: &[u8]) -> bool {
    let [seed, stream @ ..] = input else { return false };
    let limits = Limits::default().with_head(512).with_fields(12).with_interim(2).with_body(1000);
    let story = laws(&limits, stream, *seed);
    let (Some(status), Some((_, raw))) = (story.status, story.heads.last()) else {
        assert!(!story.is_success());
        return false;
    };
    // By definition: RFC 9112 section 6.3.
    let framing_fields = framing_fields(raw);
    let expected = match framing_fields {
        _ if status == 204 || status == 304 => Some(0),
        FramingFields { chunked: true, .. } => None,
        FramingFields { length, .. } => length,
    };
    assert_eq!(story.expected, expected, "{}", raw.escape_ascii());
    assert!(!(story.kept && framing_fields.chunked && framing_fields.length.is_some()), "smuggled");
    if story.is_success() {
        let length = story.content.len() as u64;
        assert!(expected.is_none_or(|expected| expected == length), "{length} bytes");
    }
    true
}

struct FramingFields {
    length: Option<u64>,
    chunked: bool,
}

/// What an accepted head says about framing, read the simple way.
fn framing_fields(raw: &[u8]) -> FramingFields {
    let text: String = raw.iter().map(|byte| char::from(*byte)).collect();
    let text = text.replace("\r\n", "\n").replace("\n ", "  ").replace("\n\t", "  ");
    let values = |name: &str| -> Vec<String> {
        let fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
        let ours = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        ours.flat_map(|(_, value)| value.split(',').map(|it| it.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    let lengths = values("content-length");
    let number = |length: &String| {
        assert!(length.bytes().all(|byte| byte.is_ascii_digit()), "{lengths:?}");
        length.parse::<u64>().expect("a number of 64 bits")
    };
    let lengths: Vec<u64> = lengths.iter().map(number).collect();
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "{lengths:?}");
    let codings = values("transfer-encoding");
    let chunked = codings.iter().filter(|it| it.eq_ignore_ascii_case("chunked")).count();
    assert!(chunked == codings.len() && chunked <= 1, "{codings:?}");
    FramingFields { length: lengths.first().copied(), chunked: chunked == 1 }
}

/// Chunked bodies. The first byte of the input is the seed of the cutting, the rest what a server
/// sends behind its head. Says whether the body was whole.
pub(crate) fn http_chunk(input: &[u8]) -> bool {
    let [seed, body @ ..] = input else { return false };
    let limits =
        Limits::default().with_body(300).with_trailers(64).with_chunk_line(24).with_fields(3);
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let stream = [head, body].concat();
    let story = laws(&limits, &stream, *seed);
    let (content, whole) = by_definition(&limits, body);
    assert_eq!(story.content, content, "{}", body.escape_ascii());
    assert_eq!(story.whole, whole, "{}", body.escape_ascii());
    assert_eq!(story.is_success(), whole);
    whole
}

/// The content of a chunked body, read the simple way, and whether it is whole.
fn by_definition(limits: &Limits, mut body: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    loop {
        let Some(line) = line(&mut body, limits.chunk_line) else { return (content, false) };
        let Some(size) = size(line) else { return (content, false) };
        if size == 0 {
            return (content, is_trailers(limits, body));
        }
        if size > u128::from(limits.body) - content.len() as u128 {
            return (content, false);
        }
        let length = body.len().min(size as usize);
        content.extend_from_slice(&body[..length]);
        let Some(rest) = body[length..].strip_prefix(b"\r\n") else { return (content, false) };
        if length < size as usize {
            return (content, false);
        }
        body = rest;
    }
}

/// A line that ends in CRLF and has no other CR or LF, without its end.
fn line<'a>(body: &mut &'a [u8], most: usize) -> Option<&'a [u8]> {
    let end = body.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = body.split_at(end + 1);
    *body = rest;
    let text = line.strip_suffix(b"\r\n")?;
    (line.len() <= most && !text.contains(&b'\r')).then_some(text)
}

fn size(line: &[u8]) -> Option<u128> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extension) = line.split_at(digits);
    let named = extension.trim_ascii_start().starts_with(b";");
    let plain = !extension.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    // Outside quotes a backslash has no meaning; inside, the next byte has none.
    let (mut quoted, mut bytes) = (false, extension.iter());
    while let Some(byte) = bytes.next() {
        quoted ^= *byte == b'"';
        if quoted && *byte == b'\\' {
            bytes.next();
        }
    }
    let is_extension = named && plain && !quoted;
    if !extension.is_empty() && !is_extension {
        return None;
    }
    let size = u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (size <= u128::from(u64::MAX)).then_some(size)
}

fn is_trailers(limits: &Limits, mut body: &[u8]) -> bool {
    let mut left = limits.trailers;
    let mut fields = 0;
    loop {
        let before = body.len();
        let Some(line) = line(&mut body, left) else { return false };
        left -= before - body.len();
        if line.is_empty() {
            return true;
        }
        fields += 1;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let token = |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte);
        let text = |byte: &u8| !byte.is_ascii_control() || *byte == b'\t';
        if name.is_empty() || !name.iter().all(token) || !value.iter().all(text) {
            return false;
        }
        if fields > limits.fields {
            return false;
        }
    }
}

/// A URL, LF, and a Location that it answers with. Both are refused in harmless words, or lead to
/// one request, for the server that the `url` crate would go to as well. Says whether it was
/// followed.
pub(crate) fn redirect(input: &[u8]) -> bool {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let (Some(text), Some(location)) = (parts.next(), parts.next()) else { return false };
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let from = match Url::parse(text) {
        Ok(from) => from,
        Err(error) => return refused(text.as_bytes(), &error),
    };
    well_formed(&from);
    let theirs = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if let Some(theirs) = &theirs {
        agree(&from, theirs, text);
    }
    let location = location.trim_ascii();
    let to = match from.join(location) {
        Ok(to) => to,
        Err(error) => return refused(location, &error),
    };
    well_formed(&to);
    let location = std::str::from_utf8(location);
    if let (Some(theirs), Ok(location)) = (&theirs, location) {
        if let Ok(theirs) = theirs.join(location) {
            agree(&to, &theirs, &format!("{text}{location}"));
        }
    }

    let mut head = RequestHead::get(&from);
    one_request(&head, &from);
    let lost = redirect_request(&from, &to, &mut head);
    one_request(&head, &to);
    let expected = to.credentials().map(|credentials| credentials.basic());
    assert_eq!(head.value(&AUTHORIZATION), expected.as_ref(), "{to} from {from}");
    let loses = from.origin() != to.origin() && from.credentials().is_some();
    assert_eq!(lost.contains(&AUTHORIZATION), loses, "{to} from {from}");
    true
}

fn refused(text: &[u8], error: &ParseUrlError) -> bool {
    let message = error.to_string();
    assert!(error.offset() <= text.len(), "{message}");
    assert!(message.len() < 4096 && !message.contains(char::is_control), "{message:?}");
    false
}

fn well_formed(url: &Url) {
    let text = url.as_str();
    assert!(
        text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>^`{|}".contains(&byte)),
        "{text}"
    );
    assert_eq!(Url::parse(text).as_ref(), Ok(&url.without_credentials()));
    assert_eq!(text, format!("{}{}", url.origin(), url.target()));
    assert!(url.target().starts_with('/') && !url.host().is_empty() && url.port() > 0, "{text}");
    assert!(!url.authority().contains(['@', '%', '/', '?']), "{text}");
    let path = url.target().split('?').next().unwrap_or_default();
    assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")), "{text}");
    if let Some(name) = url.file_name() {
        assert!(!matches!(name.as_str(), "" | "." | ".."), "{text}");
        assert!(!name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')), "{text}");
    }
}

/// A backslash is a slash to the other crate; here it is none, and refused before a path. It knows
/// no scopes of addresses.
fn agree(ours: &Url, theirs: &url::Url, given: &str) {
    if given.contains('\\') {
        return;
    }
    assert_eq!(ours.scheme().to_string(), theirs.scheme(), "{given}");
    match theirs.host() {
        Some(url::Host::Ipv6(ip)) => assert_eq!(ours.host().parse(), Ok(ip), "{given}"),
        _ => assert_eq!(Some(ours.host()), theirs.host_str(), "{given}"),
    }
    assert_eq!(Some(ours.port()), theirs.port_or_known_default(), "{given}");
    let (path, query) = ours
        .target()
        .split_once('?')
        .map_or((ours.target(), None), |(path, query)| (path, Some(decode(query))));
    // The other crate takes `c:` for a drive of Windows, in any URL, and `..` for no way out of it.
    let mut segments = theirs.path().split('/');
    if !segments.any(|segment| segment.len() == 2 && segment.ends_with([':', '|'])) {
        assert_eq!(decode(path), decode(theirs.path()), "{given}");
    }
    assert_eq!(query, theirs.query().map(decode), "{given}");
}

/// The two crates do not escape all of the same characters.
fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escape = behind
            .get(..2)
            .filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let value = escape
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(value.unwrap_or(byte));
        rest = if value.is_some() { &behind[2..] } else { behind };
    }
    decoded
}

fn one_request(head: &RequestHead, url: &Url) {
    let mut bytes = Vec::new();
    head.encode(&mut bytes);
    let text = std::str::from_utf8(&bytes).expect("ASCII");
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some(&*format!("GET {} HTTP/1.1", url.target())));
    assert_eq!(lines.next(), Some(&*format!("Host: {}", url.authority())));
    assert_eq!(head.value(&HOST).map(|host| host.as_bytes()), Some(url.authority().as_bytes()));
    assert_eq!(lines.clone().count(), head.headers().count() + 1, "{text}");
    assert!(
        text.ends_with("\r\n\r\n") && !text.replace("\r\n", "").contains(['\r', '\n', '\0']),
        "{text}"
    );
}

/// A value of Content-Disposition. Its name is safe in a directory, and stays as it is if a server
/// proposes it again. Says whether it names a file.
pub(crate) fn content_disposition(input: &[u8]) -> bool {
    let Some(given) = disposition_name(input) else { return false };
    let Some(name) = safe_file_name(&given) else { return false };
    assert!(!name.is_empty() && name.len() <= 143, "{name:?}");
    assert!(!name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')), "{name:?}");
    assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
    let lower = name.to_ascii_lowercase();
    assert!(!lower.ends_with(".part") && !lower.ends_with(".part.meta"), "{name:?}");
    assert_eq!(safe_file_name(&name).as_ref(), Some(&name));
    // The same name by RFC 8187 and as a quoted string.
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let extended = format!("attachment; filename=\"other\"; filename*=UTF-8''{encoded}");
    assert_eq!(disposition_name(extended.as_bytes()).as_ref(), Some(&name));
    let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
    if name.is_ascii() {
        let quoted = format!("inline; a=b; filename=\"{escaped}\" ;");
        assert_eq!(disposition_name(quoted.as_bytes()).as_ref(), Some(&name));
    }
    // The plain name is found by a reader of simple values, too.
    let simple = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._ ".contains(byte);
    if let Some(value) = input.strip_prefix(b"attachment; filename=") {
        if value.iter().all(simple) {
            assert_eq!(given.as_bytes(), value.trim_ascii());
        }
    }
    true
}
