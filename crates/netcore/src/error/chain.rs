//! Printing an error with all of its causes.

use std::error::Error;
use std::fmt;

/// An error with all of its causes, on one line: `TEXT: CAUSE: CAUSE`.
///
/// ```
/// use netcore::error::Chain;
///
/// let error = "::1".parse::<netcore::Endpoint>().unwrap_err();
/// let error = netcore::Error::from(error);
/// let line = Chain::new(&error).to_string();
/// assert!(line.starts_with("parse: invalid input: \"::1\" is no endpoint"));
/// ```
///
/// Works for every error whose `Display` does not repeat the text of its
/// [`source`](Error::source), as the errors of this crate do.
#[derive(Clone, Copy)]
pub struct Chain<'a>(&'a (dyn Error + 'a));

impl<'a> Chain<'a> {
    /// Makes a printable chain of `error` and its causes.
    #[must_use]
    pub fn new(error: &'a (dyn Error + 'a)) -> Chain<'a> {
        Chain(error)
    }
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        write_causes(self.0, f)
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Writes the causes of `error`, each after `: `. For a `Display` that prints them as well where
/// [`alternate`](fmt::Formatter::alternate) is set, and for a `Debug` that prints a chain.
///
/// ```
/// use std::error::Error;
/// use std::fmt;
///
/// /// A failed backup.
/// struct BackupError {
///     name: String,
///     source: netcore::Error,
/// }
///
/// impl fmt::Display for BackupError {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "backup of {}", self.name)?;
///         if f.alternate() { netcore::error::write_causes(self, f) } else { Ok(()) }
///     }
/// }
///
/// impl fmt::Debug for BackupError {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "{self:#}")
///     }
/// }
///
/// impl Error for BackupError {
///     fn source(&self) -> Option<&(dyn Error + 'static)> {
///         Some(&self.source)
///     }
/// }
///
/// use netcore::{ErrorKind, Operation};
///
/// let source = netcore::Error::new(Operation::Read, ErrorKind::TimedOut).at("db.example:5432");
/// let error = BackupError { name: String::from("orders"), source };
/// assert_eq!(format!("{error:#}"), "backup of orders: read from db.example:5432: timed out");
/// assert_eq!(format!("{error:?}"), format!("{error:#}"));
/// ```
///
/// # Errors
///
/// The error of the formatter.
pub fn write_causes(error: &(dyn Error + '_), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// Implements `Debug` for an error: `{:?}` is the error with its causes on one line, as [`Chain`]
/// prints it, and `{:#?}` the fields. A `main` that returns the error then prints a message.
///
/// The macro takes the type with its fields, or `enum` and the type with its variants. The field of
/// a tuple variant needs a name, which `{:#?}` prints.
///
/// ```
/// use netcore::error::debug_as_chain;
///
/// /// A text that names no color.
/// #[derive(thiserror::Error)]
/// #[error("unknown color {text:?}")]
/// struct UnknownColor {
///     text: String,
/// }
/// debug_as_chain!(UnknownColor { text });
///
/// /// A print that failed.
/// #[derive(thiserror::Error)]
/// enum PrintError {
///     #[error("no paper")]
///     NoPaper,
///     #[error(transparent)]
///     Printer(#[from] netcore::Error),
///     #[error("no ink of {color}")]
///     NoInk { color: String },
/// }
/// debug_as_chain!(enum PrintError { NoPaper, Printer(error), NoInk { color } });
///
/// let error = UnknownColor { text: String::from("bleu") };
/// assert_eq!(format!("{error:?}"), "unknown color \"bleu\"");
/// let error = PrintError::NoInk { color: String::from("blue") };
/// assert_eq!(format!("{error:?}"), "no ink of blue");
/// assert_eq!(format!("{error:#?}"), "NoInk {\n    color: \"blue\",\n}");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __debug_as_chain {
    (enum $type:ident {
        $($variant:ident $(($inner:ident))? $({ $($field:ident),* $(,)? })?),* $(,)?
    }) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                if !f.alternate() {
                    return ::std::fmt::Display::fmt(&$crate::error::Chain::new(self), f);
                }
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => f
                        .debug_struct(stringify!($variant))
                        $(.field(stringify!($inner), $inner))?
                        $($(.field(stringify!($field), $field))*)?
                        .finish(),)*
                }
            }
        }
    };
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                if !f.alternate() {
                    return ::std::fmt::Display::fmt(&$crate::error::Chain::new(self), f);
                }
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish()
            }
        }
    };
}
pub use __debug_as_chain as debug_as_chain;
