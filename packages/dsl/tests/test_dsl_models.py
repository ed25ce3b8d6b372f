"""Models: every construct of the DSL parses, with the names that the engine relies on."""

import pytest
from pydantic import ValidationError
from stigmer_dsl import Duration, dump, find_problems, load
from stigmer_dsl.models import (
    TASK_KINDS,
    CallTask,
    DoTask,
    Endpoint,
    ErrorDefinition,
    ForkTask,
    ForTask,
    NamedTask,
    RaiseTask,
    SetTask,
    SwitchTask,
    TryTask,
    WaitTask,
    kind_of,
)

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"

EVERYTHING = (
    HEAD
    + """
input: {schema: {format: json, document: {type: object}}, from: .order}
use:
  authentications:
    basic: {basic: {username: u, password: "${ $secrets.KEY }"}}
    digest: {digest: {use: KEY}}
    bearer: {bearer: {token: "${ .t }"}}
    oauth2:
      oauth2:
        authority: https://id.example.com
        grant: urn:ietf:params:oauth:grant-type:token-exchange
        endpoints: {token: /t, revocation: /r, introspection: /i}
        client: {id: i, secret: s, assertion: a, authentication: private_key_jwt}
        request: {encoding: application/json}
        issuers: [a]
        scopes: [b]
        audiences: [c]
        username: u
        password: p
        subject: {token: t, type: x}
        actor: {token: t, type: x}
    oidc: {oidc: {authority: https://id.example.com, grant: client_credentials}}
  errors:
    broken: {type: https://example.com/broken, status: 500, title: T, detail: D, instance: /a}
  extensions:
    - trace: {extend: all, when: .a, before: [{b: {set: {x: 1}}}], after: []}
  functions:
    greet: {set: {a: 1}}
  retries:
    often:
      when: $error.status == 503
      exceptWhen: .a
      delay: {seconds: 1}
      backoff: {exponential: {}}
      limit: {attempt: {count: 3, duration: PT5S}, duration: {minutes: 1}}
      jitter: {from: {milliseconds: 1}, to: {milliseconds: 9}}
  secrets: [KEY]
  timeouts:
    short: {after: PT5S}
  catalogs:
    main: {endpoint: {uri: https://example.com, authentication: {use: basic}}}
timeout: short
output: {as: {a: "${ .b }"}, schema: {resource: {name: s, endpoint: https://example.com/s.json}}}
schedule:
  every: {minutes: 5}
  cron: '0 0 * * *'
  after: PT1S
  on: {one: {with: {type: com.example.start}}}
  read: envelope
evaluate: {language: jq, mode: strict}
metadata: {any: thing}
x-shared: &shared {set: {a: 1}}
do:
  - common:
      if: .a
      input: {from: "${ .b }", schema: {document: true}}
      output: {as: .c}
      export: {as: {d: "${ $output }"}, schema: {document: {}}}
      timeout: {after: "${ .limit }"}
      metadata: {k: v}
      do: [{inner: *shared}]
      then: choose
  - choose: {switch: [{one: {when: .x, then: loop}}, {other: {then: continue}}]}
  - loop: {for: {each: pet, in: [{a: 1}, {a: 2}], at: i}, while: .go, do: [{x: {set: {p: "${ $pet + $i }"}}}]}
  - split: {fork: {compete: true, branches: [{l: {set: {a: 1}}}, {r: {wait: PT1S}}]}}
  - guard:
      try: [{x: {if: .a, raise: {error: broken}}}, {y: {raise: {error: {type: "${ .t }", status: 400}}}}]
      catch:
        errors: {with: {type: https://example.com/broken, status: 500, instance: /x, title: t, detail: d}}
        as: problem
        when: $problem.status == 500
        exceptWhen: .b
        retry: often
        do: [{h: {set: {e: "${ $problem }"}}}]
        then: end
  - guard2: {try: [], catch: {retry: {delay: PT1S, backoff: {linear: {}}}}}
  - send: {emit: {event: {with: {type: t, source: https://example.com, id: i, subject: s, data: {a: 1}, own: x}}}}
  - receive:
      listen:
        to:
          any:
            - with: {type: t, data: "${ .a > 1 }"}
              correlate: {order: {from: .id, expect: "${ .order }"}}
          until: {all: [{with: {type: u}}]}
        read: raw
      foreach: {item: event, at: n, do: [{z: {set: {e: "${ $event }"}}}], output: {as: .e}, export: {as: "{n: $n}"}}
  - http:
      call: http
      with:
        method: post
        endpoint: {uri: "https://example.com/{id}", authentication: {bearer: {use: KEY}}}
        headers: {A: "${ .a }"}
        query: ${ .q }
        body: null
        output: response
        redirect: true
  - openapi:
      call: openapi
      with:
        document: {endpoint: https://example.com/o.json}
        operationId: op
        parameters: {a: 1}
        authentication: {use: oauth2}
        output: raw
        redirect: false
  - grpc:
      call: grpc
      with:
        proto: {endpoint: file:///a.proto}
        service: {name: A.B, host: localhost, port: 50051, authentication: {use: oidc}}
        method: M
        arguments: {x: 1}
  - publish:
      call: asyncapi
      with:
        document: {endpoint: https://example.com/a.json}
        channel: /c
        server: {name: s, variables: {a: b}}
        protocol: kafka
        message: {payload: {a: 1}, headers: {b: c}}
        authentication: {use: digest}
  - consume:
      call: asyncapi
      with:
        document: {endpoint: https://example.com/a.json}
        operation: o
        subscription:
          filter: ${ .a }
          consume: {for: PT5M, while: "${ .b }"}
          foreach: {do: [{m: {set: {i: "${ $item }"}}}]}
  - a2a: {call: a2a, with: {server: https://example.com, method: message/send, parameters: {message: {}}}}
  - mcp:
      call: mcp
      with:
        protocolVersion: '2025-06-18'
        method: tools/list
        parameters: ${ .p }
        timeout: {seconds: 3}
        transport: {http: {endpoint: https://example.com, headers: {a: b}}, options: {o: p}}
        client: {name: c, version: '1'}
  - function: {call: greet, with: {a: 1}}
  - catalogued: {call: 'log:1.0.0@main'}
  - remote: {call: https://example.com/function.yaml, with: {}}
  - activity: {call: activity, with: {name: n, arguments: [1]}}
  - agent: {call: agent, with: {agent: a, message: m, scope: platform, env: {A: b}, config: {timeout: 5}}}
  - container:
      run:
        container:
          image: alpine
          name: n
          command: ls
          ports: {'80': 80}
          volumes: {a: /b}
          environment: {A: "${ .a }"}
          stdin: x
          arguments: [a]
          lifetime: {cleanup: eventually, after: PT1M}
          pullPolicy: always
        await: false
        return: none
  - script: {run: {script: {language: python, code: pass, arguments: {a: 1}, stdin: s, environment: {}}, return: all}}
  - script2: {run: {script: {language: js, source: {endpoint: https://example.com/a.js}, arguments: [a]}}}
  - shell: {run: {shell: {command: ls, arguments: [-l], stdin: s, environment: {A: b}}, return: stderr}}
  - child: {run: {workflow: {namespace: a, name: b, version: latest, input: {a: 1}}}}
"""
)


def only_task(content: str) -> object:
    return load(f"{HEAD}do: [{{t: {content}}}]").workflow.do[0].task


def test_every_construct_loads_without_a_problem() -> None:
    problems = find_problems(EVERYTHING)
    assert [str(problem) for problem in problems] == []


def test_the_document_model_matches_the_text() -> None:
    document = load(EVERYTHING)
    workflow = document.workflow
    assert workflow.document.namespace == "a"
    assert [named.name for named in workflow.do][:3] == ["common", "choose", "loop"]
    assert {kind_of(named.task) for named in workflow.do} | {"set", "raise", "wait"} == set(TASK_KINDS)
    assert document.raw["x-shared"] == {"set": {"a": 1}}
    assert load(dump(workflow)).workflow == workflow


def test_defaults() -> None:
    loop = only_task("{for: {in: .a}, do: []}")
    assert isinstance(loop, ForTask)
    assert (loop.for_.each, loop.for_.at, loop.while_) == ("item", "index", None)
    fork = only_task("{fork: {branches: []}}")
    assert isinstance(fork, ForkTask)
    assert fork.fork.compete is False
    guard = only_task("{try: [], catch: {}}")
    assert isinstance(guard, TryTask)
    assert (guard.catch.as_, guard.catch.errors, guard.catch.do) == ("error", None, None)


def test_names_of_attributes() -> None:
    choice = only_task("{if: .a, switch: [{x: {when: .b, then: end}}]}")
    assert isinstance(choice, SwitchTask)
    assert (choice.if_, choice.switch[0].name, choice.switch[0].case.when) == (".a", "x", ".b")
    wait = only_task("{wait: {seconds: 30}}")
    assert isinstance(wait, WaitTask)
    assert wait.wait == Duration(seconds=30)
    fault = only_task("{raise: {error: {type: 'https://x/y', status: 404}}}")
    assert isinstance(fault, RaiseTask)
    assert fault.raise_.error == ErrorDefinition(type="https://x/y", status=404)


def test_http_arguments() -> None:
    call = only_task("{call: http, with: {method: get, endpoint: {uri: 'https://x/{id}'}}}")
    assert isinstance(call, CallTask)
    assert call.http is not None
    assert call.http.endpoint == Endpoint(uri="https://x/{id}")
    assert (call.http.output, call.http.redirect) == ("content", False)
    function = only_task("{call: 'https://example.com/f.yaml', with: {message: hi}}")
    assert isinstance(function, CallTask)
    assert (function.http, function.arguments, function.with_) == (None, None, {"message": "hi"})


def test_models_can_be_built_in_python() -> None:
    task = DoTask(do=(NamedTask(name="a", task=SetTask(set={"x": 1})),), if_=".b", then=None)
    assert task.model_dump(by_alias=True, exclude_unset=True) == {
        "do": ({"a": {"set": {"x": 1}}},), "if": ".b", "then": None
    }  # fmt: skip
    with pytest.raises(ValidationError):
        task.if_ = ".c"  # type: ignore[misc]  # frozen


def test_python_names_are_not_names_of_documents() -> None:
    problems = find_problems(f"{HEAD}do: [{{t: {{set: {{a: 1}}, if_: .a}}}}, {{u: {{name: x, task: {{}}}}}}]")
    assert [problem.code for problem in problems] == ["unknown-property", "unknown-task"]


def test_the_description_becomes_the_summary() -> None:
    document = load(HEAD.replace("version", "description: d, version") + "do: []")
    assert document.workflow.document.summary == "d"
    assert document.raw["document"] == {
        "dsl": "1.0.3", "namespace": "a", "name": "b", "summary": "d", "version": "0.1.0"
    }  # fmt: skip
    assert [warning.code for warning in document.warnings] == ["deprecated-property"]
    both = find_problems(HEAD.replace("version", "description: d, summary: s, version") + "do: []")
    assert [problem.code for problem in both] == ["unknown-property"]
