"""Whole calls while a provider is down, slow or talks nonsense: each fault on a server of its own.

All stand-ins live in one process, each trio with its own knobs; all servers share one PostgreSQL. The promise: the
caller hears a sentence within 2 s, the call goes on with the local provider or ends politely, the ticket is written.
"""

import asyncio
import multiprocessing
import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import uuid4

import pytest

from app.caller.caller import place_call
from app.caller.report import CallReport, TurnReport
from app.caller.script import HangUp, Pause, Say, Script
from app.commands.children import Child, finish, json_object, voicebot
from app.media.clock import FrameClock
from app.standins.knobs import AllKnobs, DeepgramKnobs, ElevenLabsKnobs, GroqKnobs
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Tickets
from tests.e2e.world import CallResult, World, scrape, settings_of, ticket_of
from tests.transcript import said_by
from tests.words import bare

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PROMISE_S = 2.0
CLEAN_UP_S = 5.0
STAGGER_S = 0.3
STOP_S = 20.0
INTERNET = "Bonjour, je n'ai plus Internet."
WHO = "Pierre Dupont de la société TechCorp."
DETAILS = "Ma box Internet ne fonctionne plus depuis ce matin."
HUMAN = "Je veux parler à un conseiller."
"""Ends the call wherever it is."""
WELCOME = "Bonjour, bienvenue au SAV Wipple. Comment puis-je vous aider ?"
APOLOGY = "nous rencontrons une difficulté technique"
REMEDY_END = "Attendez deux minutes que les voyants se stabilisent."


def script(name: str, *words: str, optional: bool = False) -> Script:
    return Script(name=name, max_seconds=90, steps=tuple(Say(say=one, optional=optional) for one in words))


LONG = script("long", INTERNET, "Non.", WHO, DETAILS, HUMAN)
"""With a dynamic sentence ("Merci Pierre.") and a reply of the model."""
SHORT = script("short", INTERNET, HUMAN)
UNHEARD = script("unheard", *[INTERNET] * 5, optional=True)
HANGS_UP = Script(name="hangs-up", steps=(Pause(pause_s=1.5), HangUp(hangup=True)))


class InTurn:
    """Knobs that draw one fault after the other; when all had their turn, none or from the start again."""

    order: tuple[str, ...] = ()
    again = False
    drawn = 0

    def draw_fault(self, dice: random.Random) -> str:
        at, self.drawn = self.drawn, self.drawn + 1
        if self.again:
            at %= len(self.order)
        return self.order[at] if at < len(self.order) else "none"


class GroqInTurn(InTurn, GroqKnobs):
    """Another fault for each request; a good answer now and then keeps the breaker closed."""

    order = ("http_500", "http_429", "none", "garbage", "broken_json", "none", "empty", "hang", "none", "reset", "slow")
    again = True


class DeepgramInTurn(InTurn, DeepgramKnobs):
    """Another fault for each call, in the order in which they come; none for what is opened anew."""

    order = ("no_finalize", "no_speech_final", "garbage", "unknown_message", "reset", "close_1011")


@dataclass(frozen=True)
class Scenario:
    """A server, what is wrong with its providers, and the calls that it gets."""

    knobs: AllKnobs = field(default_factory=AllKnobs)
    calls: Mapping[str, Script] = field(default_factory=lambda: {"long": LONG})
    environment: Mapping[str, str] = field(default_factory=dict)


def groq(**knobs: object) -> AllKnobs:
    return AllKnobs(groq=GroqKnobs(**knobs))  # type: ignore[arg-type]


def elevenlabs(**knobs: object) -> AllKnobs:
    return AllKnobs(elevenlabs=ElevenLabsKnobs(**knobs))  # type: ignore[arg-type]


def deepgram(**knobs: object) -> AllKnobs:
    return AllKnobs(deepgram=DeepgramKnobs(**knobs))  # type: ignore[arg-type]


IN_MID_WORD_MS = 6100
"""The welcome takes 4.5 s, the caller begins 0.7 s after it and speaks for 1.8 s: in the middle of the first words."""
UNHEARD_CALLS = {"unheard": UNHEARD}
WAVES: tuple[Mapping[str, Scenario], ...] = (
    {
        "elevenlabs http_401": Scenario(elevenlabs(fault="http_401")),
        "elevenlabs http_429": Scenario(elevenlabs(fault="http_429")),
        "elevenlabs http_500": Scenario(elevenlabs(fault="http_500")),
        "elevenlabs hang": Scenario(elevenlabs(fault="hang")),
        "elevenlabs stall": Scenario(elevenlabs(fault="stall", fault_after_ms=300)),
        "elevenlabs cut": Scenario(elevenlabs(fault="cut", fault_after_ms=300)),
        "elevenlabs empty": Scenario(elevenlabs(fault="empty")),
        "elevenlabs slow": Scenario(elevenlabs(fault="slow")),
        "groq stall": Scenario(groq(fault="stall")),
        "groq cut": Scenario(groq(fault="cut")),
        "groq retired": Scenario(environment={"GROQ_MODEL": "llama-3.3-70b-versatile"}),
        "deepgram mute": Scenario(deepgram(fault="mute"), UNHEARD_CALLS | {"hangs up": HANGS_UP}),
        "deepgram empty": Scenario(deepgram(fault="empty"), UNHEARD_CALLS),
    },
    {
        "groq hang": Scenario(groq(fault="hang"), {"short": SHORT, "other": SHORT}),
        "groq slow": Scenario(groq(fault="slow"), {"short": SHORT}),
        "groq in turn": Scenario(AllKnobs(groq=GroqInTurn()), {str(number): SHORT for number in range(5)}),
        "deepgram http_401": Scenario(deepgram(fault="http_401"), UNHEARD_CALLS),
        "deepgram hang": Scenario(deepgram(fault="hang"), UNHEARD_CALLS | {"hangs up": HANGS_UP}),
        "deepgram in turn": Scenario(
            AllKnobs(deepgram=DeepgramInTurn(fault_after_ms=IN_MID_WORD_MS)),
            dict.fromkeys(DeepgramInTurn.order, SHORT),
        ),
        "all down": Scenario(calls=UNHEARD_CALLS),
    },
)
SCENARIOS = [name for wave in WAVES for name in wave]
ELEVENLABS_KINDS = {
    "http_401": "auth",
    "http_429": "quota",
    "http_500": "network",
    "hang": "timeout",
    "stall": "timeout",
    "cut": "network",
    "empty": "protocol",
    "slow": "timeout",
}
"""How a fault is counted."""


@dataclass(slots=True)
class Outcome(World):
    """What is left of a scenario; `left_s` is the time from the end of each call to its ticket."""

    left_s: dict[str, float] = field(default_factory=dict)
    other_lines: list[str] = field(default_factory=list)


def serve_standins(told: Connection, knobs: dict[str, AllKnobs]) -> None:
    """Process of the stand-ins: tells their addresses, serves until the other end of the pipe is closed."""
    asyncio.run(_serve_standins(told, knobs))


async def _serve_standins(told: Connection, knobs: dict[str, AllKnobs]) -> None:
    from app.standins.phrase_bank import PhraseBank
    from app.standins.server import StandIns

    bank = PhraseBank([INTERNET, "Non.", WHO, DETAILS, HUMAN], ["fr"])
    async with AsyncExitStack() as stack:
        addresses = {}
        for name, one in knobs.items():
            trio = await stack.enter_async_context(StandIns(bank=bank, knobs=one))
            addresses[name] = {
                "deepgram": trio.deepgram_url,
                "groq": trio.groq_url,
                "elevenlabs": trio.elevenlabs_url,
            }
        told.send(addresses)
        with suppress(EOFError):
            await asyncio.to_thread(told.recv)


@asynccontextmanager
async def standins(knobs: dict[str, AllKnobs]) -> AsyncIterator[dict[str, dict[str, str]]]:
    """The process; yields the addresses of each trio."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=serve_standins, args=(there, knobs), daemon=True)
    process.start()
    there.close()
    try:
        assert await asyncio.to_thread(here.poll, 60.0), "the stand-ins do not start"
        yield here.recv()
    finally:
        here.close()
        await asyncio.to_thread(process.join, STOP_S)
        assert process.exitcode == 0


async def run_all(directory: Path) -> dict[str, Outcome]:
    """All waves, one after the other."""
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(directory / "postgres"))
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        tickets = Tickets(await stack.enter_async_context(Database(postgres.tickets_url)))
        knobs = {name: scenario.knobs for wave in WAVES for name, scenario in wave.items()}
        addresses = await stack.enter_async_context(standins(knobs | {"healthy": elevenlabs(speed=100.0)}))
        healthy = settings_of(directory, postgres, addresses["healthy"])
        await finish("cache", "build", environment=healthy)
        outcomes: dict[str, Outcome] = {}
        for wave in WAVES:
            settings = {
                name: settings_of(directory, postgres, addresses[name])
                | {"CACHE_DIR": healthy["CACHE_DIR"], "SPOOL_DIR": str(directory / "spools" / name)}
                | dict(scenario.environment)
                for name, scenario in wave.items()
            }
            if "all down" in wave:
                settings["all down"] |= nobody_there() | {"CACHE_DIR": str(directory / "no cache")}
            clock = FrameClock()
            jobs = [run(scenario, settings[name], tickets, directory, clock) for name, scenario in wave.items()]
            outcomes |= dict(zip(wave, await asyncio.gather(*jobs), strict=True))
    return outcomes


def nobody_there() -> dict[str, str]:
    """Addresses at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    return {"DEEPGRAM_URL": f"ws://{place}", "GROQ_URL": f"http://{place}", "ELEVENLABS_URL": f"http://{place}"}


async def run(
    scenario: Scenario, settings: dict[str, str], tickets: Tickets, directory: Path, clock: FrameClock
) -> Outcome:
    """One server and its calls."""
    outcome = Outcome()
    async with voicebot("serve", reads="stderr", environment=settings) as server:
        listening = await server.wait_for("listening")
        watcher = asyncio.create_task(watch(server, outcome))

        async def call(number: int, name: str, wanted: Script) -> None:
            await asyncio.sleep(number * STAGGER_S)
            uuid, began_at = uuid4(), datetime.now(UTC)
            report = await place_call(
                wanted, "127.0.0.1", listening["audiosocket_port"], call_uuid=uuid, clock=clock, keeps_sound=False
            )
            ended_s = asyncio.get_running_loop().time()
            ticket = await ticket_of(tickets, uuid)
            outcome.left_s[name] = asyncio.get_running_loop().time() - ended_s
            recording = directory / "recordings" / (ticket.recording or "none")
            outcome.calls[name] = CallResult(report, ticket, recording, began_at)

        await asyncio.gather(*(call(number, *one) for number, one in enumerate(scenario.calls.items())))
        outcome.metrics = await scrape(listening["metrics_port"])
        server.process.terminate()
        async with asyncio.timeout(STOP_S):
            await watcher
            outcome.exit_code = await server.process.wait()
    return outcome


async def watch(server: Child, outcome: Outcome) -> None:
    """Keeps all that the server writes, to its end."""
    while line := await server.lines.readline():
        if (event := json_object(line)) is not None:
            outcome.log.append(event)
        else:
            outcome.other_lines.append(line.decode())


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return asyncio.run(run_all(tmp_path_factory.mktemp("faults")))


def call_of(outcomes: dict[str, Outcome], scenario: str) -> CallResult:
    (call, *_) = outcomes[scenario].calls.values()
    return call


def left_alone(report: CallReport, turn: TurnReport) -> bool:
    """Nothing was heard within the promised time after this turn, although the call went on."""
    answered = any(heard.end_s > turn.ended_s and heard.start_s <= turn.ended_s + PROMISE_S for heard in report.heard)
    return not answered and report.duration_s > turn.ended_s + PROMISE_S


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_caller_always_hears_a_sentence_soon(outcomes: dict[str, Outcome], scenario: str) -> None:
    for name, call in outcomes[scenario].calls.items():
        report = call.report
        if name == "hangs up":
            continue
        assert report.first_sound_ms is not None
        assert report.first_sound_ms / 1000 <= PROMISE_S, name
        waits = [(turn.said, turn.latency_ms) for turn in report.turns if left_alone(report, turn)]
        assert waits == [], name
        # Deepgram that refuses is found out during the welcome: then nobody is asked anything.
        assert report.turns or scenario in ("deepgram http_401", "deepgram hang", "all down")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_call_ends_politely_and_its_ticket_is_written_soon(outcomes: dict[str, Outcome], scenario: str) -> None:
    outcome = outcomes[scenario]
    for name, call in outcome.calls.items():
        assert str(call.report.ended_by) == ("caller" if name == "hangs up" else "bot"), name
        assert outcome.left_s[name] <= CLEAN_UP_S
        bot = said_by("bot", call.ticket)
        if name != "hangs up":
            assert bot[0] == WELCOME
            assert all(text.endswith((".", "?", "!")) for text in bot), bot  # nothing was cut off
            assert "Restez en ligne" in bot[-1] or APOLOGY in bot[-1]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_server_stays_healthy(outcomes: dict[str, Outcome], scenario: str) -> None:
    outcome = outcomes[scenario]
    assert outcome.exit_code == 0
    assert outcome.metric("voicebot_calls_active") == 0
    assert outcome.metric("voicebot_spool_entries") == 0
    assert [line for line in outcome.log if line.get("level") in ("error", "critical")] == []
    assert outcome.other_lines == []


HEARD = [name for name in SCENARIOS if not name.startswith(("deepgram", "all"))] + ["deepgram in turn"]


@pytest.mark.parametrize("scenario", HEARD)
def test_the_call_goes_on_as_if_nothing_were_wrong(outcomes: dict[str, Outcome], scenario: str) -> None:
    for name, call in outcomes[scenario].calls.items():
        assert (call.ticket.status, call.ticket.problem_type) == ("transferred", "internet"), name
        assert bare(call.caller_words) == bare([turn.said for turn in call.report.turns]), name
        if name == "long":
            assert "Pierre Dupont (TechCorp)" in call.ticket.summary
            assert call.bot_words.count("Merci Pierre.") == 1
            assert call.bot_words.count("Je comprends.") == 1
            assert call.bot_words.count(REMEDY_END) == 1


@pytest.mark.parametrize("fault", ELEVENLABS_KINDS)
def test_the_local_voice_takes_over(outcomes: dict[str, Outcome], fault: str) -> None:
    outcome = outcomes[f"elevenlabs {fault}"]
    failed = outcome.metric("voicebot_errors_total", provider="elevenlabs", kind=ELEVENLABS_KINDS[fault])
    assert failed >= 2
    assert outcome.metric("voicebot_fallbacks_total", provider="elevenlabs", to="espeak") == failed
    for provider in ("deepgram", "groq"):
        assert outcome.metric("voicebot_fallbacks_total", provider=provider, to="rules") == 0


@pytest.mark.parametrize(("fault", "kind"), [("hang", "timeout"), ("slow", "timeout")])
def test_the_rules_take_over(outcomes: dict[str, Outcome], fault: str, kind: str) -> None:
    outcome = outcomes[f"groq {fault}"]
    failed = outcome.metric("voicebot_errors_total", provider="groq", kind=kind)
    assert failed >= 1
    assert outcome.metric("voicebot_fallbacks_total", provider="groq", to="rules") == failed
    assert {line["source"] for line in outcome.log if line["event"] == "turn understood"} == {"rules"}


def test_the_rules_take_over_for_the_turns_that_fail(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["groq in turn"]
    for kind in ("network", "quota", "protocol"):
        assert outcome.metric("voicebot_errors_total", provider="groq", kind=kind) >= 1
    sources = [line["source"] for line in outcome.log if line["event"] == "turn understood"]
    assert {"rules", "openai/gpt-oss-120b"} == set(sources)


@pytest.mark.parametrize(("fault", "kind"), [("stall", "timeout"), ("cut", "network")])
def test_a_reply_that_breaks_off_is_replaced(outcomes: dict[str, Outcome], fault: str, kind: str) -> None:
    outcome = outcomes[f"groq {fault}"]
    assert outcome.metric("voicebot_errors_total", provider="groq", kind=kind) >= 1
    assert outcome.metric("voicebot_fallbacks_total", provider="groq", to="phrases") == 1


def test_a_retired_model_has_a_successor(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["groq retired"]
    sources = {line["source"] for line in outcome.log if line["event"] == "turn understood"}
    assert sources == {"openai/gpt-oss-20b", "rules"}  # a plain "non" needs no model
    assert outcome.metric("voicebot_fallbacks_total", provider="groq", to="rules") == 0


@pytest.mark.parametrize(
    ("scenario", "errors"),
    [
        ("deepgram http_401", {"auth": 1}),
        ("deepgram hang", {"timeout": 2}),
        ("all down", {"network": 2}),
        ("deepgram mute", {"network": 1}),
        ("deepgram empty", {}),
    ],
)
def test_nobody_hears_the_caller(outcomes: dict[str, Outcome], scenario: str, errors: dict[str, int]) -> None:
    outcome = outcomes[scenario]
    call = outcome.calls["unheard"]
    assert call.ticket.status == "open"
    assert call.caller_words == []
    assert call.bot_words.count(APOLOGY) == 1
    assert ("Je ne vous entends pas." in call.bot_words) is (scenario in ("deepgram mute", "deepgram empty"))
    for kind in ("auth", "timeout", "network", "quota", "protocol"):
        counted = outcome.metric("voicebot_errors_total", provider="deepgram", kind=kind)
        assert counted >= 1 if scenario == "deepgram mute" and kind == "network" else counted == errors.get(kind, 0)
    assert outcome.metric("voicebot_calls_total", outcome="error") == 1


@pytest.mark.parametrize("scenario", ["deepgram hang", "deepgram mute"])
def test_a_caller_who_hangs_up_is_not_waited_for(outcomes: dict[str, Outcome], scenario: str) -> None:
    call = outcomes[scenario].calls["hangs up"]
    assert call.ticket.status == "abandoned"
    assert call.ticket.duration_seconds == pytest.approx(call.report.duration_s, abs=0.5)


def test_ears_that_die_are_opened_anew(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["deepgram in turn"]
    assert outcome.metric("voicebot_errors_total", provider="deepgram", kind="network") == 2
    failed = [line["call_id"] for line in outcome.log if line["event"] == "provider failed"]
    assert sorted(failed) == sorted(str(outcome.calls[name].ticket.call_uuid) for name in ("reset", "close_1011"))
