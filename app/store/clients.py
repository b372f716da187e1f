"""Who is calling: clients found by what a telephone gives, a number or words that a recogniser wrote down.

A wrong person is worse than nobody: the bot would tell one client about another's affairs. So every search
returns the one client it can mean, or None, and the dialogue asks for something better.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.errors import StoreError
from app.store.pool import SAVE_S, Database

COLUMNS = "id, first_name, last_name, company, email, phone, created_at"
TITLES = frozenset({"monsieur", "madame", "mademoiselle", "m", "mr", "mme", "mlle", "docteur", "dr", "maitre"})
LEGAL_FORMS = frozenset(
    {"sa", "sas", "sasu", "sarl", "eurl", "sci", "snc", "scop", "gie", "ets", "etablissements", "societe"}
    | {"entreprise", "groupe"}
)
WORDS_MAX = 8
"""A longer "name" is no name, and each word adds possible readings."""
CANDIDATES_MAX = 5000

BY_NAME = f"""
SELECT DISTINCT ON (id) {COLUMNS}, said.rest <> '' AS whole
FROM unnest($1::text[], $2::text[]) AS said (last, rest)
JOIN clients ON last_name_sound = sound_key(said.last) AND sound_key(said.last) <> ''
WHERE said.rest = '' OR first_name_sound = sound_key(said.rest)
ORDER BY id, said.rest <> '' DESC
LIMIT {CANDIDATES_MAX}
"""


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        id: of the row.
        phone: E.164, "+33612345678".
        created_at: aware, UTC.
    """

    id: int
    first_name: str
    last_name: str
    company: str | None
    email: str | None
    phone: str
    created_at: datetime

    @property
    def name(self) -> str:
        """As it is spoken: "Pierre Dupont"."""
        return f"{self.first_name} {self.last_name}".strip()


class Clients:
    """The table `clients`.

    Every method raises `StoreError` when the database can't answer in time (1 s, 5 s for `add`).
    """

    def __init__(self, pool: Database) -> None:
        self._pool = pool

    async def find_by_phone(self, e164: str) -> Client | None:
        """The client with this number, written "+33612345678"."""
        row = await self._pool.fetchrow(f"SELECT {COLUMNS} FROM clients WHERE phone = $1", e164)
        return _client(row) if row else None

    async def by_id(self, id: int) -> Client | None:
        """The client of this row."""
        row = await self._pool.fetchrow(f"SELECT {COLUMNS} FROM clients WHERE id = $1", id)
        return _client(row) if row else None

    async def find_by_email(self, email: str) -> Client | None:
        """The client with this address, whatever the case; None when several share it."""
        sql = f"SELECT {COLUMNS} FROM clients WHERE lower(email) = lower($1) LIMIT 2"
        rows = await self._pool.fetch(sql, email.strip())
        return _client(rows[0]) if len(rows) == 1 else None

    async def find_by_name(self, name: str, company: str | None = None) -> Client | None:
        """The one client whom a spoken name can mean, else None.

        Case, accents, hyphens and the order of first and last name don't matter, nor do spellings that sound
        alike in French ("Dupond" finds Dupont: the recogniser can't know). For the same reason a better
        spelling decides nothing between two people whose names sound the same; only the company does. A last
        name alone is enough when only one client bears it and the company, if given, does not contradict.

        Args:
            name: as recognised, "madame Lefebvre", "Pierre Dupont", "de la tour jean-pierre".
            company: as recognised; with or without its legal form.
        """
        lasts, rests = readings(name)
        if not lasts:
            return None
        rows = await self._pool.fetch(BY_NAME, lasts, rests)
        if len(rows) == CANDIDATES_MAX:
            return None
        whole = [_client(row) for row in rows if row["whole"]]
        return _choose(whole or [_client(row) for row in rows], company, sure=bool(whole))

    async def add(
        self,
        *,
        first_name: str,
        last_name: str,
        phone: str,
        company: str | None = None,
        email: str | None = None,
    ) -> Client:
        """Adds a client.

        Raises:
            RefusedError: the number is already there or is not E.164, or the last name is empty.
            StoreError: the database can't take it now.
        """
        row = await self._pool.fetchrow(
            "INSERT INTO clients (first_name, last_name, company, email, phone)"
            f" VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}",
            first_name.strip(),
            last_name.strip(),
            company,
            email,
            phone,
            within_s=SAVE_S,
        )
        if row is None:
            raise StoreError("clients: an insert returned nothing")
        return _client(row)


def readings(name: str) -> tuple[list[str], list[str]]:
    """All ways to split a spoken name into (last name, first name), as two lists of equal length.

    The last name is any unbroken run of words at the beginning or the end; the rest, possibly nothing, is the
    first name. Titles are left out. Too many words, or none, give two empty lists.
    """
    words = [word for word in _plain_words(name) if word not in TITLES]
    if not 0 < len(words) <= WORDS_MAX:
        return [], []
    lasts, rests = [" ".join(words)], [""]
    for cut in range(1, len(words)):
        before, after = " ".join(words[:cut]), " ".join(words[cut:])
        lasts += [before, after]
        rests += [after, before]
    return lasts, rests


def same_company(said: str, written: str) -> bool:
    """Whether a spoken company can be the written one: "tech corp" is "TechCorp SARL"."""
    keys = ["".join(w for w in _plain_words(name) if w not in LEGAL_FORMS) for name in (said, written)]
    return keys[0] != "" and keys[0] == keys[1]


def _choose(candidates: Sequence[Client], company: str | None, *, sure: bool) -> Client | None:
    """The only candidate left.

    Args:
        sure: first and last name both matched; a company heard wrongly then rules out nobody who is alone.
    """
    if company and candidates:
        agreeing = [c for c in candidates if c.company and same_company(company, c.company)]
        if agreeing:
            candidates = agreeing
        elif not sure:
            candidates = [c for c in candidates if not c.company]
    return candidates[0] if len(candidates) == 1 else None


def _plain_words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("œ", "oe").replace("æ", "ae"))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.findall(r"[a-z0-9]+", bare.replace("'", "").replace("’", ""))


def _client(row: asyncpg.Record) -> Client:
    return Client(*(row[column] for column in COLUMNS.split(", ")))
