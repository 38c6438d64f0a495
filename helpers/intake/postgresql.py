"""PostgreSQL: a table, or what a query gives; read only, in the words of the database's own CSV."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.csv

from helpers.intake.cell_texts import relabelled, without_gaps
from helpers.intake.names import NO_PASSWORD, has_password, masked
from helpers.intake.nearest import nearest
from helpers.intake.table import Held, cannot_be_read
from helpers.intake.text_columns import DATES, TEXTS

_SECONDS = 15
_BOOLEAN, _DATES = 16, (1082, 1114, 1184)
_BLOCK = 1 << 22
_NAMES = """
    SELECT CASE WHEN table_schema = 'public' THEN table_name ELSE table_schema || '.' || table_name END
    FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


def table_names(url: str) -> list[str]:
    """The tables and views that this user may see; with their schema unless it is `public`."""
    with _connected(url) as connection:
        return _names(connection)


def open_query(url: str, *, table: str = "", query: str = "") -> Held:
    """Read a table (it need not be named where there is only one), or what a query gives.

    Dates and timestamps are dates, without their time of day. A password in the address is never repeated.
    """
    called = masked(url)
    with _connected(url) as connection:
        asked = query.strip().rstrip(";")
        source = called
        if not asked:
            table = _chosen(_names(connection), called, table)
            source = f'{called}, table "{table}"'
            asked = f"SELECT * FROM {_quoted(table)}"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({asked}\n) AS asked LIMIT 0".encode())
            header = [column.name.strip() for column in cursor.description]
            types = [column.type_code for column in cursor.description]
            with cursor.copy(f"COPY ({asked}\n) TO STDOUT (FORMAT csv)".encode()) as copy:
                columns = _columns(copy, len(header))
    columns = [_typed(column, own) for column, own in zip(columns, types, strict=True)]
    notes = [f"The address of {called} holds a password. {NO_PASSWORD}"] if has_password(url) else []
    row = np.arange(2, 2 + len(columns[0]), dtype=np.int32)
    return Held(source, header, notes, {}, 0, columns, row)


class _Stream(io.RawIOBase):
    """What the database sends, as a file."""

    def __init__(self, copy):
        self._blocks, self._rest = iter(copy), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        n = min(len(buffer), len(self._rest))
        buffer[:n], self._rest = self._rest[:n], self._rest[n:]
        return n


def _columns(copy, n_columns: int) -> list[pa.ChunkedArray]:
    names = [str(place) for place in range(n_columns)]
    stream = io.BufferedReader(_Stream(copy), _BLOCK)
    if not stream.peek(1):
        return [pa.chunked_array([], type=TEXTS) for _ in names]
    batches = pa.csv.open_csv(
        stream,
        read_options=pa.csv.ReadOptions(column_names=names, block_size=_BLOCK),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(names, TEXTS), strings_can_be_null=False),
    )
    return pa.Table.from_batches(list(batches)).columns


def _typed(column: pa.ChunkedArray, kind: int) -> pa.ChunkedArray:
    if kind == _BOOLEAN:
        return relabelled(column, {"t": "true", "f": "false"})
    if kind not in _DATES:
        return without_gaps(column)
    chunks = []
    for chunk in column.chunks:
        days = [
            text[:10] if text and text[:1].isdigit() and not text.endswith("BC") else None
            for text in chunk.dictionary.to_pylist()
        ]
        try:
            distinct = pa.array(days, pa.string()).cast(pa.date32())
        except pa.ArrowInvalid:
            return without_gaps(column)  # a year of five digits
        if sum(day is None for day in days) > sum(not text for text in chunk.dictionary.to_pylist()):
            return without_gaps(column)  # "infinity", or before Christ
        chunks.append(distinct.take(chunk.indices).dictionary_encode().cast(DATES))
    return pa.chunked_array(chunks, type=DATES)


@contextmanager
def _connected(url: str) -> Iterator:
    import psycopg

    called = masked(url)
    try:
        with psycopg.connect(url, connect_timeout=_SECONDS, client_encoding="utf8") as connection:
            connection.read_only = True
            connection.execute("SET datestyle TO ISO")
            yield connection
    except psycopg.Error as error:
        raise cannot_be_read(called, [_told(called, error)]) from None
    except pa.ArrowException:
        raise cannot_be_read(called, [f"What {called} sent broke off. Try again."]) from None


def _names(connection) -> list[str]:
    return [name for (name,) in connection.execute(_NAMES)]


def _chosen(names: list[str], called: str, table: str) -> str:
    table = table.removeprefix("public.")
    if table in names:
        return table
    if table:
        raise cannot_be_read(
            called, [f'{called} has no table "{table}" that may be seen. {nearest(table, names, "tables")}']
        )
    if len(names) == 1:
        return names[0]
    if not names:
        raise cannot_be_read(
            called, [f"{called} has no tables that this user may see. Ask for the right to read them."]
        )
    raise cannot_be_read(
        called, [f'{called} has the tables {", ".join(names[:12])}. Name one, as in "{called}#{names[0]}".']
    )


def _quoted(table: str) -> str:
    schema, point, name = table.rpartition(".")
    parts = [schema, name] if point else ["public", table]
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in parts)


def _told(called: str, error) -> str:
    """What is wrong in our own words: those of the driver may repeat the address, and the password with it."""
    state = error.sqlstate or ""
    if not state and "does not exist" in str(error):
        return f"{called} names a database or user that is not there. Correct the address."
    if not state and ("FATAL" in str(error) or "no password supplied" in str(error)):
        return f"{called} does not let this user in. Check user and password (environment variable PGPASSWORD)."
    if state == "42501":
        return f"This user may not read that from {called}. Ask for the right to read it."
    if state == "25006":
        return f"{called} is only read; the query would change it. Begin it with SELECT."
    if state == "57014":
        return f"{called} stopped the query, as it took too long. Ask for less."
    if state and not state.startswith(("08", "57")):
        return f"The query cannot be answered: {error.diag.message_primary}. Correct it."
    return f"No PostgreSQL server answers at {called}. Check the address, and whether you are in its network."
