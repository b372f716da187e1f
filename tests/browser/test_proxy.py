"""The dashboard as the appliance has it: behind nginx with TLS, set up by the role's own template."""

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import COLLEAGUE
from tests.browser.house import PASSWORD, SUPERVISOR, Answer, Dashboard, Data, dashboard
from tests.browser.proxy import Proxy, proxy

Sql = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def behind(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The settings of the appliance: nginx is the proxy that is trusted, and the visitor is allowed."""
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "PERSONAL_IP": COLLEAGUE, "DASHBOARD_SECURE_COOKIE": "true"}
    with dashboard(data, tmp_path_factory.mktemp("behind"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def front(behind: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx before it."""
    with proxy(behind, tmp_path_factory.mktemp("nginx")) as running:
        yield running


def test_the_pages_work_behind_it(chrome: Browser, data: Data, sql: Sql, tmp_path: Path) -> None:
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "DASHBOARD_SECURE_COOKIE": "true"}
    (row,) = sql("SELECT id FROM tickets WHERE recording <> '' ORDER BY started_at DESC LIMIT 1")
    trouble: list[str] = []
    with dashboard(data, tmp_path / "behind", **settings) as behind, proxy(behind, tmp_path / "nginx") as front:
        context = chrome.new_context(ignore_https_errors=True, locale="fr-FR")
        page = context.new_page()
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        page.goto(front.url + "/")
        page.fill("#name", SUPERVISOR)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        expect(page.get_by_text("Durée moyenne").first).to_be_visible()  # so the WebSocket goes through
        cookie = next(one for one in context.cookies() if one["name"] == "__Host-voicebot")
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        page.goto(f"{front.url}/calls?ticket={row['id']}")
        audio = page.locator("audio")
        audio.wait_for()
        audio.evaluate("(audio) => audio.play()")
        page.wait_for_function("(audio) => audio.currentTime > 0.5", arg=audio.element_handle())
        context.close()
        kept = [file for file in (front.directory / "proxy").rglob("*") if file.is_file()]
        assert kept == []
    assert trouble == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-For": COLLEAGUE},
        {"X-Forwarded-For": f"{COLLEAGUE}, {COLLEAGUE}", "X-Real-IP": COLLEAGUE},
        {"Forwarded": f"for={COLLEAGUE}", "X-Forwarded-Host": "elsewhere"},
    ],
)
def test_what_a_visitor_claims_is_overwritten(front: Proxy, headers: dict[str, str]) -> None:
    answer = asked(front.url + "/login", headers)
    assert answer.status == 403
    assert b"127.0.0.1" in answer.body  # where the visitor really is


def test_the_address_that_the_visitor_has_is_passed_on(front: Proxy) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1", front.port, timeout=10, source_address=(COLLEAGUE, 0), context=unverified()
    )
    connection.request("GET", "/login", headers={"X-Forwarded-For": "192.0.2.1"})
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("path", ["/recordings/1/1/both.wav", "/media/0123456789abcdef.wav"])
def test_without_a_session_no_sound_is_answered(front: Proxy, path: str) -> None:
    assert asked(front.url + path, {"X-Forwarded-For": COLLEAGUE}).status in (401, 403)


def test_nobody_can_ask_for_the_inner_addresses(front: Proxy) -> None:
    for path in ("/voicebot-session", "/away.html"):
        assert asked(front.url + path, {}).status == 404


def test_plain_http_is_sent_to_tls(front: Proxy) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    with pytest.raises(urllib.error.HTTPError) as told:
        opener.open(f"http://127.0.0.1:{front.port}/calls", timeout=10)
    with told.value as answer:  # else its socket is found open while another test runs
        assert (answer.code, answer.headers["Location"]) == (301, f"{front.url}/calls")


def test_while_the_dashboard_is_away_a_page_says_so(front: Proxy, data: Data, tmp_path: Path) -> None:
    with dashboard(data, tmp_path / "gone") as gone:
        pass
    with proxy(gone, tmp_path / "nginx") as alone:
        answer = asked(alone.url + "/", {})
    assert answer.status == 502
    assert "Le tableau de bord redémarre" in answer.body.decode()
    assert answer.headers["x-frame-options"] == "DENY"


def test_old_tls_is_refused(front: Proxy) -> None:
    old = unverified()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", front.port), 10) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw)


def asked(url: str, headers: dict[str, str]) -> Answer:
    """One answer, whatever its status."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10, context=unverified()) as answer:
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())


def unverified() -> ssl.SSLContext:
    """The certificate is one that was just made."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made
