"""From a request to a sealed file: Django's upload handler that keeps nothing in clear.

Django's own handlers hold a file in memory or in a temporary file; this one seals what comes and hands nothing on.
"""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.uploads import UploadRefused
from rempart.protection.exchange.services.incoming import Incoming

FIELD = "fichier"


class Sealing(FileUploadHandler):
    """Hands the field FIELD to an attempt, chunk by chunk; other files, and a second one, are left out.

    `refused`: what the attempt raised, for the page to say; the rest of the request is then thrown away.
    """

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest, attempt: Incoming) -> None:
        super().__init__(request)
        self._attempt = attempt
        self._begun = False
        self.refused: UploadRefused | StaleVersion | None = None

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != FIELD or self._begun:
            raise SkipFile
        self._begun = True
        super().new_file(field_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        try:
            self._attempt.write(raw_data)
        except (UploadRefused, StaleVersion) as refused:
            self.refused = refused
            raise StopUpload(connection_reset=False) from None
        return None

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        """The name only; there is no content to read."""
        return UploadedFile(name=self.file_name, size=file_size)
