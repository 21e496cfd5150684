//! A fresh directory for Unix sockets and files, removed with its contents on drop.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

#[derive(Debug)]
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> TempDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short, because a Unix socket's path has about a hundred bytes at most.
        let path = env::temp_dir().join(format!("sockit-{}-{count}", process::id()));
        fs::create_dir(&path).expect("create a temporary directory");
        TempDir(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the endpoint of a Unix socket with this file name, in the form of `--listen`.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        endpoint(&self.path(name))
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn endpoint(path: &Path) -> String {
    format!("unix:{}", path.display())
}
