"""A real call by the stand-ins to a real server, watched on the live page: when it shows up, when its words do."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.browser.house import VOICEBOT, Data
from tests.browser.screen import Visit

CALL_TIMEOUT_S = 150.0
WATCH = """() => {
    // What is on the page, and since when: looked at every 20 ms, into the shadows of components, too.
    const since = (window.since = { calls: {}, words: {} });
    const note = (kind, text) => { if (text) since[kind][text] ??= Date.now(); };
    const look = (root) => {
        for (const one of root.querySelectorAll('ul.calls li, ol.calls li')) note('calls', one.innerText);
        for (const one of root.querySelectorAll('ol.chat li')) {
            const who = one.classList.contains('bot') ? 'bot: ' : 'caller: ';
            note('words', who + (one.querySelector('.words')?.innerText ?? ''));
        }
        for (const one of root.querySelectorAll('*')) if (one.shadowRoot) look(one.shadowRoot);
    };
    setInterval(() => look(document), 20);
}"""
Sql = Callable[..., list[Any]]


@dataclass(frozen=True, slots=True)
class Watched:
    """A call, as the page showed it.

    Attributes:
        seen_after_s: from its start to its line in the list.
        words_after_s: of each thing that was said, in order: from the caller's last sound (the bot's first) to when it
            stood on the page.
        missing: what was said and never stood there.
    """

    seen_after_s: float
    words_after_s: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]

    @property
    def slowest_words_s(self) -> float:
        """The worst of them."""
        return max(after_s for _, after_s in self.words_after_s)


def watch_a_call(visit: Visit, data: Data, sql: Sql, script: str = "internet_resolu", picture: str = "") -> Watched:
    """Has `voicebot demo` place a call over the same databases, opens it on the live page, waits for its end."""
    before = {row["call_uuid"] for row in sql("SELECT call_uuid FROM tickets")}
    visit.go("/live")
    visit.page.evaluate(WATCH)
    process = subprocess.Popen(
        [str(VOICEBOT), "demo", "--script", script, "--directory", str(data.directory), "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DEEPGRAM_API_KEY": "", "GROQ_API_KEY": "", "ELEVENLABS_API_KEY": ""},
        start_new_session=True,
    )
    try:
        end_s = time.monotonic() + CALL_TIMEOUT_S
        line = visit.page.locator(".calls li button").first
        line.wait_for(timeout=CALL_TIMEOUT_S * 1000)
        line.click()
        taken = False
        while process.poll() is None:
            assert time.monotonic() < end_s, "the call does not end"
            visit.page.wait_for_timeout(500)
            if picture and not taken and len(visit.page.locator("ol.chat li").all()) >= 6:
                visit.picture(picture)
                taken = True
        visit.page.wait_for_timeout(1500)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert process.returncode == 0
    rows = sql("SELECT call_uuid, started_at, transcript::text FROM tickets WHERE duration_seconds IS NOT NULL")
    recent_s = time.time() - 2 * CALL_TIMEOUT_S
    (row,) = [r for r in rows if r["call_uuid"] not in before and r["started_at"].timestamp() > recent_s]
    since = visit.page.evaluate("window.since")
    return _compared(row["started_at"].timestamp(), json.loads(row["transcript"]), since)


def _compared(started_s: float, transcript: list[dict[str, Any]], since: dict[str, dict[str, float]]) -> Watched:
    seen = min(since["calls"].values()) / 1000 - started_s
    after, missing = [], []
    for entry in transcript:
        words = f"{entry['speaker']}: {entry['text']}"
        shown = [ms / 1000 for text, ms in since["words"].items() if _begins(text, words, entry["speaker"])]
        if shown:
            after.append((words, min(shown) - started_s - entry["at_s"]))
        else:
            missing.append(words)
    return Watched(seen, tuple(after), tuple(missing))


def _begins(shown: str, said: str, speaker: str) -> bool:
    """All words of a caller; of the bot, who was only beginning to say them, the first ones."""
    plain_shown, plain_said = (re.sub(r"\W+", " ", text.lower()).strip() for text in (shown, said))
    if speaker == "caller":
        return plain_shown.startswith(plain_said)
    return len(plain_shown.split()) > 1 and plain_said.startswith(" ".join(plain_shown.split()[:3]))
