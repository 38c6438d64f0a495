"""What STROBE and RECORD ask a report for, and where this one tells it."""

from html import escape
from pathlib import Path

import pandas as pd

from helpers.report.display import Linked, Table
from helpers.report.markdown import slug

ITEMS_FILE = Path(__file__).parents[2] / "data" / "reference" / "reporting_items.csv"
NOT_COVERED = "not covered: write it yourself"
COLUMNS = ("Item", "What it asks for", "Where")


def read_items(path: Path = ITEMS_FILE) -> pd.DataFrame:
    """Checklist, item, what it asks for in our words, the headings of this report that tell it, and what is left."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def items_table(items: pd.DataFrame, *, caption: str = "") -> Table:
    """The items as a table with links to the headings."""
    rows = [(row["item"], row["asks"], _where(row["sections"], row["note"])) for row in items.to_dict("records")]
    return Table(COLUMNS, tuple(rows), caption)


def _where(sections: str, note: str) -> Linked:
    headings = sections.split("; ") if sections else []
    links = "; ".join(f'<a href="#{slug(heading)}">{escape(heading)}</a>' for heading in headings)
    words = ". ".join(filter(None, [sections or NOT_COVERED, note]))
    return Linked(words, ". ".join(filter(None, [links or f"<em>{NOT_COVERED}</em>", escape(note)])))
