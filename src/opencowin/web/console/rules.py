"""Dated rules at the console: those that hold and those to come; a new one is rehearsed before it is announced."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.programme import Affected, Group, Opening, Programme, RuleWish, Step
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, FieldEmpty, Typed
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import ChoiceNeeded, Fields, Filled, first, number, sent_id
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Ruler = Annotated[Actor, may_in_console(Permission.MANAGE_RULES)]
OPENING, STEP = "opening", "step"
ALLOW, CLOSE, STOP = "allow", "close", "stop"
"""What a rule does: an officer allows, closes for bookings to come, or stops for safety, bookings included."""
LONGEST_GAP = 3650
FIELDS = {"source": "source", "valid_from": "valid_from", "valid_until": "valid_until"}
"""Fields of the form, by those that refusals name; `doses` and `vaccines` depend on the kind of rule."""


@router.get("/console/rules", response_class=Response)
async def rule_list(request: Request, actor: Ruler) -> Response:
    """The rules that hold today, and those to come."""
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        rules = await programme.current_programme(conn)
        states = {one.state_id: one.name_in(reader.language.code) for one in await places.all_states(conn)}
    today = site.floor.clock.today()
    return console_page(
        reader,
        "console/rules.html",
        words=RuleWords(reader, rules),
        states=states,
        in_force=programme.standing(rules, today),
        to_come=programme.coming(rules, today),
        announces=bool(programme.groups_to_announce(actor, rules)),
        is_nation=actor.place == Place(),
        done=request.query_params.get("done", ""),
    )


@router.get("/console/rules/new", response_class=Response)
async def new_rule(request: Request, actor: Ruler) -> Response:
    """The form for a rule: an opening, or with `kind=step` a gap between doses."""
    return await _form(request, actor, Filled({"id": [f"{uuid4()}"]}), 200)


@router.post("/console/rules/new", response_class=Response)
async def draft(request: Request, actor: Ruler) -> Response:
    """Rehearse the rule of the form, or announce one that was rehearsed; sent twice it is one."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    is_step = _is_step(request, actor)
    try:
        async with site.transaction() as conn:
            rules = await programme.current_programme(conn)
            wish = _wish(typed, rules, programme.groups_to_announce(actor, rules), actor, is_step=is_step)
            if not typed.wrong and typed.has("announce"):
                await programme.announce_rule(conn, site.floor, actor, wish, sent_id(typed.fields))
                return desk.go(request, "/console/rules", done="announced")
            if not typed.wrong:
                after, rule = await programme.draft_rule(conn, site.floor, actor, wish)
                found = programme.affected(programme.rehearse(rules, after, rule))
                return await _form(request, actor, typed.shown(reader), 200, (rule, found))
    except EXPECTED as no:
        own = {"doses": "dose", "vaccines": "vaccine_id"} if is_step else {"doses": "doses", "vaccines": "vaccines"}
        typed.blame(no, FIELDS | own)
    return await _form(request, actor, typed.shown(reader), 400)


class RuleWords:
    """Names of what rules speak about, in the reader's language."""

    def __init__(self, reader: ConsoleReader, rules: Programme) -> None:
        self.reader, self.rules = reader, rules

    def group(self, group_id: str) -> str:
        """The name of a group."""
        group = self.rules.groups[group_id]
        return group.name_l.get(self.reader.language.code) or group.name

    def vaccines(self, vaccine_ids: Iterable[str]) -> str:
        """The names of vaccines."""
        return ", ".join(vaccine_name(self.reader, self.rules, one) for one in vaccine_ids)

    def numbers(self, counts: Iterable[int]) -> str:
        """Numbers, such as those of doses or ages."""
        return ", ".join(self.reader.number(one) for one in counts)


def _is_step(request: Request, actor: Actor) -> bool:
    """Whether the form is about the gap between doses; a state has none."""
    return request.query_params.get("kind") == STEP and actor.place == Place()


def _doses(rules: Programme) -> range:
    return range(1, 1 + max((one.dose for one in rules.steps), default=1))


def _wish(typed: Typed, rules: Programme, groups: list[Group], actor: Actor, *, is_step: bool) -> RuleWish:
    """The rule that the form describes."""
    does = typed.choice("does", (ALLOW, CLOSE, STOP) if actor.place == Place() else (CLOSE, STOP))
    dated = {
        "valid_from": typed.needed_day("valid_from"),
        "valid_until": typed.day("valid_until"),
        "withdrawn": does == CLOSE,
        "stop": does == STOP,
        "source": typed.text("source", most=200),
    }
    if not is_step:
        group_id = typed.choice("group_id", {one.group_id for one in groups})
        doses, vaccines = _ticked_doses(typed, rules), _ticked(typed, "vaccines", rules)
        return RuleWish(**dated, group_id=group_id, doses=doses, vaccines=vaccines)  # type: ignore[arg-type]
    return RuleWish(
        **dated,  # type: ignore[arg-type]
        doses=(typed.number("dose", 1, max(_doses(rules))),),
        vaccines=(typed.choice("vaccine_id", rules.vaccines),),
        after=_ticked(typed, "after", rules),
        min_days=typed.number("min_days", 0, LONGEST_GAP, empty=0),
        max_days=typed.number("max_days", 0, LONGEST_GAP) if typed.has("max_days") else None,
    )


def _ticked_doses(typed: Typed, rules: Programme) -> tuple[int, ...]:
    known = _doses(rules)
    doses = {number(one) or 0 for one in typed.fields.get("doses", ())}
    if not doses or not doses <= set(known):
        typed.wrong["doses"] = FieldEmpty(field="doses")
    return tuple(sorted(doses))


def _ticked(typed: Typed, name: str, rules: Programme) -> tuple[str, ...]:
    """Vaccines that are ticked; none where every vaccine is meant."""
    ticked = tuple(dict.fromkeys(typed.fields.get(name, ())))
    if not set(ticked) <= set(rules.vaccines):
        typed.wrong[name] = ChoiceNeeded(field=name)
    return ticked


def _sent(fields: Fields) -> list[tuple[str, str]]:
    """What the form carried, to be carried once more by the button that announces."""
    return [(name, value) for name, values in fields.items() for value in values if name != "announce"]


async def _form(
    request: Request,
    actor: Actor,
    form: Filled,
    status: int,
    rehearsed: tuple[Opening | Step, list[Affected]] | None = None,
) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        rules = await programme.current_programme(conn)
    groups = programme.groups_to_announce(actor, rules)
    if not groups:
        raise NotPermitted
    words, is_step = RuleWords(reader, rules), _is_step(request, actor)
    first_day: date | None = rehearsed[0].valid_from if rehearsed else None
    return console_page(
        reader,
        "console/rule.html",
        status,
        form=form,
        is_step=is_step,
        is_nation=actor.place == Place(),
        words=words,
        vaccines=[(key, words.vaccines([key])) for key in rules.vaccines],
        groups=[(one.group_id, words.group(one.group_id)) for one in groups],
        doses=[(f"{one}", reader.number(one)) for one in _doses(rules)],
        rehearsed=rehearsed is not None,
        found=rehearsed[1] if rehearsed else [],
        first_day=first_day,
        does=first(form.values, "does"),
        sent=_sent(form.values) if rehearsed else [],
    )
