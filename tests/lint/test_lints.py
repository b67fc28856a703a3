"""Each lint finds what it is there for, and leaves good code alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import banned
import layers
import pytest
from sources import ROOT, read_exceptions, strip_comments

PAGE = ROOT / "core/page/page_example.c"
CACHE = ROOT / "core/cache/cache_example.c"


def findings_of(
    rule: Callable[..., Iterable[tuple[str, str]]], path: Path, text: str, *more: Any
) -> list[str]:
    return [what for _, what in rule(path, text, *more)]


def test_strip_comments__keeps_line_numbers_and_drops_literals() -> None:
    text = 'a; /* b\nc */ d("/* e */");\n// f\ng'
    assert strip_comments(text).split("\n")[1].strip() == 'd(         );'
    assert strip_comments(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("layer", "target", "allowed"),
    [
        ("cache", "page", True), ("page", "cache", False), ("page", "record", False),
        ("api", "include", True), ("include", "base", False), ("tools", "maint", True),
        ("tools", "btree", False), ("swig", "api", False), ("swig", "include", True),
    ],
)  # fmt: skip
def test_layers__allow_only_downward_includes(layer: str, target: str, allowed: bool) -> None:
    assert layers.may_include(layer, target) is allowed


def test_layers__refuse_upward_include() -> None:
    assert findings_of(layers.check_includes, PAGE, '#include "cache/cache.h"\n', {})


def test_layers__accept_upward_include_with_a_written_reason() -> None:
    exception = {"core/page/page_example.c->core/cache/cache.h": "because"}
    assert not findings_of(layers.check_includes, PAGE, '#include "cache/cache.h"\n', exception)


def test_layers__refuse_unknown_file() -> None:
    assert findings_of(layers.check_includes, PAGE, '#include "nowhere.h"\n', {})


def test_layers__refuse_private_name_of_another_folder() -> None:
    assert findings_of(layers.check_private_names, CACHE, "ese_page__peek();\n")
    assert not findings_of(layers.check_private_names, CACHE, "ese_cache__peek();\n")


def test_layers__measure_functions() -> None:
    text = "static int\nlong_one(int a)\n{\n" + "    a++;\n" * 90 + "}\n\nint\nshort_one(void)\n{\n}\n"
    assert [(name, size) for name, _, size in layers.functions(text)] == [("long_one", 92), ("short_one", 2)]
    assert findings_of(layers.check_sizes, PAGE, text, {}) == ["long_one has 92 lines, the limit is 80"]
    assert not findings_of(layers.check_sizes, PAGE, text, {"core/page/page_example.c:long_one": "a table"})


@pytest.mark.parametrize("call", ["strcpy(a, b)", "sprintf(a, b)", "x = atoi(s)", "strtok(a, b)"])
def test_banned__refuses_call_everywhere(call: str) -> None:
    assert findings_of(banned.check_everywhere, ROOT / "tests/example.c", f"{call};\n")


@pytest.mark.parametrize("text", ["x->free(y);", "my_free(y);", "/* free(y) */", '"free(y)";', "x.free(y);"])
def test_banned__leaves_other_names_alone(text: str) -> None:
    assert not findings_of(banned.check_engine, CACHE, text)


def test_banned__keeps_the_heap_to_one_file() -> None:
    assert findings_of(banned.check_engine, CACHE, "free(y);")
    assert not findings_of(banned.check_engine, ROOT / "core/base/alloc.c", "free(y);")


def test_banned__forbids_codecs_to_allocate() -> None:
    assert findings_of(banned.check_engine, PAGE, "ese_alloc(1, &p);")
    assert not findings_of(banned.check_engine, CACHE, "ese_alloc(1, &p);")


def test_banned__keeps_system_headers_in_os() -> None:
    assert findings_of(banned.check_engine, CACHE, "#include <pthread.h>\n")
    assert not findings_of(banned.check_engine, ROOT / "core/os/os_example.c", "#include <pthread.h>\n")


def test_banned__finds_unfinished_work() -> None:
    assert findings_of(banned.check_everywhere, CACHE, "/* TO" + "DO: later */\n")


def test_exceptions__need_a_reason(tmp_path: Path) -> None:
    file = ROOT / "build" / tmp_path.name
    file.parent.mkdir(exist_ok=True)
    file.write_text("core/page/page.c\n")
    try:
        with pytest.raises(SystemExit):
            read_exceptions(file)
    finally:
        file.unlink()


def test_top_level__has_what_was_agreed() -> None:
    """What a program or a test leaves there by mistake would be committed with the next change."""
    agreed = {"CMakeLists.txt", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"}
    agreed |= {"core", "bindings", "swig", "examples", "tests", "docs"}
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no checkout of git")
    top = {name.strip('"').split("/")[0] for name in listed}
    assert {name for name in top - agreed if not name.startswith(".")} == set()
