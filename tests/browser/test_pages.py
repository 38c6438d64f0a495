"""The pages of the example report in a browser: nothing fails, nothing leaves the machine, everybody can read them."""

import io
import json

import pytest

from helpers.workbook.failure import RunFailedError
from helpers.workbook.run import run_study
from tests.workbook.toy import STEPS, make_toy

PHONE = 390
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def pages(example_report):
    """All pages of the report."""
    return [example_report / "index.html", *sorted((example_report / "audit").glob("*.html"))]


@pytest.fixture(scope="module")
def failed_page(tmp_path_factory):
    """The page of a run that failed."""
    toy = make_toy(tmp_path_factory.mktemp("failed") / "project")
    toy.write_tell("counts.loc['nobody']")
    with pytest.raises(RunFailedError):
        run_study(toy.study, steps=STEPS, root=toy.root, stream=io.StringIO())
    return toy.root / "reports" / "toy.failed" / "index.html"


def violations(tab, axe: str) -> list[str]:
    tab.value(axe + "; 1")
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = tab.value(f"axe.run(document, {json.dumps(options)}).then(result => result.violations)")
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])})" for one in found]


def test_no_page_complains_or_asks_any_address(tab, pages):
    for page in pages:
        tab.load(page)
        assert tab.complaints() == [], page.name
        assert tab.requests() == [page.as_uri()], page.name


def test_a_request_and_an_error_would_be_seen(tab, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<!DOCTYPE html><img src="beside.png"><script>nobody()</script>')
    tab.load(page)
    assert len(tab.requests()) == 2
    assert any("nobody is not defined" in told for told in tab.complaints())


def test_pages_fit_a_phone_and_only_tables_scroll_in_their_box(tab, pages, failed_page):
    too_wide = """[...document.querySelectorAll('body *')].filter(one =>
        one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, pre, .skip')
        ).map(one => one.outerHTML.slice(0, 120))"""
    smallest = """Math.min(...[...document.querySelectorAll('main *')].filter(one => one.innerText).map(one =>
        parseFloat(getComputedStyle(one).fontSize)))"""
    for page in [*pages, failed_page]:
        tab.load(page, width=PHONE)
        assert tab.value("innerWidth") == PHONE, page.name
        assert tab.value("document.documentElement.scrollWidth") <= PHONE, page.name
        assert tab.value(too_wide) == [], page.name
        assert tab.value(smallest) >= 11, page.name


def test_keys_go_through_the_page_in_its_order(tab, example_report):
    tab.load(example_report / "index.html")
    tab.value("window.everything = [...document.querySelectorAll('*')]; 1")
    n_stops = tab.value(
        """[...document.querySelectorAll('a[href], [tabindex="0"], summary')].filter(one =>
        one.checkVisibility({contentVisibilityAuto: true})).length"""
    )
    stops = []
    for _ in range(n_stops):
        tab.press_tab()
        stops.append(
            tab.value(
                """(() => { const one = document.activeElement, box = one.getBoundingClientRect(); return {
                place: everything.indexOf(one), name: one.outerHTML.slice(0, 80),
                seen: box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight,
                marked: getComputedStyle(one).outlineStyle !== 'none'}; })()"""
            )
        )
    assert "skip" in stops[0]["name"]
    places = [stop["place"] for stop in stops]
    assert places == sorted(set(places))
    assert [stop["name"] for stop in stops if not (stop["seen"] and stop["marked"])] == []


def test_axe_finds_nothing(tab, pages, failed_page, axe):
    for page, width in [(pages[0], PHONE), (failed_page, PHONE), *((page, 1200) for page in pages[1:])]:
        tab.load(page, width=width)
        assert violations(tab, axe) == [], (page.name, width)


def test_axe_would_find_grey_text_and_a_picture_without_words(tab, axe, tmp_path):
    page = tmp_path / "page.html"
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    page.write_text(
        f'<!DOCTYPE html><html lang="en"><title>t</title><main><h1>t</h1><img src="{picture}">'
        '<p style="color: #ccc">Grey</p></main></html>'
    )
    tab.load(page)
    assert {told.split(":")[0] for told in violations(tab, axe)} == {"color-contrast", "image-alt"}
