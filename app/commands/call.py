"""`voicebot call`: one or many simulated Asterisk calls, reported."""

import asyncio
from pathlib import Path
from typing import get_args
from uuid import UUID

from rich.console import Console
from rich.table import Table

from app.audiosocket.wires import WireCodec
from app.caller.caller import CallEvent, place_call
from app.caller.ears import Recogniser
from app.caller.report import CallReport
from app.caller.script import Script, read_script, script_for_wav
from app.dialogue.prompts import default_prompts
from app.errors import ConfigError
from app.media.clock import FrameClock

OK_ENDINGS = frozenset({"bot", "caller"})


async def place_calls(
    host: str,
    port: int,
    *,
    uuid: str,
    script: str,
    wav: Path | None,
    codec: str,
    save: Path | None,
    as_json: bool,
    recognise: bool,
    times: int,
) -> int:
    """Places the calls; exit code 1 if one of them was refused, lost or ran out of time.

    Raises:
        ConfigError: arguments that can't work.
    """
    scenario = _scenario(script, wav, codec)
    call_uuid = _uuid(uuid, times)
    recogniser = await asyncio.to_thread(bot_phrases) if recognise and times == 1 else None
    clock = FrameClock()
    console = Console(highlight=False)

    def show(event: CallEvent) -> None:
        guess = event.kind == "bot_said"
        if not as_json and times == 1 and (event.text or not guess):
            words = f" {event.text}" if event.text else ""
            if guess and event.similarity is not None:
                words = f"~{words} ({event.similarity:.0%} alike)"
            latency = f"  ({event.latency_ms:.0f} ms)" if event.latency_ms is not None else ""
            console.print(f"{event.at_s:7.2f} s  {event.kind:<14}{words}{latency}", markup=False)

    calls = [
        place_call(
            scenario,
            host,
            port,
            call_uuid=call_uuid,
            clock=clock,
            recogniser=recogniser,
            on_event=show,
            keeps_sound=times == 1,
        )
        for _ in range(times)
    ]
    reports = await asyncio.gather(*calls)
    if save is not None and times == 1:
        await asyncio.to_thread(reports[0].save_wav, save)
    for report in reports:
        if as_json:
            print(report.to_json(), flush=True)
    if not as_json:
        console.print(_table(reports))
        for report in reports:
            if report.ended_by not in OK_ENDINGS:
                Console(stderr=True).print(f"voicebot: {report.detail}", markup=False, highlight=False, soft_wrap=True)
    return 0 if all(report.ended_by in OK_ENDINGS for report in reports) else 1


def bot_phrases() -> Recogniser | None:
    """Puts words to what the bot says, where the laboratory's parts are installed and the voice is espeak's."""
    try:
        from app.standins.phrase_bank import PhraseBank
    except ImportError:
        return None
    return PhraseBank(default_prompts().fixed().values())


def _scenario(script: str, wav: Path | None, codec: str) -> Script:
    if bool(script) == bool(wav):
        raise ConfigError(["give either --script (a shipped name or a YAML file) or --wav FILE"])
    if codec and codec not in get_args(WireCodec):
        raise ConfigError([f"--codec: {codec!r} is none of {', '.join(get_args(WireCodec))}"])
    scenario = script_for_wav(wav) if wav is not None else read_script(script)
    return scenario.model_copy(update={"codec": codec}) if codec else scenario


def _uuid(text: str, times: int) -> UUID | None:
    if not text:
        return None
    if times > 1:
        raise ConfigError(["--uuid: one UUID is one call; leave it away with --calls"])
    try:
        return UUID(text)
    except ValueError:
        raise ConfigError([f"--uuid: {text!r} is no UUID; it looks like {UUID(int=1)}"]) from None


def _table(reports: list[CallReport]) -> Table:
    table = Table("call", "ended by", "length", "first sound", "answers p50", "answers p95", "late frames")
    for report in reports:
        table.add_row(
            report.uuid[:8],
            report.detail or str(report.ended_by),
            f"{report.duration_s:.1f} s",
            _ms(report.first_sound_ms),
            _ms(report.latency.p50_ms),
            _ms(report.latency.p95_ms),
            f"{report.frames.late_over_20ms} of {report.frames.received}",
        )
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
