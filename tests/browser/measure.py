"""How quick the pages are with 100 000 tickets: `python -m tests.browser measure [--runs N]`.

Each figure is taken in a real Chromium over a real PostgreSQL, from the moment that somebody does something to the
moment that what they wanted stands on the page. Table and JSON go to browser-results/.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page

from tests.browser.conftest import _fetch, apart
from tests.browser.house import SUPERVISOR, Dashboard, Data, dashboard, history
from tests.browser.live import watch_a_call
from tests.browser.screen import DESK, SCREENS, Screen, Visit, browser, visit
from tests.browser.test_pages import unfold

DAYS = 800
"""At the demonstration's pace some 101 000 tickets."""
TICKETS_MIN = 100_000
RUNS = 15
DIRECTORY = Path("var/browser-many").resolve()
RESULTS = Path("browser-results")
FIRST_PAGE_S, FILTER_S, CALL_S, SEEN_S, WORDS_S = 2.0, 1.0, 1.5, 2.0, 1.0
"""What was promised (docs/dashboard.md)."""
TEN_MINUTES_BYTES = 10 * 60 * 8000 * 4
FILTERS: tuple[tuple[str, str, str], ...] = (
    ("words, in one call of three", "Mots dits pendant l’appel", "box"),
    ("words together", "Mots dits pendant l’appel", '"pièce jointe"'),
    ("words that are nowhere", "Mots dits pendant l’appel", "hippopotame"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one thing.

    Attributes:
        promised_s: None where nothing was.
    """

    what: str
    screen: str
    runs: int
    median_s: float
    p95_s: float
    worst_s: float
    promised_s: float | None

    @property
    def kept(self) -> bool:
        """95 of 100 keep the promise."""
        return self.promised_s is None or self.p95_s <= self.promised_s


def figure(what: str, screen: Screen, times_s: list[float], promised_s: float | None) -> Figure:
    """Of single times; percentiles by nearest rank."""
    ordered = sorted(times_s)
    p95 = ordered[-(-95 * len(ordered) // 100) - 1]
    return Figure(what, screen.name, len(ordered), statistics.median(ordered), p95, ordered[-1], promised_s)


def timed(page: Page, do: Callable[[], object], until: str) -> float:
    """Seconds from doing something until a condition of JavaScript holds."""
    start_s = time.perf_counter()
    do()
    page.wait_for_function(until, polling=40)
    return time.perf_counter() - start_s


DEEP = """const all = (selector, root = document) => [...root.querySelectorAll(selector),
    ...[...root.querySelectorAll('*')].flatMap((one) => one.shadowRoot ? all(selector, one.shadowRoot) : [])];
const still = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"]');"""
TODAY = f"""() => {{ {DEEP}
    return still() && all('.card').length === 8 && all('.vega-embed canvas, .vega-embed svg').length >= 2
        && all('td.ticket').length >= 8; }}"""
LIST = f"() => {{ {DEEP} return still() && all('td.ticket').length === 50; }}"
NUMBERS = "all('td.ticket').map((one) => one.innerText).join()"
CLIENTS = f"() => {{ {DEEP} return still() && all('td.client_name').length === 50; }}"
STANDS = f"() => {{ {DEEP} return still() && all('h1').length > 0; }}"
CALL = f"""() => {{ {DEEP}
    const audio = all('audio')[0], canvas = all('.wave canvas')[0];
    return still() && audio?.readyState >= 1 && canvas?.width > 0 && all('ol.chat li').length > 2; }}"""


def first_pages(chrome: Browser, house: Dashboard, screen: Screen, runs: int) -> list[float]:
    """Each in a browser that has nothing of us yet but a session."""
    name, _, value = house.log_in(SUPERVISOR).partition("=")
    times = []
    for _ in range(runs):
        context = chrome.new_context(
            viewport={"width": screen.width, "height": screen.height},
            device_scale_factor=screen.pixel_ratio,
            is_mobile=screen.touch,
            has_touch=screen.touch,
            locale="fr-FR",
        )
        context.add_cookies([{"name": name, "value": value, "url": house.url}])
        page = context.new_page()
        times.append(timed(page, partial(page.goto, house.url + "/", wait_until="commit"), TODAY))
        context.close()
    return times


def other_pages(seen: Visit, runs: int) -> Iterator[Figure]:
    """The pages that nobody promised anything of."""
    for path, until in (("/calls", LIST), ("/clients", CLIENTS), ("/live", STANDS), ("/security", STANDS)):
        times = [
            timed(seen.page, partial(seen.page.goto, seen.house.url + path, wait_until="commit"), until)
            for _ in range(runs)
        ]
        yield figure(f"page {path}", seen.screen, times, FIRST_PAGE_S)


def filters(seen: Visit, runs: int) -> Iterator[Figure]:
    """From Return to the list that was asked for."""
    seen.page.goto(seen.house.url + "/calls")
    seen.page.wait_for_function(LIST)
    for what, label, words in FILTERS:
        times = []
        field = seen.page.get_by_label(label)
        for _ in range(runs):
            for typed in (words, ""):
                # Not how many: "more than 10 000" stays "more than 10 000".
                before = json.dumps(seen.page.evaluate(f"() => {{ {DEEP} return {NUMBERS}; }}"))
                field.fill(typed)
                until = f"() => {{ {DEEP} return still() && {NUMBERS} !== {before}; }}"
                took_s = timed(seen.page, partial(field.press, "Enter"), until)
                if typed:
                    times.append(took_s)
        yield figure(f"filter: {what}", seen.screen, times, FILTER_S)
    yield figure("filter: status", seen.screen, list(_by_status(seen, runs)), FILTER_S)


def _by_status(seen: Visit, runs: int) -> Iterator[float]:
    unfold(seen, "Filtrer")
    field = seen.page.get_by_role("combobox", name="Statut")
    for _ in range(runs):
        field.fill("Abandonné")
        option = seen.page.get_by_role("option", name="Abandonné")
        option.wait_for()
        until = f"""() => {{ {DEEP}
            const shown = all('td.status').map((one) => one.innerText.trim());
            return still() && shown.length && shown.every((one) => one === 'Abandonné'); }}"""
        yield timed(seen.page, partial(field.press, "Enter"), until)  # takes the first
        seen.page.locator("[data-tag]", has_text="Abandonné").wait_for()
        field.press("Escape")
        seen.page.get_by_role("button", name="Tout effacer").click()
        seen.page.wait_for_function(
            f"""() => {{ {DEEP}
            return still() && new Set(all('td.status').map((one) => one.innerText.trim())).size > 1; }}"""
        )


def calls(seen: Visit, numbers: list[int], what: str) -> Figure:
    """From opening a ticket to its words, its waveform, and sound that is ready to play."""
    times = []
    for number in numbers:
        seen.page.goto(f"{seen.house.url}/calls")
        seen.page.wait_for_function(LIST)
        link = seen.page.locator(f"a[href$='ticket={number}']").first
        link.focus()  # a click of Playwright's waits until nothing moves and scrolls there, which nobody has asked for
        times.append(timed(seen.page, partial(seen.page.keyboard.press, "Enter"), CALL))
    return figure(what, seen.screen, times, CALL_S)


def a_long_call(data: Data, sql: Callable[..., list[Any]]) -> int:
    """Ten minutes: the newest recording, again and again."""
    (row,) = sql("SELECT * FROM tickets WHERE recording <> '' ORDER BY started_at DESC LIMIT 1")
    raw = (data.recordings / row["recording"]).read_bytes()
    call_uuid = uuid4()
    name = row["recording"].replace(str(row["call_uuid"]), str(call_uuid))
    (data.recordings / name).write_bytes((raw * (TEN_MINUTES_BYTES // len(raw) + 1))[:TEN_MINUTES_BYTES])
    made = sql(
        "INSERT INTO tickets (call_uuid, started_at, ended_at, duration_seconds, problem_type, status, sentiment,"
        " summary, transcript, recording)"
        " SELECT $1, now(), now(), 600, problem_type, status, sentiment, summary, transcript, $2"
        " FROM tickets WHERE id = $3 RETURNING id",
        call_uuid,
        name,
        row["id"],
    )
    return int(made[0]["id"])


def measure(runs: int) -> list[Figure]:
    """Everything."""
    found: list[Figure] = []
    with history(DIRECTORY, DAYS) as data:

        def sql(statement: str, *arguments: object) -> list[Any]:
            return apart(_fetch(data.postgres.tickets_url, statement, arguments))

        count = sql("SELECT count(*) FROM tickets")[0]["count"]
        assert count >= TICKETS_MIN, f"only {count} tickets"
        print(f"{count} tickets", flush=True)
        with dashboard(data, DIRECTORY / "dashboard") as house, browser() as chrome:
            for screen in SCREENS:
                first_pages(chrome, house, screen, 1)  # the process has seen nobody yet
                found.append(figure("first page", screen, first_pages(chrome, house, screen, runs), FIRST_PAGE_S))
                with visit(chrome, house, screen) as seen:
                    found += other_pages(seen, runs)
                    found += filters(seen, runs)
                    rows = sql(
                        "SELECT id, recording FROM (SELECT id, recording FROM tickets ORDER BY started_at DESC, id DESC"
                        " LIMIT 50) AS shown WHERE recording <> '' LIMIT $1",
                        runs,
                    )
                    found.append(calls(seen, [row["id"] for row in rows], "call with audio"))
            long_call = a_long_call(data, sql)
            try:
                with visit(chrome, house, DESK) as seen:
                    found.append(calls(seen, [long_call] * runs, "call of ten minutes with audio"))
            finally:
                sql("DELETE FROM tickets WHERE id = $1", long_call)
            with visit(chrome, house, DESK) as seen:
                watched = watch_a_call(seen, data, sql)
                assert watched.missing == (), watched.missing
                found.append(figure("running call shows up", DESK, [watched.seen_after_s], SEEN_S))
                words = [after_s for _, after_s in watched.words_after_s]
                found.append(figure("words of a running call", DESK, words, WORDS_S))
    return found


def report(found: list[Figure]) -> str:
    """A table, in Markdown."""
    lines = [
        "| what | screen | runs | median s | 95 % s | worst s | promised s | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        promised = f"{one.promised_s:g}" if one.promised_s is not None else ""
        times = f"{one.median_s:.2f} | {one.p95_s:.2f} | {one.worst_s:.2f}"
        lines.append(
            f"| {one.what} | {one.screen} | {one.runs} | {times} | {promised} | {'kept' if one.kept else 'MISSED'} |"
        )
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Measures; exit code 1 if a promise was not kept."""
    runs = int(words[words.index("--runs") + 1]) if "--runs" in words else RUNS
    found = measure(runs)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "measured.json").write_text(json.dumps([asdict(one) for one in found], indent=1))
    (RESULTS / "measured.md").write_text(report(found) + "\n")
    print(report(found))
    return 0 if all(one.kept for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
