"""Pages travel small: gzip for who takes it, whole and true, and no length that tells a secret."""

import gzip
import random
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from opencowin.web.compression import MOST_PADDING, Compressed
from tests.surface import Surface

pytestmark = pytest.mark.anyio
LONG = "".join(random.Random(1).choices("abcdefgh \n", k=5000))
GZIP = {"Accept-Encoding": "gzip, br;q=0.5"}


async def answer(response: Response, **headers: str) -> tuple[httpx.Headers, bytes]:
    """What goes over the wire: head, and body as it is packed."""

    async def respond(_request: Request) -> Response:
        return response

    transport = httpx.ASGITransport(app=Compressed(Starlette(routes=[Route("/", respond)])))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://here") as http,
        http.stream("GET", "/", headers=headers) as got,
    ):
        return got.headers, b"".join([part async for part in got.aiter_raw()])


async def test_a_text_is_compressed_and_says_so() -> None:
    head, body = await answer(PlainTextResponse(LONG, headers={"ETag": '"one"', "Vary": "Accept-Language"}), **GZIP)
    assert gzip.decompress(body).decode() == LONG
    assert head["content-encoding"] == "gzip"
    assert int(head["content-length"]) == len(body) < len(LONG)
    assert head["vary"] == "Accept-Language, Accept-Encoding"
    assert head["etag"] == 'W/"one"'


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip; q=0.0"])
async def test_who_takes_no_gzip_gets_none(accepted: str) -> None:
    head, body = await answer(PlainTextResponse(LONG, headers={"ETag": '"one"'}), **{"Accept-Encoding": accepted})
    assert body.decode() == LONG
    assert "content-encoding" not in head
    assert (head["vary"], head["etag"]) == ("Accept-Encoding", '"one"')


async def test_what_is_not_text_or_is_short_or_is_packed_already_is_left_alone() -> None:
    for response in (
        Response(LONG.encode(), media_type="application/json"),
        Response(LONG.encode(), media_type="image/png"),
        PlainTextResponse("short"),
        PlainTextResponse(LONG, 206),
    ):
        head, body = await answer(response, **GZIP)
        assert body == response.body
        assert "content-encoding" not in head
    packed = PlainTextResponse(gzip.compress(LONG.encode()), headers={"Content-Encoding": "gzip"})
    assert (await answer(packed, **GZIP))[1] == packed.body


async def test_a_stream_is_compressed_part_by_part() -> None:
    async def parts() -> AsyncIterator[str]:
        for start in range(0, len(LONG), 700):
            yield LONG[start : start + 700]

    head, body = await answer(StreamingResponse(parts(), media_type="text/csv"), **GZIP)
    assert gzip.decompress(body).decode() == LONG
    assert "content-length" not in head


async def test_the_length_of_a_personal_page_varies_and_that_of_a_public_one_does_not() -> None:
    def page(**headers: str) -> Response:
        return PlainTextResponse(LONG, headers=headers)

    personal = {len((await answer(page(**{"Cache-Control": "no-store"}), **GZIP))[1]) for _ in range(40)}
    public = {len((await answer(page(), **GZIP))[1]) for _ in range(5)}
    assert len(public) == 1
    assert len(personal) > 10
    assert max(personal) - min(personal) < MOST_PADDING


async def test_files_of_pages_are_packed_and_programs_json_keeps_its_strong_etag(platform: Surface) -> None:
    style = await platform.http.get("/static/site.css", headers=GZIP)
    assert style.headers["content-encoding"] == "gzip"
    assert ":root" in style.text
    assert (
        "content-encoding"
        not in (await platform.http.get("/static/site.css", headers={"Accept-Encoding": "identity"})).headers
    )
    states = await platform.http.get("/api/v2/admin/location/states", headers=GZIP)
    assert "content-encoding" not in states.headers
