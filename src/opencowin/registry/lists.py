"""The short lists of the country pack that a registration chooses from: genders and identity-document types."""

from functools import lru_cache

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack
from opencowin.registry.documents import DocumentTypes
from opencowin.registry.model import Gender

GENDERS_FILE = "genders.toml"


@lru_cache(maxsize=8)
def _genders(pack: CountryPack) -> tuple[Gender, ...]:
    try:
        listed = pack.toml(GENDERS_FILE)["gender"]
        found = tuple(Gender(int(one["id"]), str(one["name"]), dict(one.get("name_l", {}))) for one in listed)
    except (KeyError, TypeError, ValueError, FileNotFoundError) as wrong:
        raise PackBroken(file=GENDERS_FILE, problem=f"not a list of genders with id and name ({wrong})") from wrong
    if not found or len({gender.gender_id for gender in found}) != len(found):
        raise PackBroken(file=GENDERS_FILE, problem="it lists none, or one id twice")
    return found


def genders(pack: CountryPack) -> list[Gender]:
    """The genders that the pack lists, in its order. Raises PackBroken."""
    return list(_genders(pack))


@lru_cache(maxsize=8)
def document_types(pack: CountryPack) -> DocumentTypes:
    """The identity documents that the pack accepts, parsed once. Raises PackBroken."""
    return DocumentTypes.parse(pack)
