"""What the committee reads, as values: sections of key figures and series, whatever they are drawn on.

Everything small is hidden here, before anything is drawn or written; what reads a report has no exact figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from rempart.protection.oversight import words
from rempart.protection.oversight.rules import (
    CALLED_IN_TIME,
    CALLING_HOURS,
    LEAST,
    NOT_CALLED,
    OPENING_MINUTES,
    RECEPTION_HOURS,
    Measure,
    classes,
    share,
    shown,
)
from rempart.protection.oversight.services.reading import Figures


class Shape(StrEnum):
    """How a series is best drawn."""

    BARS = "bars"  # a bar for each category
    WEEKS = "weeks"  # a column for each week
    SHARES = "shares"  # a bar of per cent for each category


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a series. `value` is None where it is hidden, or where there is too little to say."""

    label: str
    value: int | None
    monday: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    key: str
    title: str
    heading: str  # of the column of labels
    shape: Shape
    rows: tuple[Row, ...]

    @property
    def most(self) -> int:
        return 100 if self.shape is Shape.SHARES else max((row.value or 0 for row in self.rows), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    key: str
    label: str
    value: int | None
    unit: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    key: str
    title: str
    text: str
    figures: tuple[KeyFigure, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period's report. `days` of its days were counted, the latest at `counted_at`."""

    first: date
    last: date
    days: int
    counted_at: datetime | None
    sections: tuple[Section, ...]


def report(figures: Figures) -> Report:
    """The report of a period, in the language that is active."""
    parts = (_use, _delays, _effect, _accesses, _incidents, _keeping, _requests)
    return Report(
        first=figures.first,
        last=figures.last,
        days=figures.days,
        counted_at=figures.counted_at,
        sections=tuple(part(figures) for part in parts),
    )


def _use(figures: Figures) -> Section:
    return Section(
        key="use",
        title=_("L’usage"),
        text=_("Qui a un compte, qui s’en sert, ce qui arrive."),
        figures=(
            _plain(figures, Measure.ACCOUNTS, _("Comptes ouverts")),
            _plain(figures, Measure.CLOSED_ACCOUNTS, _("Comptes suspendus")),
            _total(figures, Measure.SIGN_INS, _("Connexions")),
            _total(figures, Measure.RECEPTION, _("Résultats reçus")),
        ),
        series=(
            _bars("accounts", _("Comptes ouverts par rôle"), _("Rôle"), figures.categories(Measure.ACCOUNTS), words.role, hides=False),
            _bars("accounts-region", _("Comptes ouverts par région"), _("Région"), figures.regions(Measure.ACCOUNTS), words.region, hides=False),
            _bars("closed-accounts", _("Comptes suspendus par raison"), _("Raison"), figures.categories(Measure.CLOSED_ACCOUNTS), words.why, hides=False),
            _weeks("sign-ins", _("Connexions par semaine"), figures.weeks(Measure.SIGN_INS)),
            _weeks("results", _("Résultats reçus par semaine"), figures.weeks(Measure.RECEPTION)),
        ),
    )  # fmt: skip


def _delays(figures: Figures) -> Section:
    received = figures.categories(Measure.RECEPTION)
    opened = figures.categories(Measure.OPENING)
    return Section(
        key="delays",
        title=_("Les délais"),
        text=_("Du prélèvement au résultat reçu, du résultat au dossier ouvert, du dossier à l’appel."),
        figures=(
            _share(
                "received-24h", _("Résultats reçus dans les 24 heures"),
                received["12"] + received["24"], received.total(), _("du prélèvement à la réception"),
            ),
            _share(
                "opened-1min", _("Dossiers ouverts dans la minute"),
                opened["1"], opened.total(), _("de la réception au dossier"),
            ),
        ),
        series=(
            _bars("reception", _("Du prélèvement à la réception"), _("Délai"), received, words.word(words.RECEPTION), order=classes(RECEPTION_HOURS)),
            _bars("opening", _("De la réception à l’ouverture du dossier"), _("Délai"), opened, words.word(words.OPENING), order=classes(OPENING_MINUTES)),
            _bars("calling", _("De l’ouverture du dossier à l’appel"), _("Délai"), figures.categories(Measure.CALLING), words.word(words.CALLING), order=(*classes(CALLING_HOURS), *NOT_CALLED)),
        ),
    )  # fmt: skip


def _effect(figures: Figures) -> Section:
    called = figures.regions(Measure.CALLING, *CALLED_IN_TIME)
    to_call = figures.regions(Measure.CALLING)
    to_call.subtract(figures.regions(Measure.CALLING, "withdrawn"))
    waiting = figures.categories(Measure.CALLING)["waiting"]
    by_region = {region: share(called[region], number) for region, number in to_call.items() if number}
    return Section(
        key="effect",
        title=_("L’effet"),
        text=_("Les cas que la plateforme a fait appeler à temps."),
        figures=(
            _share(
                "called-24h", _("Cas appelés dans les 24 heures"),
                called.total(), to_call.total(), _("de ceux que le laboratoire n’a pas retirés"),
            ),
            _total(figures, Measure.CALLING, _("Cas ouverts")),
            KeyFigure(key="waiting", label=_("Cas pas encore appelés"), value=shown({"": waiting}).total),
        ),
        series=(
            _weeks("cases", _("Cas ouverts par semaine"), figures.weeks(Measure.CALLING)),
            Series(
                key="called-24h-region", title=_("Cas appelés dans les 24 heures, par région (%)"),
                heading=_("Région"), shape=Shape.SHARES,
                rows=_sorted(by_region, words.region),
            ),
        ),
    )  # fmt: skip


def _accesses(figures: Figures) -> Section:
    glass = figures.categories(Measure.GLASS)
    return Section(
        key="accesses",
        title=_("Les accès"),
        text=_("Chaque acte sur les données d’une personne est inscrit au journal ; voici combien, jamais de qui."),
        figures=(
            _total(figures, Measure.ACCESSES, _("Actes inscrits")),
            _total(figures, Measure.REFUSALS, _("Accès refusés")),
            _plain(figures, Measure.GLASS, _("Accès exceptionnels"), _("dont %(number)s jugés injustifiés") % {"number": glass["unjustified"]}),
            _plain(figures, Measure.EXCHANGES, _("Fichiers remis")),
        ),
        series=(
            _bars("accesses-role", _("Actes par rôle"), _("Rôle"), figures.categories(Measure.ACCESSES), words.role),
            _bars("accesses-region", _("Actes par région de l’agent"), _("Région"), figures.regions(Measure.ACCESSES), words.region),
            _bars("acts", _("Actes par nature"), _("Acte"), figures.categories(Measure.ACTS), words.act),
            _bars("refusals", _("Accès refusés par rôle"), _("Rôle"), figures.categories(Measure.REFUSALS), words.role),
            _bars("glass", _("Accès exceptionnels"), _("Examen"), glass, words.word(words.GLASS), hides=False),
            _bars("exchanges", _("Fichiers remis par motif"), _("Motif"), figures.categories(Measure.EXCHANGES), words.motive, hides=False),
        ),
    )  # fmt: skip


def _incidents(figures: Figures) -> Section:
    return Section(
        key="incidents",
        title=_("Les incidents"),
        text=_("Ce que la détection a signalé, et ce qu’il en est advenu."),
        figures=(
            _plain(figures, Measure.ALERTS, _("Alertes")),
            _plain(figures, Measure.CLOSED_ALERTS, _("Alertes classées")),
            _plain(figures, Measure.OPEN_ALERTS, _("Alertes à traiter"), _("à la fin de la période")),
            _total(figures, Measure.REFUSED_SIGN_INS, _("Connexions refusées")),
        ),
        series=(
            _bars("alerts", _("Alertes par règle"), _("Règle"), figures.categories(Measure.ALERTS), words.rule, hides=False),
            _weeks("refused-sign-ins", _("Connexions refusées par semaine"), figures.weeks(Measure.REFUSED_SIGN_INS)),
        ),
    )  # fmt: skip


def _keeping(figures: Figures) -> Section:
    behind = figures.categories(Measure.OVERDUE)
    return Section(
        key="keeping",
        title=_("La conservation"),
        text=_("Les données sont détruites à leur jour, leurs clés d’abord."),
        figures=(
            KeyFigure(
                key="overdue", label=_("Retard de l’effacement (jours)"),
                value=behind["days"] if behind else None,
                detail=_("à la fin de la période") if behind else _("l’effacement n’a pas encore eu lieu"),
            ),
            _plain(figures, Measure.DESTROYED_KEYS, _("Clés détruites")),
            _plain(figures, Measure.DESTROYED_ROWS, _("Enregistrements détruits")),
        ),
        series=(
            _bars("destroyed", _("Enregistrements détruits par table"), _("Table"), figures.categories(Measure.DESTROYED_ROWS), words.table, hides=False),
            _bars("keys", _("Clés détruites par nature"), _("Nature"), figures.categories(Measure.DESTROYED_KEYS), words.word(words.KEYS), hides=False),
        ),
    )  # fmt: skip


def _requests(figures: Figures) -> Section:
    answered = figures.categories(Measure.ANSWERED)
    return Section(
        key="requests",
        title=_("Les demandes des personnes"),
        text=_("Accès, rectification, opposition : ce qui est demandé, et si la réponse vient à temps."),
        figures=(
            _total(figures, Measure.REQUESTS, _("Demandes reçues")),
            _share("answered-in-time", _("Réponses dans le délai"), answered["in-time"], answered.total(), _("de celles qui ont été données")),
            _plain(figures, Measure.OPEN_REQUESTS, _("Demandes en cours"), _("dont %(number)s en retard") % {"number": figures.categories(Measure.OPEN_REQUESTS)["overdue"]}),
        ),
        series=(
            _bars("requests", _("Demandes par nature"), _("Nature"), figures.categories(Measure.REQUESTS), words.word(words.REQUESTS)),
            _bars("answered", _("Réponses"), _("Délai"), answered, words.word(words.ANSWERED)),
        ),
    )  # fmt: skip


def _plain(figures: Figures, measure: Measure, label: str, detail: str = "") -> KeyFigure:
    """A total that counts things of the platform, not what befell persons: shown however small."""
    return KeyFigure(key=measure.value, label=label, value=figures.total(measure), detail=detail)


def _total(figures: Figures, measure: Measure, label: str) -> KeyFigure:
    return KeyFigure(key=measure.value, label=label, value=shown(figures.categories(measure)).total)


def _share(key: str, label: str, part: int, whole: int, detail: str) -> KeyFigure:
    return KeyFigure(key=key, label=label, value=share(part, whole), unit="%", detail=detail)


def _bars(
    key: str,
    title: str,
    heading: str,
    counts: Mapping[str, int],
    label: Callable[[str], str],
    *,
    order: Iterable[str] = (),
    hides: bool = True,
) -> Series:
    """A bar for each category: in this order, or the largest first."""
    cells = {code: counts.get(code, 0) for code in order} or dict(counts)
    values: Mapping[str, int | None] = shown(cells).cells if hides else cells
    rows = (
        tuple(Row(label=label(code), value=value) for code, value in values.items())
        if order
        else _sorted(values, label)
    )
    return Series(key=key, title=title, heading=heading, shape=Shape.BARS, rows=rows)


def _sorted(values: Mapping[str, int | None], label: Callable[[str], str]) -> tuple[Row, ...]:
    """The largest first, what is hidden last, and then by name: the order tells nothing of what is hidden."""
    rows = [Row(label=label(code), value=value) for code, value in values.items()]
    return tuple(sorted(rows, key=lambda row: (row.value is None, -(row.value or 0), row.label)))


def _weeks(key: str, title: str, counts: Mapping[date, int]) -> Series:
    values = shown(counts).cells
    return Series(
        key=key,
        title=title,
        heading=_("Semaine du"),
        shape=Shape.WEEKS,
        rows=tuple(
            Row(label=f"{monday:%d/%m/%Y}", value=value, monday=monday) for monday, value in values.items()
        ),
    )


def written(value: int | None, unit: str = "") -> str:
    """A figure as it is read: grouped digits, or what stands for a hidden one."""
    if value is None:
        return str(_("non diffusé"))
    text = number_format(value, force_grouping=True)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def explanation() -> str:
    """Why some figures are not there."""
    return str(
        _(
            "Un nombre de 1 à %(most)s n’est pas diffusé, ni celui dont il se déduirait ; une part n’est donnée qu’à partir de %(enough)s."
        )
        % {"most": LEAST - 1, "enough": 4 * LEAST}
    )
