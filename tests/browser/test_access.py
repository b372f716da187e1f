"""Who gets in and who does not: addresses, forwarded headers, sessions, roles; what is typed and said is only text."""

import base64
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from app.store.pool import Database
from dashboard.access.users import User, remove_user, write_user
from dashboard.queries.changes import change
from tests.browser.conftest import COLLEAGUE, PROXY, STRANGER, Look, apart
from tests.browser.house import OTHER, PASSWORD, READER, SUPERVISOR, Dashboard, Data, dashboard

Sql = Callable[..., list[Any]]
ALLOWED = "127.0.0.1"
PLACES = (
    *("/", "/login", "/calls", "/recordings/1/1/both.wav", "/_stcore/health", "/_stcore/stream", "/media/0.wav"),
    "/assets/js/index.js",
)
UPGRADE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode()),
]
EVIL = "<script>window.harmed=1</script><img src=x onerror='window.harmed=1'>"
INJECTIONS = (
    "'; DROP TABLE tickets; --",
    "' OR '1'='1",
    "\") | to_tsquery('simple', pg_sleep(5)::text) --",
    "x' UNION SELECT usename, passwd FROM pg_shadow --",
    "$1; UPDATE tickets SET status = 'open'",
    "\\'; COPY tickets TO PROGRAM 'id'; --",
    '" & | ! ( ) <-> :*',
)


@pytest.fixture
def sound_address(sql: Sql) -> str:
    """Where the newest recording is."""
    rows = sql("SELECT id FROM tickets WHERE recording <> '' ORDER BY id DESC LIMIT 1")
    return f"/recordings/{rows[0]['id']}/1/both.wav"


@pytest.mark.parametrize("path", PLACES)
def test_a_wrong_address_sees_nothing_at_all(house: Dashboard, path: str) -> None:
    cookie = house.log_in(SUPERVISOR)
    answer = house.request(path, headers=[("Cookie", cookie)], source=STRANGER)
    assert answer.status == 403
    assert STRANGER in answer.body.decode()
    assert house.request(path, headers=[*UPGRADE, ("Cookie", cookie)], source=STRANGER).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-For", ALLOWED)],
        [("X-Forwarded-For", f"{ALLOWED}, {PROXY}")],
        [("X-Forwarded-For", f"{STRANGER}, {ALLOWED}")],
        [("X-Forwarded-For", STRANGER), ("X-Forwarded-For", ALLOWED)],
        [("x-forwarded-for", ALLOWED), ("X-Real-IP", ALLOWED), ("Forwarded", f"for={ALLOWED}")],
        [("X-Forwarded-For", f"::ffff:{ALLOWED}")],
        [("X_Forwarded_For", ALLOWED), ("X-Forwarded-For ", ALLOWED)],
        [("X-Client-IP", ALLOWED), ("True-Client-IP", ALLOWED), ("CF-Connecting-IP", ALLOWED)],
        [("Forwarded", f'for="[::1]", for={ALLOWED};by={PROXY}')],
    ],
)
def test_a_forged_header_of_a_stranger_changes_nothing(house: Dashboard, headers: list[tuple[str, str]]) -> None:
    answer = house.request("/login", headers=headers, source=STRANGER)
    assert answer.status in (400, 403)  # a name that HTTP forbids is refused before us
    assert b"password" not in answer.body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("X-Forwarded-For", COLLEAGUE)], 200),
        ([("X-Forwarded-For", f"::ffff:{COLLEAGUE}")], 200),
        ([("X-Forwarded-For", f"{STRANGER}, {COLLEAGUE}")], 200),
        ([("X-Forwarded-For", STRANGER), ("X-Forwarded-For", COLLEAGUE)], 200),
        ([("X-Forwarded-For", f"{COLLEAGUE}, {PROXY}")], 200),
        ([("X-Forwarded-For", f"{COLLEAGUE}, {STRANGER}")], 403),
        ([("X-Forwarded-For", COLLEAGUE), ("X-Forwarded-For", STRANGER)], 403),
        ([("X-Forwarded-For", f"{COLLEAGUE}, {STRANGER}, {PROXY}")], 403),
        ([("X-Forwarded-For", f"{COLLEAGUE}, unknown")], 403),
        ([("X-Forwarded-For", f"{COLLEAGUE},")], 403),
        ([("X-Forwarded-For", f"{COLLEAGUE}:443")], 403),
        ([("X-Forwarded-For", ", ".join([COLLEAGUE] + [PROXY] * 40))], 403),
        ([("X-Real-IP", COLLEAGUE)], 403),
        ([], 403),
    ],
)
def test_of_what_a_trusted_proxy_passed_on_the_right_most_counts(
    house: Dashboard, headers: list[tuple[str, str]], status: int
) -> None:
    assert house.request("/login", headers=headers, source=PROXY).status == status


@pytest.mark.parametrize("path", [place for place in PLACES if place != "/login"])
def test_without_a_session_there_is_only_the_login(house: Dashboard, path: str) -> None:
    page = house.request(path, headers=[("Accept", "text/html")])
    assert page.status == 401 or (page.status, page.headers["location"]) == (303, "/login")
    assert house.request(path, headers=[("Accept", "*/*")]).status == 401
    assert house.request(path, headers=UPGRADE).status == 403
    assert house.request(path, headers=[("Cookie", "voicebot=" + "a" * 43)]).status == 401


def test_a_recording_needs_a_session(house: Dashboard, sound_address: str) -> None:
    assert house.request(sound_address, headers=[("Cookie", house.log_in(READER))]).status == 200
    answer = house.request(sound_address)
    assert (answer.status, b"RIFF" in answer.body) == (401, False)


def test_a_recording_is_not_kept_by_caches(house: Dashboard, sound_address: str) -> None:
    answer = house.request(sound_address, headers=[("Cookie", house.log_in(READER))])
    assert "no-store" in answer.headers["cache-control"]


def test_a_session_that_was_ended_opens_no_recording(house: Dashboard, sound_address: str) -> None:
    cookie = house.log_in(SUPERVISOR)
    assert house.request("/logout", headers=[("Cookie", cookie)]).status == 303
    assert house.request(sound_address, headers=[("Cookie", cookie)]).status == 401


def test_the_session_of_somebody_who_was_removed_opens_no_recording(house: Dashboard, sound_address: str) -> None:
    users = house.log.parent / "users"
    write_user(users, "paul", "supervisor", PASSWORD)
    cookie = house.log_in("paul")
    assert house.request(sound_address, headers=[("Cookie", cookie)]).status == 200
    remove_user(users, "paul")
    assert house.request(sound_address, headers=[("Cookie", cookie)]).status == 401


def test_a_session_of_another_dashboard_opens_no_recording(
    house: Dashboard, data: Data, sound_address: str, tmp_path: Any
) -> None:
    with dashboard(data, tmp_path) as elsewhere:
        cookie = elsewhere.log_in(SUPERVISOR)
        assert elsewhere.request(sound_address, headers=[("Cookie", cookie)]).status == 200
        assert house.request(sound_address, headers=[("Cookie", cookie)]).status == 401


def test_a_shared_address_asks_the_other_person_to_log_in(look: Look, house: Dashboard, sound_address: str) -> None:
    stranger = look(user=None)
    answer = stranger.page.goto(house.url + sound_address)
    assert answer is not None
    assert answer.status == 401


@pytest.mark.parametrize("name", ["../../../../etc/passwd", "/etc/passwd", "call_x.raw", "..%2fpasswd", "call_\n.raw"])
def test_a_ticket_can_not_name_another_file_as_its_recording(house: Dashboard, sql: Sql, name: str) -> None:
    number = a_ticket(sql, recording=name)
    try:
        answer = house.request(f"/recordings/{number}/1/both.wav", headers=[("Cookie", house.log_in(READER))])
        assert (answer.status, b"root:" in answer.body) == (404, False)
    finally:
        sql("DELETE FROM tickets WHERE id = $1", number)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tickets SET status = 'resolved'",
        "DELETE FROM tickets",
        "INSERT INTO tickets (call_uuid, started_at) VALUES (gen_random_uuid(), now())",
        "INSERT INTO ticket_changes (ticket_id, changed_by, what) VALUES (1, 'lise', 'comment')",
        "TRUNCATE ticket_changes",
        "SELECT change_ticket(1, 'lise', 'comment', NULL, 'x')",
        "CREATE TABLE mine (x int)",
        "ALTER ROLE voicebot_dashboard SUPERUSER",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY tickets TO PROGRAM 'id'",
    ],
)
def test_the_role_that_reads_can_write_nothing(sql: Sql, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        sql(statement, user="voicebot_dashboard")


@pytest.mark.parametrize(("table", "column"), [("tickets", "status"), ("ticket_changes", "after")])
def test_a_supervisor_changes_nothing_without_a_line_in_the_history(sql: Sql, table: str, column: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = 'open'", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            sql(statement, user="voicebot_supervisor")


def test_a_reader_can_change_nothing_even_past_the_page(data: Data, sql: Sql) -> None:
    number = a_ticket(sql)

    async def try_it() -> None:
        url = data.postgres.tickets_url.replace("postgres@", "voicebot_supervisor@")
        async with Database(url) as database:
            await change(database, User(READER, "reader"), number, "comment", None, "I was here")

    try:
        with pytest.raises(PermissionError):
            apart(try_it())
        assert sql("SELECT FROM ticket_changes WHERE ticket_id = $1", number) == []
    finally:
        sql("DELETE FROM tickets WHERE id = $1", number)


def test_a_reader_is_shown_no_way_to_change_a_ticket(look: Look, sql: Sql) -> None:
    number = a_ticket(sql)
    try:
        reader = look(user=READER)
        reader.go(f"/calls?ticket={number}")
        reader.page.get_by_text("Votre compte est en lecture seule.").wait_for()
        assert reader.page.locator('[data-testid="stForm"], textarea').count() == 0
        assert reader.page.get_by_role("button", name="Clore").count() == 0
        supervisor = look(user=SUPERVISOR)
        supervisor.go(f"/calls?ticket={number}")
        supervisor.page.get_by_role("button", name="Clore").wait_for()
    finally:
        sql("DELETE FROM tickets WHERE id = $1", number)


def test_sql_in_the_search_field_is_only_words(look: Look, house: Dashboard, sql: Sql) -> None:
    before = sql("SELECT count(*), max(id), count(*) FILTER (WHERE status = 'open') FROM tickets")
    logged = house.log.stat().st_size
    visit = look()
    visit.go("/calls")
    field = visit.page.get_by_label("Mots dits pendant l’appel")
    for words in INJECTIONS:
        field.fill(words)
        field.press("Enter")
        visit.page.wait_for_timeout(300)
        visit.settled()
        assert visit.page.locator('[data-testid="stAlert"], [data-testid="stException"]').count() == 0, words
        visit.page.locator('[data-testid="stMarkdown"] strong').first.wait_for()  # how many were found
    assert sql("SELECT count(*), max(id), count(*) FILTER (WHERE status = 'open') FROM tickets") == before
    assert b"not shown" not in house.log.read_bytes()[logged:]


def test_a_script_in_what_was_said_is_only_text(look: Look, sql: Sql) -> None:
    markdown = "![x](http://192.0.2.9/x.png) [clic](http://192.0.2.9/)"
    person = sql(
        "INSERT INTO clients (first_name, last_name, company, phone) VALUES ($1, $2, $3, '+33199999999') RETURNING id",
        EVIL,
        markdown,
        EVIL,
        database="db_clients",
    )[0]["id"]
    number = a_ticket(sql, text=EVIL + markdown, client=person)
    try:
        sql("SELECT change_ticket($1, $2, 'comment', NULL, $3)", number, SUPERVISOR, EVIL + markdown)
        sql("SELECT change_ticket($1, $2, 'assignee', NULL, $2)", number, EVIL[:80])
        visit = look()
        for path in ("/", "/calls", f"/calls?ticket={number}", "/clients"):
            visit.go(path)
            visit.page.wait_for_timeout(500)
            assert visit.page.evaluate("window.harmed") is None, path
            assert visit.page.locator('a[href*="192.0.2.9"], img[src*="192.0.2.9"], img[src="x"]').count() == 0, path
        visit.go(f"/calls?ticket={number}")
        visit.page.get_by_text("<script>window.harmed=1</script>").first.wait_for()
        assert visit.trouble == []
    finally:
        sql("DELETE FROM tickets WHERE id = $1", number)
        sql("DELETE FROM clients WHERE id = $1", person, database="db_clients")


def test_a_form_of_another_site_logs_nobody_in(house: Dashboard) -> None:
    body = f"name={OTHER}&password={PASSWORD.replace(' ', '+')}".encode()
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{house.port + 1}"):
        answer = house.request("/login", method="POST", body=body, headers=[("Origin", origin), ("Host", "127.0.0.1")])
        assert (answer.status, "set-cookie" in answer.headers) == (403, False)


def test_a_page_of_another_site_opens_no_websocket(house: Dashboard) -> None:
    cookie = ("Cookie", house.log_in(SUPERVISOR))
    own, other = ("Origin", house.url), ("Origin", "https://evil.example")
    host = ("Host", f"127.0.0.1:{house.port}")
    assert house.request("/_stcore/stream", headers=[*UPGRADE, cookie, other, host]).status == 403
    assert house.upgraded("/_stcore/stream", [*UPGRADE, cookie, own, host]) == 101


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../index.html",
        "%2e%2e/index.html",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "js",
        "js/\0.js",
    ],
)
def test_no_file_but_those_of_the_program_is_served(house: Dashboard, name: str) -> None:
    path = f"/assets/{name}".replace("\0", "%00")
    answer = house.request(path, headers=[("Cookie", house.log_in(READER))])
    assert (answer.status, answer.body) in ((404, b""), (404, b"Not Found"), (400, b"Bad Request"))


def test_guessing_passwords_is_slowed_down(house: Dashboard) -> None:
    body = b"name=somebody&password=wrong"
    tries = [house.request("/login", method="POST", body=body, source=COLLEAGUE).status for _ in range(7)]
    assert tries == [401] * 5 + [429] * 2


def test_the_cookie_is_for_this_site_and_no_script(data: Data, house: Dashboard, tmp_path: Any) -> None:
    body = f"name={OTHER}&password={PASSWORD.replace(' ', '+')}".encode()
    words = house.request("/login", method="POST", body=body).headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in words.split(";")}
    with dashboard(data, tmp_path, DASHBOARD_SECURE_COOKIE="true") as behind_tls:
        words = behind_tls.request("/login", method="POST", body=body).headers["set-cookie"]
        assert words.startswith("__Host-")
        assert "secure" in words.lower()


@pytest.mark.parametrize("path", ["/", "/login", "/calls", "/_stcore/health", "/recordings/0/0/x.wav"])
def test_every_answer_has_the_headers_that_browsers_protect_by(house: Dashboard, path: str) -> None:
    for cookie in ("", house.log_in(READER)):
        headers = house.request(path, headers=[("Cookie", cookie)]).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        assert "unsafe-eval" not in policy


def a_ticket(sql: Sql, *, text: str = "Bonjour", recording: str = "", client: int | None = None) -> int:
    """A ticket of a call just over; its number."""
    rows = sql(
        "INSERT INTO tickets (call_uuid, client_id, caller_number, asterisk, started_at, ended_at, duration_seconds,"
        " problem_type, status, sentiment, summary, transcript, recording)"
        " VALUES (gen_random_uuid(), $1, $2, $2, now(), now(), 1, 'other', 'open', 'neutral', $2, $3::jsonb, $4)"
        " RETURNING id",
        client,
        text,
        json.dumps([{"speaker": "caller", "at_s": 0.5, "text": text, "state": text, "sentiment": "neutral"}]),
        recording,
    )
    return int(rows[0]["id"])
