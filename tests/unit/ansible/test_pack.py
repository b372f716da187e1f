"""What packs the server's source into a release."""

import importlib.util
import subprocess
import tarfile
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path("ansible/roles/voicebot/files/pack.py")
PROJECT = '[project]\nname = "voicebot-sav"\nversion = "1.2.3"\n'


@pytest.fixture(scope="module")
def pack() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pack", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small one, with what builds and editors leave behind."""
    files = {
        "pyproject.toml": PROJECT,
        "app/__init__.py": "",
        "app/server.py": "serve()\n",
        "app/__pycache__/server.cpython-311.pyc": "x",
        "app/.server.py.swp": "x",
        "ext/line.pyx": "pass\n",
        "ext/line.c": "x",
        "ext/line.cpython-311-x86_64-linux-gnu.so": "x",
        "ext/blocks.h": "x",
    }
    for name, text in files.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(text)
    return tmp_path / "source"


PATHS = ["app", "ext", "pyproject.toml"]
OF_SOURCE = ["app/__init__.py", "app/server.py", "ext/blocks.h", "ext/line.pyx", "pyproject.toml"]


def test_outside_of_git_all_but_leavings_goes_in(pack: ModuleType, source: Path) -> None:
    assert list(pack.contents(source, PATHS)) == OF_SOURCE


def test_in_a_checkout_tracked_files_go_in_as_they_are(pack: ModuleType, source: Path) -> None:
    git = ["git", "-C", str(source)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "app/__init__.py", "app/server.py", "ext/line.pyx", "pyproject.toml"], check=True)
    (source / "app/server.py").write_text("changed()\n")
    (source / "ext/line.pyx").unlink()
    files = pack.contents(source, PATHS)
    assert list(files) == ["app/__init__.py", "app/server.py", "pyproject.toml"]
    assert files["app/server.py"] == b"changed()\n"


def test_the_same_source_is_the_same_release_and_another_line_is_another(pack: ModuleType, source: Path) -> None:
    first = pack.release_of(pack.contents(source, PATHS))
    assert first.startswith("1.2.3-")
    assert pack.release_of(pack.contents(source, PATHS)) == first
    (source / "app/server.py").write_text("serve() \n")
    assert pack.release_of(pack.contents(source, PATHS)) != first


def test_what_moves_from_one_file_to_the_next_is_another_release(pack: ModuleType) -> None:
    project = {"pyproject.toml": PROJECT.encode()}
    assert pack.release_of({"a": b"xy", "b": b"", **project}) != pack.release_of({"a": b"x", "b": b"y", **project})


def test_the_archive_says_nothing_of_when_and_by_whom(pack: ModuleType, source: Path, tmp_path: Path) -> None:
    packed = pack.archive(pack.contents(source, PATHS))
    assert packed == pack.archive(pack.contents(source, PATHS))
    (tmp_path / "archive").write_bytes(packed)
    with tarfile.open(tmp_path / "archive") as archive:
        assert archive.getnames() == OF_SOURCE
        assert {(one.mtime, one.uid, one.uname, one.mode) for one in archive} == {(0, 0, "", 0o644)}


@pytest.mark.parametrize(
    ("removed", "told"),
    [("ext", "is no source of the voicebot: ext is missing"), ("pyproject.toml", "pyproject.toml is missing")],
)
def test_a_source_that_lacks_something_is_refused(pack: ModuleType, source: Path, removed: str, told: str) -> None:
    (source / removed).rename(source.parent / "elsewhere")
    with pytest.raises(SystemExit, match=told):
        pack.contents(source, PATHS)


def test_a_project_without_a_version_is_refused(pack: ModuleType) -> None:
    with pytest.raises(SystemExit, match="names no version"):
        pack.release_of({"pyproject.toml": b'[project]\nname = "voicebot-sav"\n'})


def test_what_the_server_depends_on_is_locked_for_the_appliance_in_the_same_version() -> None:
    """`make lock` was not forgotten."""
    versions = [
        {line.split(";")[0].split(" ")[0] for line in Path(lock).read_text().splitlines() if "==" in line}
        for lock in ("requirements.lock", "requirements-prod.lock")
    ]
    assert versions[1] <= versions[0]
    names = {version.split("==")[0] for version in versions[1]}
    wanted = tomllib.loads(Path("pyproject.toml").read_text())["project"]["dependencies"]
    for dependency in wanted:
        name = dependency.split(";")[0]
        for sign in "<>=[!~ ":
            name = name.split(sign)[0]
        assert name.lower().replace("_", "-") in names
