"""Streamlit's scripts, served from memory."""

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request

from dashboard.assets import CACHE, Assets
from dashboard.shell import ASSETS, CHARTS, INDEX, shell

SCRIPT = b'import{a}from"./b.H2.js";import"./c.H3.js";' + b"run(a);" * 1000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Four scripts: one takes two others, of which one takes the first again."""
    (tmp_path / "js").mkdir()
    for name, text in (
        ("a.H1.js", SCRIPT),
        ("b.H2.js", b'export{a}from"./a.H1.js"'),
        ("c.H3.js", b""),
        ("ab.H4.js", b""),
    ):
        (tmp_path / "js" / name).write_bytes(text)
    return tmp_path


async def answered(assets: Assets, name: str, encodings: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    headers = [(b"accept-encoding", encodings.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/assets/{name}",
        "headers": headers,
        "path_params": {"name": name},
    }
    answer = await assets.route().endpoint(Request(scope))
    return answer.status_code, dict(answer.headers), bytes(answer.body)


async def test_it_is_compressed_for_those_who_can_read_that(directory: Path) -> None:
    assets = Assets(directory)
    status, headers, body = await answered(assets, "js/a.H1.js", "gzip, br")
    assert (status, headers["content-encoding"], headers["cache-control"]) == (200, "gzip", CACHE)
    assert "javascript" in headers["content-type"]
    assert gzip.decompress(body) == SCRIPT
    assert (await answered(assets, "js/a.H1.js", "identity"))[2] == SCRIPT


async def test_little_files_stay_as_they_are(directory: Path) -> None:
    _, headers, body = await answered(Assets(directory), "js/b.H2.js", "gzip")
    assert "content-encoding" not in headers
    assert body == b'export{a}from"./a.H1.js"'


@pytest.mark.parametrize("name", ["js/d.js", "../secret", "js/../../secret", "/etc/passwd", "", "js"])
async def test_there_are_no_others(directory: Path, name: str) -> None:
    (directory.parent / "secret").write_text("x")
    assert (await answered(Assets(directory), name, "gzip"))[::2] == (404, b"")


def test_what_a_script_takes_is_found_to_the_last(directory: Path) -> None:
    assert Assets(directory).needed_by(["a"]) == ["js/a.H1.js", "js/b.H2.js", "js/c.H3.js"]


def test_this_release_has_the_scripts_of_charts_where_they_are_looked_for() -> None:
    found = Assets(ASSETS).needed_by(CHARTS)
    for name in CHARTS:
        assert any(file.startswith(f"js/{name}.") for file in found), name
    document = shell(INDEX.read_text(encoding="utf-8"))
    assert "/static/" not in document
    assert document.count("/assets/js/") > 20
