//! A directory for one test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use crate::endpoint::Endpoint;

#[cfg(test)]
mod tests;

/// A new directory, which is removed with its content when the value is dropped.
///
/// The path is short, because the path of a Unix socket has about a hundred bytes at most, and has
/// no symbolic links, so that tests can compare paths.
///
/// ```
/// use netcore::Listener;
/// use netcore::testing::TestDir;
///
/// let dir = TestDir::new();
/// std::fs::write(dir.path("greeting"), "hello")?;
/// # #[cfg(unix)]
/// let listener = Listener::bind(&dir.endpoint("socket"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TestDir(PathBuf);

impl Default for TestDir {
    fn default() -> TestDir {
        TestDir::new()
    }
}

impl TestDir {
    /// Creates a directory below the system's directory for temporary files.
    ///
    /// # Panics
    ///
    /// Panics if the directory cannot be created.
    #[must_use]
    pub fn new() -> TestDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let parent = env::temp_dir();
        let parent = parent.canonicalize().unwrap_or(parent);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("test-{}-{count}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return TestDir(path),
                // An earlier process with the same number was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("create {}: {error}", path.display()),
            }
        }
    }

    /// Returns the path of the directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Returns the path of `name` in the directory.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the endpoint of the Unix socket with the file `name` in the directory.
    #[must_use]
    pub fn endpoint(&self, name: impl AsRef<Path>) -> Endpoint {
        Endpoint::unix(self.path(name))
    }

    /// Returns the names of all entries, sorted.
    ///
    /// # Panics
    ///
    /// Panics if the directory cannot be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) => panic!("read {}: {error}", self.0.display()),
        };
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.flatten().map(name).collect();
        names.sort();
        names
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
