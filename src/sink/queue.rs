//! The queue in front of a sink.
//!
//! The queue is bounded. When it is full and its sink is at work, a producer that reads a file
//! waits for room, so that the sink stores the whole file at its own speed. A producer of live
//! readings never waits. Neither does any producer while the sink is blocked, or has shown no sign
//! of life for a while, as during a write to a disk that hangs: then the queue drops its oldest
//! readings and counts them.
//!
//! A producer that can wait for ever, because its input is a file, asks
//! [`holds_up`](QueueSender::holds_up) before it puts readings into the queue of a blocked sink.
//!
//! A sink that is not alone must not hold up the others. A file then [runs ahead](QueueSender::run_ahead)
//! of it: the readings for which the queue has no room wait in an `Overflow`. Once that is full too, a
//! working sink is waited for, and a blocked one loses its oldest readings.

use std::{
    collections::VecDeque,
    io, iter,
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    format::readings::Readings,
    sink::{event::SinkEvent, overflow::Overflow},
    wake::{self, Sleeper, Waker},
};

/// How often a waiting producer checks whether the sink is blocked.
const GLANCE: Duration = Duration::from_millis(100);

/// A sink with waiting events that does not look at its queue for this time hangs.
const HANGS: Duration = Duration::from_secs(10);

/// A sink that empties its queue looks at it in this time.
const EMPTIES: Duration = Duration::from_secs(1);

/// The end that the sink reads.
#[derive(Debug)]
pub struct QueueReceiver {
    shared: Arc<Shared>,
    sleeper: Sleeper,
}

/// The end that the producer writes.
#[derive(Debug)]
pub struct QueueSender {
    shared: Arc<Shared>,
    waker: Waker,
}

/// A look at a queue from elsewhere.
#[derive(Clone, Debug)]
pub struct QueueWatch(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    room: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct Queue {
    events: VecDeque<SinkEvent>,
    /// When the sink looked last, or an event came into the empty queue.
    alive: Instant,
    /// When the sink has to have ended.
    deadline: Option<Instant>,
    blocked: bool,
    /// Newer readings replace older ones.
    replaces: bool,
    /// The sink waits for an answer that may never come.
    waits: bool,
    /// The sink is gone.
    closed: bool,
    /// The last readings came from a producer that does not wait.
    live: bool,
    dropped: u64,
    /// A file does not wait for this sink as long as the disk has room.
    runs_ahead: bool,
    /// The readings behind the events.
    overflow: Option<Overflow>,
}

/// A queue for `capacity` events.
///
/// # Errors
/// The process has no more file descriptors.
pub fn queue(capacity: usize) -> io::Result<(QueueSender, QueueReceiver)> {
    let (waker, sleeper) = wake::pair()?;
    let queue = Queue {
        events: VecDeque::new(),
        alive: Instant::now(),
        deadline: None,
        blocked: false,
        replaces: false,
        waits: false,
        closed: false,
        live: false,
        dropped: 0,
        runs_ahead: false,
        overflow: None,
    };
    let (queue, room) = (Mutex::new(queue), Condvar::new());
    let shared = Arc::new(Shared { queue, room, capacity: capacity.max(1) });
    Ok((QueueSender { shared: shared.clone(), waker }, QueueReceiver { shared, sleeper }))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No change here can be half done, so the data of a failed thread is whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// True if the sink works on its events.
    fn is_at_work(&self) -> bool {
        !self.blocked && !self.closed && self.alive.elapsed() < HANGS
    }

    /// The number of readings that are there.
    fn waiting(&self) -> u64 {
        let readings = |event: &&SinkEvent| matches!(event, SinkEvent::Readings(_));
        self.events.iter().filter(readings).count() as u64 + self.on_disk()
    }

    /// The number of readings behind the events.
    fn on_disk(&self) -> u64 {
        self.overflow.as_ref().map_or(0, Overflow::waiting)
    }

    /// Puts readings behind those on the disk, or behind a full queue; false if they have no room there.
    fn spill(&mut self, event: &SinkEvent, live: bool) -> bool {
        let SinkEvent::Readings(readings) = event else {
            return false;
        };
        if self.closed || !self.runs_ahead || live && self.on_disk() == 0 {
            return false;
        }
        if self.overflow.is_none() {
            self.overflow = Overflow::create().ok();
            // Without a disk the producer waits.
            self.runs_ahead = self.overflow.is_some();
        }
        self.overflow.as_mut().is_some_and(|overflow| overflow.push(readings))
    }

    /// Moves readings from the disk to the end of the events.
    fn refill(&mut self) {
        while self.on_disk() > 0
            && self.events.is_empty()
            && let Some(overflow) = &mut self.overflow
        {
            let batch = overflow.take();
            self.dropped += batch.damaged;
            self.events.extend(batch.readings.into_iter().map(Arc::new).map(SinkEvent::Readings));
        }
    }

    /// Takes the oldest event.
    fn pop(&mut self) -> Option<SinkEvent> {
        self.refill();
        self.events.pop_front()
    }
}

impl QueueWatch {
    /// The number of readings that wait for the sink.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.0.lock().waiting()
    }
}

impl QueueSender {
    /// A look at this queue for others.
    #[must_use]
    pub fn watch(&self) -> QueueWatch {
        QueueWatch(self.shared.clone())
    }

    /// Puts an event in, and waits for room as long as the sink is at work.
    pub fn put(&self, event: SinkEvent) {
        self.put_while(event, &|| true);
    }

    /// Puts an event in, and waits for room as long as that is true and the sink is at work.
    pub fn put_while(&self, event: SinkEvent, waits: &dyn Fn() -> bool) {
        self.add(event, false, waits);
    }

    /// Puts an event in at once: the oldest event makes room.
    pub fn put_now(&self, event: SinkEvent) {
        self.add(event, true, &|| false);
    }

    /// From now on a file does not wait for this sink as long as the disk has room.
    pub fn run_ahead(&self) {
        self.shared.lock().runs_ahead = true;
    }

    fn add(&self, event: SinkEvent, live: bool, waits: &dyn Fn() -> bool) {
        let mut queue = self.shared.lock();
        let is_reopen = matches!(event, SinkEvent::Reopen);
        if !is_reopen {
            queue.live = live;
        }
        loop {
            // Queues of which one runs ahead of the other share no readings, so each is shorter.
            let part = if queue.runs_ahead && !live { 8 } else { 1 };
            let capacity = self.shared.capacity.div_ceil(part);
            let has_room = queue.events.len() < capacity && queue.on_disk() == 0;
            if has_room || is_reopen {
                if queue.events.is_empty() {
                    queue.alive = Instant::now();
                }
                // One request is enough, and takes the place of no reading.
                if is_reopen {
                    queue.events.retain(|event| matches!(event, SinkEvent::Readings(_)));
                }
                queue.events.push_back(event);
                break;
            }
            if queue.spill(&event, live) {
                break;
            }
            if waits() && queue.is_at_work() {
                let waited = self.shared.room.wait_timeout(queue, GLANCE);
                queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                let dropped = queue.pop();
                queue.dropped += u64::from(matches!(dropped, Some(SinkEvent::Readings(_))));
            }
        }
        drop(queue);
        self.waker.wake();
    }

    /// True while a blocked sink that stores every reading has little room left.
    #[must_use]
    pub fn holds_up(&self) -> bool {
        let queue = self.shared.lock();
        // One telegram may confirm many that the guard held.
        let is_full = queue.events.len() > self.shared.capacity / 2;
        is_full && !queue.runs_ahead && queue.blocked && !queue.replaces && !queue.closed
    }

    /// Ends the queue, and sets the time by which the sink has to end.
    pub fn end(&self, deadline: Instant) {
        let mut queue = self.shared.lock();
        (queue.deadline, queue.alive) = (Some(deadline), Instant::now());
        drop(queue);
        self.waker.wake();
    }

    /// True while the sink, whose time is over, still empties its queue, for example into its spool.
    #[must_use]
    pub fn is_emptied(&self) -> bool {
        let queue = self.shared.lock();
        !queue.closed && queue.waiting() > 0 && queue.alive.elapsed() < EMPTIES
    }

    /// The number of readings that the sink has not taken: those that are there, and those that
    /// were dropped since it looked.
    #[must_use]
    pub fn left(&self) -> u64 {
        let queue = self.shared.lock();
        queue.waiting() + queue.dropped
    }

    /// Extends the deadline of a sink that is at work; returns the deadline that holds.
    pub fn extend(&self, deadline: Instant) -> Instant {
        let mut queue = self.shared.lock();
        let more = queue.is_at_work() && !queue.waits;
        let deadline = if more { Some(deadline) } else { queue.deadline };
        *queue.deadline.insert(deadline.unwrap_or_else(Instant::now))
    }
}

impl QueueReceiver {
    /// The next event, if one comes within this time.
    pub fn next(&self, timeout: Duration) -> Option<SinkEvent> {
        let mut since = None;
        loop {
            let mut queue = self.look();
            let (event, now) = (queue.pop(), queue.alive);
            let ended = queue.deadline.is_some();
            drop(queue);
            if event.is_some() {
                self.shared.room.notify_one();
                return event;
            }
            let left = timeout.saturating_sub(now - *since.get_or_insert(now));
            if ended || left.is_zero() {
                return None;
            }
            // A wake-up may be for an event that was already taken, so one look is not enough.
            self.wait(left);
        }
    }

    /// The next event, if there is one now.
    #[must_use]
    pub fn take(&self) -> Option<SinkEvent> {
        let mut queue = self.look();
        let event = queue.pop()?;
        self.shared.room.notify_one();
        Some(event)
    }

    /// The readings that are there now, for sinks that have no files to open anew.
    pub fn readings(&self) -> impl Iterator<Item = Arc<Readings>> {
        iter::from_fn(|| self.take()).filter_map(|event| match event {
            SinkEvent::Readings(readings) => Some(readings),
            SinkEvent::Reopen => None,
        })
    }

    /// The number of readings that the sink will not take: those that are there, and those that
    /// were dropped.
    #[must_use]
    pub fn abandon(&self) -> u64 {
        let mut queue = self.look();
        let waiting = queue.waiting();
        queue.events.clear();
        queue.overflow = None;
        drop(queue);
        waiting + self.dropped()
    }

    /// When the sink has to have ended, once no more events come.
    pub fn deadline(&self) -> Option<Instant> {
        self.look().deadline
    }

    /// True once no more events come.
    pub fn is_ended(&self) -> bool {
        self.deadline().is_some()
    }

    /// True while the sink waits for an answer that may never come: its deadline is then not
    /// extended.
    pub fn waits(&self, waits: bool) {
        self.look().waits = waits;
    }

    /// True while the sink is blocked: producers then drop the oldest reading instead of waiting.
    pub fn blocked(&self, blocked: bool) {
        self.look().blocked = blocked;
        self.shared.room.notify_one();
    }

    /// For a sink that shows the last readings: nobody waits until it has shown those before.
    pub fn replaces(&self) {
        self.look().replaces = true;
    }

    /// True if readings come from a meter and not from a file: newer ones then replace older ones.
    pub fn is_live(&self) -> bool {
        self.look().live
    }

    /// The number of readings dropped since the last call.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        std::mem::take(&mut self.look().dropped)
    }

    /// Locks the queue and records a sign of life.
    fn look(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.shared.lock();
        queue.alive = Instant::now();
        queue
    }

    /// Waits for an event, for the end, or for this time.
    pub fn wait(&self, timeout: Duration) {
        self.sleeper.wait(timeout);
    }

    /// Forgets the wake-ups so far. For sinks that poll [the descriptor](AsFd) together with
    /// others.
    pub fn clear_wake_ups(&self) {
        self.sleeper.clear();
    }
}

impl AsFd for QueueReceiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sleeper.as_fd()
    }
}

impl Drop for QueueReceiver {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn event(power: usize) -> SinkEvent {
        let line = format!("{{\"power_net_w\":{power}}}");
        SinkEvent::Readings(Arc::new(Readings::parse(line.as_bytes()).unwrap()))
    }

    fn power(event: Option<SinkEvent>) -> String {
        match event {
            Some(SinkEvent::Readings(readings)) => {
                readings.members().first().unwrap().value.to_string()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_sink_at_work_gets_everything_in_order() {
        let (sender, receiver) = queue(4).unwrap();
        let bringer = thread::spawn(move || {
            (0..1000).for_each(|number| sender.put(event(number)));
            sender.end(Instant::now());
        });
        for number in 0..1000 {
            assert_eq!(power(receiver.next(LONG)), number.to_string());
        }
        bringer.join().unwrap();
        assert!(receiver.next(LONG).is_none() && receiver.is_ended());
        assert_eq!(receiver.dropped(), 0);
    }

    #[test]
    fn nobody_waits_for_a_failing_sink_and_what_goes_is_counted() {
        let (sender, receiver) = queue(4).unwrap();
        receiver.blocked(true);
        (0..10).for_each(|number| sender.put(event(number)));
        assert_eq!(receiver.dropped(), 6);
        assert_eq!(power(receiver.take()), "6", "the newest stay");
        drop(receiver);
        (0..10).for_each(|number| sender.put(event(number)));
    }

    #[test]
    fn a_file_waits_for_a_failing_sink_that_stores_every_reading() {
        let (sender, receiver) = queue(4).unwrap();
        let held_up = |count: usize| {
            (0..count).for_each(|number| sender.put(event(number)));
            sender.holds_up()
        };
        assert!(!held_up(3), "the sink is at work");
        receiver.blocked(true);
        assert!(held_up(0));
        assert_eq!(power(receiver.take()), "0");
        assert!(!held_up(0) && held_up(1));
        receiver.replaces();
        assert!(!held_up(0));
    }

    #[test]
    fn nobody_waits_with_what_a_meter_sends_now() {
        let (sender, receiver) = queue(4).unwrap();
        (0..10).for_each(|number| sender.put_now(event(number)));
        assert_eq!((receiver.dropped(), &*power(receiver.take())), (6, "6"));
        assert!(receiver.is_live());
        sender.put(event(10));
        sender.put_now(SinkEvent::Reopen);
        assert!(!receiver.is_live(), "now they come from a file");
    }

    #[test]
    fn a_file_runs_ahead_of_a_sink_that_is_not_alone() {
        let (sender, receiver) = queue(4).unwrap();
        sender.run_ahead();
        receiver.blocked(true);
        (0..10_000).for_each(|number| sender.put(event(number)));
        assert!(!sender.holds_up());
        sender.put_now(SinkEvent::Reopen);
        sender.put_now(event(10_000));
        assert_eq!((sender.left(), sender.watch().waiting()), (10_001, 10_001));
        let (mut taken, mut reopened) = (0, false);
        while let Some(event) = receiver.take() {
            match event {
                SinkEvent::Reopen => reopened = true,
                readings => {
                    assert_eq!(power(Some(readings)), taken.to_string());
                    taken += 1;
                }
            }
        }
        assert_eq!((taken, reopened, receiver.dropped()), (10_001, true, 0));
        (0..100).for_each(|number| sender.put(event(number)));
        assert_eq!((receiver.abandon(), sender.left()), (100, 0));
    }

    #[test]
    fn a_sink_that_hangs_is_waited_for_once_and_has_no_more_time_at_its_end() {
        let (sender, receiver) = queue(2).unwrap();
        let since = Instant::now();
        (0..100).for_each(|number| sender.put(event(number)));
        assert!(since.elapsed() >= HANGS, "{:?}", since.elapsed());
        assert_eq!(sender.left(), 100);
        assert_eq!((receiver.dropped(), sender.left()), (98, 2));
        sender.end(since);
        receiver.blocked(true);
        assert_eq!(sender.extend(since + LONG), since);
        receiver.blocked(false);
        receiver.waits(true);
        assert_eq!(sender.extend(since + LONG), since);
        receiver.waits(false);
        assert_eq!(sender.extend(since + LONG), since + LONG, "it has time to work");
        assert_eq!(receiver.deadline(), Some(since + LONG));
    }
}
