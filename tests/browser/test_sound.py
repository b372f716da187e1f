"""The sound of a call really plays in a real browser, and is the call."""

import io
import json
import wave
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Look
from tests.browser.house import READER, Dashboard, Data
from tests.browser.screen import SCREENS, Screen
from tests.browser.test_pages import tab_to

Sql = Callable[..., list[Any]]
RATE_HZ = 8000
LOUDNESS = """async (audio) => {
    // What the loudspeaker gets, over a second: the loudest sample, 0 to 1.
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    context.createMediaElementSource(audio).connect(analyser);
    analyser.connect(context.destination);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    const end = performance.now() + 3000;
    while (performance.now() < end && loudest < 0.05) {
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, ...samples.map(Math.abs));
        await new Promise((then) => setTimeout(then, 20));
    }
    return loudest;
}"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call with sound.

    Attributes:
        raw: its recording, s16le 8 kHz stereo.
        seconds: how long the call was, by its ticket.
    """

    number: int
    raw: bytes
    seconds: float
    transcript: list[dict[str, Any]]


@pytest.fixture
def recorded(sql: Sql, data: Data) -> Recorded:
    """The newest one."""
    (row,) = sql(
        "SELECT id, recording, duration_seconds, transcript::text FROM tickets WHERE recording <> ''"
        " ORDER BY started_at DESC LIMIT 1"
    )
    raw = (data.recordings / row["recording"]).read_bytes()
    return Recorded(row["id"], raw, row["duration_seconds"], json.loads(row["transcript"]))


def player(page: Page) -> Locator:
    """The sound of the page, its length known."""
    audio = page.locator("audio")
    audio.wait_for()
    page.wait_for_function("(audio) => audio.readyState >= 1", arg=audio.element_handle())
    return audio


def position_s(audio: Locator) -> float:
    """Where it is."""
    return float(audio.evaluate("(audio) => audio.currentTime"))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_it_plays_and_is_as_long_as_the_call(look: Look, recorded: Recorded, screen: Screen) -> None:
    visit = look(screen)
    visit.go(f"/calls?ticket={recorded.number}")
    audio = player(visit.page)
    assert audio.evaluate("(audio) => audio.duration") == pytest.approx(len(recorded.raw) / 4 / RATE_HZ, abs=0.01)
    assert audio.evaluate("(audio) => audio.duration") == pytest.approx(recorded.seconds, abs=0.1)
    audio.evaluate("(audio) => audio.play()")
    assert audio.evaluate(LOUDNESS) > 0.05
    visit.page.wait_for_function("(audio) => audio.currentTime > 1", arg=audio.element_handle())
    assert audio.evaluate("(audio) => [audio.paused, audio.error]") == [False, None]
    assert visit.trouble == []


def test_each_track_is_what_was_recorded(house: Dashboard, recorded: Recorded) -> None:
    cookie = ("Cookie", house.log_in(READER))
    both = array("h", recorded.raw)
    for track, samples in (("both", both), ("caller", both[::2]), ("bot", both[1::2])):
        answer = house.request(f"/recordings/{recorded.number}/1/{track}.wav", headers=[cookie])
        with wave.open(io.BytesIO(answer.body)) as sound:
            assert sound.getframerate() == RATE_HZ
            assert sound.readframes(sound.getnframes()) == samples.tobytes()


def test_a_track_is_chosen_and_goes_on_where_it_was(look: Look, recorded: Recorded) -> None:
    visit = look()
    visit.go(f"/calls?ticket={recorded.number}")
    audio = player(visit.page)
    audio.evaluate("(audio) => { audio.currentTime = 5; }")
    visit.page.get_by_role("radio", name="Bot", exact=True).check()
    visit.page.wait_for_function(
        "(audio) => audio.src.endsWith('/bot.wav') && audio.readyState >= 1 && audio.currentTime >= 5",
        arg=player(visit.page).element_handle(),
    )


def test_a_click_on_words_or_waveform_jumps_there(look: Look, recorded: Recorded) -> None:
    visit = look()
    visit.go(f"/calls?ticket={recorded.number}")
    audio = player(visit.page)
    entry = recorded.transcript[3]
    times = visit.page.locator("ol.chat button")
    times.nth(3).click()
    assert position_s(audio) == pytest.approx(entry["at_s"], abs=1.0)
    audio.evaluate("(audio) => audio.pause()")
    wave_box = visit.page.get_by_role("slider", name="Position dans l’enregistrement")
    box = wave_box.bounding_box()
    assert box is not None
    wave_box.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert position_s(audio) == pytest.approx(recorded.seconds / 2, abs=1.5)


def test_the_keyboard_plays_and_moves(look: Look, recorded: Recorded) -> None:
    visit = look()
    visit.go(f"/calls?ticket={recorded.number}")
    audio = player(visit.page)
    tab_to(visit.page, "Position dans l’enregistrement")
    visit.page.keyboard.press("ArrowRight")
    assert position_s(audio) == pytest.approx(5, abs=0.1)
    visit.page.keyboard.press("Space")
    visit.page.wait_for_function("(audio) => audio.currentTime > 5.3", arg=audio.element_handle())
    visit.page.keyboard.press("Space")
    assert audio.evaluate("(audio) => audio.paused")


@pytest.mark.parametrize("form", ["WAV", "MP3"])
def test_it_is_downloaded(look: Look, recorded: Recorded, tmp_path: Path, form: str) -> None:
    visit = look()
    visit.go(f"/calls?ticket={recorded.number}")
    with visit.page.expect_download() as told:
        visit.page.get_by_role("link", name=form, exact=True).click()
    file = tmp_path / "sound"
    told.value.save_as(file)
    assert told.value.suggested_filename.endswith(f".{form.lower()}")
    if form == "WAV":
        assert file.read_bytes()[44:] == recorded.raw
    else:
        assert visit.page.evaluate(
            """async (bytes) => {
                const sound = await new AudioContext().decodeAudioData(new Uint8Array(bytes).buffer);
                return sound.duration;
            }""",
            list(file.read_bytes()),
        ) == pytest.approx(recorded.seconds, abs=0.3)


def test_a_call_whose_recording_is_gone_says_so(look: Look, sql: Sql) -> None:
    (row,) = sql("SELECT id FROM tickets WHERE recording IS NULL ORDER BY id DESC LIMIT 1")
    visit = look()
    visit.go(f"/calls?ticket={row['id']}")
    expect(visit.page.get_by_text("L’enregistrement n’est plus là.")).to_be_visible()
    assert visit.trouble == []
