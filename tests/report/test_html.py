"""Pages: what a reader sees, what an auditor sees, and what no page may hold."""

import re
from functools import partial

import nbformat
import pandas as pd
import pytest

from helpers.errors import Problems
from helpers.report.frames import readable_tables
from helpers.report.html import (
    CODE_COLOURS,
    TEMPLATES,
    Chapter,
    audit_page,
    reader_edition,
    write_audit_pages,
    write_reader_edition,
)
from helpers.report.markdown import Markdown
from helpers.report.offline import is_outside, outside_addresses

v4 = nbformat.v4


def prose(source: str, *tags: str) -> nbformat.NotebookNode:
    return v4.new_markdown_cell(source, metadata={"tags": list(tags)})


def code(source: str, *outputs: nbformat.NotebookNode, tags: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def shows(**data: str) -> nbformat.NotebookNode:
    kinds = {
        "html": "text/html",
        "png": "image/png",
        "svg": "image/svg+xml",
        "markdown": "text/markdown",
        "text": "text/plain",
    }
    return v4.new_output("display_data", data={kinds[name]: content for name, content in data.items()})


def chapter(*cells: nbformat.NotebookNode, stem: str = "2_risk") -> Chapter:
    return Chapter(stem, "More often?", v4.new_notebook(cells=list(cells)))


def read(*cells: nbformat.NotebookNode, **told: object) -> str:
    return reader_edition([chapter(*cells)], **{"study_name": "S", "is_synthetic": False} | told)


def audit(*cells: nbformat.NotebookNode) -> str:
    one = chapter(*cells)
    return audit_page(one, [one], study_name="S", is_synthetic=False)


def main_of(page: str) -> str:
    return re.search(r"<main.*?</main>", page, re.DOTALL)[0]


def test_readers_edition_is_framed_by_the_tagged_cells():
    frame = chapter(prose("## After", "back"), prose("## Before", "front"), prose("# Workshop"), stem="6_report")
    page = main_of(
        reader_edition(
            [chapter(prose("# First"), stem="1_a"), chapter(prose("# Second"), stem="2_b"), frame],
            study_name="S",
            is_synthetic=False,
        )
    )
    places = [page.index(f"{word}</h2>") for word in ("Before", "Chapter 1. First", "Chapter 2. Second", "After")]
    assert places == sorted(places)
    assert "Workshop" not in page


def test_readers_see_outputs_and_no_code():
    page = main_of(
        read(
            code("secret_code()", shows(html="<p>shown</p>", text="not shown")),
            code("1", v4.new_output("stream", name="stderr", text="a warning")),
            code("1", v4.new_output("stream", name="stdout", text="printed <b>")),
            code("1", v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mtrace\x1b[0m"])),
            code("x = 1", shows(text="dropped"), tags=("injected-parameters",)),
            code("x = 1", shows(text="dropped"), tags=("remove-cell",)),
            code("x = 1", shows(text="dropped"), tags=("remove-output",)),
            prose("dropped", "remove-cell"),
        )
    )
    assert "<p>shown</p>" in page
    assert "printed &lt;b&gt;" in page
    for absent in ("secret_code", "not shown", "a warning", "trace", "dropped", "x = 1"):
        assert absent not in page


def test_auditors_see_everything():
    page = main_of(
        audit(
            code("secret_code(1)  # why", shows(html="<p>shown</p>"), tags=("remove-cell",)),
            code("1", v4.new_output("stream", name="stderr", text="a warning")),
            code("1", v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mtrace\x1b[0m"])),
            code("x = 1", tags=("injected-parameters",)),
            prose("kept", "remove-cell"),
        )
    )
    assert '<span class="n">secret_code</span>' in page
    assert '<span class="c1"># why</span>' in page
    for present in ("<p>shown</p>", "a warning", ">trace<", "Parameters of this run", "kept"):
        assert present in page
    assert "\x1b" not in page


def test_headings_move_down_and_the_contents_lead_to_them():
    page = read(prose("# Same\n\n## Under\n"), prose("# Same"), prose("# 4.62 & <more>"))
    assert '<h2 id="same">Chapter 1. Same</h2>' in page
    assert '<h3 id="under">Under</h3>' in page
    assert '<h2 id="same-2">Same</h2>' in page
    contents = re.search(r"<nav.*?</nav>", page, re.DOTALL)[0]
    assert re.findall(r'href="#([^"]+)"', contents) == ["same", "same-2", "4-62-more"]
    assert page.count("<h1") == 1
    assert audit(prose("# Title")).count("<h1") == 1
    assert audit(prose("no title")).count("<h1") == 1


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[next](2_b.ipynb)", '<a href="#2_b">next</a>'),
        ("[next](../notebooks/2_b.ipynb)", '<a href="#2_b">next</a>'),
        ("[gone](9.ipynb)", "gone"),
        ("[flow](../tables/flow.csv)", '<a href="tables/flow.csv">flow</a>'),
        ("[up](../../secret)", "up"),
        ("[paper](https://doi.org/10.1/x)", 'paper <span class="address">(https://doi.org/10.1/x)</span>'),
        ("<https://doi.org/10.1/x>", "https://doi.org/10.1/x"),
        ("[bad](javascript:alert(1))", 'bad <span class="address">(javascript:alert(1))</span>'),
        ("![map](https://example.org/x.png)", "<em>map</em>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_links_stay_inside(markdown, html):
    assert html in Markdown(pages={"2_b.ipynb": "#2_b"}).html(markdown)


def test_synthetic_data_says_so_on_every_page(tmp_path):
    for is_synthetic in (True, False):
        told = {"study_name": "S", "is_synthetic": is_synthetic}
        reader = write_reader_edition(tmp_path, [chapter(prose("# A"))], **told)
        write_audit_pages(tmp_path, [chapter(prose("# A"))], reader=reader, **told)
        assert len(list(tmp_path.rglob("*.html"))) == 2
        for page in tmp_path.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert ("<strong>Synthetic data.</strong>" in text) is is_synthetic
            assert ("<title>SYNTHETIC" in text) is is_synthetic


def test_pages_are_whole_documents():
    for page in (read(prose("# A"), study_name="<S> & T"), audit(prose("# A"))):
        assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert 'name="viewport"' in page
        assert '<a class="skip" href="#main">' in page
        assert "<script" not in page
        assert outside_addresses(page) == ()
    assert "<title>&lt;S&gt; &amp; T – New vertebral fractures" in read(prose("# A"), study_name="<S> & T")


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.org/x.png">',
        '<a href="//example.org">x</a>',
        "<p style=\"background: url('http://example.org/x')\">x</p>",
        "<style>@import 'https://example.org/x.css';</style>",
        '<img srcset="a.png 1x, https://example.org/b.png 2x">',
        "<script>1</script>",
        '<p onclick="x()">x</p>',
        '<a href=" java\nscript:x()">x</a>',
        '<iframe srcdoc="x"></iframe>',
    ],
)
def test_page_that_would_reach_out_is_not_written(html, tmp_path):
    shown, told = [chapter(code("1", shows(html=html)))], {"study_name": "S", "is_synthetic": False}
    for write in (write_reader_edition, partial(write_audit_pages, reader="")):
        with pytest.raises(Problems, match="A page must open offline"):
            write(tmp_path, shown, **told)
    assert list(tmp_path.iterdir()) == []


def test_inside_and_outside():
    assert not any(map(is_outside, ["#a", "tables/x.csv", "../index.html", "data:image/png;base64,xx", ""]))
    assert all(
        map(
            is_outside,
            ["http://a", "//a", "HTTPS://a", "file:///etc", "mailto:a@b", "data:text/html,x", "\\\\a"],
        )
    )


def test_frames_of_pandas_are_set_for_reading():
    frame = pd.DataFrame({"level": ["T12", "L1"], "n": [1, 20], "share": [0.5, float("nan")], "p": ["<0.001", "0.2"]})
    html = readable_tables(frame._repr_html_())
    assert "<style" not in html
    assert 'border="1"' not in html
    assert html.count('role="group"') == 1
    assert '<th scope="col" class="number">n</th>' in html
    assert '<th scope="col">level</th>' in html
    assert '<td class="number">20</td>' in html
    assert '<td class="number">NaN</td>' in html
    assert '<td class="number">&lt;0.001</td>' in html
    assert '<th scope="row">0</th>' in html


def test_frames_with_grouped_headers_are_left_in_their_shape():
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert 'colspan="2"' in readable_tables(frame._repr_html_())


def test_pictures_carry_their_text_alternative():
    output = shows(png="iVBO\nRw0=")
    output.metadata = {"image/png": {"alt": 'two "curves"'}}
    page = read(code("1", output), code("1", shows(svg='<svg xmlns="http://www.w3.org/2000/svg"/>')))
    assert '<img alt="two &quot;curves&quot;" src="data:image/png;base64,iVBORw0=">' in page
    assert 'src="data:image/svg+xml;charset=utf-8,%3Csvg' in page
    assert outside_addresses(page) == ()


def test_same_notebook_same_bytes():
    cells = [prose("# A"), code("x", shows(html=pd.DataFrame({"a": [1]})._repr_html_()))]
    again = [nbformat.from_dict(cell | {"id": f"other-{number}"}) for number, cell in enumerate(cells)]
    assert read(*cells) == read(*again)
    assert audit(*cells) == audit(*again)


def contrast(first: str, second: str) -> float:
    """Contrast of two colours as WCAG 2 defines it."""

    def light(colour: str) -> float:
        full = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
        parts = [int(full[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((light(first), light(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_read():
    from pygments.styles import get_style_by_name

    style = (TEMPLATES / "report.css").read_text()
    named = dict(re.findall(r"--(\w+): #([0-9a-f]{3,6});", style))
    for ink in ("ink", "quiet", "link", "warn"):
        assert min(contrast(named[ink], named["paper"]), contrast(named[ink], named["shade"])) >= 4.5
    assert contrast(named["warn"], "fff1e0") >= 4.5
    assert contrast("7d1f14", "fdf0ee") >= 4.5
    for token, look in get_style_by_name(CODE_COLOURS):
        if look["color"] and "Error" not in str(token):
            assert contrast(look["color"], named["shade"]) >= 4.5 or "Whitespace" in str(token), token
