#!/bin/sh
# Crash torture of many seeds: each records a run and recovers from some of its crashes; then processes of eight threads are killed while they write.
#
#   campaign.sh BIN [STATES [KILLS [SEED]]]     BIN has the program crash
#
# Half of the processes that are killed have pages of more than 4096 bytes: these need a disk, for only writes past the memory of the kernel are never torn by a kill, and no
# file system in memory has them. The disk is that of BIN, or of ESE_CRASH_DISK.
#
# STATES (default 5000) are shared by the seeds from SEED (default 1) on, ESE_CRASH_PER_SEED (default 250) for each, or all of a seed that has fewer; KILLS (default 10) by ten
# seeds at most. The long form:
#
#   campaign.sh build/gcc/bin 100000 100
#
# As many seeds run at a time as there are processors (ESE_CRASH_JOBS). A violation is printed with its seed, state and the folder that keeps its files. The last line is
# "N passed, N failed".
set -u

bin=$1
states=${2:-5000}
kills=${3:-10}
first=${4:-1}
per_seed=${ESE_CRASH_PER_SEED:-250}
jobs=${ESE_CRASH_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
keep=${ESE_CRASH_KEEP:-${TMPDIR:-/tmp}/ese-crash-kept}
kills_per_seed=$(((kills + 9) / 10))
work=$(mktemp -d "${TMPDIR:-/tmp}/ese-crash-XXXXXX")
ram=/dev/shm
[ -d "$ram" ] && [ -w "$ram" ] || ram=$work
disk=$(mktemp -d "${ESE_CRASH_DISK:-$bin}/ese-crash-XXXXXX" 2>/dev/null) || disk=$work
large=yes
case $(stat -f -c %T "$disk" 2>/dev/null) in
tmpfs | ramfs)
    large=no
    echo "left out: pages of more than 4096 bytes of processes that are killed, for lack of a disk"
    ;;
esac
started=$(date +%s)

# Of the processes that a seed kills.
page_size_of() {
    case $large$(($1 % 6)) in
    yes0) echo 8192 ;;
    yes2) echo 16384 ;;
    yes4) echo 32768 ;;
    *) echo 4096 ;;
    esac
}

# One line of options for each run.
plan_kills() {
    seed=$first
    left=$kills
    while [ "$left" -gt 0 ]; do
        n=$((left < kills_per_seed ? left : kills_per_seed))
        echo "--seed $seed --kills $n --page-size $(page_size_of "$seed")"
        left=$((left - n))
        seed=$((seed + 1))
    done
}

# $1 states, from seed $2 on.
plan_states() {
    left=$1
    seed=$2
    while [ "$left" -gt 0 ]; do
        n=$((left < per_seed ? left : per_seed))
        echo "--seed $seed --states $n"
        left=$((left - n))
        seed=$((seed + 1))
    done
}

# The lines of a plan, under numbers behind $1. A run that ends without its last line has failed.
run_plan() {
    awk -v after="$1" '{ print after + NR, $0 }' | xargs -P "$jobs" -L 1 sh -c '
        bin=$1 work=$2 ram=$3 disk=$4 keep=$5 number=$6
        shift 6
        case " $*" in
        *"--page-size 4096" | *--states*) files=$ram ;;
        *) files=$disk ;;
        esac
        "$bin/crash" "$@" --folder "$files/ese-crash-$$" --keep "$keep" >"$work/$number.log" 2>&1
        status=$?
        case $status in
        0) ;;
        1) cat "$work/$number.log" ;;
        *) cat "$work/$number.log"
           echo "crash $*: status $status"
           echo "0 passed, 1 failed" >>"$work/$number.log" ;;
        esac
        exit 0
    ' campaign "$bin" "$work" "$ram" "$disk" "$keep"
}

# "N N": what has passed and failed so far.
sums() {
    cat /dev/null "$work"/*.log 2>/dev/null |
        awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 } END { print passed + 0, failed + 0 }'
}

{
    plan_kills
    plan_states "$states" "$first"
} >"$work/plan"
seed=$first
runs=0
set -- 0 0
# Further seeds for what is left when some have few states.
while :; do
    run_plan "$runs" <"$work/plan"
    n=$(wc -l <"$work/plan")
    runs=$((runs + n))
    seed=$((seed + n))
    before=$1
    set -- $(sums)
    [ "$2" -eq 0 ] && [ "$1" -lt $((states + kills)) ] && [ "$1" -gt "$before" ] || break
    plan_states $((states + kills - $1)) "$seed" >"$work/plan"
done

printf '%d seconds\n' $(($(date +%s) - started))
printf '%d passed, %d failed\n' "$1" "$2"
rm -rf "$work" "$disk"
[ "$2" -eq 0 ]
