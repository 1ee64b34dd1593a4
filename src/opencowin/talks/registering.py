"""Steps that register a person: name, year of birth, gender, document, its number, consent."""

from typing import Any

from opencowin import registry
from opencowin.kit.errors import Invalid, Refusal
from opencowin.talks.finding import take_nothing
from opencowin.talks.model import Asked, Scene, Step

CONSENT = "1"
"""The version of the consent text that is said."""
BACK_TO = {"name": "name", "birth_year": "year", "photo_id_number": "number", "photo_id_type": "document"}
"""Which step asks again for the field that a refusal means."""


class YearNeeded(Invalid):
    """Write the year of birth with four digits, as on the identity document."""

    code = "TALK0002"


async def ask_name(scene: Scene) -> Asked | str:
    """Whose name?"""
    return Asked([_again(scene), scene.text("Full name")])


async def take_name(scene: Scene, words: Any) -> str:
    """This one. Raises InvalidName."""
    scene.facts["name"] = registry.clean_name(str(words))
    return "year"


async def ask_year(scene: Scene) -> Asked | str:
    """Born when?"""
    return Asked([_again(scene), scene.text("Year of birth")])


async def take_year(scene: Scene, words: Any) -> str:
    """In this year. Raises YearNeeded."""
    if not (len(str(words)) == 4 and str(words).isdecimal()):
        raise YearNeeded(field="birth_year")
    scene.facts["year"] = int(words)
    return "gender"


async def ask_gender(scene: Scene) -> Asked | str:
    """Which gender?"""
    listed = registry.genders(scene.floor.pack)
    return Asked([scene.text("Gender")], [(scene.named(one.name, one.names), one.gender_id) for one in listed])


async def take_gender(scene: Scene, choice: Any) -> str:
    """This one."""
    scene.facts["gender"] = int(choice)
    return "document"


async def ask_document(scene: Scene) -> Asked | str:
    """Which identity document?"""
    listed = registry.document_types(scene.floor.pack).all()
    choices = [(scene.named(one.name, one.name_l), one.id) for one in listed]
    return Asked([_again(scene), scene.text("Identity document")], choices)


async def take_document(scene: Scene, choice: Any) -> str:
    """This one."""
    scene.facts["document"] = int(choice)
    return "number"


async def ask_number(scene: Scene) -> Asked | str:
    """Its number?"""
    return Asked([_again(scene), scene.text("Number of the document")])


async def take_number(scene: Scene, words: Any) -> str:
    """This; it is judged when the person has agreed."""
    scene.facts["number"] = str(words)[:60]
    return "agree"


async def ask_agree(scene: Scene) -> Asked | str:
    """Agreed?"""
    agreed = scene.text("I agree that these facts are kept and used for vaccination and for nothing else")
    return Asked([scene.facts["name"], f"{agreed}."], [(scene.text("Register"), CONSENT)])


async def take_agree(scene: Scene, choice: Any) -> str:
    """Register the person; a wrong field is asked for again. Raises what `registry.register` raises."""
    facts = scene.facts
    asked = registry.Registration(
        name=facts["name"],
        birth_year=facts["year"],
        gender_id=facts["gender"],
        document_type_id=facts["document"],
        document_number=facts["number"],
        comorbidity=False,
        consent_version=str(choice),
    )
    account = scene.actor.own_account()
    try:
        async with scene.conn.transaction():
            member = await registry.register(scene.conn, scene.floor, scene.actor, account, asked)
    except Invalid as no:
        return _wrong(scene, no)
    facts["reference"] = member.reference_id
    facts.pop("number")
    return "confirm" if "slot" in facts else "registered"


async def ask_registered(scene: Scene) -> Asked | str:
    """Done, and the reference."""
    reference = f"{scene.text('Reference')} {scene.facts['reference']}"
    return Asked([scene.text("The person is registered."), reference], over=True)


def _wrong(scene: Scene, no: Refusal) -> str:
    """Back to the step that asks for the field; what is wrong is said there."""
    if (step := BACK_TO.get(no.field or "")) is None:
        raise no
    scene.facts["wrong"] = scene.catalogues.refusal(no, scene.language)
    return step


def _again(scene: Scene) -> str:
    return str(scene.facts.pop("wrong", ""))


STEPS = {
    "name": Step(ask_name, take_name, in_words=True),
    "year": Step(ask_year, take_year, in_words=True),
    "gender": Step(ask_gender, take_gender),
    "document": Step(ask_document, take_document),
    "number": Step(ask_number, take_number, in_words=True),
    "agree": Step(ask_agree, take_agree),
    "registered": Step(ask_registered, take_nothing),
}
