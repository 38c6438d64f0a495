"""What every sentence of the report keeps to, and which sentences there are."""

import inspect
import re
from types import ModuleType

CAUSAL = re.compile(
    r"\b(caus\w*|due to|led to|leads? to|because of|result(s|ed)? in|effects? of|protect\w*|prevent\w*"
    r"|increase[sd]? the risk)\b",
    re.I,
)


def assert_reads_well(sentence: str) -> None:
    """No causal verb, no bare number of a computer, a full stop and single blanks."""
    assert not CAUSAL.search(sentence)
    assert not re.search(r"\b(nan|inf|None)\b", sentence)
    assert not re.search(r"\d\.\d{4,}", sentence)
    assert sentence.endswith(".")
    assert "  " not in sentence


def sentences_of(module: ModuleType) -> set[str]:
    """The names of the sentences that a module itself defines."""
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name for name, f in functions if name.endswith("_sentence") and f.__module__ == module.__name__}
