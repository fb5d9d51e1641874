"""Published files into the directories: taken whole or not at all, and what others ask of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from tests.directories import (
    MAILBOXES_HEAD,
    PROFESSIONALS_HEAD,
    entity,
    establishment,
    finess,
    finess_file,
    mailbox,
    position,
    practice,
    rpps,
    table,
    zipped,
)
from typer.testing import CliRunner

from rempart.foundation.directories import laboratories, lookups
from rempart.foundation.directories.loading import Refused, Taken, load
from rempart.foundation.directories.models import Establishment, Laboratory, Load, Mailbox, Practice
from rempart.foundation.directories.standing import standings

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 13, 8, tzinfo=UTC)
SITES = [finess("69", n) for n in range(1, 41)]
OWNER = finess("69", 900)


@pytest.fixture
def give(tmp_path: Path):
    """`give(content, name="…")`: load a file of that content; what that did, in figures."""
    hours = iter(range(1000))

    def run(content: bytes, name: str = "file.csv", *, sure: bool = False) -> list[Taken]:
        path = tmp_path / name
        path.write_bytes(content)
        return load(path, now=NOW + timedelta(hours=next(hours)), sure=sure)

    return run


def sites(*numbers: str, day: str = "2026-05-12", name: str = "LBM", geo: bool = True) -> bytes:
    rows = [establishment(number, OWNER, name=f"{name} {number}") for number in numbers]
    return finess_file([*rows, *(position(number) for number in numbers if geo)], day=day)


def figures(taken: list[Taken]) -> list[tuple[str, int, int, int, int]]:
    return [(one.directory.value, one.rows, one.added, one.changed, one.gone) for one in taken]


def test_a_file_is_taken_and_the_next_one_compared_with_it(give):
    assert figures(give(sites(*SITES))) == [("establishments", 40, 40, 0, 0), ("positions", 40, 40, 0, 0)]
    later = sites(*SITES[1:], finess("69", 77), day="2026-05-13").replace(b"DES LILAS", b"DES ROSES", 1)
    assert figures(give(later)) == [("establishments", 40, 1, 1, 1), ("positions", 40, 1, 0, 1)]
    assert Establishment.objects.get(pk=SITES[1]).address == "12 BIS R DES ROSES\n69003 LYON"
    assert not Establishment.objects.filter(pk=SITES[0]).exists()


def test_the_same_file_again_changes_nothing(give):
    give(sites(*SITES))
    before = list(Establishment.objects.order_by("pk").values())
    (again,) = give(sites(*SITES))
    assert again.same
    assert Load.objects.count() == 2
    assert list(Establishment.objects.order_by("pk").values()) == before


def test_a_file_without_positions_leaves_them(give):
    give(sites(*SITES))
    assert figures(give(sites(*SITES, day="2026-05-13", geo=False))) == [("establishments", 40, 0, 0, 0)]
    found = lookups.establishment(SITES[0])
    assert found is not None
    assert found.position is not None
    assert (found.position.longitude, found.position.latitude) == pytest.approx((4.836, 45.757), abs=0.01)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a file of the directories"),
        (b"hello\n", "not a file of the directories"),
        (finess_file([]), "not a file of the directories"),
        (sites(*SITES, day="2026-05-13") + b"structureet;cut", "line 82: 1 fields instead of 31 or 30"),
        (
            sites(*SITES, SITES[0], day="2026-05-13", name="OTHER").replace(b"OTHER", b"LAST", 2),
            "several times",
        ),
        (sites(*SITES[:37], day="2026-05-13"), "from 40 rows to 37, more than 5% less"),
        (sites(*SITES, day="2026-05-01"), "it is of 2026-05-01, the one taken last of 2026-05-12"),
    ],
    ids=["empty", "other", "no-row", "torn", "twice", "shrunk", "old"],
)
def test_what_is_broken_shrunk_or_old_leaves_the_last_good_one(give, content, why):
    give(sites(*SITES))
    before = list(Establishment.objects.order_by("pk").values())
    with pytest.raises(Refused, match=why):
        give(content)
    assert list(Establishment.objects.order_by("pk").values()) == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'stage_directories%'")
        assert cursor.fetchone() == (0,)


def test_somebody_who_looked_may_take_a_smaller_and_older_one(give):
    give(sites(*SITES))
    taken = give(sites(*SITES[:10], day="2026-05-01"), sure=True)
    assert figures(taken)[0] == ("establishments", 10, 0, 0, 30)


def test_all_faults_are_listed_up_to_twenty(give):
    with pytest.raises(Refused) as refusal:
        give(finess_file([establishment(SITES[0]), *["x;y"] * 30]))
    assert len(refusal.value.why) == 20
    assert refusal.value.why[0] == "line 3: not a row of FINESS"
    assert Load.objects.get().refused.startswith("line 3:")


def test_laboratories_follow_the_establishments(give):
    Laboratory.objects.create(finess=SITES[1], name="OLD NAME", department="01", address="KEPT", phone="1")
    Laboratory.objects.create(finess=finess("69", 500), name="GONE LONG AGO", department="69")
    rows = [
        establishment(SITES[0], OWNER, name="LBM"),
        establishment(SITES[1], OWNER, name="NEW NAME", phone=""),
        establishment(SITES[2], OWNER, name="HOSPITAL", category="355"),
    ]
    give(finess_file(rows))
    assert list(
        Laboratory.objects.order_by("finess").values_list("finess", "name", "department", "phone")
    ) == [
        (SITES[0], "LBM", "69", "0472000000"),
        (SITES[1], "NEW NAME", "69", "1"),
        (finess("69", 500), "GONE LONG AGO", "69", ""),
    ]
    found = lookups.laboratories(departments=["69"])
    assert [one.finess for one in found] == [SITES[0], SITES[1]]
    assert not lookups.is_laboratory(SITES[2])

    laboratories.declare(SITES[2])
    assert [one.name for one in lookups.laboratories(departments=["69"])] == ["HOSPITAL", "LBM", "NEW NAME"]
    assert lookups.is_laboratory(SITES[2])
    assert lookups.is_laboratory(OWNER)  # of the pooled scheme
    with pytest.raises(laboratories.Unknown):
        laboratories.declare(finess("69", 501))


def test_an_establishment_with_its_entity(give):
    give(sites(SITES[0]))
    found = lookups.establishment(f" {SITES[0]} ")
    assert found is not None
    assert (found.entity_finess, found.entity) == (OWNER, None)
    give(finess_file([entity(OWNER)]), "entities.csv")
    found = lookups.establishment(SITES[0])
    assert found is not None
    assert found.entity is not None
    assert found.entity.name == "SELAS DES TESTS"
    assert lookups.establishment(finess("69", 99)) is None


def test_professionals_and_their_practices(give, tmp_path):
    alix, benoit = rpps(1), rpps(2)
    employed = {"Code mode exercice": "S", "Numéro FINESS site": SITES[0], "Raison sociale site": "HOPITAL"}
    content = table(
        PROFESSIONALS_HEAD,
        [practice(alix, **employed), practice(alix), practice(benoit, "BAO"), practice(benoit, "BAO")],
    )
    path = zipped(
        tmp_path / "PS_LibreAcces_202605120000.zip",
        PS_LibreAcces_Personne_activite_202605120000=content,
        PS_other=b"x|y\n",
    )
    assert figures(load(path, now=NOW)) == [("professionals", 3, 2, 0, 0)]

    found = lookups.professional(f"8{alix}")
    assert found is not None
    assert [(one.mode, one.name) for one in found.practices] == [("L", "CABINET MARTIN"), ("S", "HOPITAL")]
    assert lookups.professional(rpps(3)) is None

    changed = table(PROFESSIONALS_HEAD, [practice(alix), practice(benoit, "BAO"), practice(rpps(4))])
    assert figures(give(changed, sure=True)) == [("professionals", 3, 1, 1, 0)]


def test_cards_complete_what_a_message_says_of_a_doctor(give, django_assert_num_queries):
    alix, benoit = rpps(1), rpps(2)
    hospital = {"Code mode exercice": "S", "Numéro FINESS site": SITES[0], "Raison sociale site": "HOPITAL"}
    give(table(PROFESSIONALS_HEAD, [practice(alix), practice(alix, **hospital), practice(benoit, "BAO")]))
    give(
        table(
            MAILBOXES_HEAD,
            [
                mailbox("a.own@medecin.mssante.fr", number=alix),
                mailbox("b.hospital@chu.mssante.fr", number=alix, structure=SITES[0]),
            ],
        )
    )
    with django_assert_num_queries(2):
        found = lookups.cards([f"8{alix}", benoit, rpps(9)])
    assert set(found) == {alix, benoit}
    assert (found[alix].family_name, found[alix].structure_name, found[alix].mailbox) == (
        "MARTIN", "CABINET MARTIN", "a.own@medecin.mssante.fr",
    )  # fmt: skip
    assert found[benoit].mailbox == ""
    there = lookups.cards([alix], finess=SITES[0])[alix]
    assert (there.structure_name, there.mailbox) == ("HOPITAL", "b.hospital@chu.mssante.fr")


def test_the_mailboxes_of_structures_come_whole(give, django_assert_num_queries):
    give(sites(*SITES))
    boxes = [
        mailbox("pool@lab.mssante.fr", structure=OWNER, service="Biologie @SIDEP"),
        mailbox("desk@lab.mssante.fr", structure=f"1{SITES[0]}", service="Secrétariat"),
        mailbox("also@lab.mssante.fr", structure=SITES[1], service="@SIDEP 2"),
        mailbox("also@lab.mssante.fr", structure=SITES[1], service="@SIDEP 3"),
        mailbox("siret@lab.mssante.fr", structure="326010004500012", service="@SIDEP"),
        mailbox("other@lab.mssante.fr", structure=finess("69", 99), service="@SIDEP"),
    ]
    give(table(MAILBOXES_HEAD, boxes))
    with django_assert_num_queries(1):
        found = lookups.mailboxes_of_structures([OWNER, *SITES[:2]])
    assert [(one.address, one.finess, one.service) for one in found if one.address[0] != "a"] == [
        ("desk@lab.mssante.fr", SITES[0], "Secrétariat"),
        ("pool@lab.mssante.fr", OWNER, "Biologie @SIDEP"),
    ]
    assert {one.service for one in found if one.finess == SITES[1]} == {"@SIDEP 2", "@SIDEP 3"}
    (with_siret,) = lookups.mailboxes_of_structures([SITES[5]], sirets=["26010004500012"])
    assert (with_siret.address, with_siret.finess) == ("siret@lab.mssante.fr", "")


def test_one_load_at_a_time(give, owner):
    owner.execute("SELECT pg_advisory_lock(7355608004)")
    with pytest.raises(Refused, match="another load is under way"):
        give(sites(*SITES))
    owner.execute("SELECT pg_advisory_unlock(7355608004)")
    give(sites(*SITES))


def test_nobody_sees_half_a_load(give, query, monkeypatch):
    """Until the transaction of the taking ends, others read the directory as it was."""
    give(sites(*SITES))
    seen = []
    follow = laboratories.follow

    def look(cursor):
        follow(cursor)
        seen.append(
            query("SELECT count(*), count(*) FILTER (WHERE name LIKE 'NEW%%') FROM directories_establishment")
        )

    monkeypatch.setattr(laboratories, "follow", look)
    give(sites(*SITES, finess("69", 88), day="2026-05-13", name="NEW"))
    assert seen == [[(40, 0)]]
    assert Establishment.objects.filter(name__startswith="NEW").count() == 41


def test_how_the_directories_stand(give):
    assert all(one.notes == ("never loaded",) for one in standings(now=NOW))
    give(sites(*SITES))
    with pytest.raises(Refused):
        give(sites(*SITES[:2], day="2026-05-13"))
    by_name = {one.directory.value: one for one in standings(now=NOW + timedelta(days=100))}
    assert by_name["establishments"].rows == 40
    assert by_name["establishments"].notes == (
        "101 days old, more than 90: load a newer file",
        "a newer file was refused: establishments would go from 40 rows to 2, more than 5% less; if that is right,"
        " load it with --sure",
    )
    assert by_name["positions"].notes == ()
    assert not Practice.objects.exists()
    assert not Mailbox.objects.exists()


def test_the_commands(tmp_path, monkeypatch):
    from contextlib import contextmanager

    from rempart.site import cli, runtime

    monkeypatch.setattr(runtime, "platform", contextmanager(lambda **_: iter([None])))
    path, broken = tmp_path / "finess.csv", tmp_path / "broken.csv"
    path.write_bytes(sites(*SITES))
    broken.write_bytes(b"hello\n")
    run = CliRunner().invoke
    done = run(cli.app, ["directories", "load", str(path), str(broken)])
    assert done.exit_code == 1
    assert "establishments: 40 rows; 40 added, 0 changed, 0 gone (finess.csv)" in done.output
    assert "broken.csv: refused: not a file of the directories" in done.output
    again = run(cli.app, ["directories", "load", str(path), "--json"])
    assert (again.exit_code, json.loads(again.output)["same"]) == (0, True)
    shown = run(cli.app, ["directories", "status"])
    assert shown.exit_code == 1
    assert "establishments: 40 rows, finess.csv, published 2026-05-12" in shown.output
    assert "! mailboxes: never loaded" in shown.output
    assert run(cli.app, ["directories", "declare", SITES[0]]).exit_code == 0
