#!/bin/sh
# Uses an installed library as a stranger would: through pkg-config, through CMake, as "esent", statically,
# and the command with its manual page.
#
#   sh tests/support/use_installed.sh PREFIX SCRATCH_DIR
set -u

prefix=$(cd "$1" && pwd)
mkdir -p "$2"
scratch=$(cd "$2" && pwd)
libdir=$(dirname "$(find "$prefix" -name libese.so)")
passed=0
failed=0

check() {
    title=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok   $title"
    else
        failed=$((failed + 1))
        echo "FAIL $title"
    fi
}

cat >"$scratch/program.c" <<'EOF'
#include <ese.h>

#include <stdio.h>

int
main(void)
{
    const char *name = ese_error_name(JET_errOutOfMemory);

    puts(name != NULL ? name : "unknown");
    return name == NULL;
}
EOF

cat >"$scratch/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.25)
project(stranger C)
find_package(ese REQUIRED)
add_executable(shared program.c)
target_link_libraries(shared ese::ese)
add_executable(static program.c)
target_link_libraries(static ese::ese_static)
EOF

with_pkg_config() {
    # shellcheck disable=SC2046
    cc -o "$scratch/pc" "$scratch/program.c" \
        $(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --cflags --libs ese) -Wl,-rpath,"$libdir" &&
        "$scratch/pc"
}

as_esent() {
    cc -o "$scratch/esent" "$scratch/program.c" -I"$prefix/include" -L"$libdir" -lesent \
        -Wl,-rpath,"$libdir" && "$scratch/esent"
}

with_cmake() {
    cmake -S "$scratch" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$scratch/build" && "$scratch/build/shared" && "$scratch/build/static"
}

command_works() {
    "$prefix/bin/ese" --help >/dev/null && [ -s "$prefix/share/man/man1/ese.1" ]
}

soname_is_stable() {
    readelf -d "$libdir/libese.so" | grep -F 'soname: [libese.so.0]'
}

check "pkg-config" with_pkg_config
check "CMake package" with_cmake
check "link name esent" as_esent
check "command and manual page" command_works
check "soname" soname_is_stable
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
