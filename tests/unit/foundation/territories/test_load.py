import json
import tarfile

import pytest

from rempart.foundation.territories import load

COMMUNES = [
    {"code": "01015", "nom": "Arbignieu", "type": "commune-deleguee", "departement": "01"},
    {
        "code": "97701",
        "nom": "Saint-Barthélemy",
        "type": "commune-actuelle",
        "departement": "977",
        "codesPostaux": ["97133"],
        "population": 10660,
    },
    {
        "code": "01001",
        "nom": "L'Abergement, dit « Clémenciat »",
        "type": "commune-actuelle",
        "departement": "01",
        "codesPostaux": ["01400", "01410"],
        "population": 860,
    },
]


def package(folder, **texts):
    for name, text in texts.items():
        target = folder / name.replace("__", "/").replace("_json", ".json").replace("_js", ".js")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return folder


@pytest.fixture
def cog(tmp_path):
    return package(
        tmp_path / "package",
        data__communes_json=json.dumps(COMMUNES),
        data__departements_json=json.dumps(
            [
                {"code": "977", "nom": "Saint-Barthélemy", "region": "977"},
                {"code": "01", "nom": "Ain", "region": "84"},
            ]
        ),
        data__regions_json=json.dumps([{"code": "84", "nom": "Auvergne-Rhône-Alpes"}]),
    )


def test_the_official_tables_become_ours(cog, tmp_path):
    assert load.main(["cog", str(cog), "--out", str(tmp_path), "--vintage", "2031"]) == 0
    communes = (tmp_path / "communes.csv").read_text("utf-8").splitlines()
    assert communes[1] == "# vintage: 2031"
    assert communes[3:] == [
        "code,name,department,postal_codes,population,part_of",
        '01001,"L\'Abergement, dit « Clémenciat »",01,01400 01410,860,',
        "97701,Saint-Barthélemy,977,97133,10660,",
    ]
    assert (tmp_path / "departments.csv").read_text("utf-8").splitlines()[-2:] == [
        "01,Ain,84,860",
        "977,Saint-Barthélemy,977,10660",
    ]
    assert (tmp_path / "postal_codes.csv").read_text("utf-8").splitlines()[-1] == "97133,977"


def test_a_packed_package_gives_the_same_bytes(cog, tmp_path):
    packed = tmp_path / "package.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(cog, "package")
    for name, path in (("a", cog), ("b", packed)):
        (tmp_path / name).mkdir()
        load.main(["cog", str(path), "--out", str(tmp_path / name)])
    assert (tmp_path / "a/communes.csv").read_bytes() == (tmp_path / "b/communes.csv").read_bytes()


def test_population_keeps_fractions_where_there_are(tmp_path):
    source = tmp_path / "population.csv"
    source.write_text("dep,09,19,29,39,49,59,69,79,89,90,0\n977,1.298,2.0,3,4,5,6,7,8,9,10,55\n", "utf-8")
    load.main(["population", str(source), "--out", str(tmp_path)])
    assert (tmp_path / "population_2020.csv").read_text("utf-8").splitlines()[
        -1
    ] == "977,1.30,2,3,4,5,6,7,8,9,10"


def test_the_map_gets_its_overseas_squares(tmp_path):
    content = {"viewBox": "0 0 1 1", "locations": [{"name": "Corse", "id": "2a", "path": "m 0,0 1,1 z"}]}
    path = package(tmp_path / "package", index_js=f"export default {json.dumps(content)};")
    load.main(["map", str(path), "--out", str(tmp_path)])
    made = json.loads((tmp_path / "departments.svg.json").read_text("utf-8"))
    assert [s["code"] for s in made["shapes"]] == ["2A", "971", "972", "973", "974", "976"]
    assert made["attribution"]


def test_a_path_that_is_not_there_says_so(capsys):
    with pytest.raises(SystemExit):
        load.main(["cog", "/nowhere"])
    assert "does not exist" in capsys.readouterr().err
