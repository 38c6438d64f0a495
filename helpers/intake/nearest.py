"""What was meant by a name that is not there."""

import difflib
from collections.abc import Sequence

_MOST = 12


def nearest(wanted: str, known: Sequence[str], what: str) -> str:
    """The sentence that helps: the nearest name, or those there are.

    >>> nearest("Patiente", ["Patienten", "Labor"], "sheets")
    'Did you mean "Patienten"?'
    """
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(wanted.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{folded[near[0]]}"?'
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f"Its {what}: {', '.join(known[:_MOST]) or 'none'}{more}."
