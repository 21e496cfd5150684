//! The calls and errors of file systems that differ between Unix and Windows.

#[cfg(unix)]
pub(super) use unix::*;
#[cfg(windows)]
pub(super) use windows::*;

/// The type of a target that is neither a regular file nor a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// A FIFO, whose writer waits for a reader.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A device.
    Device,
}

#[cfg(unix)]
mod unix {
    use std::fs::{File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
    use std::path::Path;
    use std::time::UNIX_EPOCH;

    use crate::download::system::Special;

    /// The permissions of a file that replaces another one, until it gets the permissions of that
    /// one.
    const PRIVATE: u32 = 0o600;

    /// Opens no symbolic link, and does not wait for a FIFO.
    pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
    }

    /// Does not wait for a FIFO.
    pub(crate) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
        options.custom_flags(libc::O_NONBLOCK)
    }

    /// Opens a device or a FIFO. A terminal does not become that of the process. A FIFO without a
    /// reader is an error (fifo(7)).
    pub(crate) fn for_a_device(options: &mut OpenOptions, is_fifo: bool) -> &mut OpenOptions {
        options.custom_flags(libc::O_NOCTTY | if is_fifo { libc::O_NONBLOCK } else { 0 })
    }

    /// Lets only the owner use a new file, if `is_private` is `true`.
    pub(crate) fn private(options: &mut OpenOptions, is_private: bool) -> &mut OpenOptions {
        options.mode(if is_private { PRIVATE } else { 0o666 })
    }

    /// Lets only the owner use the file.
    pub(crate) fn make_private(file: &File) -> io::Result<()> {
        match file.metadata()?.mode() & 0o777 {
            PRIVATE => Ok(()),
            _ => file.set_permissions(Permissions::from_mode(PRIVATE)),
        }
    }

    /// Gives `file` the owner, the group and the permissions of `replaced`. Set-user-ID and the
    /// like are dropped: new content must not inherit them.
    pub(crate) fn copy_owner_and_mode(file: &File, replaced: &Metadata) -> io::Result<()> {
        let ours = file.metadata()?;
        let mut mode = replaced.mode() & 0o777;
        if (ours.uid(), ours.gid()) != (replaced.uid(), replaced.gid())
            && fchown(file, Some(replaced.uid()), Some(replaced.gid())).is_err()
            && ours.gid() != replaced.gid()
            && fchown(file, None, Some(replaced.gid())).is_err()
        {
            // Permissions of the old group must not go to another group.
            mode &= !0o070 | ((mode & 0o007) << 3);
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Returns `true` if the file has a single name.
    pub(crate) fn has_one_name(file: &Metadata) -> bool {
        file.nlink() <= 1
    }

    /// Returns the creation time of a file, which tells it from another one at its path. Returns
    /// `None` if the file system does not record it.
    pub(crate) fn birth(file: &File) -> io::Result<Option<String>> {
        let born = file.metadata()?.created();
        let born = born.ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Ok(born.map(|born| format!("{}.{:09}", born.as_secs(), born.subsec_nanos())))
    }

    /// Returns the type of a target that is neither a regular file nor a directory.
    pub(crate) fn special(there: &Metadata) -> Special {
        match there.file_type() {
            kind if kind.is_socket() => Special::Socket,
            kind if kind.is_fifo() => Special::Fifo,
            _ => Special::Device,
        }
    }

    /// Returns `false`: devices are files with a type of their own.
    pub(crate) fn is_device_name(_: &Path) -> bool {
        false
    }

    /// Syncs the names in a directory to disk.
    pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
        match File::open(directory).and_then(|directory| directory.sync_all()) {
            // fsync(2): some file systems support it only for files; a directory may be unreadable.
            Err(error) if !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EACCES)) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Returns `true` if a file can't be replaced (rename(2)): it is a mount point, or its
    /// directory is read-only, or sticky and another user's.
    pub(crate) fn is_irreplaceable(error: &io::Error) -> bool {
        let code = error.raw_os_error();
        matches!(code, Some(libc::EBUSY | libc::EXDEV | libc::EPERM | libc::EACCES | libc::EROFS))
    }

    /// Returns `true` if a directory lets nobody create a file: it is read-only, or another user's.
    pub(crate) fn is_closed(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EROFS))
    }

    /// Returns `true` if [`without_links`] has met a link: ELOOP on Linux and macOS, EMLINK on
    /// FreeBSD.
    pub(crate) fn is_link(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::ELOOP | libc::EMLINK))
    }

    pub(crate) fn is_name_too_long(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::ENAMETOOLONG)
    }

    /// Returns `true` if a FIFO has no reader.
    pub(crate) fn has_no_reader(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::ENXIO)
    }
}

#[cfg(windows)]
mod windows {
    use std::ffi::OsStr;
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::os::windows::fs::OpenOptionsExt;
    use std::path::Path;

    use netcore::file_identity::FileIdentity;

    use crate::download::system::Special;

    /// `FILE_FLAG_OPEN_REPARSE_POINT` of CreateFile: a symbolic link itself is opened.
    const OPEN_LINK: u32 = 0x0020_0000;

    /// `ERROR_INVALID_NAME` and `ERROR_FILENAME_EXCED_RANGE`.
    const TOO_LONG: [i32; 2] = [123, 206];

    /// Opens a symbolic link itself, which is no regular file.
    pub(crate) fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
        options.custom_flags(OPEN_LINK)
    }

    /// Changes nothing: no file waits for a reader.
    pub(crate) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    /// Changes nothing: a device needs no flag.
    pub(crate) fn for_a_device(options: &mut OpenOptions, _: bool) -> &mut OpenOptions {
        options
    }

    /// Changes nothing: the directory decides who may use a file.
    pub(crate) fn private(options: &mut OpenOptions, _: bool) -> &mut OpenOptions {
        options
    }

    /// Changes nothing, as [`private`].
    pub(crate) fn make_private(_: &File) -> io::Result<()> {
        Ok(())
    }

    /// Changes nothing, as [`private`].
    pub(crate) fn copy_owner_and_mode(_: &File, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Returns the number of the file, which tells it from another one at its path. No later file
    /// of the volume has it, while a new file can have the creation time of an earlier one.
    pub(crate) fn birth(file: &File) -> io::Result<Option<String>> {
        FileIdentity::of(file).map(|file| Some(file.to_string()))
    }

    /// Returns `true`: std does not report the other names of a file.
    pub(crate) fn has_one_name(_: &Metadata) -> bool {
        true
    }

    /// Returns the type of a target that is neither a regular file nor a directory.
    pub(crate) fn special(_: &Metadata) -> Special {
        Special::Device
    }

    /// Returns `true` for the name of a device. It has no metadata.
    pub(crate) fn is_device_name(path: &Path) -> bool {
        let name = path.file_name().unwrap_or(OsStr::new(""));
        ["NUL", "CON", "CONOUT$"].iter().any(|device| name.eq_ignore_ascii_case(device))
            || path.as_os_str().as_encoded_bytes().starts_with(br"\\.\")
    }

    /// Does nothing: Windows syncs no directories. NTFS keeps a journal of names.
    pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Returns `false`: a program that keeps a file from being replaced keeps it from being written
    /// too.
    pub(crate) fn is_irreplaceable(_: &io::Error) -> bool {
        false
    }

    /// Returns `true` if a directory lets nobody create a file.
    pub(crate) fn is_closed(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::PermissionDenied
    }

    /// Returns `false`: a link is opened.
    pub(crate) fn is_link(_: &io::Error) -> bool {
        false
    }

    pub(crate) fn is_name_too_long(error: &io::Error) -> bool {
        error.raw_os_error().is_some_and(|code| TOO_LONG.contains(&code))
    }

    /// Returns `false`: nothing waits for a reader.
    pub(crate) fn has_no_reader(_: &io::Error) -> bool {
        false
    }
}
