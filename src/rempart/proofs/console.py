"""What `rempart certificate` does and prints; each function returns the exit code."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rempart.proofs import (
    barcodes,
    businessrules,
    inputs,
    recoverycertificate,
    shc,
    trustfiles,
    uvci,
    validity,
    valuesets,
)
from rempart.proofs import claims as claims_file
from rempart.proofs import control as door
from rempart.proofs.businessrules import Finding, Journey, Outcome, RuleError
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.reasons import MEANING, ContainerError, Kind, Reason
from rempart.proofs.revocation import NOTHING_REVOKED, RevocationError, Revocations
from rempart.proofs.shc import files as card_files
from rempart.proofs.signing import LocalSigner
from rempart.proofs.testcertificate import issue as issue_certificate
from rempart.proofs.testcertificate import issue_card
from rempart.proofs.trust import TrustError, TrustList
from rempart.proofs.trustfiles import TrustFiles
from rempart.proofs.tsl import TrustServices
from rempart.proofs.twoddoc import GS, RS, US
from rempart.proofs.typesetting import RenderError
from rempart.proofs.validity import domestic_pass
from rempart.proofs.valuesets import ValueSetError
from rempart.proofs.verdict import Verdict, open_text
from rempart.proofs.verdict import verify as verify_text

HOLDS, FAILS, COULD_NOT_RUN = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFiles:
    """Who signs a SMART Health Card: key and certificate, and the address that publishes the key."""

    signer: tuple[Path, Path]
    issuer: str
    write: Path | None  # where to: a picture of its QR code (.png), or the file to be downloaded


class CannotRunError(Exception):
    """Nothing was done; the message says what to mend."""


def verify(handed: Sequence[str], *, trust: TrustFiles, revoked: Path | None, at: str, as_json: bool) -> int:
    """Judge every certificate in what was handed in, and print one answer for each."""
    moment = _moment(at)
    trusted = _trusted(trust, moment)
    taken_back = _revoked(revoked)
    failures = 0
    unread = False
    for found in (found for one in handed for found in inputs.find(one)):
        verdict = _judge(found, trusted, taken_back, moment)
        failures += not verdict.valid
        unread = unread or found.could_not_run
        _say(_json(found, verdict) if as_json else _sentence(found, verdict))
    if unread:
        return COULD_NOT_RUN
    return FAILS if failures else HOLDS


def control(handed: Sequence[str], *, trust: TrustFiles, revoked: Path | None, at: str, as_json: bool) -> int:
    """Say of every certificate in what was handed in whether it is accepted, and whose it is."""
    moment = _moment(at)
    trusted = _trusted(trust, moment)
    taken_back = _revoked(revoked)
    rule = domestic_pass(door.today(moment))
    code = HOLDS
    for found in (found for one in handed for found in inputs.find(one)):
        answer = door.control(_judge(found, trusted, taken_back, moment), rule=rule, at=moment)
        accepted = answer.outcome is door.Outcome.VALID
        code = max(code, COULD_NOT_RUN if found.could_not_run else HOLDS if accepted else FAILS)
        if as_json:
            _say(json.dumps(asdict(answer)))
            continue
        who = ", ".join(filter(None, (answer.surname, answer.first_names, answer.birth_date)))
        why = "" if answer.reason is Reason.OK else MEANING[answer.reason]
        _say(_one_line(" ".join(filter(None, (f"{answer.outcome.upper()}.", why, who)))))
    return code


def show(handed: Sequence[str], *, as_json: bool) -> int:
    """Print what every certificate in what was handed in says."""
    code = HOLDS
    for found in (found for one in handed for found in inputs.find(one)):
        kind, reason, content, warnings = _open(found)
        code = max(code, COULD_NOT_RUN if found.could_not_run else FAILS if reason else HOLDS)
        if as_json:
            fields = {"input": found.input, "place": found.place, "kind": kind, "reason": reason}
            _say(json.dumps({**fields, "claims": content, "warnings": list(warnings)}))
            continue
        _say(f"{_where(found)}: {kind if reason is None else MEANING[reason]}")
        for line in (*_lines(content), *(f"warning: {warning}" for warning in warnings)):
            _say(f"  {_one_line(line)}")
    return code


def rules(
    handed: Sequence[str],
    *,
    folder: Path | None,
    value_sets: Path | None,
    country: str,
    region: str,
    at: str,
    as_json: bool,
) -> int:
    """Judge every EU certificate in what was handed in by the rules in force, and print what each rule said."""
    journey = Journey(country=country.upper(), region=region, at=_moment(at))
    try:
        known = businessrules.load(folder) if folder else businessrules.shipped()
        sets = valuesets.load(value_sets) if value_sets else valuesets.shipped()
    except (RuleError, ValueSetError) as error:
        raise CannotRunError(str(error)) from error
    code = HOLDS
    for found in (found for one in handed for found in inputs.find(one)):
        kind, reason, content, _ = _open(found)
        findings: tuple[Finding, ...] = ()
        if reason is None and kind is Kind.EU_DCC:
            findings = businessrules.judge(content, rules=known, value_sets=sets, journey=journey)
        if not findings:
            reason = reason or Reason.NO_RULES
        passes = reason is None and all(one.outcome is Outcome.PASSED for one in findings)
        code = max(code, COULD_NOT_RUN if found.could_not_run else HOLDS if passes else FAILS)
        _say(_rules_json(found, reason, findings) if as_json else _rules_text(found, reason, findings))
    return code


def authorities(path: Path, *, signer: Path | None, at: str, as_json: bool) -> int:
    """Print what a list of authorities says, and whether it is still good."""
    moment = _moment(at)
    try:
        services = trustfiles.load_services(path, signer=signer, at=moment)
    except TrustError as error:
        raise CannotRunError(str(error)) from error
    stale = services.stale(moment)
    if as_json:
        _say(json.dumps(_list_json(services) | {"stale": stale}))
        return FAILS if stale else HOLDS
    until = f"{services.next_update:%Y-%m-%d}" if services.next_update else "closed"
    checked = "signature holds" if services.signature_checked else "signature not checked"
    _say(
        f"{services.operator or path.name}: list {services.sequence} of {services.issued_at:%Y-%m-%d}, "
        f"next one due {until}{' (OVERDUE)' if stale else ''}, {checked}"
    )
    for one in services.services:
        phase = one.phases[-1]
        _say(f"  {one.authority} {one.provider}: {phase.status} since {phase.since:%Y-%m-%d} ({one.name})")
    return FAILS if stale else HOLDS


def _list_json(services: TrustServices) -> dict[str, object]:
    return {
        "operator": services.operator,
        "territory": services.territory,
        "sequence": services.sequence,
        "issued_at": services.issued_at.isoformat(),
        "next_update": services.next_update.isoformat() if services.next_update else None,
        "signature_checked": services.signature_checked,
        "services": [
            {
                "authority": one.authority,
                "provider": one.provider,
                "name": one.name,
                "status": [
                    {"status": phase.status, "since": phase.since.isoformat()} for phase in one.phases
                ],
                "certificates": [hashlib.sha256(data).hexdigest() for data in one.certificates],
            }
            for one in services.services
        ],
    }


def issue(
    claims: Path,
    *,
    dcc: tuple[Path, Path],
    twoddoc: tuple[Path, Path],
    card: CardFiles | None,
    page: Path | None,
    at: str,
    as_json: bool,
) -> int:
    """Sign the result in a claims file with (key, certificate) pairs, print the texts, write the page."""
    moment = _moment(at)
    try:
        certificate = claims_file.parse(claims.read_bytes(), secret=secrets.token_bytes(16))
        issued = issue_certificate(
            certificate, dcc_signer=_signer(dcc), twoddoc_signer=_signer(twoddoc), issued_at=moment
        )
        text = ""
        if card is not None and certificate.has_card:
            text = issue_card(certificate, _signer(card.signer), issuer=card.issuer, issued_at=moment)
            if card.write is not None:
                card.write.write_bytes(_card_file(text, card.write))
        if page is not None:
            page.write_bytes(render_certificate(certificate, issued))
    except OSError as error:
        raise CannotRunError(f"Cannot read or write {error.filename}: {error.strerror}.") from error
    except (ValueError, RenderError) as error:
        raise CannotRunError(str(error)) from error
    if as_json:
        texts = {"hc1": issued.hc1, "2d-doc": issued.twoddoc, "shc": text, "uvci": certificate.uvci}
        _say(json.dumps(texts))
        return HOLDS
    for one in filter(None, (issued.hc1, issued.twoddoc, text)):
        _say(_printed(one))
    return HOLDS


def recover(claims: Path, *, dcc: tuple[Path, Path], at: str, as_json: bool) -> int:
    """Sign the recovery that the positive test in a claims file proves, by the policy of the day, and print it."""
    moment = _moment(at)
    try:
        test = claims_file.parse(claims.read_bytes(), secret=secrets.token_bytes(16))
        own, policy = uvci.derive(secrets.token_bytes(16)), validity.recovery(moment.date())
        recovery = recoverycertificate.of_test(test, uvci=own, policy=policy)
        text = recoverycertificate.issue(recovery, signer=_signer(dcc), issued_at=moment)
    except OSError as error:
        raise CannotRunError(f"Cannot read {error.filename}: {error.strerror}.") from error
    except ValueError as error:
        raise CannotRunError(str(error)) from error
    _say(json.dumps({"hc1": text, "uvci": own}) if as_json else text)
    return HOLDS


def _card_file(text: str, path: Path) -> bytes:
    if path.suffix.lower() == ".png":
        return barcodes.qr(text, scale=4, correction=shc.correction(text))
    return card_files.write([text])


def _signer(files: tuple[Path, Path]) -> LocalSigner:
    key, certificate = files
    try:
        return LocalSigner.load(key.read_bytes(), certificate.read_bytes())
    except ValueError as error:
        raise ValueError(f"{key}, {certificate}: {error}") from error


def _judge(found: inputs.Found, trust: TrustList, revoked: Revocations, at: datetime) -> Verdict:
    if found.problem is not None:
        return Verdict(kind=Kind.UNKNOWN, reason=found.problem)
    return verify_text(found.text, trust=trust, at=at, revoked=revoked)


def _open(found: inputs.Found) -> tuple[Kind, Reason | None, dict[str, object], tuple[str, ...]]:
    if found.problem is not None:
        return Kind.UNKNOWN, found.problem, {}, ()
    try:
        opened = open_text(found.text)
    except ContainerError as error:
        return Kind.UNKNOWN, error.reason, {}, ()
    return opened.kind, None, dict(opened.claims), opened.warnings


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CannotRunError(f"--at takes a time such as 2021-05-06T18:00:00Z, not {text!r}.") from error


def _trusted(files: TrustFiles, at: datetime) -> TrustList:
    try:
        trusted, notes = trustfiles.load(files, at=at)
    except TrustError as error:
        raise CannotRunError(str(error)) from error
    for note in notes:
        sys.stderr.write(f"{note}\n")
    if not trusted.keys:
        sys.stderr.write("No key is trusted: nothing can hold. Name some with --trust.\n")
    return trusted


def _revoked(path: Path | None) -> Revocations:
    if path is None:
        return NOTHING_REVOKED
    try:
        return Revocations.load(path)
    except RevocationError as error:
        raise CannotRunError(str(error)) from error


def _rules_json(found: inputs.Found, reason: Reason | None, findings: Sequence[Finding]) -> str:
    return json.dumps(
        {
            "input": found.input,
            "place": found.place,
            "accepted": reason is None and all(one.outcome is Outcome.PASSED for one in findings),
            "reason": reason or Reason.OK,
            "rules": [
                {
                    "identifier": one.rule.identifier,
                    "version": ".".join(map(str, one.rule.version)),
                    "type": one.rule.type,
                    "outcome": one.outcome,
                    "problem": one.problem,
                    "description": dict(one.rule.descriptions),
                }
                for one in findings
            ],
        }
    )


def _rules_text(found: inputs.Found, reason: Reason | None, findings: Sequence[Finding]) -> str:
    if reason is not None:
        return f"{_where(found)}: {MEANING[reason]}"
    missed = [one for one in findings if one.outcome is not Outcome.PASSED]
    answer = "NOT ACCEPTED" if missed else "accepted"
    lines = [f"{_where(found)}: {answer} ({len(findings) - len(missed)} of {len(findings)} rules passed)"]
    for one in missed:
        problem = f" ({one.problem})" if one.problem else ""
        lines.append(f"  {one.rule.identifier} {one.outcome}{problem}: {one.rule.description('en')}")
        if "fr" in one.rule.descriptions:
            lines.append(f"    {one.rule.description('fr')}")
    return "\n".join(lines)


def _json(found: inputs.Found, verdict: Verdict) -> str:
    return json.dumps(
        {
            "input": found.input,
            "place": found.place,
            "kind": verdict.kind,
            "valid": verdict.valid,
            "reason": verdict.reason,
            "claims": verdict.claims,
            "warnings": list(verdict.warnings),
        }
    )


def _sentence(found: inputs.Found, verdict: Verdict) -> str:
    answer = "valid" if verdict.valid else "NOT VALID"
    lines = [f"{_where(found)}: {answer} ({verdict.kind}, {verdict.reason}). {MEANING[verdict.reason]}"]
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in verdict.warnings)])


def _where(found: inputs.Found) -> str:
    handed = found.input if len(found.input) <= 40 else f"{found.input[:37]}…"
    return f"{handed}, {found.place}" if found.place else handed


def _lines(content: object, path: str = "") -> Iterator[str]:
    """One line per value: `dcc.nam.fn: Lefèvre`."""
    if isinstance(content, dict):
        items: Iterable[tuple[object, object]] = content.items()
    elif isinstance(content, list):
        items = enumerate(content, start=1)
    else:
        yield f"{path}: {content}"
        return
    for key, value in items:
        yield from _lines(value, f"{path}.{key}" if path else str(key))


def _printed(text: str) -> str:
    """A 2D-DOC as it can be copied from a terminal."""
    return text.replace(GS, "<GS>").replace(RS, "<RS>").replace(US, "<US>")


def _one_line(text: str) -> str:
    """What a certificate says, which begins no line of ours."""
    return text.replace("\n", "�")


def _say(text: str) -> None:
    """Print; what a hostile certificate could do to a terminal is taken out of it."""
    clean = "".join(
        character if character.isprintable() or character == "\n" else "�" for character in _printed(text)
    )
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(clean.encode(encoding, "backslashreplace").decode(encoding) + "\n")
