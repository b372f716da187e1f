"""The dashboard of an appliance, as somebody sees it who may look: what the laboratory asks about its host.

    python -m tests.browser.appliance https://198.51.100.10:8501 anne 17 < PASSWORD

Logs in, watches the call that is in progress, opens ticket 17, listens to its sound, comments it, looks at the page
of the firewall; then one line of JSON, what was seen. Pictures are in browser-results/pictures, appliance-*.png.
"""

import json
import re
import sys
from dataclasses import asdict, dataclass

from playwright.sync_api import expect

from dashboard.sound import MP3_BIT_RATE
from tests.browser.screen import Visit, browser, visit

CALL_STARTS_MS = 60_000.0
"""The one who asks has a call placed meanwhile."""
COMMENT = "Vu depuis le poste d’un administrateur."


@dataclass(frozen=True, slots=True)
class Address:
    """Where it is."""

    url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood there.

    Attributes:
        live: words of the call in progress.
        words: those of the ticket, an entry each.
        sound_s: how long its sound is, after it had begun to play.
        mp3_s: the same as MP3, by its size.
        firewall: what is said on its page.
        rules: all that stand there, wanted first.
        trouble: errors of the console, answers of 400 and above.
    """

    live: list[str]
    words: list[str]
    sound_s: float
    mp3_s: float
    firewall: str
    rules: list[str]
    trouble: list[str]


def live_call(window: Visit) -> list[str]:
    """Opens the call in progress and waits until two things were said in it."""
    window.go("/live")
    line = window.page.locator(".calls li button").first
    line.wait_for(timeout=CALL_STARTS_MS)
    line.click()
    words = window.page.locator("ol.chat li .words")
    expect(words.nth(1)).not_to_be_empty(timeout=CALL_STARTS_MS)
    window.picture("appliance-live")
    return words.all_inner_texts()


def ticket(window: Visit, user: str, number: int) -> tuple[list[str], float, float]:
    """Its words; how long its sound is, when it has played for a moment; how long its MP3 is."""
    window.go(f"/calls?ticket={number}")
    expect(window.page.get_by_role("heading", name=f"Ticket {number} ·")).to_be_visible()
    audio = window.page.locator("audio")
    audio.wait_for()
    audio.evaluate("(audio) => audio.play()")
    window.page.wait_for_function("(audio) => audio.currentTime > 0.5", arg=audio.element_handle())
    window.page.get_by_label("Commentaire").fill(COMMENT)
    window.page.get_by_role("button", name="Ajouter le commentaire").click()
    expect(window.page.get_by_text(re.compile(rf"{user}\s:\s{re.escape(COMMENT)}"))).to_be_visible()
    window.picture("appliance-call")
    seconds = float(audio.evaluate("(audio) => audio.duration"))
    compressed = window.page.request.get(f"{window.house.url}/recordings/{number}/1/both.mp3")
    assert (compressed.status, compressed.headers["content-type"]) == (200, "audio/mpeg"), compressed
    mp3_s = 8 * len(compressed.body()) / MP3_BIT_RATE[2]
    return window.page.locator("ol.chat li").all_inner_texts(), seconds, mp3_s


def firewall(window: Visit) -> tuple[str, list[str]]:
    """Words of the page; every rule."""
    window.go("/security")
    for rules in window.page.locator("summary").all():
        rules.click()
    expect(window.page.get_by_text("VOICEBOT-EDGE").first).to_be_visible()
    window.picture("appliance-security")
    words = window.page.locator('[data-testid="stMainBlockContainer"]').inner_text()
    return words, window.page.locator("td.rule").all_inner_texts()


def main(words: list[str]) -> int:
    """Looks, and tells."""
    url, user, number = words
    password = sys.stdin.readline().rstrip("\n")
    with browser() as chrome, visit(chrome, Address(url), user=user, password=password) as window:
        live = live_call(window)
        said, sound_s, mp3_s = ticket(window, user, int(number))
        seen = Seen(live, said, sound_s, mp3_s, *firewall(window), window.trouble)
    print(json.dumps(asdict(seen), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
