"""`run: shell` and `run: script` with real processes: what they get, and what comes back."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_engine import Engine, EngineConfig, ResourceConfig
from stigmer_engine.calls.config import CallsConfig
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.processes.config import Namespaces
from stigmer_engine.testing.runs import OpenRuns, Runs

HEADER = "document: {dsl: '1.0.3', namespace: tests, name: processes, version: '1.0.0'}\n"


@pytest.fixture(params=["auto", "off"])
async def runs(request: pytest.FixtureRequest, open_runs: OpenRuns) -> AsyncIterator[Runs]:
    namespaces: Namespaces = request.param
    processes = ProcessConfig(allow_shell=True, allow_script=True, namespaces=namespaces)
    async with open_runs(EngineConfig(processes=processes)) as opened:
        yield opened


def shell(command: str, rest: str = "") -> str:
    return f"do: [{{a: {{run: {{shell: {{command: {json.dumps(command)}}}{rest}}}}}}}]"


@pytest.mark.parametrize(
    ("returned", "output"),
    [
        ("stdout", "out\n"),
        ("stderr", "err\n"),
        ("code", 0),
        ("all", {"code": 0, "stdout": "out\n", "stderr": "err\n"}),
        ("none", {"given": 1}),
    ],
)
async def test_return_says_what_comes_back(runs: Runs, returned: str, output: object) -> None:
    text = shell("echo out; echo err >&2", f", return: {returned}")
    assert await runs.output(text, {"given": 1}) == output


async def test_standard_output_is_what_comes_back_when_nothing_is_said(runs: Runs) -> None:
    assert await runs.output(shell("printf 'no line end'")) == "no line end"


@pytest.mark.parametrize("returned", ["stdout", "stderr", "none"])
async def test_an_exit_code_that_nobody_asked_for_is_a_fault(runs: Runs, returned: str) -> None:
    text = shell("echo broken >&2; exit 3", f", return: {returned}")
    assert await runs.error(text) == ("runtime", 500, "The process failed: exit code 3: broken")


@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("nosuchcommand", 127)])
async def test_an_exit_code_that_is_asked_for_is_data(runs: Runs, command: str, code: int) -> None:
    assert await runs.output(shell(command, ", return: code")) == code
    everything = await runs.output(shell(command, ", return: all"))
    assert isinstance(everything, dict)
    assert everything["code"] == code


async def test_arguments_are_positional_parameters_that_no_shell_reads(runs: Runs) -> None:
    text = """
do:
  - a:
      run:
        shell:
          command: 'printf "%s|" "$0" "$@"'
          arguments: ['a b', '$(exit 9)', '${ .n }', '${ .o }']
"""
    assert await runs.output(text, {"n": 5, "o": {"k": [None]}}) == 'sh|a b|$(exit 9)|5|{"k":[null]}|'


async def test_the_command_is_text_with_expressions(runs: Runs) -> None:
    assert await runs.output(shell("echo ${ .who } $${HOME#$HOME}x"), {"who": "me"}) == "me x\n"


@pytest.mark.parametrize(
    ("stdin", "received"), [("plain", "plain"), ("${ .text }", "ä\n"), ("${ . }", '{"text":"ä\\n"}')]
)
async def test_standard_input(runs: Runs, stdin: str, received: str) -> None:
    text = f"do: [{{a: {{run: {{shell: {{command: cat, stdin: {json.dumps(stdin)}}}}}}}}}]"
    assert await runs.output(text, {"text": "ä\n"}) == received


async def test_without_standard_input_there_is_its_end(runs: Runs) -> None:
    assert await runs.output(shell("cat; echo end")) == "end\n"


async def test_a_process_need_not_read_its_input(runs: Runs) -> None:
    text = "do: [{a: {run: {shell: {command: 'echo deaf', stdin: '${ .text }'}}}}]"
    assert await runs.output(text, {"text": "x" * 1_000_000}) == "deaf\n"


async def test_large_input_and_output_go_through(runs: Runs) -> None:
    text = "do: [{a: {run: {shell: {command: cat, stdin: '${ .text }'}}}}]"
    assert await runs.output(text, {"text": "0123456789" * 90_000}) == "0123456789" * 90_000


async def test_output_that_is_not_utf_8_is_replaced(runs: Runs) -> None:
    assert await runs.output(shell(r"printf '\377x'")) == "�x"


async def test_the_environment_is_what_the_task_declares(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "key-of-the-runner")
    text = """
do:
  - a:
      run:
        shell:
          command: env
          environment: {PLAIN: text, NUMBER: '${ .n }', MISSING: '${ .missing }', PATH: /bin:/usr/bin}
"""
    output = await runs.output(text, {"n": 1.5})
    variables = dict(line.split("=", 1) for line in str(output).splitlines())
    home = variables.pop("HOME")
    assert variables.pop("TMPDIR") == variables.pop("PWD") == home
    assert variables.pop("_", "") in ("", "/usr/bin/env", "/bin/env")
    assert variables == {"PLAIN": "text", "NUMBER": "1.5", "PATH": "/bin:/usr/bin", "LANG": "C.UTF-8"}


async def test_the_working_directory_is_fresh_and_goes_away(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    command = f"pwd; ls -A; mkdir -p deep/er; echo x > deep/er/file; ln -s {tmp_path} link; chmod 000 deep"
    first, second = [Path(str(await runs.output(shell(command))).rstrip("\n")) for _ in range(2)]
    assert first != second
    assert not first.parent.exists()
    assert not second.parent.exists()
    assert (tmp_path / "kept").exists()


async def test_a_python_script_gets_its_arguments_in_a_list_or_a_map(runs: Runs) -> None:
    template = """
do:
  - a:
      run:
        script:
          language: python
          code: |
            import json, os, sys
            print(json.dumps([sys.argv[1:], sys.stdin.read(), os.environ["WHO"], os.listdir(), sys.flags.isolated]))
          stdin: in
          environment: {WHO: me}
          arguments: ARGUMENTS
"""
    listed = await runs.output(template.replace("ARGUMENTS", "[x, '${ .n }']"), {"n": 1})
    assert json.loads(str(listed)) == [["x", "1"], "in", "me", [], 1]
    mapped = await runs.output(template.replace("ARGUMENTS", "{b: x, a: '${ .n }', flag: null}"), {"n": 1})
    assert json.loads(str(mapped)) == [["b=x", "a=1", "flag"], "in", "me", [], 1]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
@pytest.mark.parametrize("language", ["js", "javascript"])
async def test_a_js_script_is_a_module(runs: Runs, language: str) -> None:
    text = f"""
do:
  - a:
      run:
        script:
          language: {language}
          code: |
            import {{ readFileSync }} from 'node:fs'
            const text = await Promise.resolve(readFileSync(0, 'utf8'))
            console.log([text, process.argv[2], process.env.WHO].join())
          stdin: in
          environment: {{WHO: me}}
          arguments: [x]
"""
    assert await runs.output(text) == "in,x,me\n"


async def test_a_script_that_raises_is_a_fault_that_says_so(runs: Runs) -> None:
    text = "do: [{a: {run: {script: {language: python, code: 'raise ValueError(\"no good\")'}}}}]"
    kind, status, sentence = await runs.error(text)
    assert (kind, status) == ("runtime", 500)
    assert sentence.startswith("The process failed: exit code 1: ")
    assert sentence.endswith("ValueError: no good")


async def test_a_script_from_elsewhere_is_fetched_and_not_evaluated(open_runs: OpenRuns, tmp_path: Path) -> None:
    (tmp_path / "greet.py").write_text("import sys\nprint('${ .n }', sys.argv[1])\n")
    config = EngineConfig(
        processes=ProcessConfig(allow_script=True), calls=CallsConfig(resources=ResourceConfig(folders=(tmp_path,)))
    )
    source = f"file://{tmp_path}/${{ .name }}.py"
    text = f"""
do: [{{a: {{run: {{script: {{language: python, source: {{endpoint: '{source}'}}, arguments: ['${{ .n }}']}}}}}}}}]
"""
    async with open_runs(config) as runs:
        assert await runs.output(text, {"name": "greet", "n": 7}) == "${ .n } 7\n"
        kind, _, _ = await runs.error(text, {"name": "other", "n": 7})
        assert kind == "authorization"


async def test_secrets_are_filled_in_at_the_last_moment_and_taken_out_again(runs: Runs) -> None:
    text = """
use: {secrets: [token]}
do:
  - a:
      run:
        shell:
          command: |
            test "$TOKEN" = hunter-2-hunter || exit 8
            printf "%s %s %s" "$TOKEN" "$1" "$(cat)"
            echo "$TOKEN" >&2
            exit "$2"
          stdin: '${ $secrets.token }'
          arguments: ['${ "<\\($secrets.token)>" }', '${ .code }']
          environment: {TOKEN: '${ $secrets.token }'}
"""
    secrets = {"token": "hunter-2-hunter"}
    output = str(await runs.output(text, {"code": "0"}, secrets=secrets))
    placeholder, in_argument, from_input = output.split(" ")
    assert placeholder.startswith("[secret:")
    assert (in_argument, from_input) == (f"<{placeholder}>", placeholder)
    result = await runs.result(text, {"code": "4"}, secrets=secrets)
    assert result.error is not None
    assert result.error.detail == "exit code 4: [secret:token]"
    runs.assert_kept("hunter-2-hunter")


@pytest.mark.parametrize(
    ("process", "sentence"),
    [
        ("{command: 'echo $1', arguments: [\"a\\0b\"]}", "A process cannot be given text with a NUL character"),
        ("{command: 'env', environment: {'A=B': x}}", "A variable of the process has no usable name: 'A=B'"),
    ],
)
async def test_what_no_process_can_be_given_is_refused(runs: Runs, process: str, sentence: str) -> None:
    kind, status, said = await runs.error(f"do: [{{a: {{run: {{shell: {process}}}}}}}]")
    assert (kind, status, said) == ("configuration", 400, sentence)


async def test_too_long_an_argument_is_a_fault(runs: Runs) -> None:
    text = "do: [{a: {run: {shell: {command: 'true', arguments: ['${ .text }']}}}}]"
    error = await runs.error(text, {"text": "x" * 3_000_000})
    assert error == ("runtime", 500, "The process cannot be started: Argument list too long")


async def test_a_drained_run_starts_each_process_once(runs: Runs, tmp_path: Path) -> None:
    log = tmp_path / "log"
    text = f"""
do:
  - a: {{run: {{shell: {{command: 'echo a >> {log}; echo one'}}}}}}
  - b: {{run: {{shell: {{command: 'echo b >> {log}; cat', stdin: '${{ . }}'}}, return: all}}}}
"""
    assert await runs.output(text, drained=True) == {"code": 0, "stdout": "one\n", "stderr": ""}
    assert log.read_text() == "a\nb\n"


@pytest.mark.parametrize(
    ("config", "run", "code", "pointer", "hint"),
    [
        (ProcessConfig(), "{shell: {command: ls}}", "process-not-allowed", "shell", "--allow-shell"),
        (ProcessConfig(allow_script=True), "{shell: {command: ls}}", "process-not-allowed", "shell", "ALLOW_SHELL"),
        (
            ProcessConfig(allow_shell=True),
            "{script: {language: python, code: x}}",
            "process-not-allowed",
            "script",
            "ALLOW_SCRIPT",
        ),
        (
            ProcessConfig(allow_script=True),
            "{script: {language: ruby, code: x}}",
            "unsupported-construct",
            "script/language",
            "`python` or `js`",
        ),
        (
            ProcessConfig(allow_script=True, node=None),
            "{script: {language: js, code: x}}",
            "unsupported-construct",
            "script/language",
            "Node.js",
        ),
        (
            ProcessConfig(allow_script=True, allow_shell=True),
            "{container: {image: busybox}}",
            "unsupported-construct",
            "container",
            "",
        ),
    ],
)
async def test_what_is_not_allowed_is_refused_at_load(
    config: ProcessConfig, run: str, code: str, pointer: str, hint: str
) -> None:
    async with Engine(EngineConfig(processes=config)) as engine:
        with pytest.raises(InvalidDocument) as refused:
            engine.load(f"{HEADER}do: [{{outer: {{do: [{{a: {{run: {run}}}}}]}}}}]")
    [problem] = refused.value.problems
    assert (problem.code, problem.pointer) == (code, f"/do/0/outer/do/0/a/run/{pointer}")
    assert hint in problem.hint
