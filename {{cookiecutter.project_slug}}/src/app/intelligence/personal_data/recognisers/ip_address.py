"""IP addresses that may belong to somebody. Refuses versions, section numbers, loopback, masks and C++ scopes.

Addresses of single-digit parts only (`1.1.1.1`, `4.8.0.1`) pass: they are public resolvers or version numbers.
"""

from __future__ import annotations

import ipaddress
import re

from app.intelligence.personal_data.recogniser import Recogniser, announced

_VERSION = re.compile(
    r"(?i)(?:\b(?:version|release|build|section|chapter|clause|firmware|driver|oid)|[\s(]v)[ :=.#]{0,3}\Z"
)


def _is_v4(match: re.Match[str]) -> bool:
    octets = match.group().split(".")
    if any(int(octet) > 255 or (len(octet) > 1 and octet[0] == "0") for octet in octets):
        return False
    address = ipaddress.IPv4Address(match.group())
    if all(len(octet) == 1 for octet in octets) or announced(match, _VERSION):
        return False
    return not (address.is_loopback or address.is_multicast or octets[0] in ("0", "255"))


def _is_v6(match: re.Match[str]) -> bool:
    try:
        ipaddress.IPv6Address(match.group())
    except ValueError:
        return False
    return True


IP_V4 = Recogniser(
    label="IP",
    trigger="dots",
    pattern=re.compile(r"\d(?<![\w.+-]\d)\d{0,2}(?:\.\d{1,3}){3}(?![\w-]|\.\d)"),
    score=0.8,
    valid=_is_v4,
    must_find=(
        ("login from 203.0.113.77 at noon", "203.0.113.77"),
        ("192.168.178.21:8443", "192.168.178.21"),
        ("http://10.20.30.40/", "10.20.30.40"),
        ("[198.51.100.4]", "198.51.100.4"),
    ),
    must_not_find=(
        "version 10.20.30.40",
        "v10.20.30.40",
        "4.8.0.1",
        "127.0.0.1",
        "255.255.255.0",
        "300.1.2.3",
        "1.3.6.1.4.1.311.21",
        "01.02.2025.10",
    ),
)

IP_V6 = Recogniser(
    label="IP",
    trigger="colons",
    pattern=re.compile(
        r"[23fF](?<![\w:.][23fF])(?:(?<=[23])[0-9a-fA-F]{3}|(?<=[fF])[cCdD][0-9a-fA-F]{2}|(?<=[fF])[eE][89abAB][0-9a-fA-F])"
        r"(?::[0-9a-fA-F]{0,4}){2,7}(?<!:)(?![\w:])"
    ),
    score=0.9,
    valid=_is_v6,
    must_find=(
        ("from 2001:db8::8a2e:370:7334.", "2001:db8::8a2e:370:7334"),
        ("fe80::1", "fe80::1"),
        ("[2001:0db8:0000:0000:0000:ff00:0042:8329]:443", "2001:0db8:0000:0000:0000:ff00:0042:8329"),
        ("FD12:3456:789a:1::1", "FD12:3456:789a:1::1"),
    ),
    must_not_find=("12:30:45", "std::vector", "face::cafe", "2001:12:30", "::1", "00:1b:44:11:3a:b7", "2024::x"),
)
