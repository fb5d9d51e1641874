"""Audit: who did what to whose data, when, why and from where; declared, written in the transaction of the act, sealed
each second, searched and watched, never changed."""
