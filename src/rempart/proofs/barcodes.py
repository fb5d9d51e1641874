"""Bar codes: written as PNG, read from pictures and PDF (zxing-cpp for both ways)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2
    from PIL.Image import Image

_GREY = 128  # what is lighter is white
_MAX_PIXELS = 50_000_000  # a page of A3 at 600 dpi has 70 million, a photo of a telephone 12
_MASK = 3  # of a QR code whose text is as good as random
_MAX_PAGES = 20
_READ_DPI = 200
_MAX_SIDE = 4_000  # pixels; a larger page is rendered smaller


def qr(text: str, *, scale: int = 1, correction: str = "Q") -> bytes:
    """A QR code as PNG, error correction Q as HCERT recommends, or L, M, H, with its 4-module quiet zone.

    `scale` is the width of a module in pixels. `HC1:` texts are encoded in alphanumeric mode, and all under the
    same mask: to look for the best of eight takes ten times as long, and what is compressed and signed reads as
    well under any (docs/decisions/045-documents.md).
    """
    import zxingcpp

    mask = {"data_mask": _MASK} if text.startswith("HC1:") else {}
    return _png(
        zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=correction, **mask), scale
    )


def datamatrix(text: str, *, scale: int = 1) -> bytes:
    """A square DataMatrix (ECC 200) as PNG, with its quiet zone. `text` is ASCII, separators included."""
    import zxingcpp

    return _png(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True), scale)


def code128(text: str, *, scale: int = 1) -> bytes:
    """A Code 128 bar code as PNG, with its quiet zones; pairs of digits take one symbol. `text` is ASCII."""
    import zxingcpp

    return _png(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128), scale)


def read_png(data: bytes) -> list[str]:
    """The texts of the codes in a PNG. Raises ValueError when it is not a PNG that can be opened."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise ValueError(f"The picture is larger than {_MAX_PIXELS // 1_000_000} million pixels.")
            return list(read_image(_on_white(picture)))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("This is not a PNG that can be opened.") from error


def read_pdf(data: bytes) -> list[str]:
    """The texts of the codes on the first 20 pages of a PDF. Raises ValueError when it cannot be opened."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ValueError("This is not a PDF that can be opened.") from error
    with document:
        return [
            text for index in range(min(len(document), _MAX_PAGES)) for text in _read_page(document, index)
        ]


def read_image(picture: Image) -> Iterator[str]:
    """The texts of the QR codes and DataMatrix symbols in a grey picture, each byte as one character."""
    import zxingcpp

    wanted = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix))
    for code in zxingcpp.read_barcodes(picture, formats=wanted, text_mode=zxingcpp.TextMode.Plain):
        yield code.bytes.decode("iso-8859-1")


def _read_page(document: pypdfium2.PdfDocument, index: int) -> Iterator[str]:
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return
    scale = min(_READ_DPI / 72, _MAX_SIDE / max(*page.get_size(), 1))
    yield from read_image(page.render(scale=scale, grayscale=True).to_pil())


def _on_white(picture: Image) -> Image:
    """In grey levels; what is transparent shows the white page under it."""
    from PIL import Image

    if not picture.has_transparency_data:
        return picture.convert("L")
    layer = picture.convert("RGBA")
    page = Image.new("RGBA", layer.size, "white")
    page.alpha_composite(layer)
    return page.convert("L")


def _png(code: object, scale: int) -> bytes:
    """A PNG of one bit per pixel: written here, for nothing of a general encoder is needed."""
    import numpy

    pixels = numpy.asarray(code.to_image(scale=scale, add_quiet_zones=True))  # type: ignore[attr-defined]  # zxing-cpp has no types
    height, width = pixels.shape
    rows = numpy.zeros((height, 1 + (width + 7) // 8), dtype=numpy.uint8)  # each begins with its filter: none
    rows[:, 1:] = numpy.packbits(pixels >= _GREY, axis=1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
