"""Pages of whoever keeps accounts: the list, one account, what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.accounts import lists, rules, services
from rempart.foundation.access.accounts.forms import AccountForm, TrainingForm
from rempart.foundation.access.accounts.lists import Line, Shown
from rempart.foundation.access.accounts.policy import Training, accounts_on, civil_day, training_on
from rempart.foundation.access.accounts.rules import Why
from rempart.foundation.access.accounts.services import AccountRefused
from rempart.foundation.access.accounts.words import (
    LACKS,
    REFUSALS,
    ROLES,
    TRAININGS,
    WHYS,
    places,
    rights_of,
)
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.rights import Role
from rempart.foundation.vault import Keyring, keyring_of

_SUSPENDED_FOR = {"departed": Why.LEFT}
_CHANGED_MEANWHILE = _("Quelqu’un a modifié ce compte entre-temps : voici son état actuel.")


@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts of my perimeter, by name."""
    shown = Shown.SUSPENDED if request.GET.get("etat") == "suspendus" else Shown.OPEN
    text, after = request.GET.get("q", "")[:80], request.GET.get("apres", "")
    page = lists.accounts(actor=_actor(request), shown=shown, text=text, after=after, now=_now(request))
    return render(
        request,
        "access/accounts.html",
        {
            "rows": [_row(line) for line in page.lines],
            "next": page.next,
            "text": text,
            "suspended": shown is Shown.SUSPENDED,
            "first_page": not after,
        },
    )


@require_http_methods(["GET", "POST"])
def open_account(request: HttpRequest) -> HttpResponse:
    """Open an account; whoever has it is invited by mail."""
    form = AccountForm(request.POST or None, actor=_actor(request))
    if request.method == "POST" and form.is_valid():
        try:
            agent = services.open_account(
                actor=_actor(request), opening=form.opening, keyring=_keyring(), now=_now(request)
            )
        except AccountRefused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Le compte est ouvert et l’invitation est partie."))
            return redirect("accounts-file", agent_id=agent.id)
    return render(request, "access/account_open.html", {"form": form})


@require_GET
def account(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """One account: who, what he may do, what is missing, and what can be done about it."""
    return _file(request, agent_id)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Change perimeter, organisation, name or last day."""
    line = lists.account(actor=_actor(request), agent_id=agent_id, now=_now(request))
    form = AccountForm(request.POST or None, actor=_actor(request), agent=line.agent)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_account(
                actor=_actor(request),
                agent_id=agent_id,
                seen_version=_seen(request),
                opening=form.opening,
                now=_now(request),
            )
        except AccountRefused as refused:
            form.refuse(refused)
        except StaleVersion:
            messages.error(request, _CHANGED_MEANWHILE)
            return redirect("accounts-file", agent_id=agent_id)
        else:
            messages.success(request, _("Le compte est modifié."))
            return redirect("accounts-file", agent_id=agent_id)
    return render(request, "access/account_change.html", {"form": form, "row": _row(line)})


@require_POST
def suspend(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    why = _SUSPENDED_FOR.get(request.POST.get("why", ""), Why.ADMINISTRATOR)
    return _act(
        request,
        agent_id,
        lambda: services.suspend_account(
            actor=_actor(request), agent_id=agent_id, why=why, now=_now(request)
        ),
        _("Le compte est suspendu ; ses sessions sont fermées."),
    )


@require_POST
def resume(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    return _act(
        request,
        agent_id,
        lambda: services.resume_account(
            actor=_actor(request), agent_id=agent_id, seen_version=_seen(request), now=_now(request)
        ),
        _("Le compte est rétabli."),
    )


@require_POST
def train(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    form = TrainingForm(request.POST)
    if not form.is_valid():
        return _file(request, agent_id, training_form=form)
    try:
        services.record_training(
            actor=_actor(request),
            agent_id=agent_id,
            training=form.chosen,
            on=form.cleaned_data["on"],
            now=_now(request),
        )
    except AccountRefused as refused:
        form.add_error("on", str(REFUSALS[refused.refusals[0]][1]))
        return _file(request, agent_id, training_form=form)
    messages.success(request, _("La formation est enregistrée."))
    return redirect("accounts-file", agent_id=agent_id)


@require_POST
def reset_factors(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    return _act(
        request,
        agent_id,
        lambda: services.reset_factors(
            actor=_actor(request), agent_id=agent_id, keyring=_keyring(), now=_now(request)
        ),
        _("Le second facteur est effacé : la personne en choisira un à sa prochaine connexion."),
    )


@require_POST
def invite(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    return _act(
        request,
        agent_id,
        lambda: services.invite_again(
            actor=_actor(request), agent_id=agent_id, keyring=_keyring(), now=_now(request)
        ),
        _("Une nouvelle invitation est partie."),
    )


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Give a region to another administrator: a new account, or one who had the region before."""
    line = lists.account(actor=_actor(request), agent_id=agent_id, now=_now(request))
    form = AccountForm(request.POST or None, actor=_actor(request))
    form.fields["role"].choices = [(Role.ADMINISTRATOR.value, ROLES[Role.ADMINISTRATOR])]  # type: ignore[attr-defined]
    form.initial["region"] = line.agent.region
    arriving = _uuid(request.POST.get("arriving", ""))
    if request.method == "POST" and (arriving or form.is_valid()):
        try:
            agent = services.hand_over(
                actor=_actor(request),
                leaving=agent_id,
                arriving=arriving or form.opening,
                keyring=_keyring(),
                now=_now(request),
            )
        except AccountRefused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("La région est confiée à son nouvel administrateur."))
            return redirect("accounts-file", agent_id=agent.id)
    before = lists.predecessors(actor=_actor(request), region=line.agent.region) if line.agent.region else []
    return render(
        request, "access/account_hand_over.html", {"form": form, "row": _row(line), "before": before}
    )


@require_GET
def standing(request: HttpRequest) -> HttpResponse:
    """To whoever signed in and whose rights are closed: why, and what to do."""
    agent = request.user
    assert isinstance(agent, Agent)  # noqa: S101 -- the door lets agents in only
    return render(
        request,
        "access/account_standing.html",
        {
            "lacks": [lack.value for lack in agent.lacks(_now(request))],
            "trainings": _trainings(agent, _now(request).date()),
            "administrators": _whom_to_ask(agent),
            "role": ROLES[Role(agent.role)],
            "version": accounts_on(civil_day(_now(request))).conditions,
        },
    )


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Accept the conditions of use."""
    agent = request.user
    assert isinstance(agent, Agent)  # noqa: S101 -- the door lets agents in only
    try:
        services.accept_conditions(
            agent=agent,
            version=request.POST.get("version", ""),
            origin=request.origin,  # type: ignore[attr-defined]
            now=_now(request),
        )
    except AccountRefused:
        messages.error(request, _("Les conditions ont changé : relisez-les."))
        return redirect("account-standing")
    messages.success(request, _("Les conditions d’utilisation sont acceptées."))
    return redirect("space")


def _file(request: HttpRequest, agent_id: UUID, *, training_form: TrainingForm | None = None) -> HttpResponse:
    line = lists.account(actor=_actor(request), agent_id=agent_id, now=_now(request))
    today = civil_day(_now(request))
    form = training_form or TrainingForm(initial={"on": today})
    form.offer(training_on(today).needs.get(Role(line.agent.role), ()))
    context = {
        "row": _row(line),
        "trainings": _trainings(line.agent, today),
        "training_form": form,
        "rights": rights_of(Role(line.agent.role)),
        "dormant_on": _dormant_on(line.agent, today),
    }
    return render(request, "access/account.html", context, status=200 if training_form is None else 422)


def _row(line: Line) -> dict[str, Any]:
    """One account as templates show it."""
    agent = line.agent
    return {
        "agent": agent,
        "line": line,
        "role": ROLES[Role(agent.role)],
        "places": places(list(agent.departments), agent.region),
        "state": WHYS[Why(agent.closed)] if agent.closed else "",
        "lacks": [LACKS[lack] for lack in line.lacks],
        "never": agent.last_login is None,
        "region": rules.region_name(agent.region),
    }


def _whom_to_ask(agent: Agent) -> list[Agent]:
    """Whoever may open this account's rights, five at most: its administrator, or the operators where there is none
    and for those whom they appoint."""
    able = Agent.objects.filter(is_active=True).exclude(email="").exclude(id=agent.id)
    if agent.departments and Role(agent.role) not in rules.opened_by(Role.OPERATOR):
        near = able.filter(role=Role.ADMINISTRATOR, departments__contains=list(agent.departments))
        if found := list(near[:5]):
            return found
    return list(able.filter(role=Role.OPERATOR)[:5])


def _trainings(agent: Agent, today: date) -> list[dict[str, Any]]:
    """The trainings that the role needs: what each is called, when it was followed, until when it is good."""
    policy, taken = training_on(today), agent.account().trainings
    return [
        {
            "name": TRAININGS[needed],
            "on": taken.get(needed),
            "until": taken[needed] + policy.valid[needed] if needed in taken else None,
            "good": _good(needed, taken.get(needed), policy.valid[needed], today),
        }
        for needed in policy.needs.get(Role(agent.role), ())
    ]


def _good(training: Training, on: date | None, valid: timedelta, today: date) -> bool:
    return on is not None and today <= on + valid


def _dormant_on(agent: Agent, today: date) -> date | None:
    last = max(filter(None, (agent.awake_at, agent.last_login)), default=None)
    return civil_day(last + accounts_on(today).dormant) if last and agent.is_active else None


def _act(request: HttpRequest, agent_id: UUID, act: Callable[[], object], done: Promise) -> HttpResponse:
    """Do it, and show the account as it is then."""
    try:
        act()
        messages.success(request, str(done))
    except AccountRefused as refused:
        for refusal in refused.refusals:
            messages.error(request, str(REFUSALS[refusal][1]))
    except StaleVersion:
        messages.error(request, _CHANGED_MEANWHILE)
    return redirect("accounts-file", agent_id=agent_id)


def _seen(request: HttpRequest) -> int:
    given = request.POST.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else -1


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
