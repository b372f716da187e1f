"""Announcements: read out of events, kept for a while, used once, good for their own Asterisk only."""

from ipaddress import ip_address
from uuid import UUID

import pytest

from app.asterisk.announcements import Announcement, Announcements, read_announcement, read_unanswered
from app.asterisk.messages import Message

CALL_UUID = UUID("33333333-4444-4555-8666-777777777777")
ONE, OTHER = ip_address("203.0.113.10"), ip_address("203.0.113.11")
HEADERS = {
    "event": "UserEvent",
    "userevent": "VoicebotCall",
    "channel": "PJSIP/phone-00000001",
    "calluuid": str(CALL_UUID),
    "callernumber": "0612345678",
    "callername": "Marie",
    "dialled": "777",
    "attempt": "new",
    "reason": "",
}


def event(**changed: str) -> Message:
    return Message({**HEADERS, **changed})


def announcement(number: int = 0) -> Announcement:
    return Announcement(UUID(int=number), ONE, "PJSIP/phone-00000001")


def test_an_announcement_is_read() -> None:
    found = read_announcement(event(), ONE)
    assert found == Announcement(
        CALL_UUID, ONE, "PJSIP/phone-00000001", "+33612345678", "Marie", "777", returned=False, reason=""
    )


def test_who_comes_back_says_why() -> None:
    found = read_announcement(event(attempt="returned", reason="NOANSWER"), ONE)
    assert found is not None
    assert (found.returned, found.reason) == (True, "NOANSWER")


@pytest.mark.parametrize(
    "other", [event(event="Hangup"), event(userevent="Somebody"), Message({"event": "FullyBooted"})]
)
def test_any_other_event_is_none(other: Message) -> None:
    assert read_announcement(other, ONE) is None


def test_a_call_that_no_technician_answered() -> None:
    told = event(userevent="VoicebotUnanswered", reason="CANCEL")
    assert read_unanswered(told) == CALL_UUID
    assert read_announcement(told, ONE) is None
    assert read_unanswered(event()) is None
    with pytest.raises(ValueError, match=r"."):
        read_unanswered(event(userevent="VoicebotUnanswered", calluuid="x"))


@pytest.mark.parametrize("wrong", [event(calluuid="x"), event(calluuid=""), event(channel=""), event(attempt="third")])
def test_what_makes_no_sense_is_told(wrong: Message) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_announcement(wrong, ONE)


@pytest.mark.parametrize("name", ["calluuid", "attempt", "channel", "callernumber"])
def test_a_header_that_comes_twice_is_somebodys_trick(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_announcement(Message(HEADERS, frozenset({name})), ONE)
    assert read_announcement(Message(HEADERS, frozenset({"chanvariable"})), ONE) is not None


def test_found_until_its_time_is_over() -> None:
    book = Announcements(kept_s=10.0)
    book.add(announcement(), 100.0)
    assert book.find(UUID(int=0), ONE, 109.9) == announcement()
    assert book.find(UUID(int=0), ONE, 110.0) is None
    assert len(book) == 0


def test_good_for_its_own_asterisk_only() -> None:
    book = Announcements()
    book.add(announcement(), 0.0)
    assert book.find(UUID(int=0), OTHER, 0.0) is None


def test_used_up_it_is_gone() -> None:
    book = Announcements()
    book.add(announcement(), 0.0)
    book.use_up(announcement())
    assert book.find(UUID(int=0), ONE, 0.0) is None
    book.use_up(announcement())


def test_the_later_of_two_counts_and_lives_longer() -> None:
    book = Announcements(kept_s=10.0)
    back = Announcement(UUID(int=0), ONE, "PJSIP/phone-00000001", returned=True)
    book.add(announcement(0), 0.0)
    book.add(announcement(1), 1.0)
    book.add(back, 5.0)
    assert book.find(UUID(int=0), ONE, 12.0) == back
    assert book.find(UUID(int=1), ONE, 12.0) is None


def test_the_oldest_of_too_many_is_forgotten() -> None:
    book = Announcements(max_kept=3)
    for number in range(5):
        book.add(announcement(number), 0.0)
    assert len(book) == 3
    assert book.find(UUID(int=1), ONE, 0.0) is None
    assert book.find(UUID(int=4), ONE, 0.0) is not None
