"""The bytes of a photo from the body of a request, plain or in a form."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from resight.serving.problems import Problem


async def read_photo(request: Request) -> bytes:
    """The whole body, or the field `photo` of a form; how large it may be was checked before."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _of_form(request)
    if kind.startswith("image/") or kind in ("", "application/octet-stream"):
        return await request.body()
    raise Problem(
        415, "Send the bytes as image/* or application/octet-stream, or a form with the field photo."
    )


async def _of_form(request: Request) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            photo = form.get("photo")
            if not isinstance(photo, UploadFile):
                raise Problem(422, "The form has no file in its field 'photo'.")
            return await photo.read()
    except MultiPartException:
        raise Problem(422, "The form cannot be read: its parts are not whole.") from None
