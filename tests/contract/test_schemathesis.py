"""The published OpenAPI document, walked by Schemathesis: no call ends in a 5xx and every answer is as documented."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.contract.conftest import Server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODEST = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
STEPS = settings(MODEST, max_examples=15, stateful_step_count=6)


def credentials(server: Server) -> dict[str, str]:
    """Headers of somebody who may call everything."""
    return {"Authorization": f"Bearer {server.door.token}", "x-api-key": server.door.api_key}


def walk(operation: APIOperation[Any, Any, Any, Any], server: Server) -> None:
    """Call one operation with generated arguments and judge each answer."""

    @MODEST
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        case.call_and_validate(headers=credentials(server), checks=CHECKS)

    call()


def test_every_operation_answers_as_documented(server: Server) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 50
    for operation in operations:
        walk(operation, server)


def test_calls_that_follow_from_each_other_answer_as_documented(server: Server) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    machine = schema.as_state_machine()

    class Journey(machine):  # type: ignore[misc, valid-type]  # made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": credentials(server)}

        def validate_response(self, response: Any, case: Any, **arguments: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Journey.run(settings=STEPS)
