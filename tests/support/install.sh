# shellcheck shell=sh
# Finds or installs the tools that the build and the tests need; sourced by tests/run.sh and
# examples/quickstart.sh, which set $root to the checkout.
#
#   install_build_tools    compiler, CMake, Lua, Python, SWIG: enough to build everything
#   install_test_tools     the rest: CMocka, clang, valgrind, pytest, linters
#
# Nothing is touched, and no network used, when the tools are there. Debian packages are installed for
# whatever is missing; Python packages go to build/venv, never to the system.

venv=$root/build/venv
python_wanted='sys.version_info >= (3, 11)'

have() {
    for command in "$@"; do
        command -v "$command" >/dev/null 2>&1 || return 1
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        echo "this needs root or sudo: $*" >&2
        return 1
    fi
}

# True when the C compiler $1 can build and link a program with the flags $2...
compiles() {
    compiler=$1
    shift
    have "$compiler" || return 1
    probe=$(mktemp) || return 1
    echo 'int LLVMFuzzerTestOneInput(void) { return 0; } int main(void) { return 0; }' |
        "$compiler" -x c - -o "$probe" "$@" >/dev/null 2>&1
    result=$?
    rm -f "$probe"
    return $result
}

# wants TEST-COMMAND... -- PACKAGE...   adds the packages to $missing when the test fails
wants() {
    probe_command=
    while [ "$1" != -- ]; do
        probe_command="$probe_command $1"
        shift
    done
    shift
    $probe_command >/dev/null 2>&1 || missing="$missing $*"
}

install_missing_packages() {
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    if ! have apt-get; then
        echo "please install these (Debian names) with the package manager of this system" >&2
        return 1
    fi
    mkdir -p "$root/build"
    quietly "$root/build/install.txt" install_debian_packages
}

install_debian_packages() {
    # shellcheck disable=SC2086
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends $missing
}

# quietly LOG COMMAND...   adds the output to the log; shows its end when the command fails
quietly() {
    quiet_log=$1
    shift
    "$@" >>"$quiet_log" 2>&1 </dev/null && return 0
    echo "failed: $*; the end of $quiet_log:" >&2
    tail -n 40 "$quiet_log" >&2
    return 1
}

# Sets $python to an interpreter that is new enough and can build modules; fails when there is none.
find_python() {
    for python in python3 /usr/bin/python3; do
        "$python" - <<EOF >/dev/null 2>&1 && return 0
import os, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(0 if $python_wanted and os.path.exists(header) else 1)
EOF
    done
    return 1
}

swig_is_new() {
    swig -version 2>/dev/null | grep -Eq 'Version (4\.([2-9]|[1-9][0-9])|[5-9])'
}

# True when the Python on PATH can import every module of $1 and SWIG is new enough.
python_is_complete() {
    swig_is_new || return 1
    for module in $1; do
        "$python" -c "import $module" >/dev/null 2>&1 || return 1
    done
}

use_venv() {
    VIRTUAL_ENV=$venv
    PATH=$venv/bin:$PATH
    python=$venv/bin/python3
    export VIRTUAL_ENV PATH
}

# install_python MODULES PIP-PACKAGES
install_python() {
    find_python || return 1
    python_is_complete "$1" && return 0
    if [ ! -x "$venv/bin/pip" ]; then
        "$python" -m venv --clear "$venv" || return 1
    fi
    use_venv
    python_is_complete "$1" && return 0
    echo "installing in build/venv: $2"
    # shellcheck disable=SC2086
    "$python" -m pip install --quiet --disable-pip-version-check $2
}

want_build_packages() {
    wants compiles cc -- gcc libc6-dev
    wants have cmake -- cmake
    wants have ninja -- ninja-build
    wants have pkg-config -- pkg-config
    wants have lua5.4 -- lua5.4
    wants pkg-config --exists lua5.4 -- liblua5.4-dev
    wants find_python -- python3 python3-dev python3-venv
    wants python_can_make_venv -- python3-venv
}

python_can_make_venv() {
    find_python && "$python" -c 'import ensurepip'
}

install_build_tools() {
    missing=
    want_build_packages
    install_missing_packages &&
        install_python "" "swig>=4.2"
}

install_test_tools() {
    missing=
    want_build_packages
    wants compiles c++ -- g++
    wants compiles clang -- clang
    wants compiles clang -fsanitize=address,undefined -- libclang-rt-dev
    wants have clang-format -- clang-format
    wants have clang-tidy -- clang-tidy
    wants have luacheck -- lua-check
    wants have valgrind -- valgrind
    wants pkg-config --exists cmocka -- libcmocka-dev
    install_missing_packages &&
        install_python "pytest hypothesis mypy ruff scikit_build_core" \
            "swig>=4.2 pytest hypothesis mypy ruff scikit-build-core"
}
