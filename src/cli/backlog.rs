//! The queue between the threads that read and the one that does everything else.
//!
//! It is bounded by what it holds and not by how many: a read can bring a single octet, or 16 KiB.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError, TryRecvError},
    },
    thread,
    time::Duration,
};

use meterpipe::source::{Burst, Event, OpenError};

/// What may wait, in octets. A large meter pushes 376 octets every 5 s; if a read brings one of them
/// at a time, this holds more than ten minutes of it, in which standard output may stand still.
const ROOM: usize = 8 << 20;

/// What a message takes besides the octets of its burst: itself, the queue's and the heap's part.
const MESSAGE: usize = size_of::<Message>() + 32;

/// How often a reader looks whether there is room again.
const GLANCE: Duration = Duration::from_millis(20);

/// What a reading thread has to say: the number of its source, and what a read gave.
pub type Message = (usize, Result<Event, OpenError>, Burst);

/// The end of a reading thread.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: mpsc::Sender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// The other end.
#[derive(Debug)]
pub struct Receiver {
    queue: mpsc::Receiver<Message>,
    waiting: Arc<AtomicUsize>,
}

/// An empty queue.
pub fn queue() -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Sender { queue: sender, waiting: waiting.clone() }, Receiver { queue: receiver, waiting })
}

impl Sender {
    /// Hands a message over, with a wait if there is no room. False if nobody takes it any more.
    pub fn send(&self, message: Message) -> bool {
        while self.waiting.load(Ordering::Relaxed) >= ROOM {
            thread::sleep(GLANCE);
        }
        self.waiting.fetch_add(size(&message), Ordering::Relaxed);
        self.queue.send(message).is_ok()
    }
}

impl Receiver {
    /// What is there already.
    pub fn try_next(&self) -> Result<Message, TryRecvError> {
        self.queue.try_recv().inspect(|message| self.took(message))
    }

    /// What is there, or comes within that time.
    pub fn next(&self, patience: Duration) -> Result<Message, RecvTimeoutError> {
        self.queue.recv_timeout(patience).inspect(|message| self.took(message))
    }

    fn took(&self, message: &Message) {
        self.waiting.fetch_sub(size(message), Ordering::Relaxed);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Who waits for room is to find out that nobody is here.
        self.waiting.store(0, Ordering::Relaxed);
    }
}

const fn size((_, _, burst): &Message) -> usize {
    MESSAGE + burst.octets.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize, octets: usize) -> Message {
        (number, Ok(Event::Octets), Burst { octets: vec![0; octets], ..Burst::default() })
    }

    #[test]
    fn ten_minutes_of_single_octets_wait_without_holding_up_the_reader() {
        let (sender, receiver) = queue();
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
        let (sender, receiver) = queue();
        let flood = 4 * ROOM / (16 << 10);
        let reader =
            thread::spawn(move || (0..flood).all(|number| sender.send(message(number, 16 << 10))));
        for number in 0..flood {
            assert_eq!(receiver.next(Duration::from_secs(60)).unwrap().0, number);
            let most = ROOM + size(&message(0, 16 << 10));
            assert!(receiver.waiting.load(Ordering::Relaxed) <= most);
        }
        assert!(reader.join().unwrap());
    }

    #[test]
    fn a_reader_that_waits_for_room_is_let_go_at_the_end() {
        let (sender, receiver) = queue();
        let reader = thread::spawn(move || while sender.send(message(0, 16 << 10)) {});
        assert!(receiver.next(Duration::from_secs(60)).is_ok());
        drop(receiver);
        reader.join().unwrap();
    }
}
