"""The numbered files: complete, in order, each once."""

import pytest

from app.store.migrate import DatabaseName, migrations


@pytest.mark.parametrize("database", ["clients", "tickets"])
def test_versions_count_from_one_without_a_gap(database: DatabaseName) -> None:
    versions = [migration.version for migration in migrations(database)]
    assert versions
    assert versions == list(range(1, len(versions) + 1))


def test_each_database_has_its_own_table() -> None:
    assert "CREATE TABLE clients" in migrations("clients")[0].sql
    assert "CREATE TABLE tickets" in migrations("tickets")[0].sql
