"""What a notebook saved, as the sentence that its last cell shows."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Saved:
    """What a notebook saved, shown as one sentence."""

    tables: tuple[str, ...]
    figures: tuple[str, ...]

    def __str__(self) -> str:
        parts = [
            f"{kind}: {', '.join(names)}"
            for kind, names in (("Tables saved", self.tables), ("Figures saved", self.figures))
            if names
        ]
        return ". ".join(parts) + "." if parts else "Nothing to save."

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<p class="saved">{html.escape(str(self))}</p>'
