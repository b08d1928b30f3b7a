//! Whether anyone still reads the results: `logs -f | head -1` has nothing more to do when `head` has
//! its line, and not only when the next one cannot be written.

use std::os::fd::AsFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// Returns when nobody reads stdout any more; never, if that cannot be known: a file has no reader.
pub(super) async fn nobody_reads() {
    closed(std::io::stdout()).await;
}

/// Returns when the other end of a pipe or a socket is gone.
async fn closed(end: impl AsFd + Send + 'static) {
    let (sender, receiver) = oneshot::channel();
    // The runtime's own threads are waited for when the program ends, and this one may wait for ever.
    let waiter = thread::Builder::new().spawn(move || {
        if lost(&end) {
            // Nobody asks any more if something else ended first.
            let _ = sender.send(());
        }
    });
    if waiter.is_err() || receiver.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until the other end is gone; `false` if the kernel cannot tell.
fn lost(end: &impl AsFd) -> bool {
    // That it is gone is reported without being asked for, and nothing else is asked for.
    let mut ends = [PollFd::new(end, PollFlags::empty())];
    loop {
        match poll(&mut ends, None) {
            Ok(_) => return ends[0].revents().intersects(PollFlags::ERR | PollFlags::HUP),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    /// Longer than anything takes.
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_pipe_is_closed_when_its_reader_is_gone() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let mut gone = pin!(closed(writer.try_clone().expect("another")));
        writer.write_all(b"a line\n").expect("written");
        assert!(gone.as_mut().now_or_never().is_none());
        drop(reader);
        tokio::time::timeout(LONG, gone).await.expect("it is noticed");
    }

    #[tokio::test]
    async fn a_socket_is_closed_when_its_peer_is_gone_and_not_when_that_only_reads() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        theirs.shutdown(std::net::Shutdown::Write).expect("shut down");
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut ends = [PollFd::new(&ours, PollFlags::empty())];
        assert_eq!(poll(&mut ends, Some(&now)), Ok(0));
        drop(theirs);
        tokio::time::timeout(LONG, closed(ours)).await.expect("it is noticed");
    }

    #[tokio::test]
    async fn a_file_has_no_reader_that_can_go() {
        let file = File::options().write(true).open("/dev/null").expect("Linux");
        assert!(closed(file).now_or_never().is_none());
    }
}
