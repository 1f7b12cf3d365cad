//! The queue between the threads that read and the one that does everything else.
//!
//! The bound counts octets and not messages: a read can bring a single octet, or 16 KiB.
//!
//! To wake a thread costs more than to decode a few octets. The receiver is therefore woken by
//! octets that may end a frame, and by the first octets after a while:
//!
//! ```text
//! octets  68fafa6853ff0001  67db084b464d6750  …  4d21c714fa760016
//! wakes   yes                                    yes
//! ```

use std::{
    io,
    os::fd::BorrowedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use meterpipe::{
    link::registry::LinkKind,
    source::{Burst, OpenError, SourceEvent},
    wake::{self, Sleeper, Waker},
};

/// Octets that follow a wake-up within this time do not wake the receiver, unless they may end a
/// frame.
const DELAY: Duration = Duration::from_millis(250);

/// The receiver looks into the queue this long after the last octets, because others may have come
/// without waking it. The time is longer than [`DELAY`]: while octets go on coming, no such look is
/// needed.
pub const LOOK: Duration = Duration::from_millis(500);

/// The most octets that wait. A large meter pushes 376 octets every 5 s; even if each read brings a
/// single one, the queue holds more than ten minutes of them, for which standard output may be
/// blocked.
const ROOM: usize = 8 << 20;

/// The memory of a message besides the octets of its burst: the message itself, and the parts of
/// the queue and of the heap.
const MESSAGE: usize = size_of::<SourceMessage>() + 32;

/// The time between two looks of a reading thread for room in the queue.
const GLANCE: Duration = Duration::from_millis(20);

/// A message of a reading thread: the number of its source, and the result of a read.
pub type SourceMessage = (usize, Result<SourceEvent, OpenError>, Burst);

/// The sending end, for a reading thread.
#[derive(Debug)]
pub struct Sender {
    queue: mpsc::Sender<SourceMessage>,
    waiting: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    /// Dropped after the queue: the receiver that is woken by the drop finds the queue without
    /// senders.
    waker: Waker,
    woken: Option<Instant>,
}

/// The receiving end, for the loop.
#[derive(Debug)]
pub struct Receiver {
    queue: mpsc::Receiver<SourceMessage>,
    waiting: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    sleeper: Sleeper,
}

/// An empty queue.
///
/// # Errors
/// The process cannot open another file.
pub fn queue() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = mpsc::channel();
    let (waker, sleeper) = wake::pair()?;
    let waiting = Arc::new(AtomicUsize::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let (room, over) = (waiting.clone(), is_over.clone());
    let receiver = Receiver { queue: receiver, waiting: room, is_over: over, sleeper };
    Ok((Sender { queue: sender, waiting, is_over, waker, woken: None }, receiver))
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        let Self { queue, waiting, is_over, waker, woken: _ } = self;
        let (queue, waiting, is_over) = (queue.clone(), waiting.clone(), is_over.clone());
        Self { queue, waiting, is_over, waker: waker.clone(), woken: None }
    }
}

impl Sender {
    /// Puts a message into the queue, and waits for room if there is none. Returns false if the
    /// receiver is gone.
    pub fn send(&mut self, message: SourceMessage) -> bool {
        while self.waiting.load(Ordering::Relaxed) >= ROOM {
            thread::sleep(GLANCE);
        }
        self.waiting.fetch_add(size(&message), Ordering::Relaxed);
        let may_wait = may_wait(&message);
        let taken = self.queue.send(message).is_ok();
        if !may_wait || self.woken.is_none_or(|woken| woken.elapsed() >= DELAY) {
            self.woken = Some(Instant::now());
            self.waker.wake();
        }
        taken
    }

    /// True once the receiver is gone: a source that brings nothing more is closed then too.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// True if the receiver can do nothing with a message until others follow.
fn may_wait((_, event, burst): &SourceMessage) -> bool {
    let ends = burst.octets.last().is_some_and(|last| LinkKind::may_end(*last));
    matches!(event, Ok(SourceEvent::Octets)) && !ends
}

impl Receiver {
    /// The next message, if there is one.
    pub fn try_next(&self) -> Result<SourceMessage, TryRecvError> {
        self.queue.try_recv().inspect(|message| self.took(message))
    }

    /// Waits for a message, for a signal, for input of the keyboard, or for `timeout`. The queue may be empty
    /// afterwards.
    pub fn wait(&self, keyboard: Option<BorrowedFd<'_>>, timeout: Duration) {
        self.sleeper.wait_with(keyboard, timeout);
    }

    fn took(&self, message: &SourceMessage) {
        self.waiting.fetch_sub(size(message), Ordering::Relaxed);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // A reading thread that waits for room now goes on, and finds that the receiver is gone.
        self.waiting.store(0, Ordering::Relaxed);
        self.is_over.store(true, Ordering::Relaxed);
    }
}

const fn size((_, _, burst): &SourceMessage) -> usize {
    MESSAGE + burst.octets.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize, octets: usize) -> SourceMessage {
        (number, Ok(SourceEvent::Octets), Burst { octets: vec![0; octets], ..Burst::default() })
    }

    const LONG: Duration = Duration::from_secs(60);

    fn wait_for(receiver: &Receiver) -> SourceMessage {
        let start = Instant::now();
        while start.elapsed() < LONG {
            if let Ok(message) = receiver.try_next() {
                return message;
            }
            receiver.wait(None, LOOK);
        }
        panic!("nothing comes")
    }

    #[test]
    fn ten_minutes_of_single_octets_wait_without_holding_up_the_reader() {
        let (mut sender, receiver) = queue().unwrap();
        let octets = 600 / 5 * 376;
        for number in 0..octets {
            assert!(sender.send(message(number, 1)));
        }
        for number in 0..octets {
            assert_eq!(receiver.try_next().unwrap().0, number);
        }
        assert_eq!(receiver.try_next(), Err(TryRecvError::Empty));
        assert_eq!(receiver.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_flood_waits_for_room_and_arrives_whole() {
        let (mut sender, receiver) = queue().unwrap();
        let flood = 4 * ROOM / (16 << 10);
        let reader =
            thread::spawn(move || (0..flood).all(|number| sender.send(message(number, 16 << 10))));
        for number in 0..flood {
            assert_eq!(wait_for(&receiver).0, number);
            let most = ROOM + size(&message(0, 16 << 10));
            assert!(receiver.waiting.load(Ordering::Relaxed) <= most);
        }
        assert!(reader.join().unwrap());
    }

    #[test]
    fn a_reader_that_waits_for_room_is_let_go_at_the_end() {
        let (mut sender, receiver) = queue().unwrap();
        let reader = thread::spawn(move || while sender.send(message(0, 16 << 10)) {});
        assert!(wait_for(&receiver).1.is_ok());
        drop(receiver);
        reader.join().unwrap();
    }

    #[test]
    fn what_may_end_a_frame_and_all_that_is_no_octet_wakes_at_once() {
        let burst = |octets: &[u8]| Burst { octets: octets.to_vec(), ..Burst::default() };
        assert!(may_wait(&(0, Ok(SourceEvent::Octets), burst(&[0x16, 0x68]))));
        assert!(!may_wait(&(0, Ok(SourceEvent::Octets), burst(&[0x68, 0x16]))));
        assert!(!may_wait(&(0, Ok(SourceEvent::End), burst(&[]))));
        assert!(!may_wait(&(0, Ok(SourceEvent::Lost("unplugged".to_owned())), burst(&[]))));
    }

    #[test]
    fn octets_that_wake_nobody_are_found_by_a_look() {
        let (mut sender, receiver) = queue().unwrap();
        for number in 0..3 {
            assert!(sender.send(message(number, 1)));
            assert_eq!(wait_for(&receiver).0, number);
        }
    }

    #[test]
    fn who_waits_is_woken_by_the_first_octets_and_by_the_end_of_all_senders() {
        let (mut sender, receiver) = queue().unwrap();
        let mut other = sender.clone();
        let start = Instant::now();
        sender.send(message(0, 1));
        receiver.wait(None, LONG);
        assert!(receiver.try_next().is_ok());
        drop(sender);
        other.send(message(1, 1));
        receiver.wait(None, LONG);
        assert!(receiver.try_next().is_ok());
        drop(other);
        receiver.wait(None, LONG);
        assert_eq!(receiver.try_next(), Err(TryRecvError::Disconnected));
        assert!(start.elapsed() < LONG);
    }
}
