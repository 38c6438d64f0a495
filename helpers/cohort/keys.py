"""Patient keys: numbers in random order that stand for the patients' identifiers."""

import hashlib

import numpy as np
import pandas as pd


def patient_keys(patient_ids: pd.Series, seed: int) -> pd.DataFrame:
    """Give each patient a key like "p000001" in an order that tells nothing about the identifiers.

    The order hangs on the seed and on all identifiers together, not on the order of the file.
    """
    ids = pd.Series(patient_ids, dtype=object).sort_values(ignore_index=True)
    digest = hashlib.sha256("\0".join(ids).encode("utf-8", "surrogatepass")).digest()
    order = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")]).permutation(len(ids))
    names = [f"p{number:06d}" for number in range(1, len(ids) + 1)]
    shuffled = ids.iloc[order].reset_index(drop=True)
    return pd.DataFrame({"patient_id": shuffled, "patient": pd.Categorical(names, categories=names)})
