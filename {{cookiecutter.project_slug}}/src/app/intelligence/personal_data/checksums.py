"""Check digits of cards, accounts and national numbers, each as its public standard states it."""

from __future__ import annotations

from collections.abc import Sequence

# Verhoeff's tables: multiplication in the dihedral group D5, and the permutation by place.
_D5 = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PLACE = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(digits: Sequence[int]) -> bool:
    """ISO/IEC 7812: payment cards."""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def verhoeff(digits: Sequence[int]) -> bool:
    """Verhoeff 1969: Aadhaar."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _D5[check][_PLACE[place % 8][digit]]
    return check == 0


def iso7064_mod_97_10(characters: str) -> bool:
    """ISO 7064 MOD 97-10 over letters A to Z and digits, the check moved to the end: IBAN."""
    return int("".join(str(int(character, 36)) for character in characters)) % 97 == 1


def iso7064_mod_11_10(digits: Sequence[int]) -> bool:
    """ISO 7064 MOD 11,10: the German tax number."""
    product = 10
    for digit in digits[:-1]:
        total = (digit + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == digits[-1]


def weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    """The sum of products of digits and weights, as far as the shorter goes."""
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))
