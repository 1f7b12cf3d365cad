# Shared by benches/run, benches/live and benches/gate: how to build, to make data and to count.
# Source it.
# shellcheck shell=bash
#
# A way is a command that takes a file and reads all of it: `decode FORMAT FILE`, `pipe FILE`. Each
# process of it is started under "${under[@]}": nothing, or the program that measures it.

# A command that fails in $(…) fails here too.
shopt -s inherit_errexit
export LC_ALL=C
meterpipe=target/release/meterpipe
kernel=target/release/examples/kernel
under=()

# The published example key, which simulate takes too.
key=36C66639E48A8CA4D6BC8B282A793BBB

# Installs the programs that are missing: PROGRAM:PACKAGE…
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

# The program as it is released, and then EXAMPLE, which measures it: both at once would give the
# program the features that only tests need.
build() {
    cargo build --locked --release --quiet
    cargo build --locked --release --quiet --example "$1"
}

# Figures depend on the day, the machine, the compiler.
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

# The ways that are measured beside the hex of each meter: NAME FORMAT FILES COMMAND…, a line each.
# make_form makes the files.
ways() {
    cat <<END
spaced csv spaced decode csv
esphome csv esphome decode csv
xxd csv xxd decode csv
layouts csv layouts decode csv
hdlc csv netz-burgenland.hex decode csv
keys csv keys decode_with keys csv
hex influx netz-noe-kaifa.hex decode influx
hex lines netz-noe-kaifa.hex decode lines
hex table netz-noe-kaifa.hex decode table
publish file readings publish
END
}

# Makes FORM.COUNT in the room from the hex of so many telegrams of netz-noe-kaifa, or from nothing.
make_form() {
    local form=$1 count=$2 hex=$room/netz-noe-kaifa.hex.$2 file=$room/$1.$2
    case $form in
        # 68 fa fa 68
        spaced) sed 's/../& /g; s/ $//' "$hex" >"$file" ;;
        esphome)
            sed 's/../&:/g; s/:$//; s/^/[12:34:56][D][uart_debug:114]: <<< /' "$hex" >"$file"
            ;;
        xxd) xxd -r -p "$hex" | xxd >"$file" ;;
        netz-burgenland.hex) simulate netz-burgenland hex "$count" ;;
        layouts) make_layouts "$count" >"$file" ;;
        keys) make_meters "$count" >"$file" ;;
        readings) decode json "$hex" >"$file" ;;
    esac
}

# Plain lists of one to eleven registers in turn: eleven layouts in one stream. A code and a unit each.
make_layouts() {
    awk -v count="$1" 'BEGIN {
        split("010800 020800 010700 020700 200700 340700 480700 1f0700 330700 470700 0d0700", codes)
        split("1e 1e 1b 1b 23 23 23 21 21 21 ff", units)
        for (i = 0; i < count; i++) {
            size = 1 + i % 11
            printf "0f%08x0c07ea061507%02x%02x0000ff888002%02x", i, i / 60 % 24, i % 60, size
            for (k = 1; k <= size; k++) {
                printf "020309060100%sff06%08x02020f0016%s", codes[k], i * k, units[k]
            }
            print ""
        }
    }'
}

# Telegrams of a new meter after every fifty, and a key file with 5 000 numbers, theirs among them.
make_meters() {
    local seed each=$(($1 < 50 ? $1 : 50))
    for ((seed = 1; seed <= $1 / each; seed++)); do
        "$meterpipe" simulate --start 2026-06-21T00:00:00Z --seed "$seed" --output hex \
            --count "$each"
    done | tee "$room/meters" &&
        (umask 077 && numbers "$room/meters" >"$room/keys")
}

numbers() {
    decode lines "$1" | cut -f 2 | uniq | awk -v key="$key" '
        { number[NR] = $1 }
        END {
            for (i = 1; i <= 5000; i++) {
                own = i % int(5000 / NR) == 0 ? i / int(5000 / NR) : 0
                if (own in number) {
                    print number[own], key
                } else {
                    printf "%012d %032X\n", i, i
                }
            }
        }'
}

# On one core: what is measured is work, and a telegram's work is compared with the kernel's.
decode() {
    decode_with guek "$@"
}

# The same with another file of keys: KEYS FORMAT FILE.
decode_with() {
    "${under[@]}" "$meterpipe" decode --jobs 1 --key-file "$room/$1" --format "$2" "$3"
}

publish() {
    rm -f "$room/published.jsonl"
    "${under[@]}" "$meterpipe" publish --to "file:$room/published.jsonl" "$1"
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
