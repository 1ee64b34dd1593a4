"""Which call follows from which: OpenAPI links, so that people and tools can walk from call to call."""

from typing import Any

REFERENCE = "$response.body#/beneficiary_reference_id"
APPOINTMENT = "$response.body#/appointment_id"
SESSION = "$response.body#/centers/0/sessions/0/session_id"
SLOT = "$response.body#/centers/0/sessions/0/slots/0"

# (operation, status): {name of the link: (operation that follows, parameters, request body)}
LINKS: dict[tuple[str, str], dict[str, tuple[str, dict[str, str], dict[str, object]]]] = {
    ("generate_public_otp", "200"): {"confirm": ("confirm_public_otp", {}, {"txnId": "$response.body#/txnId"})},
    ("generate_otp", "200"): {"confirm": ("confirm_otp", {}, {"txnId": "$response.body#/txnId"})},
    ("generate_mobile_otp", "200"): {"confirm": ("validate_mobile_otp", {}, {"txnId": "$response.body#/txnId"})},
    ("states", "200"): {"districts": ("districts", {"state_id": "$response.body#/states/0/state_id"}, {})},
    ("districts", "200"): {
        "calendar": (
            "calendar_by_district_public",
            {"district_id": "$response.body#/districts/0/district_id"},
            {},
        )
    },
    ("calendar_by_district", "200"): {"book": ("schedule", {}, {"session_id": SESSION, "slot": SLOT, "dose": 1})},
    ("calendar_by_district_public", "200"): {
        "centre": ("calendar_by_centre_public", {"center_id": "$response.body#/centers/0/center_id"}, {}),
        "book": ("schedule", {}, {"session_id": SESSION, "slot": SLOT, "dose": 1}),
    },
    ("register", "200"): {
        "edit": ("edit", {}, {"beneficiary_reference_id": REFERENCE}),
        "remove": ("remove", {}, {"beneficiary_reference_id": REFERENCE}),
        "certificate": ("download_public", {"beneficiary_reference_id": REFERENCE}, {}),
    },
    ("register_on_the_spot", "200"): {
        "vaccinate": ("vaccinate", {}, {"beneficiary_reference_id": REFERENCE}),
        "certificate": ("certificate", {"beneficiary_reference_id": REFERENCE}, {}),
    },
    ("schedule", "200"): {
        "move": ("reschedule", {}, {"appointment_id": APPOINTMENT}),
        "cancel": ("cancel", {}, {"appointment_id": APPOINTMENT}),
        "slip": ("slip", {"appointment_id": APPOINTMENT}, {}),
    },
    ("publish", "201"): {"withdraw": ("withdraw", {"session_id": "$response.body#/session_id"}, {})},
}


def add_links(document: dict[str, Any]) -> None:
    """Write the links into an OpenAPI document."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                links = LINKS.get((operation["operationId"], status), {})
                if links:
                    answer["links"] = {name: _link(*link) for name, link in links.items()}


def _link(operation: str, parameters: dict[str, str], body: dict[str, object]) -> dict[str, object]:
    link: dict[str, object] = {"operationId": operation}
    if parameters:
        link["parameters"] = parameters
    if body:
        link["requestBody"] = body
    return link
