"""Where doses are given: the country's states, districts, localities and postal codes, and its centres.

In FHIR all of them are `Location` resources (a centre with a `Location.position` and a managing `Organization`, the
others by `partOf`); WHO's documents say "administrative areas" and "vaccination sites". The geography comes from the
country pack, the official district numbers from a table that an operator loads. The room owns the tables `state`,
`district`, `locality`, `pin_code`, `centre` and `place_source`.
"""

from opencowin.places.centres import (
    add_centre,
    add_centres,
    centres_near,
    centres_of_district,
    centres_of_pin,
    centres_with_ids,
    close_centre,
    find_centre,
    is_postal_code,
    read_centre,
    remove_centre,
)
from opencowin.places.divisions import (
    all_states,
    district,
    districts_of,
    in_scope,
    localities_of,
    place_names,
    places_of_pin,
)
from opencowin.places.loading import load_places
from opencowin.places.matching import How
from opencowin.places.model import (
    Centre,
    CentreAlreadyClosed,
    CentreHoursInvalid,
    CentreIncomplete,
    CentreKind,
    District,
    LoadReport,
    Locality,
    NearbyCentre,
    NewCentre,
    Operator,
    PinPlace,
    PlaceNames,
    PointInvalid,
    PointNeeded,
    Progress,
    State,
    UnknownCentre,
    UnknownDistrict,
)
from opencowin.places.official import (
    InvalidDistrictTable,
    MatchReport,
    OfficialDistrict,
    Renumbered,
    load_official_districts,
)
from opencowin.places.source import PlaceSourceMissing

__all__ = [
    "Centre",
    "CentreAlreadyClosed",
    "CentreHoursInvalid",
    "CentreIncomplete",
    "CentreKind",
    "District",
    "How",
    "InvalidDistrictTable",
    "LoadReport",
    "Locality",
    "MatchReport",
    "NearbyCentre",
    "NewCentre",
    "OfficialDistrict",
    "Operator",
    "PinPlace",
    "PlaceNames",
    "PlaceSourceMissing",
    "PointInvalid",
    "PointNeeded",
    "Progress",
    "Renumbered",
    "State",
    "UnknownCentre",
    "UnknownDistrict",
    "add_centre",
    "add_centres",
    "all_states",
    "centres_near",
    "centres_of_district",
    "centres_of_pin",
    "centres_with_ids",
    "close_centre",
    "district",
    "districts_of",
    "find_centre",
    "in_scope",
    "is_postal_code",
    "load_official_districts",
    "load_places",
    "localities_of",
    "place_names",
    "places_of_pin",
    "read_centre",
    "remove_centre",
]
