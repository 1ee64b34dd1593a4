"""Whether a caller has an answer already: `If-None-Match` against the tag of what would be answered."""

from starlette.requests import Request


def has_it(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag: one or several, weak or not, or any."""
    return names(request.headers.get("if-none-match", ""), tag)


def names(known_tags: str, tag: str) -> bool:
    """Whether such a header names the tag."""
    known = {one.strip().removeprefix("W/") for one in known_tags.split(",")}
    return "*" in known or tag.removeprefix("W/") in known
