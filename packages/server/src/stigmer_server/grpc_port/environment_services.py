"""The services of environments and of the contexts of executions."""

from typing import Final

from stigmer_proto.ai.stigmer.agentic.environment.v1 import Environment, EnvironmentId
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionContext, ExecutionContextId
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceDeleteInput, ApiResourceReference

from stigmer_server.application import Application
from stigmer_server.grpc_port.methods import Service, Unary
from stigmer_server.grpc_port.roles import ANYBODY, INSIDERS, OPERATORS, WRITERS

_ENVIRONMENT: Final = "ai.stigmer.agentic.environment.v1"
_CONTEXT: Final = "ai.stigmer.agentic.executioncontext.v1"


def environment_services(application: Application) -> tuple[Service, ...]:
    """Commands and queries of both."""
    return (*_environments(application), *_contexts(application))


def _environments(application: Application) -> tuple[Service, ...]:
    environments = application.environments
    message = Environment
    return (
        Service(
            name=f"{_ENVIRONMENT}.EnvironmentCommandController",
            methods=(
                Unary(name="apply", request=message, reply=message, roles=WRITERS, call=environments.apply),
                Unary(name="create", request=message, reply=message, roles=WRITERS, call=environments.create),
                Unary(name="update", request=message, reply=message, roles=WRITERS, call=environments.update),
                Unary(
                    name="delete",
                    request=ApiResourceDeleteInput,
                    reply=message,
                    roles=WRITERS,
                    call=environments.delete,
                ),
            ),
        ),
        Service(
            name=f"{_ENVIRONMENT}.EnvironmentQueryController",
            methods=(
                Unary(
                    name="get",
                    request=EnvironmentId,
                    reply=message,
                    roles=ANYBODY,
                    call=lambda request, caller: environments.get(request.value, caller),
                ),
                Unary(
                    name="getByReference",
                    request=ApiResourceReference,
                    reply=message,
                    roles=ANYBODY,
                    call=environments.get_by_reference,
                ),
            ),
        ),
    )


def _contexts(application: Application) -> tuple[Service, ...]:
    contexts = application.contexts
    message = ExecutionContext
    return (
        Service(
            name=f"{_CONTEXT}.ExecutionContextCommandController",
            methods=(
                Unary(name="apply", request=message, reply=message, roles=OPERATORS, call=contexts.apply),
                Unary(name="create", request=message, reply=message, roles=OPERATORS, call=contexts.create),
                Unary(
                    name="delete", request=ApiResourceDeleteInput, reply=message, roles=OPERATORS, call=contexts.delete
                ),
            ),
        ),
        Service(
            name=f"{_CONTEXT}.ExecutionContextQueryController",
            methods=(
                Unary(
                    name="get",
                    request=ExecutionContextId,
                    reply=message,
                    roles=INSIDERS,
                    call=lambda request, caller: contexts.get(request.value, caller),
                ),
                Unary(
                    name="getByReference",
                    request=ApiResourceReference,
                    reply=message,
                    roles=INSIDERS,
                    call=contexts.get_by_reference,
                ),
            ),
        ),
    )
