"""Rows that came after the backup: taken over from the database that a restored one replaces, if it can be read."""

from pathlib import Path

from app.backup.files import Writer
from app.backup.postgres import DatabaseServer, literal, quoted

COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass({table}) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
ROW_ID = "id"
"""Column of the numbers that rows are called by; one that is taken by then is given anew."""
TAKE = r"""
\.
DELETE FROM newer USING {table} AS there WHERE there.{key} = newer.{key};
SELECT setval(sequence, greatest((SELECT max(id) FROM {table}), (SELECT max(id) FROM newer), 1))
    FROM pg_get_serial_sequence({literal}, 'id') AS sequence \g /dev/null
UPDATE newer SET id = nextval(pg_get_serial_sequence({literal}, 'id')) WHERE id IN (SELECT id FROM {table});
INSERT INTO {table} ({columns}) SELECT {columns} FROM newer;
SELECT count(*) FROM newer;
COMMIT;
"""


def take_over(server: DatabaseServer, source: str, target: str, table: str, key: str, work: Path) -> int:
    """Copies rows of a table that a database has and another one has not; both are of one server.

    Args:
        source: the database that is replaced.
        target: the restored one.
        table: in both; with a column `id` that counts.
        key: the column that tells rows apart.
        work: a file for what is on its way; it must not be there.

    Returns:
        How many.

    Raises:
        BackupError: the source can't be read, or the target does not take the rows; it is unchanged then.
        OSError: the disk is full.
    """
    name = f"public.{quoted(table)}"
    asked = COLUMNS.format(table=literal(name))
    there = server.sql(asked, database=target)
    shared = [column for column in server.sql(asked, database=source) if column in there]
    if key not in shared or ROW_ID not in shared:
        return 0
    columns = ", ".join(map(quoted, shared))
    begin = f"BEGIN;\nCREATE TEMP TABLE newer ON COMMIT DROP AS SELECT {columns} FROM {name} WITH NO DATA;\n"
    take = TAKE.format(table=name, literal=literal(name), key=quoted(key), columns=columns)
    try:
        with Writer(work) as script:
            script.write(f"{begin}COPY newer ({columns}) FROM STDIN;\n".encode())
            server.copy_out(source, f"SELECT {columns} FROM {name}", script)
            script.write(take.lstrip("\n").encode())
        return int(server.run_script(target, work)[-1])
    finally:
        work.unlink(missing_ok=True)
