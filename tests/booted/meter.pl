# A meter at an adapter that is unplugged again and again: a pseudo-terminal that is closed, and opened anew.
# Perl, because every Debian has it.
#
#   meter.pl DAY.hex LINK READINGS PID SENT.hex
#
# DAY has a frame in each line, two for a telegram. The adapter comes back as LINK; an unplugging cuts a
# telegram in half, and the next ones are lost as well. SENT gets the frames of the others, which the
# process PID has to store as lines of READINGS.
use strict;
use warnings;
use Fcntl;

use constant {
    UNPLUGS => 60,
    MISSED => 3,            # telegrams that pass while the adapter is away, the cut one included
    TIOCSPTLCK => 0x40045431,
    TIOCGPTN => 0x80045430,
};
my ($day, $link, $readings, $pid, $sent) = @ARGV;

sub wait_for {
    my ($what, $is_true) = @_;
    for (1 .. 60_000) {
        return if $is_true->();
        select undef, undef, undef, 0.001;
    }
    die "meter.pl: a minute has passed: $what\n";
}

sub memory {
    open my $file, '<', "/proc/$pid/status" or die "meter.pl: the service is gone\n";
    my %kib = map { /^(VmRSS|RssAnon):\s+(\d+)/ } <$file>;
    return \%kib;
}

sub plug {
    sysopen my $adapter, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!\n";
    my $unlocked = pack 'i', 0;
    ioctl $adapter, TIOCSPTLCK, $unlocked or die "TIOCSPTLCK: $!\n";
    my $number = pack 'I', 0;
    ioctl $adapter, TIOCGPTN, $number or die "TIOCGPTN: $!\n";
    my $node = '/dev/pts/' . unpack 'I', $number;
    system(qw(stty raw -echo -F), $node) == 0 or die "stty\n";
    chmod 0666, $node;
    unlink $link;
    symlink $node, $link or die "$link: $!\n";
    wait_for("the service opens $node", sub {
        grep { (readlink // '') eq $node } glob "/proc/$pid/fd/*";
    });
    # With its last setting the service drops what came before.
    wait_for("the service sets $node up", sub { `stty -a -F $node` =~ /(?<!-)\bparmrk\b/ });
    return $adapter;
}

sub push_octets {
    my ($adapter, $octets) = @_;
    while (length $octets) {
        my $count = syswrite $adapter, $octets or die "meter.pl: write: $!\n";
        substr $octets, 0, $count, '';
    }
}

open my $file, '<', $day or die "$day: $!\n";
chomp(my @frames = grep { /^[0-9a-f]/ } <$file>);
open my $expected, '>', $sent or die "$sent: $!\n";
my ($telegrams, $count, $size, @memory) = (@frames / 2, 0, 0);
my $at = 0;
for my $part (0 .. UNPLUGS) {
    my $adapter = plug();
    my $end = int $telegrams * ($part + 1) / (UNPLUGS + 1);
    my $whole = $part == UNPLUGS ? $end : $end - MISSED;
    for (; $at < $whole; $at++) {
        my @telegram = @frames[2 * $at, 2 * $at + 1];
        push_octets($adapter, pack 'H*', join '', @telegram);
        # Meters leave five seconds for it. A burst of telegrams would measure the queue of the sink.
        wait_for("a telegram after $count others is stored", sub { (-s $readings // 0) > $size });
        $size = -s $readings;
        print $expected map { "$_\n" } @telegram;
        $count++;
    }
    push @memory, memory();
    if ($part < UNPLUGS) {
        push_octets($adapter, pack 'H*', substr $frames[2 * $at], 0, 200);
        $at = $end;
        unlink $link;
        close $adapter;
    }
}
close $expected;
printf "meter: %d telegrams, %d sent, %d unpluggings\n", $telegrams, $count, UNPLUGS;
my ($first, $last) = @memory[0, -1];
for my $of (qw(VmRSS RssAnon)) {
    my ($most) = sort { $b <=> $a } map { $_->{$of} } @memory;
    printf "memory of the service, %s: %d KiB after the first part, %d KiB at most, %d KiB at the end\n",
        $of, $first->{$of}, $most, $last->{$of};
}
# Sixteen octets for each telegram would be more.
exit($last->{VmRSS} > $first->{VmRSS} + 256);
