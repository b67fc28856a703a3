#!/bin/sh
# Runs every fuzz target of a build for some seconds each.
#
#   sh tests/fuzz/run.sh BIN_DIR SECONDS [JOBS]       e.g. build/fuzz/bin 60 2
#
# Seeds come from tests/fuzz/corpus/TARGET; what the fuzzer learns is kept beside the programs, so the next
# run starts from there. A finding is written to BIN_DIR/TARGET.findings/ and fails the target.
set -u

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
seconds=$2
jobs=${3:-1}

run_target() {
    target=$1
    mkdir -p "$bin/$target.learned" "$bin/$target.findings"
    set -- "$bin/$target.learned"
    [ -d "$here/corpus/$target" ] && set -- "$@" "$here/corpus/$target"
    "$bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$bin/$target.findings/" "$@" >"$bin/$target.log" 2>&1
}

# One target in this process: called back through xargs below.
if [ "${ESE_FUZZ_TARGET:-}" ]; then
    run_target "$ESE_FUZZ_TARGET"
    exit
fi

targets=$(cd "$here" && ls fuzz_*.c 2>/dev/null | sed 's/\.c$//')
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
echo "$targets" | xargs -P "$jobs" -I NAME sh -c \
    'ESE_FUZZ_TARGET=NAME sh "$1" "$2" "$3" && : >"$4/NAME"' sh "$0" "$bin" "$seconds" "$results"

passed=0
failed=0
for target in $targets; do
    if [ -e "$results/$target" ]; then
        passed=$((passed + 1))
        echo "ok   $target: $(sed -n 's/^stat::number_of_executed_units: */executions /p' "$bin/$target.log")"
    else
        failed=$((failed + 1))
        echo "FAIL $target"
        tail -n 30 "$bin/$target.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
