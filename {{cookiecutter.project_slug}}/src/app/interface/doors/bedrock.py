"""Amazon Bedrock's doors: Converse, whole and streamed. The model stands in the address.

Amazon's clients sign their requests with a secret that they do not send. Here the key itself is asked for: as a bearer
token, or as the session token that a signed request carries (see `auth`); signatures are not checked.
"""

from __future__ import annotations

import time
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import amazon_frames, bedrock, bedrock_reply, bedrock_stream
from app.interface.doors.answers import chat_answer
from app.interface.services import body_of


async def converse(request: Request) -> Response:
    """One body, answered whole. Raises AppError."""
    return await _conversed(request, stream=False)


async def converse_stream(request: Request) -> Response:
    """One body, answered as a stream. Raises AppError."""
    return await _conversed(request, stream=True)


async def _conversed(request: Request, *, stream: bool) -> Response:
    began = time.perf_counter()
    answer = await chat_answer(
        request,
        bedrock.decode_request(body_of(request), model=request.path_params["model"], stream=stream),
        "bedrock",
        encoder=bedrock_stream.StreamEncoder,
        body=lambda reply, _: bedrock_reply.encode_reply(reply, took_ms=round((time.perf_counter() - began) * 1000)),
        media_type=amazon_frames.MEDIA_TYPE,
    )
    answer.headers["x-amzn-requestid"] = str(uuid4())
    return answer
