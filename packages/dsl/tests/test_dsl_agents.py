"""`call: agent`: shapes, places and hints."""

import pytest
from stigmer_dsl import find_problems, load
from stigmer_dsl.models import CallTask
from stigmer_dsl.models.agent_arguments import AgentArguments, AgentSettings

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"
WITH = "/do/0/t/with"


def agent(arguments: str) -> str:
    return f"{HEAD}do:\n  - t: {{call: agent, with: {arguments}}}\n"


def config(content: str) -> str:
    return agent(f"{{agent: a, message: m, config: {content}}}")


# text, code, pointer, a part of the message
REFUSED: list[tuple[str, str, str, str]] = [
    (f"{HEAD}do:\n  - t: {{call: agent}}", "missing-property", "/do/0/t", "`with`"),
    (agent("{message: m}"), "missing-property", WITH, "`agent`"),
    (agent("{agent: a}"), "missing-property", WITH, "`message`"),
    (agent("{agent: '', message: m}"), "empty-collection", f"{WITH}/agent", ""),
    (agent("{agent: 5, message: m}"), "wrong-type", f"{WITH}/agent", "Text"),
    (agent("{agent: " + "a" * 64 + ", message: m}"), "out-of-range", f"{WITH}/agent", "63 characters"),
    (agent("{agent: a, message: ''}"), "empty-collection", f"{WITH}/message", ""),
    (agent("{agent: a, message: {a: b}}"), "wrong-type", f"{WITH}/message", "Text"),
    (agent("{agent: a, message: m, scope: world}"), "unknown-value", f"{WITH}/scope", ""),
    (agent("{agent: a, message: m, env: [A]}"), "wrong-type", f"{WITH}/env", ""),
    (agent("{agent: a, message: m, env: {A: 1}}"), "wrong-type", f"{WITH}/env/A", "Text"),
    (agent("{agent: a, message: m, prompt: p}"), "unknown-property", f"{WITH}/prompt", ""),
    (agent("{agent: a, message: m, envs: {}}"), "unknown-property", f"{WITH}/envs", ""),
    (agent("{agent: a, message: '${ $nope }'}"), "unknown-variable", f"{WITH}/message", ""),
    (config("[]"), "wrong-type", f"{WITH}/config", ""),
    (config("{model: ''}"), "empty-collection", f"{WITH}/config/model", ""),
    (config("{timeout: 0}"), "out-of-range", f"{WITH}/config/timeout", "at least 1"),
    (config("{timeout: 3601}"), "out-of-range", f"{WITH}/config/timeout", "at most 3600"),
    (config("{timeout: PT5M}"), "wrong-type", f"{WITH}/config/timeout", ""),
    (config("{temperature: 1.1}"), "out-of-range", f"{WITH}/config/temperature", "from 0 to 1"),
    (config("{temperature: '0.5'}"), "wrong-type", f"{WITH}/config/temperature", "A number"),
    (config("{temperature: true}"), "wrong-type", f"{WITH}/config/temperature", "A number"),
    (config("{maxTokens: 5}"), "unknown-property", f"{WITH}/config/maxTokens", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "pointer", "message"), REFUSED)
def test_what_is_wrong_is_named_with_its_place(text: str, code: str, pointer: str, message: str) -> None:
    problems = find_problems(text)
    assert [(problem.code, problem.pointer) for problem in problems] == [(code, pointer)]
    assert message in problems[0].message
    assert problems[0].line is not None


def test_all_arguments_are_there_by_their_names() -> None:
    text = agent(
        "{agent: helper, message: 'on ${ .a }', scope: organization, env: {A: '${ .b }'}, "
        "config: {model: large, timeout: 3600, temperature: 0.2}}"
    )
    task = load(text).workflow.do[0].task
    assert isinstance(task, CallTask)
    assert task.arguments == AgentArguments(
        agent="helper",
        message="on ${ .a }",
        scope="organization",
        env={"A": "${ .b }"},
        config=AgentSettings(model="large", timeout=3600, temperature=0.2),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "{agent: a, message: m}",
        "{agent: '${ .the_agent_of_the_customer_whose_order_it_is_or_else_the_general_one }', message: '${ . }'}",
        "{agent: a, message: m, env: '${ .variables }', config: {temperature: '${ .t }'}}",
        "{agent: a, message: m, config: {temperature: 1}}",
    ],
)
def test_good_arguments(arguments: str) -> None:
    assert find_problems(agent(arguments)) == ()
