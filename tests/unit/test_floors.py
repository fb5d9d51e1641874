"""What imports do not show: tables that lean on tables of another room."""

import pytest
from django.apps import apps

FLOORS = (
    {"site"},
    {"protection"},
    {"surveillance", "tracing"},
    {"screening"},
    {"proximity"},
    {"foundation.access", "foundation.events"},
    {"foundation.audit", "foundation.people", "foundation.directories", "foundation.messaging"},
)
OURS = [model for model in apps.get_models() if model.__module__.startswith("rempart.")]


def room_of(model) -> str:
    parts = model.__module__.split(".")[1:]
    return ".".join(parts[:2]) if parts[0] == "foundation" else parts[0]


def floor_of(room: str) -> int:
    (floor,) = (rank for rank, rooms in enumerate(FLOORS) if room in rooms)
    return floor


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_table_refers_to_its_own_room_or_to_a_floor_below(model) -> None:
    for field in model._meta.get_fields():
        target = field.related_model if field.is_relation and not field.auto_created else None
        if target is None or not target.__module__.startswith("rempart."):
            continue
        here, there = room_of(model), room_of(target)
        assert here == there or floor_of(here) < floor_of(there), f"{field}: {here} leans on {there}"


def test_every_room_with_tables_has_its_floor() -> None:
    assert {room_of(model) for model in OURS} <= set().union(*FLOORS)
    assert len(OURS) >= 15
