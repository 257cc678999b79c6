"""Values that fit a JSON Schema, taken from the words of a text wherever they are found there.

Only the form counts: a number for a number, a name for what is called a city or a person, a sum for an expression. What
the text does not hold becomes the text itself, or the plainest value that fits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.schema_references import in_place
from app.intelligence.standin.bounds import bounded, of_length
from app.intelligence.standin.candidates import candidates
from app.intelligence.standin.lines import counted
from app.intelligence.standin.patterns import matching
from app.intelligence.standin.programs import in_a_field
from app.intelligence.standin.reading import Reading
from app.intelligence.standin.similarity import coverage, name_words, terms
from app.intelligence.standin.skills import answer, classify
from app.intelligence.standin.verdicts import explained, favourable, favourable_flag, finishing, named_options
from app.intelligence.standin.written import in_format, named_in, numbers_in

# What one reply may hold, whatever a schema demands.
MOST_VALUES = 5_000
# Of an optional argument whose name in the subject is taken for it.
SHORTEST_NAME = 5
# Fields that hold a place in a list, which a number out of the question would miss.
PLACES = {"index", "indices", "indexes", "idx", "choice", "choices", "position", "rank"}
# A field whose value is one of what the prompt offers elsewhere.
OFFERED = re.compile(
    r"\bone of (?:the |these )?(?:above|following|options|categories|labels|classes|values"
    r"|tokens)?",
    re.IGNORECASE,
)
# Fields that hold the name of one of the candidates that the prompt lists.
CANDIDATE = re.compile(r"\bname of\b|^\W*\w*_?name\W*$", re.IGNORECASE)
CHOSEN = {
    "agent",
    "worker",
    "model",
    "tool",
    "expert",
    "member",
    "department",
    "specialist",
    "assistant",
    "node",
    "next",
}


def fill(schema: Mapping[str, Any], reading: Reading, name: str = "") -> Any:
    """A value that fits a JSON Schema, every property given, its choices made by likeness to the subject.

    References are followed; one that comes back to itself ends in an object without fields.
    """
    return _Filling(reading, sparing=False).of(_followed(schema), name)


def arguments(schema: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """The arguments of a tool: what its schema requires, and of the rest what the subject names."""
    filled = _Filling(reading, sparing=True).of({"type": "object", **_followed(schema)}, "")
    return filled if isinstance(filled, dict) else {}


def _followed(schema: Mapping[str, Any]) -> dict[str, Any]:
    return in_place(schema, lambda _: {"type": "object"})


class _Filling:
    """One walk over a schema. Each number of the subject is used once, in order, while there are any."""

    def __init__(self, reading: Reading, *, sparing: bool) -> None:
        self._reading = reading
        self._sparing = sparing
        self._numbers = numbers_in(reading.subject)
        self._next = 0
        self._made = 0

    def of(self, schema: Mapping[str, Any], name: str) -> Any:
        self._made += 1
        if self._made > MOST_VALUES:
            raise InputError(
                f"a schema that asks for more than {MOST_VALUES} values is not filled offline: ask for fewer"
            )
        schema = _merged(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chosen(schema)
        for choice in ("anyOf", "oneOf"):
            if schema.get(choice):
                options = [option for option in schema[choice] if option.get("type") != "null"] or schema[choice]
                return self.of({**_without(schema, choice, "type", "default"), **options[0]}, name)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(schema, name)
        return self._scalar(kind, schema, name)

    def _chosen(self, schema: Mapping[str, Any]) -> Any:
        options = schema["enum"]
        named = (option for option in options if self._objected(str(option)))
        if (wanted := next(named, None)) is not None:
            return wanted
        labelled = any(self._reading.labels.get(str(option)) for option in options)
        if not labelled and not explained(options, self._reading.instructions):
            decided = finishing(options) if self._reading.answered else None
            decided = favourable(options) if decided is None else decided
            if decided is not None:
                return decided
        described = {str(option): schema.get("description", "") for option in options}
        known = {option: self._reading.labels.get(option, "") for option in described}
        chosen = classify(replace(self._reading, labels=known))
        return next(option for option in options if str(option) == chosen)

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        required = schema.get("required")
        parts: Mapping[str, Any] = schema.get("properties") or {}
        filled: dict[str, Any] = {}
        for key, part in parts.items():
            if not self._sparing or self._named(key, part, required):
                filled[key] = self.of(part, key)
        for number in range(len(filled), int(schema.get("minProperties", 0))):
            filled[f"field_{number + 1}"] = self.of(_schema_of(schema.get("additionalProperties")), "")
        return filled

    def _named(self, key: str, part: Mapping[str, Any], required: Any) -> bool:
        """Whether an argument is given: demanded, or its name or one of its values stands in the subject."""
        if isinstance(required, list) and required:  # an empty list says as much as none
            if key in required:
                return True
        elif "default" not in part:
            return True
        asked = self._reading.subject.casefold()
        named = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", key).casefold()
        if len(named) >= SHORTEST_NAME and re.search(rf"\b{re.escape(named)}\b", asked):
            return True
        return any(isinstance(value, str) and value.casefold() in asked for value in part.get("enum") or ())

    def _array(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        given = schema.get("prefixItems")
        if given:
            return [self.of(part, name) for part in given]
        inner = _schema_of(schema.get("items"))
        least = max(1, int(schema.get("minItems", 1)))
        if "minItems" not in schema:
            least = self._count(inner, name)
        count = min(least, int(schema.get("maxItems", least)))
        if schema.get("uniqueItems") and inner.get("enum"):
            first = self.of(inner, name)
            return [first, *(value for value in inner["enum"] if value != first)][:count]
        return [self.of(inner, name) for _ in range(count)]

    def _count(self, inner: Mapping[str, Any], name: str) -> int:
        """How many are meant: all numbers that are left for a list of numbers, as many as the prompt says (`3 analysts`
        for a field `analysts`), else one."""
        if self._sparing and _kind(inner) in ("integer", "number"):
            return max(1, len(self._numbers) - self._next)
        reading = self._reading
        return counted(name, f"{reading.subject}\n{reading.instructions}") or 1

    def _scalar(self, kind: str, schema: Mapping[str, Any], name: str) -> Any:
        if kind == "null":
            return None
        if kind == "boolean":
            verdict = favourable_flag(name)
            if verdict is None:
                asked = terms(f"{name} {schema.get('description', '')}")
                verdict = coverage(asked, terms(self._reading.subject), {}) >= 0.5
            return verdict is not self._objected(name)
        if kind in ("integer", "number"):
            if PLACES & set(re.split(r"[\W_]+", name.lower())):
                shown = schema.get("examples") or [schema.get("minimum", 0)]
                return bounded(float(shown[0]), schema, whole=kind == "integer")
            return bounded(self._number(), schema, whole=kind == "integer")
        return of_length(self._text(schema, name), schema)

    def _objected(self, name: str) -> bool:
        """Whether what was said against the last attempt names an option or a field."""
        return bool(name) and re.search(rf"\b{re.escape(name)}\b", self._reading.objection) is not None

    def _number(self) -> float:
        if not self._numbers:
            return 0.0
        found = self._numbers[min(self._next, len(self._numbers) - 1)]
        self._next += 1
        return found

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        subject = self._reading.subject
        if pattern := schema.get("pattern"):
            return _matching(pattern, subject, schema)
        if options := named_options(str(schema.get("description", ""))):
            return str(self._chosen({**schema, "enum": options}))
        if self._reading.labels and OFFERED.search(str(schema.get("description", ""))):
            return classify(self._reading)
        if (_names_one(name) or CANDIDATE.search(str(schema.get("description", "")))) and (
            names := candidates(self._reading.instructions)
        ):
            return classify(replace(self._reading, labels=names))
        if (formatted := in_format(str(schema.get("format")), subject)) is not None:
            return formatted
        if (written := in_a_field(name, str(schema.get("description", "")), self._reading)) is not None:
            return written
        if self._reading.sources:
            return answer(self._reading)[: self._reading.longest]
        return named_in(subject, name) or " ".join(subject.split())[: self._reading.longest]


def _names_one(field: str) -> bool:
    """Whether a field is to hold what is called an agent, a model or the like: `next_agent`, `tool_name`."""
    words = name_words(field)
    return words[-1] in CHOSEN or (words[-1] in ("name", "id") and bool(CHOSEN & set(words)))


def _merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with what `allOf` adds; its own words win."""
    merged: dict[str, Any] = {}
    for part in schema.get("allOf") or ():
        merged |= _merged(part)
    return {**merged, **_without(schema, "allOf")}


def _without(schema: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in names}


def _schema_of(value: Any) -> Mapping[str, Any]:
    """The schema of items or of further properties, where `true` and nothing mean any."""
    return value if isinstance(value, Mapping) else {}


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _matching(pattern: str, subject: str, schema: Mapping[str, Any]) -> str:
    """A text that matches, or an example the schema gives; the subject when there is neither."""
    found = matching(pattern, subject)
    if found:
        return found
    examples = [schema.get("default"), schema.get("example"), *(schema.get("examples") or ())]
    return next((one for one in examples if isinstance(one, str)), subject)
