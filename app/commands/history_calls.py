"""Believable calls, invented: who called when, what was said, how it ended. Nothing in it is anybody's.

Everything comes from one source of chance, so that the same seed makes the same calls.
"""

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from random import Random
from typing import Any
from uuid import UUID

from app.commands.history_words import (
    ANNOYED,
    ASTERISKS,
    COMPANIES,
    DESCRIPTIONS,
    DONE,
    FIRST_NAMES,
    LAST_NAMES,
    OPENINGS,
    PLEASED,
    STILL_BROKEN,
    TRYING,
    WANTS_A_PERSON,
)
from app.dialogue.intents import Intent
from app.dialogue.prompts import Prompts
from app.store.tickets import ProblemType, Ticket, TicketSentiment, TicketStatus

HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 8, 12, 12, 10, 6, 7, 11, 11, 10, 9, 6, 3, 2, 2, 1, 1)
"""How calls lie over the hours of a day, in parts."""
WEEKDAYS = (1.25, 1.1, 1.0, 0.95, 1.05, 0.6, 0.4)
PROBLEMS: Mapping[ProblemType, float] = {"internet": 0.52, "mobile": 0.22, "modification": 0.16, "other": 0.10}
ENDINGS: Mapping[TicketStatus, float] = {"resolved": 0.58, "transferred": 0.24, "open": 0.10, "abandoned": 0.08}
CHARACTERS_PER_S = 14.0
"""French speech at an ordinary pace."""
ISSUES: Mapping[ProblemType, Intent] = {
    "internet": Intent.INTERNET_ISSUE,
    "mobile": Intent.MOBILE_ISSUE,
    "modification": Intent.MODIFICATION_REQUEST,
    "other": Intent.UNCLEAR,
}
Seconds = Callable[[str, str], float]
"""How long a side (`caller` or `bot`) takes to say something."""


@dataclass(frozen=True, slots=True)
class InventedClient:
    """One of the table `clients`, with the number it will have there."""

    id: int
    first_name: str
    last_name: str
    company: str | None
    email: str
    phone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InventedCall:
    """One call that is over.

    Attributes:
        words: in the order in which they were said; as the transcript has them, without times.
        pauses_s: silence before each of them; for the bot's, the time it took to answer.
    """

    call_uuid: UUID
    started_at: datetime
    client: InventedClient | None
    caller_number: str | None
    asterisk: str
    problem_type: ProblemType
    status: TicketStatus
    sentiment: TicketSentiment
    summary: str
    words: tuple[Mapping[str, Any], ...]
    pauses_s: tuple[float, ...]

    def ticket(self, seconds: Seconds, recording: str | None = None) -> Ticket:
        """Its ticket, once it is known how long each sentence takes."""
        at_s = 0.4
        transcript: list[dict[str, Any]] = []
        for entry, pause_s in zip(self.words, self.pauses_s, strict=True):
            at_s += pause_s
            lasts_s = seconds(str(entry["speaker"]), str(entry["text"]))
            # As in a real transcript: a caller's words are noted with the end of them, the bot's with the beginning.
            noted_s = at_s + lasts_s if entry["speaker"] == "caller" else at_s
            insort(transcript, {**entry, "at_s": round(noted_s, 2)}, key=lambda each: each["at_s"])
            at_s += lasts_s
        duration_s = round(at_s + 0.5, 3)
        return Ticket(
            call_uuid=self.call_uuid,
            started_at=self.started_at,
            caller_number=self.caller_number,
            asterisk=self.asterisk,
            client_id=self.client.id if self.client else None,
            ended_at=self.started_at + timedelta(seconds=duration_s),
            duration_seconds=duration_s,
            problem_type=self.problem_type,
            status=self.status,
            sentiment=self.sentiment,
            summary=self.summary,
            transcript=transcript,
            recording=recording,
        )


def guessed_seconds(_speaker: str, text: str) -> float:
    """How long a sentence takes, by its length."""
    return 0.3 + len(text) / CHARACTERS_PER_S


@dataclass(slots=True)
class _Dialogue:
    """What is being said, and who is how annoyed by it."""

    random: Random
    prompts: Prompts
    words: list[Mapping[str, Any]] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)

    def bot(self, *keys: str, **values: str) -> None:
        text = " ".join(self.prompts.text(key, values) for key in keys)
        entry: dict[str, Any] = {"speaker": "bot", "text": text}
        if self.words and self.random.random() < 0.06:
            said = text.split()
            kept = self.random.randint(max(1, len(said) // 3), len(said))
            entry |= {"text": " ".join(said[:kept]) + "…", "interrupted": True} if kept < len(said) else {}
        self.words.append(entry)
        self.pauses_s.append(0.0)

    def caller(self, text: str, state: str, intent: Intent, sentiment: str = "neutral", thinks_s: float = 0.7) -> None:
        """A turn with the figures that a real one leaves."""
        chance = self.random
        endpoint_ms = round(chance.uniform(320, 560) if len(text) < 20 else chance.uniform(480, 900))
        understanding_ms = 1 if len(text) < 20 else round(chance.lognormvariate(5.5, 0.35))
        first_audio_ms = round(chance.lognormvariate(4.3, 0.7))
        self.words.append(
            {
                "speaker": "caller",
                "text": text,
                "state": state,
                "intent": intent.value,
                "sentiment": sentiment,
                "endpoint_ms": endpoint_ms,
                "understanding_ms": understanding_ms,
                "first_audio_ms": first_audio_ms,
                "total_ms": endpoint_ms + understanding_ms + first_audio_ms,
            }
        )
        self.pauses_s.append(max(0.15, chance.gauss(thinks_s, 0.25)))

    def answered(self) -> None:
        """The bot's words come when the turn's figures say so."""
        for index, entry in enumerate(self.words):
            if entry["speaker"] == "bot" and index and "total_ms" in self.words[index - 1]:
                self.pauses_s[index] = float(self.words[index - 1]["total_ms"]) / 1000


def invent_clients(random: Random, count: int, until: datetime) -> list[InventedClient]:
    """Clients with numbers of the ranges that France keeps for fiction (ARCEP, decision 2018-0881)."""
    clients = []
    for number in range(1, count + 1):
        first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
        company = random.choice(COMPANIES) if random.random() < 0.45 else None
        plain = f"{first}.{last}".lower().translate(str.maketrans("éèêëàâîïôöûüç' ", "eeeeaaiioouuc--"))
        clients.append(
            InventedClient(
                id=number,
                first_name=first,
                last_name=last,
                company=company,
                email=f"{plain}{number}@example.fr",
                phone=_fictional_number(number),
                created_at=until - timedelta(days=random.uniform(1, 1500)),
            )
        )
    return clients


def _fictional_number(number: int) -> str:
    """0199, 0261, 0353, 0465, 0536 and 0639 98 are never given to anybody."""
    ranges = ("19900", "26191", "35301", "46571", "53649", "63998")
    start, rest = ranges[number % len(ranges)], number // len(ranges)
    return f"+33{start}{rest % 10_000:04}"


def moments(random: Random, until: datetime, days: int, per_day: float, zone: tzinfo) -> list[datetime]:
    """When calls began: by hours and weekdays as offices have them; in order, none after `until`."""
    found = []
    last: date = until.astimezone(zone).date()
    for back in range(days):
        day = last - timedelta(days=back)
        count = round(per_day * WEEKDAYS[day.weekday()] * random.uniform(0.85, 1.15))
        for hour in random.choices(range(24), HOURS, k=count):
            seconds = random.uniform(0, 3600)
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone) + timedelta(seconds=seconds)
            if moment < until:
                found.append(moment)
    return sorted(found)


def invent_call(
    random: Random, prompts: Prompts, started_at: datetime, clients: Sequence[InventedClient]
) -> InventedCall:
    """One call that began at that time."""
    known = bool(clients) and random.random() < 0.72
    client = clients[min(int(random.expovariate(4 / len(clients))), len(clients) - 1)] if known else None
    problem = random.choices(list(PROBLEMS), list(PROBLEMS.values()))[0]
    status = random.choices(list(ENDINGS), list(ENDINGS.values()))[0]
    if problem == "modification" and status == "resolved":
        status = "open"  # somebody has to do it
    unhappy = random.random() < {"resolved": 0.04, "open": 0.12, "transferred": 0.34, "abandoned": 0.40}[status]
    sentiment: TicketSentiment = "negative" if unhappy else "neutral"
    if status == "resolved" and not unhappy and random.random() < 0.55:
        sentiment = "positive"
    description = random.choice(DESCRIPTIONS[problem])
    if unhappy:
        description = f"{random.choice(ANNOYED)} {description}"
    talk = _Dialogue(random, prompts)
    _talk(talk, client, problem, status, sentiment, description)
    talk.answered()
    number = client.phone if client else _fictional_number(random.randrange(40_000, 59_999))
    names = prompts.names
    who = names.unknown_caller
    if client is not None:
        who = f"{client.first_name} {client.last_name}" + (f" ({client.company})" if client.company else "")
    summary = names.summary.format(
        subject=names.subject[problem],
        who=who,
        problem_said=f"« {description} » ",
        status_said=names.status[status],
    )
    return InventedCall(
        call_uuid=UUID(int=random.getrandbits(128), version=4),
        started_at=started_at,
        client=client,
        caller_number=None if client is None and random.random() < 0.2 else number,
        asterisk=random.choices(ASTERISKS, (5, 3, 2))[0],
        problem_type=problem,
        status=status,
        sentiment=sentiment,
        summary=summary,
        words=tuple(talk.words),
        pauses_s=tuple(talk.pauses_s),
    )


def _talk(
    talk: _Dialogue,
    client: InventedClient | None,
    problem: ProblemType,
    status: TicketStatus,
    sentiment: TicketSentiment,
    description: str,
) -> None:
    random = talk.random
    mood = "negative" if sentiment == "negative" else "neutral"
    if client is not None and random.random() < 0.7:
        talk.bot("welcome_known", "welcome_again", first_name=client.first_name)
    else:
        talk.bot("welcome")
    talk.caller(random.choice(OPENINGS[problem]), "WELCOME", ISSUES[problem], thinks_s=1.0)
    talk.bot("ask_ticket")
    talk.caller(
        random.choice(("Non.", "Non, pas encore.", "Non, c'est la première fois.")), "TICKET_VERIFICATION", Intent.NO
    )
    if client is None:
        name = f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"
        talk.bot("ask_identity")
        talk.caller(f"{name}, de {random.choice(COMPANIES)}.", "IDENTIFICATION", Intent.IDENTITY_PROVIDED)
        if status == "abandoned":
            talk.bot("thanks", "ask_problem")
            return
    talk.bot("ask_problem")
    talk.caller(description, "DIAGNOSTIC", ISSUES[problem], mood, thinks_s=1.2)
    if status == "abandoned":
        talk.bot(f"solution_{problem}")
        return
    if problem == "modification":
        talk.bot("solution_modification")
        if status == "transferred":
            talk.caller(random.choice(WANTS_A_PERSON), "SOLUTION", Intent.HUMAN_REQUEST, mood)
            talk.bot("transfer")
            return
        talk.caller("Oui, très bien, merci.", "SOLUTION", Intent.YES, sentiment)
        talk.bot("goodbye_open")
        return
    talk.bot(f"solution_{problem}")
    if status == "transferred" and random.random() < 0.45:
        talk.caller(random.choice(WANTS_A_PERSON), "SOLUTION", Intent.HUMAN_REQUEST, mood)
        talk.bot("transfer")
        return
    talk.caller(random.choice(TRYING), "SOLUTION", Intent.HOLD_REQUEST)
    talk.bot("solution_wait")
    talk.caller(random.choice(DONE), "SOLUTION", Intent.YES, thinks_s=random.uniform(5, 14))
    talk.bot("ask_works")
    if status == "resolved":
        talk.caller(random.choice(PLEASED), "VERIFICATION", Intent.YES, sentiment)
        talk.bot("goodbye")
        return
    talk.caller(random.choice(STILL_BROKEN), "VERIFICATION", Intent.NO, mood)
    talk.bot("transfer" if status == "transferred" else "goodbye_open")
