"""`report.pdf` of a run, printed from its page by a browser that is found; without one the page stands alone."""

import shutil
import time
from pathlib import Path

from helpers.report.pdf import maker, pages_of_anchors, print_edition, without_drawings, without_times
from helpers.workbook.browser import VARIABLE, Browser, NoPrintError, find_browser, is_unwanted

PAGE, PDF = "index.html", "report.pdf"
OLDEST = 131  # the first Chromium that prints headers and page numbers of a style sheet
STANDS = f"The report stands as {PAGE}."


def write_pdf(folder: Path) -> str:
    """Print `index.html` of a run as `report.pdf`; returns why there is none, in a sentence, or "" when all is well."""
    if is_unwanted():
        return ""
    browser = find_browser()
    if browser is None:
        return (
            f"No PDF: no Chromium, Chrome or Edge was found. {STANDS} For the PDF install one of them, or name it: "
            f"{VARIABLE}=/path/to/chrome."
        )
    work = folder / "printing"  # not a hidden folder nor one of /tmp: browsers of a snap may not read these
    work.mkdir()
    try:
        printed = _printed(browser, (folder / PAGE).read_text(encoding="utf-8"), work)
    except NoPrintError as error:
        return f"No PDF: {error}. {STANDS} To choose another browser: {VARIABLE}=/path/to/chrome."
    finally:
        _remove(work)
    (folder / PDF).write_bytes(printed)
    return ""


def made_by(folder: Path) -> str | None:
    """The browser that printed the PDF of a run; None where there is no PDF."""
    path = folder / PDF
    return f"Chromium {maker(path.read_bytes())[0]}" if path.is_file() else None


def _printed(browser: Browser, page: str, work: Path) -> bytes:
    """Printed twice: where the chapters begin is known only then, and stands in the contents."""
    first = _print(browser, without_drawings(print_edition(page, {})), work, is_draft=True)
    version, leading = maker(first)
    if leading < OLDEST:
        raise NoPrintError(
            f"{browser.program} (version {version or 'unknown'}) cannot number pages; at least {OLDEST} is needed"
        )
    numbers = pages_of_anchors(first)
    printed = _print(browser, print_edition(page, numbers), work)
    if (found := pages_of_anchors(printed)) != numbers:  # a picture that takes another place once it is drawn
        printed = _print(browser, print_edition(page, found), work)
    return without_times(printed)


def _print(browser: Browser, page: str, work: Path, *, is_draft: bool = False) -> bytes:
    source, pdf = work / "page.html", work / "page.pdf"
    source.write_text(page, encoding="utf-8", newline="\n")
    pdf.unlink(missing_ok=True)
    browser.print_pdf(source, pdf, profile=work / "profile", is_draft=is_draft)
    return pdf.read_bytes()


def _remove(folder: Path) -> None:
    """Remove a folder into which processes that were just ended may still write."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.1)
