"""The floor under every verb: clock, keyring, country and settings of this deployment, built once."""

from dataclasses import dataclass

from opencowin.kit.clock import Clock
from opencowin.kit.country import Country, read_country
from opencowin.kit.crypto import Keyring, read_keyring
from opencowin.kit.pack import CountryPack, open_pack
from opencowin.kit.settings import Settings


@dataclass(frozen=True, slots=True)
class Floor:
    """What verbs need that is neither the request nor the database."""

    settings: Settings
    clock: Clock
    keyring: Keyring
    pack: CountryPack
    country: Country


def build_floor(settings: Settings) -> Floor:
    """The floor of a deployment: reads the keyring and the country pack. Raises PackNotFound, FileNotFoundError."""
    pack = open_pack(settings.country)
    country = read_country(pack)
    return Floor(settings, Clock(country.zone), read_keyring(settings.keyring_path), pack, country)
