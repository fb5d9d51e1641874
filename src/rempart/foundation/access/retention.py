"""How access forgets: keys of machines, some months after they ended."""

from rempart.foundation.retention import Kind, aging

PARTS = (aging("access_machine_key", kind=Kind.MACHINE_KEY, since="expires_at"),)
