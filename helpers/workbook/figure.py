"""A figure of the report as it is kept: SVG, PNG, text alternative and caption."""

import base64
import html
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.errors import WorkbookError
from helpers.workbook.captions import CAPTIONS, COLUMNS, add_caption
from helpers.workbook.spreadsheet import inert, write_csv


def inline(svg: bytes, *, alt: str, caption: str = "") -> str:
    """An SVG as a part of a page, with its text alternative."""
    picture = svg.decode("utf-8")
    words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure role="img" aria-label="{html.escape(alt)}">{picture[picture.index("<svg") :]}{words}</figure>'


@dataclass(frozen=True)
class StoredFigure:
    """A figure with the words that belong to it."""

    name: str
    svg: bytes
    png: bytes
    alt: str
    caption: str

    def save(self, folder: Path, *, by: str) -> None:
        """Write the two image files, and its words into `figures.csv`."""
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not (folder / f"{self.name}.svg").exists()
        (folder / f"{self.name}.svg").write_bytes(self.svg)
        (folder / f"{self.name}.png").write_bytes(self.png)
        own = pd.DataFrame([[self.name, by, self.caption, self.alt]], columns=COLUMNS)
        if is_new:
            add_caption(folder, inert(own).to_csv(index=False, header=False, lineterminator="\n"))
            return
        others = _captions(folder)
        table = pd.concat([others[others["figure"] != self.name], own], ignore_index=True)
        write_csv(table, folder / CAPTIONS)

    @classmethod
    def load(cls, folder: Path, name: str) -> "StoredFigure":
        """The figure called `name` in `folder`.

        Raises
        ------
        WorkbookError
            If there is none.
        """
        captions = _captions(folder).set_index("figure")
        if name not in captions.index:
            stored = ", ".join(captions.index) or "none yet"
            raise WorkbookError(f"The figure `{name}` is not stored. Stored so far: {stored}.")
        words = captions.loc[name]
        svg, png = ((folder / f"{name}.{ending}").read_bytes() for ending in ("svg", "png"))
        return cls(name, svg, png, words["text_alternative"].lstrip("'"), words["caption"].lstrip("'"))

    def __repr__(self) -> str:
        return f"Figure: {self.caption}"

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.svg).decode("ascii")
        return (
            f'<figure id="figure-{self.name}">'
            f'<img alt="{html.escape(self.alt)}" src="data:image/svg+xml;base64,{picture}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def _captions(folder: Path) -> pd.DataFrame:
    path = folder / CAPTIONS
    return (
        pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.is_file()
        else pd.DataFrame(columns=COLUMNS, dtype=str)
    )
