"""What data looked like when all was well: the distributions that a gate compares with, as JSON under version control.

Numbers are kept as shares of ten equally filled bins, everything else as shares of its values. No value of a text is in
it that is not a category of the column.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import ConfigurationError, InputError

BINS = 10
MOST_VALUES = 100
SHIFT = "expect_column_kl_divergence_to_be_less_than"


def path_of(gates_dir: Path, gate: str) -> Path:
    """Where a gate's profile lies."""
    return gates_dir / "profiles" / f"{gate}.json"


def write(gates_dir: Path, gate: str, suite: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Path | None:
    """Keep the distributions that the suite compares; None when it compares none. Raises InputError without rows."""
    columns = [e["kwargs"]["column"] for e in suite["expectations"] if e.get("type") == SHIFT]
    if not columns:
        return None
    if not rows:
        raise InputError(f"gate {gate!r} has no rows to make a profile of: run it where there is data")
    profile = {column: distribution([row.get(column) for row in rows]) for column in columns}
    file = path_of(gates_dir, gate)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(profile, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return file


def read(gates_dir: Path, gate: str) -> dict[str, Any] | None:
    """The stored profile, None when there is none."""
    file = path_of(gates_dir, gate)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} is no profile ({error}): make it again with `app gate --profile`") from None
    return found if isinstance(found, dict) else None


def distribution(values: Sequence[Any]) -> dict[str, Any]:
    """Shares as Great Expectations reads them. Missing values are left to other expectations."""
    given = [value for value in values if value is not None and value == value]
    numbers = [float(value) for value in given if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(given) and len(set(numbers)) > BINS:
        numbers.sort()
        edges = sorted({numbers[min(len(numbers) - 1, len(numbers) * part // BINS)] for part in range(BINS + 1)})
        counts = [0] * (len(edges) - 1)
        place = 0
        for number in numbers:
            while place < len(counts) - 1 and number >= edges[place + 1]:
                place += 1
            counts[place] += 1
        return {"bins": edges, "weights": [count / len(numbers) for count in counts]}
    shares = Counter(str(value) for value in given).most_common(MOST_VALUES)
    total = sum(count for _, count in shares)
    return {"values": [value for value, _ in shares], "weights": [count / total for _, count in shares]}
