"""What stands on the pages of a PDF, and where: by poppler's programs."""

import html
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import matplotlib.image
import numpy as np

MM = 72 / 25.4  # points
WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')


@dataclass(frozen=True)
class Word:
    """A word with its edges, in millimetres from the left and the top of its page."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float


def words(pdf: Path) -> list[Word]:
    """Every word of a PDF, those beyond the edge of the paper too."""
    found = []
    for number, page in enumerate(_poppler("pdftotext", "-bbox", pdf, "-").split("<page ")[1:], start=1):
        for match in WORD.finditer(page):
            found.append(Word(html.unescape(match[5]), number, *(float(edge) / MM for edge in match.groups()[:4])))
    return found


def texts(pdf: Path) -> list[str]:
    """The text of each page as it is set."""
    return _poppler("pdftotext", "-layout", pdf, "-").split("\f")[:-1]


def pictures(pdf: Path, folder: Path, *, dots_per_inch: int) -> list[np.ndarray]:
    """Each page as an array of pixels: rows, columns, and red, green, blue from 0 to 255."""
    folder.mkdir()
    _poppler("pdftoppm", "-r", dots_per_inch, "-png", pdf, folder / "page")
    pages = [matplotlib.image.imread(path) for path in sorted(folder.iterdir())]
    return [np.rint(page[..., :3] * 255).astype(int) for page in pages]


def _poppler(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
