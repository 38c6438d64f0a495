"""The parts of README.md that are made from the example report and the bench: `make readme` writes them anew."""

import re
import sys
from pathlib import Path

import pandas as pd

from helpers.estimators.estimates import from_frame
from helpers.report.sentences import natural_sentence, risk_sentence
from helpers.report.timing_sentences import hazard_sentence, median_sentence
from helpers.workbook.steps import steps_as_markdown
from tests.benchmarks import results

ROOT = Path(__file__).parents[1]
FIGURE = ROOT / "data" / "example" / "summary.svg"
PUBLISHED = 4.62


def answer(report: Path) -> str:
    """The sentences of the example's answer, from its table of estimates."""
    found = from_frame(pd.read_parquet(report / "tables" / "estimates.parquet"))
    clustered = found["Risk ratio, patients as clusters"]
    medians = found["Among fractured: Next to cement"], found["Among fractured: Further away"]
    sentences = [
        risk_sentence(clustered),
        median_sentence(*medians, among="vertebrae that fractured"),
        hazard_sentence(found["Hazard ratio, patients as clusters"]),
        natural_sentence(clustered, found["No cement, Crude"], PUBLISHED),
    ]
    return "\n".join(f"- {sentence}" for sentence in sentences)


def with_parts(text: str, parts: dict[str, str]) -> str:
    """`text` with what stands between `<!-- name ... -->` and `<!-- /name -->` replaced."""
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- {name}[^>]*-->\n).*?(<!-- /{name} -->)", flags=re.DOTALL)
        text, n_replaced = pattern.subn(lambda match, part=part: f"{match[1]}{part}\n{match[2]}", text)
        if n_replaced != 1:
            raise ValueError(f"README.md must have exactly one part called {name}, but has {n_replaced}.")
    return text


def parts(report: Path) -> dict[str, str]:
    """What README.md must hold."""
    return {"answer": answer(report), "notebooks": steps_as_markdown(), "speed": results.as_markdown()}


if __name__ == "__main__":
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports" / "example"
    readme = ROOT / "README.md"
    readme.write_text(with_parts(readme.read_text(encoding="utf-8"), parts(report)), encoding="utf-8")
    FIGURE.write_bytes((report / "figures" / "summary.svg").read_bytes())
