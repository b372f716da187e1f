"""Clients and tickets in a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.errors import StoreError
from app.store.clients import Client, Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate, migrations
from app.store.pool import Database, RefusedError
from app.store.tickets import Ticket, Tickets

START = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
PHONE = "+33612345678"


def ticket(**changes: Any) -> Ticket:
    return replace(Ticket(call_uuid=uuid4(), started_at=START), **changes)


@pytest.fixture
def clients(clients_database: Database) -> Clients:
    return Clients(clients_database)


@pytest.fixture
def tickets(tickets_database: Database) -> Tickets:
    return Tickets(tickets_database)


@pytest.fixture
def add(clients: Clients) -> Callable[..., Awaitable[Client]]:
    """Adds a client from "First Last" and gives everyone a number of their own."""
    count = 0

    async def one(first: str, last: str, company: str | None = None, email: str | None = None) -> Client:
        nonlocal count
        count += 1
        phone = f"+3361200{count:04d}"
        return await clients.add(first_name=first, last_name=last, phone=phone, company=company, email=email)

    return one


class TestMigrations:
    async def test_a_second_time_there_is_nothing_to_do(self, clients_url: str, tickets_url: str) -> None:
        assert await migrate(clients_url, "clients") == []
        assert await migrate(tickets_url, "tickets") == []

    async def test_an_empty_database_gets_all_in_order_even_from_two_at_once(
        self, postgres: EmbeddedPostgres, clients_url: str
    ) -> None:
        admin = await asyncpg.connect(clients_url)
        await admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        both = await asyncio.gather(migrate(clients_url, "clients"), migrate(clients_url, "clients"))
        recorded = await admin.fetch("SELECT version, name, applied_at FROM schema_migrations ORDER BY version")
        await admin.close()
        names = [migration.name for migration in migrations("clients")]
        assert sorted(both) == [[], names]
        assert [row["name"] for row in recorded] == names
        assert all(row["applied_at"].tzinfo is not None for row in recorded)

    async def test_a_file_that_fails_is_rolled_back_whole(self, clients_url: str) -> None:
        admin = await asyncpg.connect(clients_url)
        await admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE clients (id int)")
        with pytest.raises(StoreError, match=r"0001_clients\.sql: relation \"clients\" already exists"):
            await migrate(clients_url, "clients")
        left = await admin.fetchval("SELECT count(*) FROM pg_proc WHERE proname = 'sound_key'")
        versions = await admin.fetchval("SELECT count(*) FROM schema_migrations")
        await admin.close()
        assert (left, versions) == (0, 0)

    async def test_a_database_that_is_not_there_is_a_store_error(self, postgres: EmbeddedPostgres) -> None:
        with pytest.raises(StoreError, match="connecting"):
            await migrate(postgres.url("no_such_database"), "clients")

    async def test_the_two_kinds_of_database_are_not_mixed_up(self, clients_url: str) -> None:
        with pytest.raises(StoreError, match=r"no database of tickets: it has 0001_clients\.sql"):
            await migrate(clients_url, "tickets")


class TestClients:
    async def test_by_phone(self, clients: Clients) -> None:
        added = await clients.add(first_name="Pierre", last_name="Dupont", phone=PHONE, company="TechCorp")
        assert await clients.find_by_phone(PHONE) == added
        assert await clients.find_by_phone("+33612345679") is None
        assert added.name == "Pierre Dupont"
        assert added.created_at.tzinfo is not None

    async def test_by_email_in_any_case_unless_shared(self, add: Any, clients: Clients) -> None:
        pierre = await add("Pierre", "Dupont", email="Pierre.Dupont@Example.fr")
        assert await clients.find_by_email(" pierre.dupont@example.FR") == pierre
        await add("Paul", "Dupont", email="pierre.dupont@example.fr")
        assert await clients.find_by_email("pierre.dupont@example.fr") is None

    @pytest.mark.parametrize("phone", ["0612345678", "33612345678", "+0612345678", "+336123456789012345", "+33 6", ""])
    async def test_a_number_that_is_not_e164_is_refused(self, clients: Clients, phone: str) -> None:
        with pytest.raises(RefusedError, match="clients_phone_check"):
            await clients.add(first_name="Pierre", last_name="Dupont", phone=phone)

    async def test_a_number_belongs_to_one_client(self, clients: Clients) -> None:
        await clients.add(first_name="Pierre", last_name="Dupont", phone=PHONE)
        with pytest.raises(RefusedError, match="clients_phone_key"):
            await clients.add(first_name="Paul", last_name="Martin", phone=PHONE)

    async def test_a_client_has_a_last_name(self, clients: Clients) -> None:
        with pytest.raises(RefusedError, match="last_name"):
            await clients.add(first_name="Pierre", last_name=" - ", phone=PHONE)

    @pytest.mark.parametrize(
        ("first", "last", "said"),
        [
            ("Pierre", "Dupont", "pierre dupont"),
            ("Pierre", "Dupont", "DUPONT Pierre"),
            ("Pierre", "Dupont", "monsieur Dupond"),
            ("Pierre", "Dupond", "Pierre Dupon"),
            ("Maria", "Lopez", "Maria Lopes"),
            ("Hélène", "Lefèvre", "helene Lefebvre"),
            ("Jean-Pierre", "de la Tour", "Delatour Jean Pierre"),
            ("Jean-Pierre", "de la Tour", "Jean-Pierre De La Tour"),
            ("Thi", "N'Guyen", "Thi Nguyen"),
            ("Agnès", "Saint-Martin", "Agnes St Martin"),
            ("Thibault", "Gauthier", "Tibo Gautier"),
            ("Philippe", "Renault", "Filip Reno"),
            ("Rémy", "Durand", "Rémi Durant"),
            ("Michèle", "Cœur", "Michelle Coeur"),
            ("Christophe", "Leroy", "Kristof Leroi"),
            ("François", "Müller", "Francois Muller"),
            ("Éric", "Rodriguez", "Erick Rodrigues"),
            # The same letters in Unicode's decomposed form, as some systems export them.
            ("Helene", "Lefe\u0300vre", "Hélène Lefèvre"),
        ],
    )
    async def test_a_name_as_the_recogniser_may_write_it(
        self, add: Any, clients: Clients, first: str, last: str, said: str
    ) -> None:
        wanted = await add(first, last)
        await add("Gérard", "Bernard")
        assert await clients.find_by_name(said) == wanted

    @pytest.mark.parametrize(
        ("said", "first", "last"),
        [
            ("Paul Dupont", "Pierre", "Dupont"),
            ("Denis Dupont", "Denise", "Dupont"),
            ("Laurent Petit", "Laurence", "Petit"),
            ("Martin Durand", "Martine", "Durand"),
            ("Jean Moreau", "Jeanne", "Moreau"),
            ("Pierre Roux", "Pierre", "Rousse"),
            ("Pierre Blanc", "Pierre", "Blanche"),
            ("David Simon", "Davy", "Simon"),
            ("Jean Martin", "Jean-Pierre", "Martin"),
            ("Pierre", "Pierre", "Dupont"),
            ("", "Pierre", "Dupont"),
            ("%", "Pierre", "Dupont"),
            ("Pierre Dupont de quelque chose d'autre encore", "Pierre", "Dupont"),
        ],
    )
    async def test_another_person_is_not_found(
        self, add: Any, clients: Clients, said: str, first: str, last: str
    ) -> None:
        await add(first, last)
        assert await clients.find_by_name(said) is None

    async def test_two_who_sound_alike_need_the_company(self, add: Any, clients: Clients) -> None:
        dupont = await add("Pierre", "Dupont", "TechCorp SARL")
        dupond = await add("Pierre", "Dupond", "Boulangerie du Parc")
        assert await clients.find_by_name("Pierre Dupont") is None
        assert await clients.find_by_name("Pierre Dupond", "tech corp") == dupont
        assert await clients.find_by_name("Pierre Dupont", "boulangerie du parc") == dupond
        assert await clients.find_by_name("Pierre Dupont", "Garage Central") is None

    async def test_a_last_name_alone(self, add: Any, clients: Clients) -> None:
        pierre = await add("Pierre", "Dupont", "TechCorp")
        assert await clients.find_by_name("Dupont") == pierre
        assert await clients.find_by_name("Dupont", "Techcorp") == pierre
        # Another company: this is probably another Dupont.
        assert await clients.find_by_name("Dupont", "Garage Central") is None
        assert await clients.find_by_name("Pierre Dupont", "Garage Central") == pierre
        await add("Paul", "Dupont", "Garage Central")
        assert await clients.find_by_name("Dupont") is None
        assert await clients.find_by_name("Dupont", "TechCorp") == pierre

    async def test_first_and_last_name_beat_a_last_name_alone(self, add: Any, clients: Clients) -> None:
        await add("Alain", "Pierre-Dupont")
        pierre = await add("Pierre", "Dupont")
        assert await clients.find_by_name("Pierre Dupont") == pierre

    async def test_names_that_are_each_others_reverse_stay_open(self, add: Any, clients: Clients) -> None:
        await add("Martin", "Simon")
        await add("Simon", "Martin")
        assert await clients.find_by_name("Martin Simon") is None

    async def test_a_name_is_found_by_an_index(self, clients_database: Database) -> None:
        async with clients_database.acquire(5.0) as connection:
            await connection.execute("SET enable_seqscan = off")
            plan = await connection.fetch("EXPLAIN SELECT 1 FROM clients WHERE last_name_sound = sound_key('Dupont')")
        assert "clients_last_name_sound" in str(plan)


class TestTickets:
    async def test_a_ticket_comes_back_as_it_was(self, tickets: Tickets) -> None:
        saved = ticket(
            caller_number=PHONE,
            asterisk="192.0.2.10",
            client_id=7,
            ended_at=START + timedelta(seconds=95.5),
            duration_seconds=95.5,
            problem_type="internet",
            status="resolved",
            sentiment="positive",
            summary="« ça remarche »",
            transcript=[{"speaker": "bot", "text": "Bonjour !", "at_s": 0.4, "interrupted": True}],
            recording="call.raw",
        )
        assert await tickets.save(saved) == saved.call_uuid
        found = await tickets.by_call(saved.call_uuid)
        assert found is not None
        assert replace(found, id=None) == saved
        assert found.id is not None
        assert found.id > 1000
        assert await tickets.by_number(found.id) == found

    @pytest.mark.parametrize("number", [0, -1, 1, 4512, 2**63, 10**30])
    async def test_a_number_nobody_has(self, tickets: Tickets, number: int) -> None:
        assert await tickets.by_number(number) is None

    async def test_the_same_call_saved_again_replaces_its_row(self, tickets: Tickets) -> None:
        first = ticket(status="abandoned")
        await tickets.save(first)
        before = await tickets.by_call(first.call_uuid)
        assert await tickets.save(replace(first, status="resolved", client_id=3)) == first.call_uuid
        after = await tickets.by_call(first.call_uuid)
        assert before is not None
        assert after == replace(before, status="resolved", client_id=3)
        assert len(await tickets.latest(10)) == 1

    async def test_a_uuid_used_again_by_a_later_call_loses_nothing(self, tickets: Tickets) -> None:
        first = ticket(summary="le premier")
        second = replace(first, started_at=START + timedelta(hours=2), summary="le second")
        third = replace(first, started_at=START + timedelta(hours=3), summary="le troisième")
        used = [await tickets.save(each) for each in (first, second, third)]
        assert used[0] == first.call_uuid
        assert len(set(used)) == 3
        # Replayed from the spool, a call finds its own row again.
        assert [await tickets.save(each) for each in (third, second, first)] == used[::-1]
        assert [each.summary for each in await tickets.latest(9)] == [
            "le troisième",
            "le second",
            "le premier",
        ]

    async def test_what_a_model_may_produce_can_be_stored(self, tickets: Tickets) -> None:
        odd = ticket(summary="a\0b\ud800", transcript=[{"text": "\0", "at_s": float("nan")}], caller_number="\0")
        await tickets.save(odd)
        found = await tickets.by_call(odd.call_uuid)
        assert found is not None
        assert (found.summary, found.transcript) == ("ab?", [{"text": "", "at_s": None}])

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("status", "'closed'"),
            ("problem_type", "'television'"),
            ("sentiment", "'furious'"),
            ("duration_seconds", "-1"),
            ("transcript", "'{}'"),
            ("call_uuid", "NULL"),
            ("started_at", "NULL"),
        ],
    )
    async def test_the_table_keeps_its_rules_against_anybody(
        self, tickets: Tickets, tickets_database: Database, column: str, value: str
    ) -> None:
        await tickets.save(ticket())
        with pytest.raises(RefusedError, match=column):
            await tickets_database.fetch(f"UPDATE tickets SET {column} = {value}")

    async def test_a_ticket_the_database_refuses_for_ever_says_so(self, tickets: Tickets) -> None:
        with pytest.raises(RefusedError):
            await tickets.save(ticket(client_id=2**70))

    async def test_pending_is_the_latest_open_one(self, tickets: Tickets) -> None:
        for hours, status in enumerate(("open", "open", "resolved", "transferred", "abandoned")):
            await tickets.save(ticket(client_id=7, started_at=START + timedelta(hours=hours), status=status))
        found = await tickets.pending_for(client_id=7)
        assert found is not None
        assert found.started_at == START + timedelta(hours=1)
        assert await tickets.pending_for(client_id=8) is None
        assert await tickets.pending_for() is None

    async def test_pending_for_a_number_never_shows_another_clients_ticket(self, tickets: Tickets) -> None:
        theirs = ticket(client_id=8, caller_number=PHONE)
        await tickets.save(theirs)
        assert await tickets.pending_for(client_id=7, caller_number=PHONE) is None
        found = await tickets.pending_for(caller_number=PHONE)
        assert found is not None
        assert found.call_uuid == theirs.call_uuid
        unknown = ticket(caller_number=PHONE, started_at=START - timedelta(days=1))
        await tickets.save(unknown)
        found = await tickets.pending_for(client_id=7, caller_number=PHONE)
        assert found is not None
        assert found.call_uuid == unknown.call_uuid

    async def test_withheld_numbers_are_not_one_caller(self, tickets: Tickets) -> None:
        await tickets.save(ticket(caller_number=None))
        assert await tickets.pending_for(caller_number=None) is None

    async def test_a_hundred_at_once_through_a_small_pool(self, tickets_url: str) -> None:
        many = [ticket(started_at=START + timedelta(seconds=n)) for n in range(100)]
        async with Database(tickets_url, pool_size=2) as database:
            tickets = Tickets(database)
            used: list[UUID] = await asyncio.gather(*(tickets.save(each) for each in many))
            assert used == [each.call_uuid for each in many]
            assert len(await tickets.latest(1000)) == 100

    async def test_one_call_saved_many_times_at_once_is_one_row(self, tickets: Tickets) -> None:
        one = ticket()
        assert set(await asyncio.gather(*(tickets.save(one) for _ in range(20)))) == {one.call_uuid}
        assert len(await tickets.latest(100)) == 1
