"""Columns in parts for tests: the parts are in this process, and what is wanted of them travels as it would."""

import pickle

from helpers.parted import Formula, Parted


class Here:
    """Where the pieces are."""

    def each(self, wanted: Parted) -> list:
        """The pieces."""
        formula = Formula(wanted)
        sent = pickle.loads(pickle.dumps(formula))
        return [sent.worked_out(*(leaf.pieces[part] for leaf in formula.leaves)) for part in range(wanted.n_parts)]

    held = each

    def sent(self, thing):
        """What stands for a thing."""
        return pickle.loads(pickle.dumps(thing))


def in_parts_here(pieces: list) -> Parted:
    """Something of which these are the pieces."""
    return Parted(Here(), pieces=pieces)
