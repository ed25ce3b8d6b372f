"""Arguments of the built-in calls."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model, one_of
from stigmer_dsl.models.activity_options import ActivityOptions
from stigmer_dsl.models.authentication import AuthenticationReference
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.event import SubscriptionIterator
from stigmer_dsl.models.resource import EndpointField, ExternalResource

OutputMode = Literal["raw", "content", "response"]

TextMap = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[dict[str, str], Tag("<object>")],
    TEXT_OR_OBJECT,
]
"""Names to text values (each may be an expression), or one expression that yields such an object."""

ObjectOrExpression = Annotated[Annotated[str, Tag("<text>")] | Annotated[JsonObject, Tag("<object>")], TEXT_OR_OBJECT]


def _list(value: JsonValue) -> JsonValue:
    if isinstance(value, list) or (isinstance(value, str) and is_strict(value)):
        return value
    raise PydanticCustomError(
        "wrong-type", "A list is expected", {"hint": "Write the arguments in order, each as an entry of a list."}
    )


ListOrExpression = Annotated[
    JsonValue,
    AfterValidator(_list),
    WithJsonSchema({"type": ["array", "string"], "pattern": r"^\s*\$\{"}),
]
"""A list, or one expression that yields a list."""


class HttpArguments(Model):
    """Arguments of `call: http`."""

    method: str = Field(min_length=1)
    endpoint: EndpointField
    headers: Maybe[TextMap] = None
    query: Maybe[TextMap] = None
    body: JsonValue = None
    output: OutputMode = "content"
    redirect: StrictBool = False


class OpenApiArguments(Model):
    """Arguments of `call: openapi`."""

    document: ExternalResource
    operation_id: str = Field(alias="operationId")
    parameters: Maybe[JsonObject] = None
    authentication: Maybe[AuthenticationReference] = None
    output: OutputMode = "content"
    redirect: StrictBool = False


class GrpcService(Model):
    """The service to call, and where it is."""

    name: str
    host: str
    port: Maybe[StrictInt] = Field(default=None, ge=0, le=65535)
    authentication: Maybe[AuthenticationReference] = None


class GrpcArguments(Model):
    """Arguments of `call: grpc`."""

    proto: ExternalResource
    service: GrpcService
    method: str
    arguments: Maybe[JsonObject] = None


class AsyncApiServer(Model):
    """The server of an AsyncAPI document."""

    name: str
    variables: Maybe[JsonObject] = None


class AsyncApiMessage(Model):
    """A message to publish."""

    payload: Maybe[JsonObject] = None
    headers: Maybe[JsonObject] = None


class AsyncApiConsumption(Model):
    """How many messages to consume: exactly one of `amount`, `while`, `until`; `for` bounds the time."""

    for_: Maybe[DurationField] = Field(default=None, alias="for")
    amount: Maybe[StrictInt] = None
    while_: Maybe[str] = Field(default=None, alias="while")
    until: Maybe[str] = None

    @model_validator(mode="after")
    def _one_policy(self) -> Self:
        one_of(self, "amount", "while_", "until")
        return self


class AsyncApiSubscription(Model):
    """Messages to consume."""

    filter: Maybe[str] = None
    consume: AsyncApiConsumption
    foreach: Maybe[SubscriptionIterator] = None


class AsyncApiArguments(Model):
    """Arguments of `call: asyncapi`: publish a `message`, or consume by `subscription`."""

    document: ExternalResource
    channel: Maybe[str] = None
    operation: Maybe[str] = None
    server: Maybe[AsyncApiServer] = None
    protocol: Maybe[
        Literal[
            "amqp", "amqp1", "anypointmq", "googlepubsub", "http", "ibmmq", "jms", "kafka", "mercure", "mqtt",
            "mqtt5", "nats", "pulsar", "redis", "sns", "solace", "sqs", "stomp", "ws",
        ]
    ] = None  # fmt: skip
    message: Maybe[AsyncApiMessage] = None
    subscription: Maybe[AsyncApiSubscription] = None
    authentication: Maybe[AuthenticationReference] = None

    @model_validator(mode="after")
    def _one_target_and_direction(self) -> Self:
        one_of(self, "channel", "operation")
        one_of(self, "message", "subscription")
        return self


class A2AArguments(Model):
    """Arguments of `call: a2a`."""

    agent_card: Maybe[ExternalResource] = Field(default=None, alias="agentCard")
    server: Maybe[EndpointField] = None
    method: Literal[
        "message/send",
        "message/stream",
        "tasks/get",
        "tasks/list",
        "tasks/cancel",
        "tasks/resubscribe",
        "tasks/pushNotificationConfig/set",
        "tasks/pushNotificationConfig/get",
        "tasks/pushNotificationConfig/list",
        "tasks/pushNotificationConfig/delete",
        "agent/getAuthenticatedExtendedCard",
    ]
    parameters: Maybe[ObjectOrExpression] = None


class McpHttpTransport(Model):
    """An MCP server over HTTP."""

    endpoint: EndpointField
    headers: Maybe[dict[str, str]] = None


class McpStdioTransport(Model):
    """An MCP server as a child process."""

    command: str
    arguments: Maybe[tuple[str, ...]] = None
    environment: Maybe[dict[str, str]] = None


class McpTransport(Model):
    """How to reach the MCP server: exactly one of `http` and `stdio`."""

    http: Maybe[McpHttpTransport] = None
    stdio: Maybe[McpStdioTransport] = None
    options: Maybe[dict[str, str]] = None

    @model_validator(mode="after")
    def _one_transport(self) -> Self:
        one_of(self, "http", "stdio")
        return self


class McpClient(Model):
    """How the caller introduces itself."""

    name: str
    version: str


class McpArguments(Model):
    """Arguments of `call: mcp`."""

    protocol_version: str = Field(default="2025-06-18", alias="protocolVersion")
    method: Literal[
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/read",
        "resources/templates/list",
    ]
    parameters: Maybe[ObjectOrExpression] = None
    timeout: Maybe[DurationField] = None
    transport: McpTransport
    client: Maybe[McpClient] = None


class ActivityArguments(Model):
    """Arguments of `call: activity`, a call of runtimes on Temporal.

    Attributes:
        name: the type of the activity.
        arguments: what the activity is given, in order.
        task_queue: the queue whose workers perform it.
        options: as `metadata.activityOptions`, which they go before.
    """

    name: str = Field(min_length=1)
    arguments: Maybe[ListOrExpression] = None
    task_queue: Maybe[Annotated[str, Field(min_length=1)]] = Field(default=None, alias="taskQueue")
    options: Maybe[ActivityOptions] = None
