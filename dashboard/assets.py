"""Streamlit's own scripts, styles and fonts, served from memory: its way reads each anew, in pieces, through threads.

A first visit asks for some hundred of them while the page's script wants to run in the same process. Each is kept as it
is first asked for, and compressed once.
"""

import asyncio
import gzip
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CACHE = "public, immutable, max-age=31536000"
"""Every name holds a hash of what is in the file."""
COMPRESSIBLE = (".js", ".css", ".svg", ".json", ".ttf")
COMPRESSION_MIN_BYTES = 1400
"""What fits into one packet takes no less time compressed."""
LEVEL = 6
IMPORTED = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"|(?:from|import)`\./([\w.-]+\.js)`')


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        packed: gzip; None if it takes no less so.
    """

    kind: str
    plain: bytes
    packed: bytes | None


class Assets:
    """The files below a directory, as they are when this is made; other names are not looked for.

    Args:
        directory: Streamlit's `static/static`.
    """

    def __init__(self, directory: Path) -> None:
        self._files = {str(file.relative_to(directory)): file for file in directory.rglob("*") if file.is_file()}
        self._kept: dict[str, Asset] = {}

    def route(self) -> Route:
        """Under `/assets/`: `/static/` is Streamlit's own, and files that belong together find each other anywhere."""
        return Route("/assets/{name:path}", self._serve, methods=["GET"])

    def needed_by(self, names: Iterable[str]) -> list[str]:
        """Scripts that begin with these names (the hash behind them changes), and all that they import, by name."""
        found: dict[str, None] = {}
        waiting = [file for file in sorted(self._files) if file.startswith(tuple(f"js/{name}." for name in names))]
        while waiting:
            file = waiting.pop(0)
            if file not in found and file in self._files:
                found[file] = None
                imports = IMPORTED.findall(self._files[file].read_text(encoding="utf-8"))
                waiting += [f"js/{one or other}" for one, other in imports]
        return list(found)

    async def _serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        asset = self._kept.get(name)
        if asset is None:
            file = self._files.get(name)
            if file is None:
                return Response(status_code=404)
            asset = self._kept[name] = await asyncio.to_thread(_read, file)
        headers = {"Cache-Control": CACHE, "Vary": "Accept-Encoding"}
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, media_type=asset.kind, headers={**headers, "Content-Encoding": "gzip"})
        return Response(asset.plain, media_type=asset.kind, headers=headers)


def _read(file: Path) -> Asset:
    plain = file.read_bytes()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    packed = None
    if file.suffix in COMPRESSIBLE and len(plain) > COMPRESSION_MIN_BYTES:
        packed = gzip.compress(plain, LEVEL, mtime=0)
    return Asset(kind, plain, packed if packed is not None and len(packed) < len(plain) else None)
