"""Where the certificate on paper and the reading of codes were; see `documents.certificate` and `barcodes`."""

from rempart.proofs.barcodes import read_pdf as read_pdf
from rempart.proofs.documents.certificate import render_certificate as render_pdf
from rempart.proofs.documents.printing import printable as printable

__all__ = ["printable", "read_pdf", "render_pdf"]
