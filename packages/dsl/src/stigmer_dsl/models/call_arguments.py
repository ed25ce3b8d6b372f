"""Arguments of the built-in calls."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, Tag, model_validator

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import TEXT_OR_OBJECT, Model, one_of
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


class HttpArguments(Model):
    """Arguments of `call: http`."""

    method: str = Field(min_length=1)
    endpoint: EndpointField
    headers: TextMap | None = None
    body: JsonValue = None
    query: TextMap | None = None
    output: OutputMode = "content"
    redirect: StrictBool = False


class OpenApiArguments(Model):
    """Arguments of `call: openapi`."""

    document: ExternalResource
    operation_id: str = Field(alias="operationId")
    parameters: JsonObject | None = None
    authentication: AuthenticationReference | None = None
    output: OutputMode = "content"
    redirect: StrictBool = False


class GrpcService(Model):
    """The service to call, and where it is."""

    name: str
    host: str
    port: StrictInt | None = Field(default=None, ge=0, le=65535)
    authentication: AuthenticationReference | None = None


class GrpcArguments(Model):
    """Arguments of `call: grpc`."""

    proto: ExternalResource
    service: GrpcService
    method: str
    arguments: JsonObject | None = None


class AsyncApiServer(Model):
    """The server of an AsyncAPI document."""

    name: str
    variables: JsonObject | None = None


class AsyncApiMessage(Model):
    """A message to publish."""

    payload: JsonObject | None = None
    headers: JsonObject | None = None


class AsyncApiConsumption(Model):
    """How many messages to consume: exactly one of `amount`, `while`, `until`; `for` bounds the time."""

    amount: StrictInt | None = None
    while_: str | None = Field(default=None, alias="while")
    until: str | None = None
    for_: DurationField | None = Field(default=None, alias="for")

    @model_validator(mode="after")
    def _one_policy(self) -> Self:
        one_of(self, "amount", "while_", "until")
        return self


class AsyncApiSubscription(Model):
    """Messages to consume."""

    consume: AsyncApiConsumption
    filter: str | None = None
    foreach: SubscriptionIterator | None = None


class AsyncApiArguments(Model):
    """Arguments of `call: asyncapi`: publish a `message`, or consume by `subscription`."""

    document: ExternalResource
    channel: str | None = None
    operation: str | None = None
    server: AsyncApiServer | None = None
    protocol: (
        Literal[
            "amqp", "amqp1", "anypointmq", "googlepubsub", "http", "ibmmq", "jms", "kafka", "mercure", "mqtt",
            "mqtt5", "nats", "pulsar", "redis", "sns", "solace", "sqs", "stomp", "ws",
        ]
        | None
    ) = None  # fmt: skip
    message: AsyncApiMessage | None = None
    subscription: AsyncApiSubscription | None = None
    authentication: AuthenticationReference | None = None

    @model_validator(mode="after")
    def _one_target_and_direction(self) -> Self:
        one_of(self, "channel", "operation")
        one_of(self, "message", "subscription")
        return self


class A2AArguments(Model):
    """Arguments of `call: a2a`."""

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
    agent_card: ExternalResource | None = Field(default=None, alias="agentCard")
    server: EndpointField | None = None
    parameters: ObjectOrExpression | None = None


class McpHttpTransport(Model):
    """An MCP server over HTTP."""

    endpoint: EndpointField
    headers: dict[str, str] | None = None


class McpStdioTransport(Model):
    """An MCP server as a child process."""

    command: str
    arguments: tuple[str, ...] | None = None
    environment: dict[str, str] | None = None


class McpTransport(Model):
    """How to reach the MCP server: exactly one of `http` and `stdio`."""

    http: McpHttpTransport | None = None
    stdio: McpStdioTransport | None = None
    options: dict[str, str] | None = None

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

    method: Literal[
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/read",
        "resources/templates/list",
    ]
    transport: McpTransport
    protocol_version: str = Field(default="2025-06-18", alias="protocolVersion")
    parameters: ObjectOrExpression | None = None
    timeout: DurationField | None = None
    client: McpClient | None = None
