"""The PDF of a run: which browser prints it, what is said where none does, and what goes to the printer."""

import base64
import os
import re
import sys

import pytest

from helpers.report.pdf import maker, pages_of_anchors, print_edition, without_drawings, without_times
from helpers.workbook import browser as browser_module
from helpers.workbook import printing
from helpers.workbook.browser import Browser, find_browser
from helpers.workbook.printing import write_pdf

PDF = b"""%PDF-1.4
1 0 obj
<</Title (t)
/Creator (Mozilla/5.0 HeadlessChrome/140.0.1.2 Safari/537.36)
/CreationDate (D:20061127120000+00'00')
/ModDate (D:20061127120000+00'00')>>
endobj
2 0 obj
<</Type /Catalog
/Pages 3 0 R
/Dests 9 0 R>>
endobj
3 0 obj
<</Type /Pages
/Kids [4 0 R 5 0 R]>>
endobj
4 0 obj
<</Type /Pages
/Kids [6 0 R 7 0 R]>>
endobj
5 0 obj
<</Type /Pages
/Kids [8 0 R]>>
endobj
9 0 obj
<</main [6 0 R /XYZ 0 671.6 0]
/do-m#c3#a4n [8 0 R /XYZ 0 815.6 0]>>
endobj
"""

MOVED = PDF.replace(b"/main [6 0 R", b"/main [7 0 R")


@pytest.fixture
def folder(tmp_path):
    """A run with a page."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "index.html").write_text("<html><head><title>t</title></head></html>", encoding="utf-8")
    return tmp_path / "run"


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    """A machine without any browser."""
    monkeypatch.delenv("WORKBOOK_BROWSER")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser_module, "PLACES", {})


def program(tmp_path, text: str, monkeypatch, name: str = "chromium") -> str:
    """A program of this name that Python runs; `pdf` is where it is to print."""
    path = tmp_path / name
    opening = "import sys\npdf = next(word[15:] for word in sys.argv if word.startswith('--print-to-pdf='))"
    path.write_text(f"#!{sys.executable}\n{opening}\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("WORKBOOK_BROWSER", str(path))
    return str(path)


def test_without_a_browser_a_clear_word_and_the_page_stands(folder, nothing_installed):
    assert write_pdf(folder) == (
        "No PDF: no Chromium, Chrome or Edge was found. The report stands as index.html. For the PDF install one of "
        "them, or name it: WORKBOOK_BROWSER=/path/to/chrome."
    )
    assert [path.name for path in folder.iterdir()] == ["index.html"]


@pytest.mark.skipif(os.name != "posix", reason="a script as a program")
def test_the_named_browser_goes_before_one_that_is_installed(tmp_path, nothing_installed, monkeypatch):
    installed = program(tmp_path, "", monkeypatch)
    monkeypatch.delenv("WORKBOOK_BROWSER")
    assert find_browser().program == installed
    monkeypatch.setenv("WORKBOOK_BROWSER", "/elsewhere/chrome")
    assert find_browser().program == "/elsewhere/chrome"
    monkeypatch.setenv("WORKBOOK_BROWSER", "None")
    assert find_browser() is None


def test_no_word_where_no_pdf_is_wanted(folder, monkeypatch):
    monkeypatch.setenv("WORKBOOK_BROWSER", "none")
    assert write_pdf(folder) == ""
    assert not (folder / "report.pdf").exists()


@pytest.mark.skipif(os.name != "posix", reason="a script as a program")
@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("sys.exit(3)", "chromium ended with code 3 and without a PDF. The report stands as index.html."),
        ("open(pdf, 'w').close()", "chromium ended with code 0 and without a PDF."),
        ("import time; time.sleep(60)", "chromium had not printed after 0.5 seconds."),
        (
            "open(pdf, 'w').write('HeadlessChrome/120.0.0.0')",
            "chromium (version 120.0.0.0) cannot number pages; at least 131 is needed.",
        ),
        ("open(pdf, 'w').write('by hand')", "chromium (version unknown) cannot number pages"),
    ],
)
def test_a_browser_that_does_not_print_is_told(folder, tmp_path, monkeypatch, does, told):
    if "sleep" in does:
        monkeypatch.setattr(browser_module, "LONGEST_PRINT", 0.5)
    program(tmp_path, does, monkeypatch)
    assert told in write_pdf(folder)
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_a_named_browser_that_is_not_there_is_told(folder, monkeypatch):
    monkeypatch.setenv("WORKBOOK_BROWSER", "/nowhere/chrome")
    assert write_pdf(folder).startswith("No PDF: /nowhere/chrome cannot be started (No such file or directory).")


@pytest.mark.skipif(os.name != "posix", reason="a script as a program")
def test_a_stopped_print_leaves_no_file(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "_print", lambda *arguments, **options: (_ for _ in ()).throw(KeyboardInterrupt))
    program(tmp_path, "", monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write_pdf(folder)
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_chapters_are_found_on_their_pages():
    assert pages_of_anchors(PDF) == {"main": 1, "do-män": 3}
    assert pages_of_anchors(b"%PDF-1.7 in another way") == {}
    assert maker(PDF) == ("140.0.1.2", 140)


def test_a_picture_without_its_drawing_keeps_its_size():
    opening = b'<svg width="5in" height="2in" viewBox="0 0 360 144" xmlns="http://www.w3.org/2000/svg">'
    picture, emptied, other = (
        base64.b64encode(content).decode("ascii")
        for content in (b"<?xml?>\n" + opening + b'<path d="M0 0"/></svg>', opening + b"</svg>", b"no drawing")
    )
    page = f'<img alt="a" src="data:image/svg+xml;base64,{{}}"><img src="data:image/svg+xml;base64,{other}">'
    assert without_drawings(page.format(picture)) == page.format(emptied)


@pytest.mark.parametrize(("drawn", "pages"), [(PDF, [{}, {"main": 1}]), (MOVED, [{}, {"main": 1}, {"main": 2}])])
def test_the_contents_name_the_pages_of_the_last_print(folder, monkeypatch, drawn, pages):
    page = (
        '<title>t</title></head><nav class="contents"><a href="#main">1</a></nav><img src="data:image/svg+xml;base64,'
    )
    drawing = base64.b64encode(b'<svg width="1in"><path/></svg>').decode("ascii")
    (folder / "index.html").write_text(f'{page}{drawing}">', encoding="utf-8")
    monkeypatch.setattr(printing, "find_browser", lambda: Browser("chromium"))
    monkeypatch.delenv("WORKBOOK_BROWSER")
    sent = []

    def printed(browser, page, work, *, is_draft=False):
        assert is_draft is (not sent)
        sent.append(page)
        return drawn if drawing in page else PDF

    monkeypatch.setattr(printing, "_print", printed)
    assert write_pdf(folder) == ""
    numbers = [re.search(r'data-page="(\d*)"', page)[1] for page in sent]
    assert numbers == [str(told.get("main", "")) for told in pages]
    assert (folder / "report.pdf").read_bytes() == without_times(drawn)


def test_the_moment_of_printing_is_blanked_and_no_byte_moves():
    assert len(without_times(PDF)) == len(PDF)
    assert b"2006" not in without_times(PDF)
    timed = b"/CreationDate (D:20061127120000+00'00')", b"/ModDate (D:20061127120000+00'00')"
    assert without_times(PDF) == PDF.replace(timed[0], b" " * len(timed[0])).replace(timed[1], b" " * len(timed[1]))


def test_links_away_and_a_title_that_ends_the_style_do_no_harm():
    page = (
        '<html><head><title>A &lt;/style&gt; "B" \\ &amp; C</title></head><nav class="contents">'
        '<a href="#do-m&auml;n">Do</a></nav><a class="x" href="audit/1.html">1</a> <a href="#main">2</a></html>'
    )
    printed = print_edition(page, {"do-män": 12})
    assert '<a href="#do-m&auml;n" data-page="12">Do</a>' in printed
    assert '<a class="x">1</a> <a href="#main">2</a>' in printed
    assert printed.count("</style>") == 1
    assert 'content: "A \\3c /style\\3e  \\22 B\\22  \\5c  \\26  C";' in printed
    assert len(print_edition("<title>" + "x" * 300 + "</title></head>", {})) < 520
