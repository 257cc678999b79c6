"""Content for protocols that write it as a list of parts, or pictures as bare base64: its plainest form, and images.

An image travels as a URL, `https:` or `data:`; what kind a picture without a name is, its first bytes say.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import Message, Part
from app.intelligence.wire.fields import shown

# How the base64 of a picture begins, by its media type.
_BEGINNINGS = {"iVBORw0KGg": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}


def plain(parts: Sequence[Part]) -> str | tuple[Part, ...]:
    """Nothing and a single text as a string, anything else as parts."""
    if not parts:
        return ""
    return parts[0].text if len(parts) == 1 and parts[0].kind == "text" else tuple(parts)


def parts_of(message: Message) -> tuple[Part, ...]:
    """The content as parts; none for an empty text."""
    if isinstance(message.content, str):
        return (Part("text", message.content),) if message.content else ()
    return message.content


def only_text(message: Message, place: str) -> str:
    """The text of a message that may hold nothing else; ProviderRefusedError for an image, `place` says where."""
    if not isinstance(message.content, str) and any(part.kind == "image" for part in message.content):
        raise ProviderRefusedError(f"an image in {place} cannot be said in this protocol: put it into a user's message")
    return message.text


def inline(image_url: str) -> tuple[str, str] | None:
    """Media type and base64 of a `data:` URL, None for another URL. Raises ProviderRefusedError for other encodings."""
    if not image_url.startswith("data:"):
        return None
    media_type, marked, data = image_url.removeprefix("data:").partition(";base64,")
    if not marked:
        raise ProviderRefusedError(f"image {shown(image_url)} is not base64: send it as data:image/...;base64,")
    return media_type, data


def image_from_base64(data: str, where: str) -> Part:
    """A picture that came without its media type. Raises InputError for one of no known kind."""
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning):
            return Part("image", image_url=f"data:{media_type};base64,{data}")
    raise InputError(f"{where} is {shown(data)}: send a PNG, JPEG, GIF or WebP picture in base64")


def image_from_url(url: str, where: str) -> Part:
    """A picture by its URL. Raises InputError for one that no provider could fetch."""
    if not url.startswith(("https://", "data:image/")):
        raise InputError(f"{where} is {shown(url)}: send an https: or data:image/ URL")
    return Part("image", image_url=url)
