#!/bin/sh
# Installs what is missing, builds the library, and reads a database with the command, C, Python and Lua.
#
#   sh examples/quickstart.sh                the example database that comes with ese
#   sh examples/quickstart.sh FILE.edb       any other: SRUDB.dat, WebCacheV01.dat, Windows.edb, ...
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/quickstart
database=${1:-}
[ -z "$database" ] || database=$(cd "$(dirname "$database")" && pwd)/$(basename "$database")
cd "$root"
. tests/support/install.sh

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# Only the first lines of a long output, and the beginnings of long lines; the program is not stopped, so its exit
# status still counts.
run_briefly() {
    printf '\n$ %s\n' "$*"
    "$@" >"$build/output.txt"
    LC_ALL=C.UTF-8 sed -n -e 's/^\(.\{110\}\).*/\1 .../' -e '1,12p' "$build/output.txt"
    lines=$(wc -l <"$build/output.txt")
    [ "$lines" -le 12 ] || echo "... ($lines lines)"
}

echo "== Installing what is missing"
install_build_tools

echo "== Building in build/quickstart"
mkdir -p "$build"
quietly "$build/log.txt" cmake -S . -B "$build" -G Ninja -DESE_TESTS=OFF -DESE_PYTHON=ON -DESE_LUA=ON \
    -DPython_EXECUTABLE="$(command -v "$python")"
quietly "$build/log.txt" cmake --build "$build"
if [ -z "$database" ]; then
    database=$build/example.edb
    "$python" examples/make_example.py "$database"
fi
PATH=$build/bin:$PATH
PYTHONPATH=$build/python
LUA_PATH="$build/lua/?.lua;$build/lua/?/init.lua;;"
LUA_CPATH="$build/lua/?.so;;"
export PATH PYTHONPATH LUA_PATH LUA_CPATH

printf '\n== The command\n'
run ese info "$database"
run ese tables "$database"
run_briefly ese dump "$database" --format jsonl

printf '\n== C\n'
run cc -std=c11 -O2 -o "$build/read_table" examples/read_table.c \
    -Icore/include -L"$build/lib" -lese -Wl,-rpath,"$build/lib"
run_briefly "$build/read_table" "$database"

printf '\n== Python\n'
run_briefly "$python" examples/quickstart.py "$database"

printf '\n== Lua\n'
run_briefly lua5.4 examples/quickstart.lua "$database"
