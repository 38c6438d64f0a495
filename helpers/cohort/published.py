"""The published figures of the study whose question the workbook asks."""

from pathlib import Path

import pandas as pd

from helpers.errors import WorkbookError

FIGURES_FILE = Path(__file__).parents[2] / "data" / "reference" / "published_figures.csv"


def read_published(path: Path = FIGURES_FILE) -> pd.DataFrame:
    """Key, figure in words, value, unit, strength of the source and source, one row per published figure."""
    return pd.read_csv(path)


def published_value(key: str, path: Path = FIGURES_FILE) -> float:
    """One published figure.

    Raises
    ------
    WorkbookError
        If no figure of that name was published, or none could be read.

    Examples
    --------
    >>> published_value("risk_ratio")
    4.62
    """
    figures = read_published(path).set_index("key")["value"]
    if key not in figures.index:
        raise WorkbookError(
            f'There is no published figure "{key}". Those in {path.name} are: {", ".join(figures.index)}.'
        )
    return float(figures[key])
