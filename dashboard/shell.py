"""The HTML document in which Streamlit's program runs, served by us for each page's path.

It is Streamlit's own, of the release that is installed, with its language, our title and icon, and the place of the
server: left to itself the program looks for it under every part of the path, and `/calls/_stcore/health` is a 404.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.assets import Assets
from dashboard.words import language_of, word

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
ASSETS = INDEX.parent / "static"
CHARTS = ("ArrowVegaLiteChart", "embed", "vega-interpreter", "BidiComponent")
"""Scripts that the first page takes, which Streamlit's program asks for only when a chart has come."""
SCRIPT = "window.__streamlit={BACKEND_BASE_URL:location.origin};window.prerenderReady=false"
SCRIPT_HASH = "sha256-" + b64encode(sha256(SCRIPT.encode()).digest()).decode()
"""For the Content-Security-Policy: the one script inside the document that may run."""
ICON_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#0b5c7a"/>'
    '<path d="M14 40v-8a18 18 0 0 1 36 0v8" fill="none" stroke="#fff" stroke-width="5"/>'
    '<rect x="9" y="34" width="12" height="16" rx="5" fill="#fff"/>'
    '<rect x="43" y="34" width="12" height="16" rx="5" fill="#fff"/></svg>'
)
ICON = f"data:image/svg+xml,{quote(ICON_SVG)}"
"""A headset."""


def shell_routes(paths: Iterable[str]) -> list[Route]:
    """One route a page, and one for all that they load.

    Args:
        paths: `/` and the others.

    Raises:
        ValueError: this release's document has another shape.
    """
    document = shell(INDEX.read_text(encoding="utf-8"))
    assets = Assets(ASSETS)
    soon = [f'<link rel="modulepreload" crossorigin href="/assets/{name}">' for name in assets.needed_by(CHARTS)]
    with_charts = document.replace("</head>", "".join(one for one in soon if one not in document) + "</head>")

    async def serve(request: Request) -> Response:
        language = language_of(request.query_params.get("lang") or request.headers.get("accept-language"))
        chosen = with_charts if request.url.path == "/" else document
        text = chosen.replace("{language}", language).replace("{title}", word("title", language))
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    return [*(Route(path, serve, methods=["GET"]) for path in paths), assets.route()]


def shell(index: str) -> str:
    """Streamlit's document as ours; `{language}` and `{title}` are left to be filled in.

    Raises:
        ValueError: it has another shape than we know.
    """
    text = _once(r"<!--.*?-->\s*(?=<!DOCTYPE)", "", index)
    text = _once(r'<html lang="en">', '<html lang="{language}">', text)
    text = _once(r'<link rel="shortcut icon"[^>]*>', f'<link rel="icon" href="{ICON}" />', text)
    text = _once(r"<title>.*?</title>", "<title>{title}</title>", text)
    text = _once(r"<script>\s*window\.prerenderReady = false\s*</script>", f"<script>{SCRIPT}</script>", text)
    text = re.sub(r'<link rel="service-desc"[^>]*>', "", text)
    return text.replace('"./static/', '"/assets/')


def _once(pattern: str, by: str, text: str) -> str:
    changed, count = re.subn(pattern, lambda _: by, text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"Streamlit's index.html has {count} times {pattern!r}, not once")
    return changed
