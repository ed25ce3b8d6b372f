"""Random documents that follow the grammar of the DSL: every construct, with expressions drawn by chance."""

from collections.abc import Callable
from random import Random
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from .expression_grammar import program
from .values import random_object, random_value

_EXPRESSIONS: Final = (
    ".", ".a", ". + 1", ".items", "$input", "$context", "length", "true", "false", ".a == 1", "$task.name", '"PT1S"',
    "error(\"x\")", "[1, 2]", "{a: .}", "$workflow.id", "$runtime.name", "null", ".b // 1",
)  # fmt: skip
_DIRECTIVES: Final = ("continue", "exit", "end", "continue", "exit", "end", "t0", "t0", "t1")
_TYPES: Final = ("com.a", "com.b", "com\\..*")


def random_document(random: Random) -> JsonObject:
    """A document; most of them load."""
    document: JsonObject = {
        "document": {"dsl": "1.0.3", "namespace": "fuzz", "name": "fuzz", "version": "1.0.0"},
        "do": _tasks(random, 3),
    }
    if random.random() < 0.9:
        document["use"] = _use(random)
    if random.random() < 0.1:
        document["schedule"] = random.choice(
            (
                {"every": _duration(random)},
                {"cron": random.choice(("*/5 * * * *", "0 8 * * 1-5", "0 0 29 2 *", "0 0 30 2 *"))},
                {"after": _duration(random)},
                {"on": _strategy(random)},
            )
        )
    if random.random() < 0.2:
        document["input"] = _input(random)
    if random.random() < 0.2:
        document["output"] = _output(random)
    if random.random() < 0.1:
        document["timeout"] = {"after": _duration(random)}
    return document


def _tasks(random: Random, depth: int) -> list[JsonValue]:
    return [{f"t{number}": _task(random, depth)} for number in range(1 + random.randrange(3))]


def _task(random: Random, depth: int) -> JsonObject:
    bodies = _LEAVES if depth <= 0 else (*_LEAVES, *_NESTING)
    task = random.choice(bodies)(random, depth - 1)
    common: dict[str, Callable[[], JsonValue]] = {
        "if": lambda: _bare(random),
        "input": lambda: _input(random),
        "output": lambda: _output(random),
        "export": lambda: {"as": random.choice(("$context + {a: .}", "{a: .}", _bare(random)))},
        "timeout": lambda: random.choice(({"after": _duration(random)}, "slow")),
        "then": lambda: random.choice(_DIRECTIVES),
        "metadata": lambda: random_object(random),
    }
    for name, make in common.items():
        if random.random() < 0.08:
            task[name] = make()
    return task


def _bare(random: Random) -> str:
    return random.choice(_EXPRESSIONS) if random.random() < 0.93 else program(random, 2)


def _expression(random: Random) -> str:
    return f"${{ {_bare(random)} }}"


def _data(random: Random) -> JsonValue:
    draw = random.random()
    if draw < 0.4:
        return _expression(random)
    return {"a": _data(random), "b": random_value(random, 1)} if draw < 0.6 else random_value(random, 2)


def _duration(random: Random) -> JsonValue:
    return random.choice(
        (
            {"seconds": random.randrange(5)},
            {"milliseconds": 1},
            {"days": 400},
            "PT1S",
            "P1D",
            "PT0S",
            "P1Y2M3DT4H",
            '${ "PT1S" }',
            _expression(random),
            {"hours": 1, "minutes": 2},
        )
    )


def _schema(random: Random) -> JsonValue:
    return {
        "document": random.choice(
            (
                {"type": "object"},
                {"type": "integer"},
                {},
                True,
                {"type": "x"},
                {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}},
                {"$ref": "https://api.example/schema.json"},
                {"pattern": "(a+)+$"},
                {"required": ["a"]},
                {"minimum": 10**400},
                {"multipleOf": 0.1},
                {"$schema": "http://json-schema.org/draft-04/schema#", "format": "date-time"},
            )
        )
    }


def _input(random: Random) -> JsonValue:
    return (
        {"schema": _schema(random)}
        if random.random() < 0.3
        else {"from": random.choice((_bare(random), {"a": _expression(random)}))}
    )


def _output(random: Random) -> JsonValue:
    return (
        {"schema": _schema(random)}
        if random.random() < 0.3
        else {"as": random.choice((_bare(random), {"a": _expression(random)}))}
    )


def _use(random: Random) -> JsonObject:
    return {
        "secrets": ["key"],
        "errors": {"bad": _error(random)},
        "retries": {"again": _retry(random)},
        "timeouts": {"slow": {"after": _duration(random)}},
        "authentications": {"me": _authentication(random)},
        "functions": {"mine": random.choice((_call, _other_call, _run, _try, _for))(random, 0)},
        "extensions": [
            {
                "e": {
                    "extend": random.choice(("all", "set", "call")),
                    "when": _bare(random),
                    "before": _tasks(random, 0),
                    "after": _tasks(random, 0),
                }
            }
        ]
        if random.random() < 0.5
        else [],
    }


def _error(random: Random) -> JsonObject:
    return {
        "type": random.choice(
            (
                "https://open-workflow-specification.org/spec/1.0.0/errors/runtime",
                "https://a.example/e",
                _expression(random),
            )
        ),
        "status": random.choice((400, 404, 500, 503)),
        "title": random.choice(("t", _expression(random))),
        "detail": random.choice(("d", _expression(random))),
    }


def _retry(random: Random) -> JsonObject:
    retry: JsonObject = {
        "delay": _duration(random),
        "backoff": random.choice(({"constant": {}}, {"linear": {}}, {"exponential": {}})),
        "limit": {"attempt": {"count": random.randrange(1, 5)}},
    }
    if random.random() < 0.3:
        retry["jitter"] = {"from": {"milliseconds": 0}, "to": _duration(random)}
    if random.random() < 0.2:
        retry["limit"] = random.choice(
            ({"duration": _duration(random)}, {"attempt": {"count": 3, "duration": _duration(random)}})
        )
    if random.random() < 0.2:
        retry[random.choice(("when", "exceptWhen"))] = _bare(random)
    return retry


def _authentication(random: Random) -> JsonObject:
    return random.choice(
        (
            {"basic": {"username": "u", "password": _expression(random)}},
            {"digest": {"username": "u", "password": "p"}},
            {"bearer": {"token": _expression(random)}},
            {
                "oauth2": {
                    "authority": "https://id.example",
                    "grant": "client_credentials",
                    "client": {"id": "i", "secret": "${ $secrets.key }"},
                }
            },
            {
                "oidc": {
                    "authority": "https://id.example",
                    "grant": "password",
                    "client": {"id": "i"},
                    "username": "u",
                    "password": "p",
                }
            },
        )
    )


def _strategy(random: Random) -> JsonObject:
    filters: list[JsonValue] = [{"with": {"type": random.choice(_TYPES)}} for _ in range(1 + random.randrange(2))]
    if random.random() < 0.3:
        filters[0] = {
            "with": {"type": "com.a", "data": _expression(random)},
            "correlate": {"c": {"from": ".data.a", "expect": _bare(random)}},
        }
    strategy: JsonObject = random.choice(({"one": filters[0]}, {"any": filters}, {"all": filters}, {"any": []}))
    if "any" in strategy and random.random() < 0.6:
        strategy["until"] = random.choice((_bare(random), {"one": {"with": {"type": "com.b"}}}, "${ false }"))
    return strategy


def _call(random: Random, _depth: int) -> JsonObject:
    endpoint: JsonValue = random.choice(
        (
            "https://api.example/a",
            "https://api.example/{a}",
            _expression(random),
            {"uri": "https://api.example", "authentication": {"use": "me"}},
            {"uri": "https://api.example", "authentication": _authentication(random)},
        )
    )
    arguments: JsonObject = {
        "method": random.choice(("get", "post", "PUT", "delete", _expression(random))),
        "endpoint": endpoint,
    }
    for name in ("headers", "query", "body"):
        if random.random() < 0.3:
            arguments[name] = {"a": _data(random) if name == "body" else random.choice((_expression(random), "x"))}
    if random.random() < 0.3:
        arguments["output"] = random.choice(("raw", "content", "response"))
    if random.random() < 0.2:
        arguments["redirect"] = random.random() < 0.5
    return {"call": "http", "with": arguments}


def _other_call(random: Random, _depth: int) -> JsonObject:
    place = {"endpoint": random.choice(("https://api.example/x", "https://api.example/x.yaml", "file:///x"))}
    return random.choice(
        (
            {
                "call": "openapi",
                "with": {"document": place, "operationId": "getPet", "parameters": {"id": _data(random)}},
            },
            {
                "call": "grpc",
                "with": {
                    "proto": place,
                    "service": {"name": "demo.Greeter", "host": "api.example", "port": 443},
                    "method": "SayHello",
                    "arguments": {"name": _data(random)},
                },
            },
            {"call": "mine"},
            {"call": "https://api.example/f.yaml", "with": {"a": _data(random)}},
        )
    )


def _run(random: Random, _depth: int) -> JsonObject:
    return random.choice(
        (
            {
                "run": {
                    "workflow": {
                        "namespace": "fuzz",
                        "name": "fuzz",
                        "version": random.choice(("1.0.0", "latest")),
                        "input": {"a": _data(random)},
                    },
                    "await": random.random() < 0.8,
                }
            },
            {
                "run": {
                    "shell": {
                        "command": _expression(random),
                        "arguments": [_expression(random)],
                        "environment": {"A": _expression(random)},
                    },
                    "return": random.choice(("stdout", "stderr", "code", "all", "none")),
                }
            },
            {"run": {"script": {"language": "python", "code": "print(1)", "stdin": _expression(random)}}},
            {
                "run": {
                    "script": {
                        "language": "js",
                        "source": {"endpoint": "https://api.example/x.js"},
                        "arguments": [_expression(random)],
                    }
                }
            },
        )
    )


def _try(random: Random, depth: int) -> JsonObject:
    catch: JsonObject = {}
    if random.random() < 0.5:
        catch["errors"] = {"with": random.choice(({"status": 500}, {"type": "https://a.example/e"}, {"status": 404}))}
    if random.random() < 0.5:
        catch["retry"] = random.choice((_retry(random), "again"))
    if random.random() < 0.5:
        catch["do"] = _tasks(random, depth)
    if random.random() < 0.3:
        catch[random.choice(("when", "exceptWhen"))] = _bare(random)
    if random.random() < 0.2:
        catch["then"] = random.choice(_DIRECTIVES)
    if random.random() < 0.2:
        catch["as"] = "problem"
    return {"try": _tasks(random, depth), "catch": catch}


def _for(random: Random, depth: int) -> JsonObject:
    loop: JsonObject = {
        "for": {"in": random.choice((".items", "[1, 2, 3]", "${ 3 }", "{a: 1}", [1, 2], _bare(random)))},
        "do": _tasks(random, depth),
    }
    if random.random() < 0.3:
        loop["while"] = _bare(random)
    return loop


def _listen(random: Random, depth: int) -> JsonObject:
    task: JsonObject = {
        "listen": {
            "to": _strategy(random),
            **({"read": random.choice(("data", "envelope", "raw"))} if random.random() < 0.3 else {}),
        }
    }
    if random.random() < 0.3:
        task["foreach"] = {"item": "e", "do": _tasks(random, depth), "output": {"as": _bare(random)}}
    return task


def _switch(random: Random, _depth: int) -> JsonObject:
    cases: list[JsonValue] = [
        {f"c{number}": {"when": _bare(random), "then": random.choice(_DIRECTIVES)}}
        for number in range(1 + random.randrange(2))
    ]
    return {"switch": [*cases, {"other": {"then": random.choice(_DIRECTIVES)}}] if random.random() < 0.5 else cases}


def _emit(random: Random, _depth: int) -> JsonObject:
    return {"emit": {"event": {"with": {"type": "com.a", "source": "https://a.example", "data": _data(random)}}}}


_LEAVES: Final[tuple[Callable[[Random, int], JsonObject], ...]] = (
    lambda random, _depth: {"set": random.choice(({"a": _data(random)}, _expression(random)))},
    lambda random, _depth: {"set": {"a": _data(random)}}, lambda random, _depth: {"wait": _duration(random)},
    lambda random, _depth: {"raise": {"error": _error(random)}},
    _emit, _call, _call, _other_call, _run, _switch,
)  # fmt: skip
_NESTING: Final[tuple[Callable[[Random, int], JsonObject], ...]] = (
    lambda random, depth: {"do": _tasks(random, depth)},
    _for, _try, _listen,
    lambda random, depth: {"fork": {"branches": _tasks(random, depth), "compete": random.random() < 0.5}},
)  # fmt: skip
