#!/bin/sh
# Builds the wheel and uses it from a fresh virtual environment, outside the checkout.
#
#   sh tests/support/use_wheel.sh PYTHON SCRATCH_DIR FILE.edb
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
python=$1
scratch=$2
database=$3

rm -rf "$scratch/wheel" "$scratch/environment"
mkdir -p "$scratch"
cd "$root"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$scratch/wheel" .

wheel=$(find "$scratch/wheel" -name 'ese-*.whl')
case $wheel in
*-cp311-abi3-*.whl) ;;
*) echo "not an abi3 wheel: $wheel"; exit 1 ;;
esac

"$python" -m venv "$scratch/environment"
"$scratch/environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-index "$wheel"
cd "$scratch"
environment/bin/python - "$database" <<'EOF'
import sys

import ese

with ese.open(sys.argv[1]) as database:
    for table in database:
        print(table, sum(1 for _ in database[table]), "rows")
EOF
echo "1 passed, 0 failed"
