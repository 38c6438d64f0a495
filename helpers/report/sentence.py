"""A sentence that knows which estimates, or which table, its numbers are read from."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from hashlib import sha256
from html import escape

from helpers.disclosure import is_withheld
from helpers.estimators.estimate import Estimate

_NUMBERS = ("estimate", "conf_low", "conf_high", "conf_level", "p_value", "std_error")
_COUNTS = ("n_patients", "n_vertebrae", "n_events")


class Sentence(str):
    """Text that a notebook shows as a paragraph of the report.

    Attributes
    ----------
    made_from : tuple of Estimate
        The estimates whose numbers it tells.
    table : str
        The table it was read from, or several with a blank between, where that is not `estimates`.
    """

    made_from: tuple[Estimate, ...]
    table: str

    def __new__(cls, text: str, made_from: Iterable[Estimate] = (), table: str = ""):
        sentence = super().__new__(cls, text)
        sentence.made_from, sentence.table = tuple(made_from), table
        return sentence

    def _repr_html_(self) -> str:
        keys = " ".join(map(key_of, self.made_from))
        told = f' data-estimates="{keys}"' if keys else ""
        told += f' data-table="{escape(self.table)}"' if self.table else ""
        return f'<p class="finding"{told}>{escape(self)}</p>'


class Paragraph(Sentence):
    """A sentence, or several, that is no finding: it is shown as the text around it."""

    def _repr_html_(self) -> str:
        return f"<p>{escape(self)}</p>"


def traced(write: Callable[..., Sentence | None] | None = None, *, table: str = "") -> Callable:
    """A function that writes a sentence; the sentence then knows the estimates that were given to it.

    What the function itself says of them stays. `table` names the table whose numbers it tells instead.
    """
    if write is None:
        return lambda function: traced(function, table=table)

    @wraps(write)
    def written(*arguments: object, **options: object) -> Sentence | None:
        sentence = write(*arguments, **options)
        if sentence is None:
            return None
        given = sentence.made_from or tuple(_estimates_in((*arguments, *options.values())))
        return Sentence(sentence, given, sentence.table or table)

    return written


def key_of(estimate: Estimate) -> str:
    """What an estimate is known by: the same for the same numbers of the same measure and method."""
    numbers = [getattr(estimate, name) for name in _NUMBERS]
    exact = [None if number is None else float(number) + 0.0 for number in numbers]
    counts = [getattr(estimate, name) for name in _COUNTS]
    known = [None if count is None or is_withheld(count) else int(count) for count in counts]
    told = (estimate.measure, estimate.unit, estimate.method, estimate.note, *exact, *known)
    return sha256(repr(told).encode()).hexdigest()[:12]


def _estimates_in(values: Iterable[object]) -> Iterable[Estimate]:
    for value in values:
        if isinstance(value, Estimate):
            yield value
        elif isinstance(value, Mapping):
            yield from _estimates_in(value.values())
