//! The number of waiting lines in the next request.
//!
//! A server that refuses a batch does not say which line is wrong. The batch is halved until the
//! wrong line stands alone, and only that one is left out:
//!
//! ```text
//! 16 refused: 8 stored, 4 refused: 2 stored, 1 refused (left out), then 2, 4, 8, 16 again
//! ```

/// The size of requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteBatch {
    /// The configured size.
    wanted: usize,
    /// The largest size that was not too large.
    most: usize,
    /// The next size, while no lines are suspected.
    next: usize,
    /// The number of first lines that were refused together.
    suspects: usize,
}

impl WriteBatch {
    pub(super) const fn new(most: usize) -> Self {
        Self { wanted: most, most, next: most, suspects: 0 }
    }

    /// The number of lines to send, of those that wait.
    pub(super) fn of(&self, waiting: usize) -> usize {
        let size = if self.suspects > 0 { self.suspects.div_ceil(2) } else { self.next };
        size.clamp(1, waiting.max(1))
    }

    /// True if this many lines need not wait for more.
    pub(super) const fn is_whole(&self, waiting: usize) -> bool {
        self.suspects > 0 || waiting >= self.next
    }

    /// The first lines were stored.
    pub(super) fn stored(&mut self, count: usize) {
        if self.suspects > 0 {
            self.suspects = self.suspects.saturating_sub(count);
        } else {
            self.next = self.next.saturating_mul(2).min(self.most);
        }
    }

    /// The first lines were refused. Returns true if it was a single line, which is therefore
    /// wrong.
    pub(super) fn refused(&mut self, count: usize) -> bool {
        self.suspects = if count > 1 { count } else { 0 };
        if count == 1 {
            self.next = self.most.min(2);
        }
        count == 1
    }

    /// The first lines were too many at once. Returns true if it was a single line, which is
    /// therefore wrong.
    pub(super) fn too_large(&mut self, count: usize) -> bool {
        // A single line that is too large says nothing about others.
        self.most = if count == 1 { self.wanted } else { (count / 2).max(1) };
        self.next = self.most;
        self.suspects = 0;
        count == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that a server stores if it refuses some, and the number of requests.
    fn deliver(count: usize, most: usize, bad: &[usize]) -> (Vec<usize>, usize) {
        let mut lines: Vec<_> = (0..count).collect();
        let (mut stored, mut requests) = (vec![], 0);
        let mut batch = WriteBatch::new(most);
        while !lines.is_empty() {
            requests += 1;
            let size = batch.of(lines.len());
            if !lines[..size].iter().any(|line| bad.contains(line)) {
                stored.extend(lines.drain(..size));
                batch.stored(size);
            } else if batch.refused(size) {
                lines.remove(0);
            }
        }
        (stored, requests)
    }

    #[test]
    fn only_what_is_refused_is_left_out_and_the_order_stays() {
        for count in [1, 2, 3, 7, 16, 33] {
            for most in [1, 2, 5, 16, 100] {
                for bad in 0..count {
                    let others = [bad, count / 2, count - 1];
                    for bad in [&others[..1], &others] {
                        let expected: Vec<_> = (0..count).filter(|at| !bad.contains(at)).collect();
                        assert_eq!(deliver(count, most, bad).0, expected, "{count} {most} {bad:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_line_is_found_in_a_few_requests_and_many_in_two_each() {
        for bad in [0, 1, 1234, 4999] {
            let (stored, requests) = deliver(5000, 5000, &[bad]);
            assert_eq!(stored.len(), 4999);
            assert!(requests <= 30, "{requests}");
        }
        let all: Vec<_> = (0..1000).collect();
        let (stored, requests) = deliver(1000, 1000, &all);
        assert!(stored.is_empty() && requests <= 2 * 1000 + 10, "{requests}");
    }

    #[test]
    fn what_was_too_large_once_is_not_tried_again() {
        let mut batch = WriteBatch::new(100);
        assert!(!batch.too_large(100));
        assert_eq!(batch.of(1000), 50);
        batch.stored(50);
        assert_eq!(batch.of(1000), 50);
        assert!(!batch.too_large(50) && !batch.too_large(25) && !batch.too_large(12));
        assert_eq!(batch.of(1000), 6);
        let mut single = WriteBatch::new(1);
        assert!(single.too_large(1), "a line that never fits");
        assert_eq!(single.of(1000), 1);
        // Without that line the others go out as before.
        assert!(!batch.too_large(6) && !batch.too_large(3) && batch.too_large(1));
        assert_eq!(batch.of(1000), 100);
    }
}
