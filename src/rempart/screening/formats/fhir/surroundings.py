"""What stands around an observation of FHIR R4: its report, specimen, request, device, laboratory and times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rempart.screening.formats.context import Context
from rempart.screening.formats.dates import iso_moment
from rempart.screening.formats.fhir import people
from rempart.screening.formats.fhir.nodes import Node
from rempart.screening.formats.fhir.resources import Resources
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding, Laboratory, Moment, Practitioner

_NOWHERE = Laboratory()
_NOBODY = Practitioner()


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The resources around one observation; None for those it has not."""

    observation: Node
    report: Node | None
    specimen: Node | None
    order: Node | None
    laboratory: Laboratory


class Surroundings:
    """Finds what stands around the observations of one message."""

    def __init__(self, resources: Resources, context: Context, findings: list[Finding]) -> None:
        self._resources = resources
        self._context = context
        self._findings = findings
        self._performers: dict[int, Laboratory] = {}
        self._of_reports: dict[int, tuple[Node | None, Node | None]] = {}
        self.sender = self._sender()

    def of(self, observation: Node, report: Node | None) -> Around:
        """What stands around an observation that belongs to a report (or to none). Raises TooLong."""
        specimen, order = self._resources.referred(observation, "specimen"), None
        if report is not None:
            of_report = self._of_reports.get(id(report.data))
            if of_report is None:
                specimens = self._resources.all_referred(report, "specimen")
                of_report = self._of_reports[id(report.data)] = (next(specimens, None), self._order(report))
            specimen, order = specimen or of_report[0], of_report[1]
        return Around(
            observation=observation,
            report=report,
            specimen=specimen,
            order=order or self._order(observation),
            laboratory=self._laboratory(observation, report),
        )

    def _sender(self) -> Laboratory:
        """Who says he sends: the header of a message."""
        for header in self._resources.of_kind("MessageHeader"):
            for name in ("responsible", "sender"):
                found = people.laboratory(self._resources.referred(header, name))
                if found.finess or found.name:
                    return found
        return _NOWHERE

    def _laboratory(self, observation: Node, report: Node | None) -> Laboratory:
        """Who answers for a result: the report's performer, the sender, the observation's; the first with a FINESS."""
        first = _NOWHERE
        for read in self._structures(observation, report):
            if read.finess:
                return read
            first = first if first.name else read
        return first

    def _structures(self, observation: Node, report: Node | None) -> Iterator[Laboratory]:
        if report is not None:
            yield self._performer(report)
        yield self.sender
        yield self._performer(observation)

    def _performer(self, holder: Node) -> Laboratory:
        """The structure among those who made a report or an observation; the first with a FINESS."""
        known = self._performers.get(id(holder.data))
        if known is None:
            known = _NOWHERE
            for found in self._resources.all_referred(holder, "performer"):
                if found.kind == "PractitionerRole":
                    read = people.laboratory(self._resources.referred(found, "organization"))
                elif found.kind != "Practitioner":
                    read = people.laboratory(found)
                else:
                    continue
                if read.finess or not known.name:
                    known = read
                if known.finess:
                    break
            self._performers[id(holder.data)] = known
        return known

    def _order(self, holder: Node) -> Node | None:
        based_on = self._resources.all_referred(holder, "basedOn")
        return next((found for found in based_on if found.kind == "ServiceRequest"), None)

    def prescriber(self, around: Around) -> Practitioner:
        """Who asked for the analysis."""
        if around.order is None:
            return _NOBODY
        return people.practitioner(self.of_a_role(self._resources.referred(around.order, "requester")))

    def of_a_role(self, found: Node | None) -> Node | None:
        """The practitioner of a PractitionerRole; any other resource as it is, but for an organisation."""
        if found is not None and found.kind == "PractitionerRole":
            return self._resources.referred(found, "practitioner")
        return None if found is not None and found.kind == "Organization" else found

    def record_number(self, around: Around) -> str:
        """The specimen's number, else the report's, the observation's, the request's."""
        if around.specimen is not None:
            number = around.specimen.node("accessionIdentifier")
            if number is not None and (said := number.text("value")):
                return said
        for holder in (around.specimen, around.report, around.observation, around.order):
            for one in holder.nodes("identifier") if holder is not None else ():
                if said := one.text("value"):
                    return said
        return ""

    def specimen(self, around: Around) -> str:
        """The kind of the specimen, as coded or written."""
        kind = around.specimen.node("type") if around.specimen is not None else None
        if kind is None:
            return ""
        for coding in kind.nodes("coding"):
            if said := coding.text("code") or coding.words("display"):
                return said
        return kind.words("text")

    def device(self, around: Around) -> str:
        """The device of a test: its UDI, else its number, else its name."""
        device = self._resources.referred(around.observation, "device")
        if device is None:
            return ""
        for carrier in device.nodes("udiCarrier"):
            if said := carrier.text("deviceIdentifier") or carrier.text("carrierHRF"):
                return said
        for number in device.nodes("identifier"):
            if said := number.text("value"):
                return said
        return next((said for one in device.nodes("deviceName") if (said := one.words("name"))), "")

    def sampled_at(self, around: Around) -> Moment | None:
        """The first readable time: of collection, else the effective one; a finding when an earlier one is not."""
        collection = around.specimen.node("collection") if around.specimen is not None else None
        places = ((collection, "collected"), (around.observation, "effective"), (around.report, "effective"))
        unreadable = ""
        for holder, prefix in places:
            if holder is None:
                continue
            place, said = _time(holder, prefix)
            if not said:
                continue
            moment = iso_moment(said, self._context.zone(around.laboratory.finess))
            if moment is not None:
                if unreadable:
                    self._findings.append(finding("S04", "other", unreadable))
                return moment
            unreadable = unreadable or place
        if unreadable:
            self._findings.append(finding("S01", "unreadable", unreadable))
        return None

    def screened_at(self, around: Around) -> Moment | None:
        """When a mutation was looked for: the time of its observation."""
        said = _time(around.observation, "effective")[1]
        return iso_moment(said, self._context.zone(around.laboratory.finess))

    def validated_at(self, around: Around) -> Moment | None:
        """When the result was released."""
        for holder in (around.report, around.observation):
            if holder is not None and (said := holder.text("issued")):
                moment = iso_moment(said, self._context.zone(around.laboratory.finess))
                if moment is None:
                    self._findings.append(finding("S04", "validation", holder.at("issued")))
                return moment
        return None


def _time(holder: Node, prefix: str) -> tuple[str, str]:
    """(place, time) of an element that is a time or a period."""
    for name in (f"{prefix}DateTime", f"{prefix}Instant"):
        if said := holder.text(name):
            return holder.at(name), said
    period = holder.node(f"{prefix}Period")
    if period is None:
        return "", ""
    return period.at("start"), period.text("start")
