#!/bin/sh
# Installs what is missing, builds every variant and runs every test.
#
#   sh tests/run.sh                  everything
#   sh tests/run.sh lint gcc         only these sections; the ones after gcc use its build
#
# Sections: lint gcc install python lua conformance corpus workload crash clang asan tsan valgrind fuzz
# Logs lie in build/logs, one per step. The last line is "N passed, N failed"; the exit status is 1 when
# anything failed. docs/testing.md tells how to run a single test, and the long campaigns.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
. tests/support/install.sh

sections=${*:-lint gcc install python lua conformance corpus workload crash clang asan tsan valgrind fuzz}
build=$root/build
logs=$build/logs
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
fuzz_seconds=${ESE_FUZZ_SECONDS:-40}
example=$build/example.edb
total_passed=0
total_failed=0

# Reference files that are not part of this repository; the tests that compare with them skip without.
ESE_SHARED=${ESE_SHARED:-$root/../shared}
export ESE_SHARED
mkdir -p "$logs"

# Most tests wait for the disk of their files: memory serves them where there is enough of it. Those of core/os keep to a real disk.
files=/tmp
free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
[ -w /dev/shm ] && [ "${free:-0}" -gt 4000000 ] && files=/dev/shm
TMPDIR=$(mktemp -d "$files/ese-tests-XXXXXX") || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# ---- counters: each reads a log and prints "PASSED FAILED"

# The exit status decides: one step, one test.
count_step() {
    echo 0 0
}

# The last "N passed, N failed" of the log (our own scripts).
count_closing_line() {
    awk '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 } END { print p + 0, f + 0 }' "$1"
}

# CMocka's "[  PASSED  ] 3 test(s)." and "[  FAILED  ] group: 1 test(s), listed below:".
count_cmocka() {
    awk '
        /\[  PASSED  \] .*[0-9]+ test\(s\)/ { p += number_before_tests() }
        /\[  FAILED  \] .*[0-9]+ test\(s\)/ { f += number_before_tests() }
        function number_before_tests(    text) {
            text = $0
            sub(/ test\(s\).*/, "", text)
            sub(/.* /, "", text)
            return text + 0
        }
        END { print p + 0, f + 0 }' "$1"
}

# ctest --verbose: a CMocka program counts by its tests, any other program is one test. Every line of a
# program starts with its number; "3/9 Test #5: name ... Passed" tells how it ended.
count_ctest() {
    awk '
        function number_before_tests(    text) {
            text = $0
            sub(/ test\(s\).*/, "", text)
            sub(/.* /, "", text)
            return text + 0
        }
        /^[0-9]+: \[  PASSED  \] .*[0-9]+ test\(s\)/ { good[$1 + 0] += number_before_tests() }
        /^[0-9]+: \[  FAILED  \] .*[0-9]+ test\(s\)/ { bad[$1 + 0] += number_before_tests() }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
            id = $0
            sub(/^[^#]*#/, "", id)
            id += 0
            if ($0 ~ / Passed /) { if (!(id in good)) p++ }
            else if ($0 !~ /Skipped/ && !(id in bad)) f++
            p += good[id]
            f += bad[id]
        }
        END { print p + 0, f + 0 }' "$1"
}

# "=== 12 passed, 1 failed, 2 errors in 3.4s ==="
count_pytest() {
    awk '
        / in [0-9.]+s/ {
            p = f = 0
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) p = $(i - 1)
                if ($i ~ /^(failed|errors?)/) f += $(i - 1)
            }
        }
        END { print p + 0, f + 0 }' "$1"
}

# ---- steps

section() {
    printf '\n== %s\n' "$1"
}

# step NAME COUNTER COMMAND...   runs a command, keeps its output in a log, adds its counts to the total
step() {
    name=$1
    counter=$2
    shift 2
    log=$logs/$name.log
    started=$(date +%s)
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    seconds=$(($(date +%s) - started))
    counts=$("$counter" "$log")
    add_counts "$counter" "$status" "${counts% *}" "${counts#* }"
}

# The second half of step: judges the counts, adds them and prints the line of the step.
add_counts() {
    status=$2
    passed=$3
    failed=$4
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    elif [ "$1" = count_step ] && [ "$status" -eq 0 ]; then
        passed=1
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    if [ "$failed" -eq 0 ]; then
        printf '   ok   %-24s %6d passed %17d s\n' "$name" "$passed" "$seconds"
        return 0
    fi
    printf '   FAIL %-24s %6d passed, %d failed %6d s\n' "$name" "$passed" "$failed" "$seconds"
    show_failure
    return 1
}

# The lines of the log that look like findings, then its end.
show_failure() {
    findings='\[  ERROR|\[   LINE|\[  FAILED|\*\*\*|Sanitizer|runtime error|error:'
    {
        grep -E "$findings" "$log" | head -n 40
        echo "... the end of build/logs/$name.log:"
        tail -n 20 "$log"
    } | sed 's/^/        /'
}

# configure_and_build VARIANT CC CMAKE-OPTION...
configure_and_build() {
    variant=$1
    compiler=$2
    shift 2
    interpreter=$(command -v "$python")
    cmake -S "$root" -B "$build/$variant" -G Ninja -DCMAKE_C_COMPILER="$compiler" -DESE_WERROR=ON \
        -DPython_EXECUTABLE="$interpreter" -DPython3_EXECUTABLE="$interpreter" \
        -DESE_TEST_FOLDER="$files" "$@" &&
        cmake --build "$build/$variant"
}

# run_ctest VARIANT PATTERN [COMMAND...]   the programs that match, all with "."; COMMAND starts ctest
run_ctest() {
    variant=$1
    pattern=$2
    shift 2
    "$@" ctest --test-dir "$build/$variant" -R "$pattern" --verbose --parallel "$jobs" --no-tests=error
}

# ---- sections

check_format() {
    find core swig tests examples -name '*.[ch]' -print0 |
        xargs -0 clang-format --dry-run -Werror
}

tidy() {
    cmake -S "$root" -B "$build/tidy" -G Ninja -DCMAKE_C_COMPILER=clang -DESE_TESTS=OFF &&
        find core -name '*.c' -print0 |
        xargs -0 -n 4 -P "$jobs" clang-tidy --quiet -p "$build/tidy"
}

run_lint() {
    section "lint: what a script can check"
    for check in layers banned headers check_header; do
        step "lint-$check" count_closing_line "$python" "tests/lint/$check.py"
    done
    step lint-self count_pytest "$python" -m pytest -q tests/lint
    step lint-format count_step check_format
    step lint-tidy count_step tidy
    step lint-ruff count_step ruff check .
    step lint-mypy count_step "$python" -m mypy
    step lint-luacheck count_step luacheck --quiet bindings/lua tests/lua examples
}

run_gcc() {
    section "gcc: the build with both languages, unit tests, C examples, exported names"
    step gcc-build count_step configure_and_build gcc gcc -DESE_PYTHON=ON -DESE_LUA=ON || return
    step gcc-tests count_ctest run_ctest gcc .
    step gcc-exports count_closing_line "$python" tests/lint/check_exports.py "$build/gcc/lib/libese.so"
    step gcc-example count_step "$python" examples/make_example.py "$example"
}

run_install() {
    section "install: the installed library and the wheel, used from outside"
    rm -rf "$build/prefix" "$build/use"
    step install-cmake count_step cmake --install "$build/gcc" --prefix "$build/prefix"
    step install-use count_closing_line sh tests/support/use_installed.sh "$build/prefix" "$build/use"
    step install-wheel count_closing_line sh tests/support/use_wheel.sh "$python" "$build/use" "$example"
}

python_with_ese() {
    ESE_FIXTURES=$build/gcc/fixtures PYTHONPATH=$build/gcc/python timeout 900 "$python" "$@"
}

# Runs a command that runs Lua.
with_lua_paths() {
    ESE_FIXTURES=$build/gcc/fixtures LUA_PATH="$build/gcc/lua/?.lua;$root/tests/lua/?.lua;;" \
        LUA_CPATH="$build/gcc/lua/?.so;;" "$@"
}

lua_with_ese() {
    with_lua_paths timeout 300 lua5.4 "$@"
}

run_python() {
    section "python: tests and examples"
    step python-tests count_pytest python_with_ese -m pytest -q tests/python
    for program in examples/*.py; do
        [ "$program" = examples/make_example.py ] ||
            step "python-$(basename "$program" .py)" count_step python_with_ese "$program" "$example"
    done
}

run_lua() {
    section "lua: tests and examples"
    step lua-tests count_closing_line lua_with_ese tests/lua/run.lua
    for program in examples/*.lua; do
        step "lua-$(basename "$program" .lua)" count_step lua_with_ese "$program" "$example"
    done
}

conformance() {
    # shellcheck disable=SC2046
    sh "$ESE_SHARED/conformance/run.sh" core/include "$build/gcc/lib" \
        $(sed 's/#.*//' tests/support/conformance.txt)
}

run_conformance() {
    section "conformance: recorded transcripts of the original"
    if [ ! -d "$ESE_SHARED/conformance" ]; then
        echo "   skipped: no transcripts in $ESE_SHARED"
        return
    fi
    step conformance count_closing_line conformance
}

run_corpus() {
    section "corpus: real databases, every record and index entry"
    if [ ! -d "$ESE_SHARED/corpus" ]; then
        echo "   skipped: no databases in $ESE_SHARED"
        return
    fi
    step corpus-command count_closing_line "$python" tests/support/compare_corpus.py \
        -- "$build/gcc/bin/ese" dump --all-tables --indexes
    step corpus-recovery count_closing_line "$python" tests/support/recover_golden.py "$build/gcc/bin/ese"
    step corpus-logs count_closing_line "$python" tests/support/log_check.py --golden
    step corpus-start count_closing_line \
        python_with_ese tests/support/start_golden.py "$build/gcc/bin/ese"
    step corpus-lua count_closing_line with_lua_paths "$python" tests/support/compare_corpus.py \
        -- lua5.4 "$root/tests/lua/dump.lua" --all-tables
}

# A few thousand operations for each page size; docs/testing.md tells how to run the million.
run_workload() {
    section "workload: random changes against a model; databases of the original, changed; other readers of both"
    ESE_PYTHON=$python
    export ESE_PYTHON
    step workload-campaign count_closing_line sh tests/workload/campaign.sh "$build/gcc/bin" 4000
    if [ -d "$ESE_SHARED/corpus" ]; then
        step workload-corpus count_closing_line \
            python_with_ese tests/workload/change_corpus.py "$build/gcc/bin/ese" "$ESE_SHARED/corpus"
    fi
}

# A run whose disk breaks early has fewer crashes than it is asked for. docs/testing.md tells how to try a hundred thousand.
run_crash() {
    section "crash: recovery from 5000 crashes of recorded runs and from processes that were killed"
    step crash-campaign count_closing_line env ESE_CRASH_KEEP="$build/crash-kept" \
        sh tests/crash/campaign.sh "$build/gcc/bin" 5500 20
}

run_clang() {
    section "clang: unit tests and C examples, release build"
    step clang-build count_step configure_and_build clang clang -DCMAKE_BUILD_TYPE=Release &&
        step clang-tests count_ctest run_ctest clang .
}

run_asan() {
    section "asan: address and undefined-behaviour sanitizers, deep assertions"
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
    UBSAN_OPTIONS=print_stacktrace=1
    export ASAN_OPTIONS UBSAN_OPTIONS
    step asan-build count_step configure_and_build asan clang -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS=-O1 -DESE_SANITIZE=address,undefined -DESE_DEEP_ASSERT=ON &&
        step asan-tests count_ctest run_ctest asan .
}

# The programs that start threads; the others have nothing to show the thread sanitizer.
threaded_programs='threads|locks|bank|isolation|session|instance|schema_catalog|object_model|os_thread|base_err|base_fault'

# The thread sanitizer wants the classic layout of the address space, where the system lets us ask for it.
run_tsan() {
    section "tsan: thread sanitizer"
    plain_layout="setarch -R"
    $plain_layout true 2>/dev/null || plain_layout=
    # shellcheck disable=SC2086
    step tsan-build count_step configure_and_build tsan clang -DESE_SANITIZE=thread &&
        step tsan-tests count_ctest run_ctest tsan "$threaded_programs" $plain_layout &&
        step tsan-workload count_step $plain_layout "$build/tsan/bin/workload" "$build/tsan/workload.edb" \
            --threads 8 --rows 100 --operations 4000 --cache-pages 200 --check-every 60 &&
        rm -rf "$build/tsan/logs" && mkdir "$build/tsan/logs" &&
        step tsan-workload-log count_step $plain_layout "$build/tsan/bin/workload" "$build/tsan/workload.edb" \
            --log "$build/tsan/logs" --log-size 128 \
            --threads 8 --rows 100 --operations 2000 --cache-pages 200 --check-every 60 &&
        step tsan-logs count_closing_line "$python" tests/support/log_check.py \
            --database "$build/tsan/workload.edb" "$build/tsan/logs"
}

valgrind_selection() {
    result=0
    for layer in base page record schema; do
        for program in "$build/gcc/bin/test_$layer"_*; do
            valgrind --quiet --error-exitcode=9 --leak-check=full "$program" || result=1
        done
    done
    return $result
}

run_valgrind() {
    section "valgrind: uninitialised bytes, which the sanitizers do not see; the quick programs"
    step valgrind-tests count_cmocka valgrind_selection
}

run_fuzz() {
    section "fuzz: every target for $fuzz_seconds seconds"
    step fuzz-build count_step configure_and_build fuzz clang -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS=-O1 -DESE_SANITIZE=fuzzer &&
        step fuzz-targets count_closing_line \
            sh tests/fuzz/run.sh "$build/fuzz/bin" "$fuzz_seconds" "$jobs"
}

# ---- the plan

section "tools: installing what is missing"
if install_test_tools; then
    for wanted in $sections; do
        "run_$wanted"
    done
else
    total_failed=1
fi

printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
[ "$total_failed" -eq 0 ]
