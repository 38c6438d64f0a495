"""SQLite files: a table, a view, or what a query gives."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from helpers.intake.cell_texts import cells
from helpers.intake.nearest import nearest
from helpers.intake.table import Held, cannot_be_read, locked
from helpers.intake.text_columns import TEXTS

_ROWS_AT_ONCE = 50_000
_NAMES = r"""
    SELECT name FROM sqlite_master
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY rowid
"""


def table_names(path: Path) -> list[str]:
    """The tables and views of the file."""
    with _opened(path) as database:
        return _names(database)


def open_query(path: Path, *, table: str = "", query: str = "") -> Held:
    """Read a table (it need not be named where there is only one), or what a query gives.

    The file is opened to be read only. SQLite has no type of dates: they are texts or numbers, as they stand.
    """
    with _opened(path) as database:
        asked = query.strip()
        if not asked:
            table = _chosen(_names(database), path.name, table)
            asked = 'SELECT * FROM "{}"'.format(table.replace('"', '""'))
        source = path.name if query.strip() else f'{path.name}, table "{table}"'
        answer = database.execute(asked)
        if answer.description is None:
            raise cannot_be_read(source, ["The query gives no rows. Begin it with SELECT."])
        header = [str(column[0]).strip() for column in answer.description]
        parts, binary = [[] for _ in header], set()
        while rows := answer.fetchmany(_ROWS_AT_ONCE):
            for at, values in enumerate(zip(*rows, strict=True)):
                column, note = cells(values, may_be_dates=False)
                parts[at] += column.chunks
                binary |= {header[at]} if note else set()
    columns = [pa.chunked_array(chunks, type=TEXTS) for chunks in parts]
    row = np.arange(2, 2 + len(columns[0]), dtype=np.int32)
    notes = [
        f'The column "{name}" of {source} holds pictures or other binary data, which are not read.'
        for name in header
        if name in binary
    ]
    return Held(source, header, notes, {}, 0, columns, row)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            yield database
    except sqlite3.Warning:
        raise cannot_be_read(
            path.name, ['The query must be one statement. Leave out what follows the first ";".']
        ) from None
    except sqlite3.Error as error:
        raise cannot_be_read(path.name, [_told(path.name, error)]) from None


def _names(database: sqlite3.Connection) -> list[str]:
    return [name for (name,) in database.execute(_NAMES)]


def _chosen(names: list[str], called: str, table: str) -> str:
    if table in names:
        return table
    if table:
        raise cannot_be_read(called, [f'{called} has no table "{table}". {nearest(table, names, "tables")}'])
    if len(names) == 1:
        return names[0]
    if not names:
        raise cannot_be_read(called, [f"{called} has no tables. Name a file that has some."])
    raise cannot_be_read(
        called, [f'{called} has the tables {", ".join(names)}. Name one, as in "{called}#{names[0]}".']
    )


def _told(called: str, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{called} is being written by another program. Close it there and try again."
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_IOERR")) or "malformed" in str(error):
        return f"{called} is not a whole SQLite file: it is broken, or was cut off. Copy it again."
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM")):
        return locked(called)
    if name.startswith("SQLITE_READONLY"):
        return f"{called} is only read; the query would change it. Begin it with SELECT."
    return f"The query cannot be answered: {error}."
