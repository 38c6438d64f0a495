"""The PDF of the example report: paged, numbered, nothing cut off, no figure broken, nothing of this machine in it."""

import html
import re
import shutil

import numpy as np
import pytest

from helpers.report.html import render
from helpers.report.pdf import pages_of_anchors, print_edition
from helpers.workbook.printing import write_pdf
from tests.browser.printed import pictures, texts, words

MARGIN = 14  # millimetres that must be blank at the sides; the page leaves 16
WIDTH, HEIGHT = 210, 297
MOST_PAGES = 60
TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", re.DOTALL)


@pytest.fixture(scope="module")
def pdf(browser, example_report):
    """The printed report."""
    if not shutil.which("pdftotext"):
        pytest.skip("poppler's programs are not installed here (Debian: apt install poppler-utils)")
    return example_report / "report.pdf"


@pytest.fixture(scope="module")
def page(example_report):
    """The page it was printed from."""
    return (example_report / "index.html").read_text(encoding="utf-8")


def beyond_margins(pdf):
    return [word for word in words(pdf) if word.left < MARGIN or word.right > WIDTH - MARGIN or word.bottom > HEIGHT]


def test_every_page_has_header_and_number(pdf):
    pages = texts(pdf)
    assert 5 < len(pages) < MOST_PAGES
    for number, text in enumerate(pages, start=1):
        lines = text.strip().splitlines()
        assert lines[0].startswith("SYNTHETIC – Synthetic cohort of 432 patients")
        assert lines[-1].strip() == f"{number} / {len(pages)}"


def test_contents_tell_the_page_of_each_chapter(pdf, page):
    pages = texts(pdf)
    chapters = re.findall(r'<li><a href="#([^"]+)">(.*?)</a>', page.split("<main")[0])
    assert len(chapters) >= 4
    numbers = pages_of_anchors(pdf.read_bytes())
    told = [int(number) for number in re.findall(r" {3,}(\d+)$", pages[0].split("Contents")[1], re.MULTILINE)]
    assert told[: len(chapters)] == [numbers[anchor] for anchor, _ in chapters]
    for anchor, title in chapters:
        start = html.unescape(title)[:20]
        assert start in re.sub(r"\s+", " ", pages[numbers[anchor] - 1])


def test_no_word_and_no_drawing_is_cut_at_an_edge(pdf, tmp_path):
    assert beyond_margins(pdf) == []
    strip = int(MARGIN / 25.4 * 40)
    for picture in pictures(pdf, tmp_path / "pages", dots_per_inch=40):
        assert picture[:, :strip].min() == 255
        assert picture[:, -strip:].min() == 255
        assert picture[:10].min() == picture[-10:].min() == 255


def test_a_table_that_is_too_wide_would_be_seen(browser, pdf, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_BROWSER", browser.program)
    cells = "".join(f"<td>unbreakable{number}</td>" for number in range(40))
    page = "<!DOCTYPE html><html><head><title>t</title></head><body><table><tr>" + cells + "</tr></table></body></html>"
    (tmp_path / "index.html").write_text(page)
    assert write_pdf(tmp_path) == ""
    assert beyond_margins(tmp_path / "report.pdf")


def test_every_word_of_every_table_is_there(pdf, page):
    told = {part for word in words(pdf) for part in word.text.split("-")}  # lines may end at a hyphen
    cells = [cell for table in TABLE.findall(page) for cell in CELL.findall(table) if "<code" not in cell]
    wanted = {word for cell in cells for word in html.unescape(re.sub(r"<[^>]+>", " ", cell)).replace("-", " ").split()}
    assert len(wanted) > 500
    assert sorted(wanted - told) == []


def test_headings_of_a_long_table_stand_on_each_of_its_pages(pdf):
    assert sum(bool(re.search(r"Parameter +Value +Default +.*Meaning", text)) for text in texts(pdf)) > 1


def test_no_figure_is_broken(browser, tab, page, pdf, tmp_path):
    """Each figure gets a ground of its own colour, which must be on one page only."""
    colours = iter(range(1, 250))
    shown = re.sub(
        r"<figure\b",
        lambda match: f'<figure style="background: rgb(255, {next(colours)}, 0) !important"',
        print_edition(page, {}),
    )
    n_figures = next(colours) - 1
    assert n_figures > 8
    (tmp_path / "index.html").write_text(shown, encoding="utf-8")
    tab.load(tmp_path / "index.html")
    (tmp_path / "coloured.pdf").write_bytes(tab.pdf())
    pages = []
    for picture in pictures(tmp_path / "coloured.pdf", tmp_path / "pages", dots_per_inch=30):
        red, green, blue = np.moveaxis(picture, -1, 0)
        numbers, pixels = np.unique(green[(red == 255) & (blue == 0) & (green > 0)], return_counts=True)
        pages.append({int(number) for number, n in zip(numbers, pixels, strict=True) if n > 200})
    for number in range(1, n_figures + 1):
        assert sum(number in found for found in pages) == 1, number


def test_it_tells_no_time_and_no_place_and_comes_out_the_same(browser, pdf, tmp_path, monkeypatch):
    content = pdf.read_bytes()
    for private in (b"CreationDate", b"ModDate", b"file://", b"printing", b".building"):
        assert private not in content
    monkeypatch.setenv("WORKBOOK_BROWSER", browser.program)
    page = render(
        "index.html", title="t", study_name="t", subject="t", is_synthetic=True, contents=[], front="", back="",
        chapters=[("1_x", '<p><a href="manifest.json">file</a> <a href="#main">place</a></p>')], audits=[],
    )  # fmt: skip
    printed = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(page, encoding="utf-8")
        assert write_pdf(tmp_path / name) == ""
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["index.html", "report.pdf"]
        printed.append((tmp_path / name / "report.pdf").read_bytes())
    assert printed[0] == printed[1]
    assert b"manifest.json" not in printed[0]
