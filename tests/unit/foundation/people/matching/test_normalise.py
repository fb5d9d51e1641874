import pytest

from rempart.foundation.people.matching import normalise
from rempart.foundation.people.matching.dates import DateReader, reader_for
from rempart.foundation.people.matching.phonetics import sound


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Lefèvre-Dupont", "LEFEVRE DUPONT"),
        ("  de  La Tour ", "DE LA TOUR"),
        ("O'Brien", "OBRIEN"),
        ("Zoé, Anne-Noëlle", "ZOE ANNE NOELLE"),
        ("Œuvrard", "OEUVRARD"),
        ("Δημήτρης", "ΔΗΜΉΤΡΗΣ"),
        ("inconnu", ""),
        ("X", ""),
        ("123", ""),
        ("", ""),
    ],
)
def test_names_are_words_of_plain_letters(said: str, words: str) -> None:
    assert normalise.words(said) == words


@pytest.mark.parametrize(
    ("said", "sex"),
    [
        ("F", "F"),
        ("féminin", "F"),
        ("2", "F"),
        ("2.0", "F"),
        ("Mme", "F"),
        ("H", "M"),
        ("male", "M"),
        ("1", "M"),
        ("U", ""),
        ("I", ""),
        ("", ""),
        ("3", ""),
    ],
)
def test_sexes_are_read_as_people_write_them(said: str, sex: str) -> None:
    assert normalise.sex(said) == sex


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("75056", "75056"),
        ("2a004", "2A004"),
        ("99999", ""),
        ("Paris 12e", "PARIS"),
        ("St-Étienne (42)", "SAINT ETIENNE"),
        ("LYON 3EME ARRONDISSEMENT", "LYON"),
        ("99351", "99351"),
    ],
)
def test_places_are_codes_or_words(said: str, place: str) -> None:
    assert normalise.place(said) == place


@pytest.mark.parametrize(
    ("said", "phone"),
    [
        ("06 12 34 56 78", "612345678"),
        ("+33 6.12.34.56.78", "612345678"),
        ("612345678.0", "612345678"),
        ("0000000000", ""),
        ("12", ""),
        ("Anna@Example.org ", "anna@example.org"),
    ],
)
def test_phones_are_their_last_nine_digits(said: str, phone: str) -> None:
    assert normalise.phone(said) == phone


def test_a_matricule_is_compared_without_its_key_and_another_number_whole() -> None:
    assert normalise.ins("2 84 03 75 056 001 23") == normalise.ins("2840375056001") == "2840375056001"
    assert normalise.ins("5304218") == "5304218"
    assert normalise.ins("0000000") == ""


@pytest.mark.parametrize(
    ("column", "said", "date"),
    [
        (["12/03/1984"], "12/03/1984", "19840312"),
        (
            ["03/25/1984", "12/03/1984"],
            "12/03/1984",
            "19841203",
        ),  # a month 25 is none: months come first here
        ([], "1984-03-12", "19840312"),
        ([], "1984-03-12T00:00:00", "19840312"),
        ([], "12.3.1984", "19840312"),
        (["12031984", "25121990"], "12031984", "19840312"),
        (["19840312"], "19840312", "19840312"),
        ([], "12/03/84", "19840312"),
        ([], "12/03/12", "20120312"),
        ([], "12 mars 1984", "19840312"),
        ([], "1 août 1984", "19840801"),
        ([], "1984", "19840000"),
        ([], "03/1984", ""),
        ([], "1984-03", "19840300"),
        ([], "01/01/1900", ""),
        ([], "never", ""),
        ([], "", ""),
    ],
)
def test_dates_are_read_as_their_column_writes_them(column: list[str], said: str, date: str) -> None:
    assert reader_for(column, this_year=2026).read(said) == date


def test_a_reader_that_knows_nothing_reads_as_in_france() -> None:
    assert DateReader().read("04/05/1980") == "19800504"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LEFEVRE", "LEFEBVRE"),
        ("DUPONT", "DUPOND"),
        ("PHILIPPE", "FILIP"),
        ("MARTIN", "MARTAIN"),
        ("GAUTHIER", "GOTIER"),
        ("THIERRY", "TIERI"),
        ("RENAUD", "RENAULT"),
        ("MEUNIER", "MEUNIE"),
    ],
)
def test_names_that_sound_alike_have_one_key(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(
    ("one", "other"), [("MARTIN", "MARTEL"), ("PETIT", "DURAND"), ("JEAN", "JEANNE"), ("LEA", "LEO")]
)
def test_names_that_do_not_have_two(one: str, other: str) -> None:
    assert sound(one) != sound(other)
