#!/usr/bin/env python3
"""The public header against the tables of the API: every constant, struct, field and prototype.

The tables (constants.tsv, structs.tsv, functions.tsv) lie in $ESE_SHARED/api, by default beside the checkout.
Without them only the standalone compilation is checked.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from check_exports import documented, prototypes
from sources import ROOT, strip_comments

TABLES = Path(os.environ.get("ESE_SHARED") or ROOT.parent / "shared") / "api"
INCLUDE = ROOT / "core/include"
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LANGUAGES = [
    ("C99", [CC, "-x", "c", "-std=c99"]),
    ("C11", [CC, "-x", "c", "-std=c11"]),
    ("C++17", [CXX, "-x", "c++", "-std=c++17"]),
]
VERSIONS = ["0x0502", "0x0600", "0x0601", "0x0602", "0x0603", "0x0A00"]

# What the C types of 64-bit Windows are called here; the longest first.
WINDOWS_TYPES = [
    ("unsigned long long", "uint64_t"), ("long long", "int64_t"), ("unsigned long", "uint32_t"),
    ("long", "int32_t"), ("unsigned char", "uint8_t"),
]  # fmt: skip

Findings = list[str]
Rows = list[dict[str, str]]


def table(name: str) -> Rows:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def compile_text(command: list[str], text: str) -> str:
    """Compiles the text against the header; the messages of the compiler, empty when it agreed."""
    done = subprocess.run([*command, "-I", str(INCLUDE), "-"], input=text, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def run_probe(statements: list[str]) -> list[str]:
    """Runs the statements after the header in one program; the lines it prints."""
    body = "\n".join(f"    {statement}" for statement in statements)
    text = "#include <esent.h>\n#include <stdio.h>\n" f"int main(void)\n{{\n{body}\n    return 0;\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "probe")
        errors = compile_text([CC, "-x", "c", "-std=c11", "-w", "-o", program], text)
        if errors:
            raise SystemExit(f"the probe does not compile\n{errors}")
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()


def compare(expected: dict[str, str], statement: Callable[[str], str]) -> Findings:
    """Asks one probe for every key, and names the keys whose answer is another than expected."""
    answers = run_probe([statement(key) for key in expected])
    return [
        f"{key} is {answer}, not {value}"
        for (key, value), answer in zip(expected.items(), answers, strict=True)
        if answer != value
    ]


def check_alone() -> Findings:
    """The header alone, in every language, text form and version."""
    found = []
    for language, command in LANGUAGES:
        for version in [None, *VERSIONS]:
            for unicode in (False, True):
                switches = ["#define JET_UNICODE"] if unicode else []
                switches += [f"#define JET_VERSION {version}"] if version else []
                text = "\n".join([*switches, "#include <esent.h>", ""])
                errors = compile_text([*command, *STRICT, "-fsyntax-only"], text)
                if errors:
                    found.append(f"{language} {switches}: {errors.splitlines()[0]}")
    return found


def check_constants(rows: Rows) -> Findings:
    def statement(name: str) -> str:
        return f'\n#ifdef {name}\n printf("%lld\\n", (long long)({name}));\n#else\n puts("absent");\n#endif'

    return compare({row["name"]: row["value"] for row in rows}, statement)


def check_structs(rows: Rows) -> Findings:
    expected = {}
    for row in rows:
        name, field = row["struct"], row["field"]
        if not field:
            expected[name] = row["size"]
        elif row["offset"] != "bitfield":
            expected[f"{name}.{field}"] = f"{row['offset']} {row['size']}"

    def statement(key: str) -> str:
        name, _, field = key.partition(".")
        if not field:
            return f'printf("%zu\\n", sizeof({name}));'
        return f'printf("%zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));'

    return compare(expected, statement)


def check_bit_fields(rows: Rows) -> Findings:
    """Setting every bit of a field shows its width."""
    expected = {
        f"{row['struct']}.{row['field']}": str((1 << int(row["declaration"].rpartition(":")[2])) - 1)
        for row in rows
        if row["offset"] == "bitfield"
    }

    def statement(key: str) -> str:
        name, _, field = key.partition(".")
        return f'{{ {name} x = {{0}}; x.{field} -= 1; printf("%u\\n", (unsigned)x.{field}); }}'

    return compare(expected, statement)


def parameter_types(parameters: str) -> str:
    """The types of a parameter list in Windows terms, in ours and without the names."""
    if parameters.strip() in ("", "void"):
        return "void"
    types = []
    for parameter in parameters.split(","):
        kind = re.sub(r"\w+\s*$", "", parameter)
        for windows, ours in WINDOWS_TYPES:
            kind = re.sub(rf"\b{windows}\b", ours, kind)
        types.append(" ".join(kind.split()))
    return ", ".join(types)


def check_prototypes(rows: Rows) -> Findings:
    found = []
    declared = prototypes()
    present = [row for row in rows if row["function"] in declared]
    found += [f"{row['function']} has no prototype" for row in rows if row["function"] not in declared]
    found += [f"{name} is not in the table" for name in declared - {row["function"] for row in rows}]
    column = next(key for key in rows[0] if key.startswith("parameters"))
    lines = [
        f"_Static_assert(_Generic(&{row['function']},"
        f' JET_ERR (*)({parameter_types(row[column] or "")}): 1, default: 0), "@{row["function"]}@");'
        for row in present
    ]
    errors = compile_text(
        [CC, "-x", "c", "-std=c11", "-w", "-fsyntax-only", "-fmax-errors=0"],
        "\n".join(["#include <esent.h>", *lines, ""]),
    )
    wrong = sorted(set(re.findall(r"@(\w+)@", errors)))
    found += [f"{name} has other parameters" for name in wrong]
    if errors and not wrong:
        found.append(errors.splitlines()[0])
    return found


def check_error_list(rows: Rows) -> Findings:
    """core/base/err.def names every error and warning, and nothing else."""
    text = strip_comments((ROOT / "core/base/err.def").read_text())
    listed = set(re.findall(r"^ESE_ERR\((\w+),", text, re.MULTILINE))
    wanted = {row["name"] for row in rows if re.match(r"JET_(err|wrn)", row["name"])}
    found = [f"err.def lacks {name}" for name in sorted(wanted - listed)]
    return found + [f"err.def has {name}, which is not in the table" for name in sorted(listed - wanted)]


def main() -> int:
    results = [("compiles alone", len(LANGUAGES) * (len(VERSIONS) + 1) * 2, check_alone())]
    if (TABLES / "constants.tsv").exists():
        constants, structs, functions = (table(f"{name}.tsv") for name in ("constants", "structs", "functions"))
        fields = [row for row in structs if row["field"]]
        bits = [row for row in fields if row["offset"] == "bitfield"]
        n_errors = sum(bool(re.match(r"JET_(err|wrn)", row["name"])) for row in constants)
        results += [
            ("constants", len(constants), check_constants(constants)),
            ("structs and their fields", len(structs) - len(bits), check_structs(structs)),
            ("bit-fields", len(bits), check_bit_fields(structs)),
            ("prototypes", len(functions), check_prototypes(functions)),
            ("entries of err.def", n_errors, check_error_list(constants)),
        ]
        print(f"structs: {len(structs) - len(fields)}; documented functions: {len(documented())}")
    else:
        print(f"skipped: no tables of the API in {TABLES}")
    failed = 0
    for title, count, findings in results:
        for finding in findings:
            print(f"{title}: {finding}")
        print(f"{title}: {count} checked, {len(findings)} wrong")
        failed += bool(findings)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
