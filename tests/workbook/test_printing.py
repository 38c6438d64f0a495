"""The PDF of a run: which browser prints it, what is said where none does, and what goes to the printer."""

import os
import sys

import pytest

from helpers.report.pdf import maker, pages_of_anchors, print_edition, without_times
from helpers.workbook import browser as browser_module
from helpers.workbook import printing
from helpers.workbook.browser import find_browser
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
    monkeypatch.setattr(printing, "_print", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    program(tmp_path, "", monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write_pdf(folder)
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_chapters_are_found_on_their_pages():
    assert pages_of_anchors(PDF) == {"main": 1, "do-män": 3}
    assert pages_of_anchors(b"%PDF-1.7 in another way") == {}
    assert maker(PDF) == ("140.0.1.2", 140)


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
