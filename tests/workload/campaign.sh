#!/bin/sh
# The random workload on every page size, with one thread (which changes the schema, too) and with eight; afterwards every database is checked and read by other readers.
#
#   campaign.sh BIN [OPERATIONS [SEED...]]     BIN has the programs ese and workload
#
# Half of the runs keep a log, which a checker of its own then reads. Every third seed runs in a cache of 150 pages, so that pages go out and come back all the time.
# OPERATIONS (default 4000) are those of each run; there are eight runs for each seed. A run that fails leaves its database and log in the folder it names.
set -u

bin=$1
operations=${2:-4000}
[ $# -ge 2 ] && shift 2 || shift 1
seeds=${*:-1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ese-workload-XXXXXX")
python=${ESE_PYTHON:-python3}
passed=0
failed=0

judge() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2: see $work"
        tail -n 5 "$work/$name.log"
    fi
}

# run_one PAGE-SIZE THREADS SEED [LOG-SIZE]
run_one() {
    name=$1-$2-$3
    database=$work/$name.edb
    logs=$work/$name-logs
    mkdir "$logs"
    # shellcheck disable=SC2086
    "$bin/workload" "$database" --page-size "$1" --threads "$2" --seed "$3" --operations "$operations" \
        --rows $((1600 / $2)) --check-every $((64 / $2)) --cache-pages $((150 + $3 % 3 * 225)) \
        ${4:+--log "$logs" --log-size "$4"} >"$work/$name.log" 2>&1
    judge $? "$name: $(tail -n 1 "$work/$name.log")"
    "$bin/ese" check "$database" >>"$work/$name.log" 2>&1
    judge $? "$name: ese check"
    if [ -n "${4:-}" ]; then
        "$python" "$here/../support/log_check.py" --database "$database" "$logs" >>"$work/$name.log" 2>&1
        judge $? "$name: $(tail -n 2 "$work/$name.log" | cut -d, -f1-5 | head -n 1)"
    fi
    [ "$failed" -eq 0 ] && rm -rf "$logs"
}

for seed in $seeds; do
    for size in 4096 16384; do
        run_one $size 1 "$seed"
        run_one $size 8 "$seed" 128
    done
    for size in 8192 32768; do
        run_one $size 1 "$seed" 1024
        run_one $size 8 "$seed"
    done
done
if [ "${ESE_INTEROP:-yes}" = yes ]; then
    name=interop
    "$python" "$here/interop.py" "$bin/ese" "$work"/*.edb >"$work/$name.log" 2>&1
    status=$?
    cat "$work/$name.log"
    judge $status "other readers"
fi
[ "$failed" -eq 0 ] && rm -rf "$work"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
