"""How proximity forgets."""

from rempart.foundation.retention import Kind, expiring

PARTS = (expiring("proximity_code", kind=Kind.DECLARATION_CODE, key="digest"),)
