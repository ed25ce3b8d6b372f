"""GRPC_CALL: `call: grpc`; where the service listens comes from the service's own text or from the options."""

import re
from urllib.parse import urlsplit

from stigmer_dsl.json_types import JsonObject

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.options import GrpcTarget
from stigmer_converter.reverse_context import ReverseContext

REFLECTION = "reflection"
"""Name of a `proto` resource whose endpoint is the gRPC server itself: ask it for descriptors."""
DEFAULT_PORT = 50051
_LAST_PORT = 65535
_SCHEMES = ("grpc", "grpcs")
_HOST = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?", re.ASCII)
_SERVICE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def convert(config: Fields, context: Context) -> JsonObject:
    """Return `call: grpc, with: {proto, service: {name, host, port}, method, arguments}`.

    `service` is `shop.v1.Inventory`, looked up in `ConvertOptions.grpc_services`, or says the target itself:
    `grpc://host:port/shop.v1.Inventory`, `grpcs://` for TLS, `?proto=URI` for a proto file instead of reflection.
    """
    service = config.text("service", required=True)
    method = config.text("method", required=True)
    request = config.struct("request")
    found = _target(service, config, context) if service else None
    if found is None:
        return {"call": "grpc", "with": {}}
    name, target = found
    scheme = "grpcs" if target.tls else "grpc"
    proto: JsonObject = {"name": REFLECTION, "endpoint": f"{scheme}://{target.host}:{target.port}"}
    arguments: JsonObject = {
        "proto": proto if target.proto is None else {"endpoint": target.proto},
        "service": {"name": name, "host": target.host, "port": target.port},
        "method": method,
    }
    if request is not None:
        arguments["arguments"] = context.json(request, config.at("request"))
    task: JsonObject = {"call": "grpc", "with": arguments}
    if target.tls and target.proto is not None:
        task["metadata"] = {"grpc": {"tls": True}}
    return task


def _target(service: str, config: Fields, context: Context) -> tuple[str, GrpcTarget] | None:
    path = config.at("service")
    if "://" not in service:
        target = context.options.grpc_services.get(service)
        if target is None:
            context.findings.error(
                "unknown-grpc-target", path, f"nothing says where the gRPC service `{service}` listens",
                f"Write `grpc://host:port/{service}`, or set the option `grpc_services` for it.",
            )  # fmt: skip
            return None
        if not (_SERVICE.fullmatch(service) and _HOST.fullmatch(target.host) and 0 < target.port <= _LAST_PORT):
            context.findings.error(
                "invalid-value", path, f"the option `grpc_services` has no usable target for `{service}`",
                "A host is a name or an IPv4 address, a port lies between 1 and 65535.",
            )  # fmt: skip
            return None
        return service, target
    address, asked, proto = service.partition("?proto=")
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        _invalid(service, path, context)
        return None
    host, name = parts.hostname or "", parts.path.removeprefix("/")
    extra = parts.query or parts.fragment or parts.username is not None
    readable = not asked or (proto and proto.split() == [proto])
    known = parts.scheme in _SCHEMES and _HOST.fullmatch(host) and _SERVICE.fullmatch(name)
    if extra or not readable or not known:
        _invalid(service, path, context)
        return None
    return name, GrpcTarget(host=host, port=port, proto=proto or None, tls=parts.scheme == "grpcs")


def _invalid(service: str, path: str, context: Context) -> None:
    context.findings.error(
        "invalid-value", path, f"`{service}` is no gRPC target",
        "Write `grpc://host:port/package.Service`, with `grpcs` for TLS and `?proto=URI` for a proto file.",
    )  # fmt: skip


def revert(task: Construct, context: ReverseContext) -> JsonObject:
    """Return `service`, `method` and `request`; the target goes into `service` unless the options know it."""
    config: JsonObject = {}
    arguments = task.child("with")
    if arguments is None:
        return config
    service = arguments.child("service")
    proto = arguments.child("proto")
    if service is None or proto is None:
        return config
    name, host = service.text("name"), service.text("host")
    port = service.value("port") or DEFAULT_PORT
    service.close()
    endpoint = _endpoint(proto)
    reflected = proto.value("name") == REFLECTION
    proto.close()
    tls = _tls(task) or (reflected and endpoint.startswith("grpcs:"))
    target = GrpcTarget(host=host, port=port, proto=None if reflected else endpoint, tls=tls)
    config["service"] = name if context.options.grpc_services.get(name) == target else _address(name, target)
    config["method"] = arguments.text("method")
    request = arguments.value("arguments")
    if request is not None:
        config["request"] = context.json(request, arguments.at("arguments"))
    arguments.close()
    return config


def _endpoint(proto: Construct) -> str:
    value = proto.value("endpoint")
    if isinstance(value, dict) and set(value) == {"uri"}:
        value = value["uri"]
    if not isinstance(value, str) or "${" in value:
        proto.refuse("endpoint", "a proto resource with authentication or a computed address")
        return ""
    return value


def _tls(task: Construct) -> bool:
    metadata = task.value("metadata")
    if metadata in (None, {"grpc": {"tls": True}}):
        return metadata is not None
    task.refuse("metadata", "task metadata")
    return False


def _address(name: str, target: GrpcTarget) -> str:
    scheme = "grpcs" if target.tls else "grpc"
    query = "" if target.proto is None else f"?proto={target.proto}"
    return f"{scheme}://{target.host}:{target.port}/{name}{query}"
