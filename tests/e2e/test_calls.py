"""Eight spoken calls at once, each judged by its ticket, what was heard, its recording and the metrics."""

from pathlib import Path

import pytest

from tests.e2e.world import CallResult, World, run_world
from tests.transcript import said_by
from tests.words import bare

pytestmark = pytest.mark.e2e

SHIPPED = (
    "internet_resolu",
    "ticket_en_cours",
    "probleme_mobile",
    "modification",
    "probleme_persiste",
    "silence",
    "demande_humain",
    "raccroche",
)
RECORDING_BYTES_PER_S = 8000 * 2 * 2


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return run_world(tmp_path_factory.mktemp("calls"), {name: name for name in SHIPPED})


def assert_recorded(call: CallResult) -> None:
    """The recording is there and as long as the call, on both sides."""
    recorded_s = call.recording.stat().st_size / RECORDING_BYTES_PER_S
    assert call.ticket.duration_seconds is not None
    assert recorded_s == pytest.approx(call.ticket.duration_seconds, abs=0.5)
    assert recorded_s == pytest.approx(call.report.duration_s, abs=1.5)


def said(call: CallResult) -> list[str]:
    return [turn.said for turn in call.report.turns]


def test_internet_problem_is_resolved(world: World) -> None:
    call = world.calls["internet_resolu"]
    assert (call.ticket.status, call.ticket.problem_type, call.ticket.sentiment) == ("resolved", "internet", "positive")
    assert bare(call.caller_words) == bare(said(call))
    assert "Pierre Dupont (TechCorp)" in call.ticket.summary
    assert "Ma box Internet ne fonctionne plus depuis ce matin." in call.ticket.summary
    for words in (
        "Comment puis-je vous aider ?",
        "Avez-vous déjà un ticket en cours concernant ce problème ?",
        "Puis-je avoir votre nom et votre entreprise ?",
        "Merci Pierre. Pouvez-vous me décrire votre problème plus en détail ?",
        "débrancher votre box",
        "Parfait ! Merci pour votre appel. Au revoir !",
    ):
        assert words in call.bot_words
    assert str(call.report.ended_by) == "bot"
    assert_recorded(call)


def test_pending_ticket_is_recognised(world: World) -> None:
    call = world.calls["ticket_en_cours"]
    assert call.ticket.client_id is not None
    assert "Je vois un ticket en cours à votre nom, au sujet de votre connexion Internet." in call.bot_words
    assert "Merci Marie." in call.bot_words
    assert "Marie Lopez (Boulangerie Martin)" in call.ticket.summary
    assert "Suite du ticket n°" in call.ticket.summary
    assert bare(call.caller_words[:4]) == bare(said(call)[:4])
    assert_recorded(call)


def test_mobile_issue(world: World) -> None:
    call = world.calls["probleme_mobile"]
    assert (call.ticket.status, call.ticket.problem_type) == ("resolved", "mobile")
    assert bare(call.caller_words) == bare(said(call))
    assert_recorded(call)


def test_modification_request(world: World) -> None:
    call = world.calls["modification"]
    assert (call.ticket.status, call.ticket.problem_type) == ("open", "modification")
    assert "Sophie Bernard" in call.ticket.summary
    assert "J'enregistre votre demande de modification" in call.bot_words
    assert bare(call.caller_words) == bare(said(call))
    assert_recorded(call)


def test_problem_that_persists_is_transferred(world: World) -> None:
    call = world.calls["probleme_persiste"]
    assert (call.ticket.status, call.ticket.problem_type) == ("transferred", "internet")
    assert "Je vous mets en relation avec un technicien." in call.bot_words
    assert bare(call.caller_words) == bare(said(call))
    assert str(call.report.ended_by) == "bot"
    assert_recorded(call)


def test_silent_caller_is_asked_again_then_left(world: World) -> None:
    call = world.calls["silence"]
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "other")
    assert call.caller_words == []
    for words in ("Êtes-vous toujours en ligne ?", "Je ne vous entends pas.", "Je ne vous entends plus."):
        assert words in call.bot_words
    assert str(call.report.ended_by) == "bot"
    assert_recorded(call)


def test_human_is_asked_for_at_once(world: World) -> None:
    call = world.calls["demande_humain"]
    assert call.ticket.status == "transferred"
    assert call.caller_words == ["Je veux parler à un conseiller."]
    assert len(said_by("bot", call.ticket)) == 2
    assert_recorded(call)


def test_caller_hangs_up_in_mid_sentence(world: World) -> None:
    call = world.calls["raccroche"]
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "internet")
    assert bare(call.caller_words)[0] == "bonjour je n ai plus internet"
    assert str(call.report.ended_by) == "caller"
    assert_recorded(call)


def test_metrics_count_all_of_it(world: World) -> None:
    assert world.metric("voicebot_calls_active") == 0
    outcomes = {"goodbye": 3, "transfer": 2, "silence": 1, "hangup": 1}
    for outcome, at_least in outcomes.items():
        assert world.metric("voicebot_calls_total", outcome=outcome) >= at_least
    assert world.metric("voicebot_call_duration_seconds_count") == len(SHIPPED)
    turns = sum(len(call.caller_words) for call in world.calls.values())
    assert 0 < world.metric("voicebot_turn_latency_seconds_count", stage="total") <= turns
    for stage in ("endpoint", "understanding", "first_audio"):
        assert world.metric("voicebot_turn_latency_seconds_count", stage=stage) > 0
    assert world.metric("voicebot_tickets_total", problem_type="internet", status="resolved") >= 1
    assert world.metric("voicebot_cache_hits_total") > 0
    assert world.metric("voicebot_spool_entries") == 0
    assert world.metric("voicebot_errors_total", provider="deepgram", kind="network") == 0


def test_frames_left_all_the_time(world: World) -> None:
    for name, call in world.calls.items():
        frames = call.report.frames
        assert frames.received == pytest.approx(frames.expected, abs=5), name


def test_every_line_of_a_call_says_which(world: World) -> None:
    lines = [line for line in world.log if line["event"] in ("turn understood", "bot said", "call ended")]
    uuids = {str(call.ticket.call_uuid) for call in world.calls.values()}
    assert {line["call_id"] for line in lines} == uuids
    assert all(isinstance(line["turn_id"], int) for line in lines)


def test_the_server_stops_cleanly(world: World) -> None:
    assert world.exit_code == 0


def test_nothing_waits_on_disk(world: World) -> None:
    spool = Path(world.calls["silence"].recording).parents[1] / "spool"
    assert not list(spool.glob("*.json"))
