# What benches/run, benches/live and benches/gate share: how to build, to make data and to count.
# Source it.
# shellcheck shell=bash
#
# A way is a command that takes a file and reads all of it: `decode FORMAT FILE`, `pipe FILE`. Each
# process of it is started under "${under[@]}": nothing, or what measures it.

# What fails in $(…) fails here too.
shopt -s inherit_errexit
export LC_ALL=C
meterpipe=target/release/meterpipe
kernel=target/release/examples/kernel
under=()

# The published example key, which simulate takes too.
key=36C66639E48A8CA4D6BC8B282A793BBB

# Installs what is missing: PROGRAM:PACKAGE…
need() {
    local each missing=() root=()
    for each; do
        command -v "${each%%:*}" >/dev/null || missing+=("${each##*:}")
    done
    [ "${#missing[@]}" != 0 ] || return 0
    [ "$(id -u)" = 0 ] || root=(sudo -n)
    echo "$0: installing ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    if ! { "${root[@]}" apt-get update -q &&
        "${root[@]}" apt-get install -q -y "${missing[@]}"; } >&2; then
        echo "$0: cannot install them; as root: apt-get install ${missing[*]}" >&2
        return 1
    fi
}

# The program as it is released, and then what measures it, EXAMPLE: both at once would give the
# program what only tests need.
build() {
    cargo build --locked --release --quiet
    cargo build --locked --release --quiet --example "$1"
}

# What figures depend on: the day, the machine, the compiler.
machine() {
    local model
    model=$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
    echo "$(date +%F), ${model:-$(uname -m)}, $(rustc --version | cut -d ' ' -f 1,2)"
}

# Makes a folder that goes away at the end, with the key.
make_room() {
    room=$(mktemp -d)
    trap 'rm -rf "$room"' EXIT
    (umask 077 && echo "$key" >"$room/guek")
}

# Telegrams with changing values: METER FORM COUNT, to METER.FORM.COUNT in the room.
simulate() {
    "$meterpipe" simulate --start 2026-06-21T00:00:00Z --meter "$1" --output "$2" --count "$3" \
        >"$room/$1.$2.$3"
}

# On one core: what is measured is work, and a telegram's work is compared with the kernel's.
decode() {
    "${under[@]}" "$meterpipe" decode --jobs 1 --key-file "$room/guek" --format "$1" "$2"
}

pipe() {
    "${under[@]}" "$meterpipe" unframe "$1" |
        "${under[@]}" "$meterpipe" decrypt --key-file "$room/guek" |
        "${under[@]}" "$meterpipe" decode --jobs 1 --format csv
}

# Runs a command under valgrind: the instructions of all its processes.
instructions() {
    rm -f "$room"/callgrind.*
    local under=(valgrind --tool=callgrind --callgrind-out-file=/dev/null
        --log-file="$room/callgrind.%p")
    "$@" >/dev/null
    awk '/Collected :/ { sum += $4 } END { printf "%d\n", sum }' "$room"/callgrind.*
}

# Instructions a telegram, start and end of the process left out: METER.FORM COMMAND…, with the files
# of 1000 and of 3000 telegrams in the room.
slope() {
    local few many file=$room/$1
    shift
    few=$(instructions "$@" "$file.1000")
    many=$(instructions "$@" "$file.3000")
    echo $(((many - few) / 2000))
}

# The same for the kernel: METER FORMAT.
kernel_slope() {
    local few many
    few=$(instructions run_kernel "$@" 1000)
    many=$(instructions run_kernel "$@" 3000)
    echo $(((many - few) / 2000))
}

run_kernel() {
    "${under[@]}" "$kernel" "$@"
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'
}
