"""Whether a caller has an answer already: `If-None-Match` against the tag of what would be answered."""

from starlette.requests import Request


def has_it(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag: one or several, weak or not, or any."""
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    return "*" in known or tag.removeprefix("W/") in known
