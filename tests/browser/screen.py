"""Chromium on a desk and on a telephone, and everything that a page should not do, noted."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

from tests.browser.house import PASSWORD, SUPERVISOR
from tests.browser.tools import chromium

PICTURES = Path("browser-results/pictures")
WAIT_MS = 20_000.0
expect.set_options(timeout=WAIT_MS)  # pages that refresh by themselves do so every 10 s
ARGUMENTS = (
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
    # Chromium's sandbox wants user namespaces, which root has not; nobody else's pages are opened here.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)


@dataclass(frozen=True, slots=True)
class Screen:
    """What somebody looks at.

    Attributes:
        pixel_ratio: device pixels to one of CSS.
    """

    name: str
    width: int
    height: int
    pixel_ratio: float = 1.0
    touch: bool = False


DESK = Screen("desk", 1440, 900)
TELEPHONE = Screen("telephone", 390, 844, 2.0, touch=True)
SCREENS = (DESK, TELEPHONE)


class Place(Protocol):
    """A dashboard, wherever it runs."""

    @property
    def url(self) -> str:
        """Where a browser goes."""


@dataclass(slots=True)
class Visit:
    """One browser window of somebody who is logged in.

    Attributes:
        trouble: errors of the console, exceptions of scripts, answers of 400 and above, in order.
    """

    page: Page
    house: Place
    screen: Screen
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Opens an address of the dashboard and waits until the page stands."""
        self.page.goto(self.house.url + path)
        self.settled()

    def settled(self) -> None:
        """Waits until the script has run and nothing is greyed out any more."""
        self.page.wait_for_function(
            """() => {
                const app = document.querySelector('[data-testid="stApp"]');
                return app && app.dataset.testScriptState === 'notRunning'
                    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]');
            }""",
            timeout=WAIT_MS,
        )

    def picture_path(self, name: str) -> Path:
        """Where a picture is kept."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        return PICTURES / f"{name}-{self.screen.name}.png"

    def picture(self, name: str) -> Path:
        """Keeps what is to be seen, the whole page."""
        path = self.picture_path(name)
        # Streamlit scrolls inside the window: the window is made as tall as what is in it.
        tall = self.page.evaluate(
            "() => Math.ceil(document.querySelector('[data-testid=\"stMainBlockContainer\"]')?.scrollHeight ?? 0) + 60"
        )
        self.page.set_viewport_size({"width": self.screen.width, "height": max(self.screen.height, min(tall, 6000))})
        self.page.wait_for_timeout(400)  # charts are drawn anew
        self.page.screenshot(path=str(path))
        self.page.set_viewport_size({"width": self.screen.width, "height": self.screen.height})
        return path


@contextmanager
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield started
        started.close()


@contextmanager
def visit(
    chrome: Browser,
    house: Place,
    screen: Screen = DESK,
    user: str | None = SUPERVISOR,
    language: str = "fr-FR",
    password: str = PASSWORD,
) -> Iterator[Visit]:
    """A window, logged in as somebody over the page that everybody uses, or not at all."""
    context = chrome.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.pixel_ratio,
        has_touch=screen.touch,
        is_mobile=screen.touch,
        locale=language,
        timezone_id="Europe/Paris",
        ignore_https_errors=house.url.startswith("https:"),  # certificates of tests, which nobody has signed
    )
    context.set_default_timeout(WAIT_MS)
    try:
        yield from _visited(context, house, screen, user, password)
    finally:
        context.close()


def _visited(context: BrowserContext, house: Place, screen: Screen, user: str | None, password: str) -> Iterator[Visit]:
    page = context.new_page()
    made = Visit(page, house, screen)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            made.trouble.append(f"console: {message.text}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            made.trouble.append(f"{response.status}: {response.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: made.trouble.append(f"script: {error}"))
    page.on("response", answered)
    if user is not None:
        page.goto(house.url + "/login")
        page.fill("#name", user)
        page.fill("#password", password)
        page.click("button[type=submit]")
        made.settled()
    yield made
