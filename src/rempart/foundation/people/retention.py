"""How people are forgotten: identities on their day, and with the last one the person and what finds him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from rempart.foundation.retention import Cursor, Digests, Kind, Part, delete_expired, earliest, some


def forget_identities(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget identities whose day is past, their links, and the persons of whom none is left."""
    gone = [key for (key,) in delete_expired(cursor, "people_identity", today=today, most=most)]
    if not gone:
        return {}
    cursor.execute("DELETE FROM people_link WHERE identity_id = ANY(%s) RETURNING person_id", (gone,))
    links = [person for (person,) in cursor.fetchall()]
    cursor.execute("DELETE FROM people_ins_request WHERE identity_id = ANY(%s) RETURNING 1", (gone,))
    requests = cursor.fetchall()
    cursor.execute("DELETE FROM people_blocking WHERE identity_id = ANY(%s) RETURNING 1", (gone,))
    blocking = cursor.fetchall()
    cursor.execute(
        "DELETE FROM people_likely_pair WHERE one_id = ANY(%s) OR other_id = ANY(%s) RETURNING 1",
        (gone, gone),
    )
    pairs = cursor.fetchall()
    cursor.execute(
        """DELETE FROM people_join j WHERE j.identities && %s::uuid[] AND NOT EXISTS (
               SELECT FROM people_link l WHERE l.identity_id = ANY(j.identities)) RETURNING 1""",
        (gone,),
    )
    joins = cursor.fetchall()
    return some(
        {
            "people_identity": len(gone),
            "people_link": len(links),
            "people_ins_request": len(requests),
            "people_blocking": len(blocking),
            "people_likely_pair": len(pairs),
            "people_join": len(joins),
        }
        | _forget_persons(cursor, set(links))
    )


def _forget_persons(cursor: Cursor, persons: set[UUID]) -> dict[str, int]:
    """Forget those of these persons who have no identity left.

    They are locked first: an intake that is about to link an identity to one of them either comes before,
    and its link is seen, or finds him gone. A key that several people share stays until its index key dies:
    without it, the next of them would be taken for another.
    """
    cursor.execute("SELECT FROM people_person WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (sorted(persons),))
    cursor.execute(
        """DELETE FROM people_person p WHERE p.id = ANY(%s)
           AND NOT EXISTS (SELECT FROM people_link l WHERE l.person_id = p.id) RETURNING p.id""",
        (list(persons),),
    )
    gone = [key for (key,) in cursor.fetchall()]
    counts = {"people_person": len(gone)}
    for table, condition in (("people_matching_key", "NOT shared"), ("people_objection", "true")):
        cursor.execute(
            f"DELETE FROM {table} WHERE person_id = ANY(%s) AND {condition} RETURNING 1",  # noqa: S608 -- ours
            (gone,),
        )
        counts[table] = len(cursor.fetchall())
    return counts


PARTS = (
    Part(
        table="people_identity",
        kind=Kind.RESULT,
        step=forget_identities,
        first_due=earliest("people_identity"),
    ),
)
DIGESTS = (
    Digests(table="people_matching_key", made="made_on"),
    Digests(table="people_blocking", made="made_on"),
)
