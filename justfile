# One word for each job; `just` alone lists them. Tools come from the workspace's environment.
export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")
set positional-arguments := true

# `uv run` says which uv it is; it need not be on the PATH.
uv := env("UV", "uv")

hand_written := "packages/dsl packages/converter packages/engine packages/callback packages/ports packages/runner packages/server gen/stigmer_proto_json scripts tests examples conftest.py"

# List the recipes
default:
    @just --list --unsorted

# Install everything the workspace needs into .venv
setup:
    {{ uv }} sync --quiet --all-packages

# Regenerate gen/stigmer_proto from proto/
gen:
    python scripts/contract.py gen

# Fail when gen/stigmer_proto is not what proto/ generates
gen-check:
    python scripts/contract.py gen-check

# Check style, format, protos, and who may import whom
lint:
    ruff check
    ruff format --check
    python scripts/contract.py lint
    lint-imports --verbose

# Check the types of all hand-written code
types:
    mypy {{ hand_written }}

# Run the tests, several files at a time (`-n 0`: one after the other); arguments go to pytest
test *arguments:
    pytest -n auto --dist loadfile --no-loadscope-reorder "$@"

# Run the tests of the live page in a real Chromium, which must be installed; arguments go to pytest
test-page *arguments:
    pytest packages/server/tests -m browser "$@"

# Run the long proofs that have a short form among the tests: all cases replayed step by step, losses, restarts
test-extended *arguments:
    STIGMER_ALL_CASES=1 pytest --timeout 3600 tests/contract/test_conformance_temporal_replayed.py
    pytest -n auto --dist loadfile --no-loadscope-reorder --timeout 3600 -m extended "$@"

# Run the tests of several servers on one PostgreSQL, on a server of their own or the one at STIGMER_TEST_POSTGRES_URL
test-postgres *arguments:
    pytest packages/server/tests/postgres packages/server/tests/test_server_postgres.py -m "not browser" "$@"

# Run the built runner in each mode, through each door, and stop it in mid-run; arguments go to pytest
test-modes *arguments:
    pytest tests/contract/test_modes.py "$@"

# Call a runner from a service in Go, and Go from its documents; needs Go and downloads its modules
test-go:
    python -m scripts.go_caller

# Look for breaking changes of the contract against a branch of this repository
breaking branch="main":
    python scripts/contract.py breaking --branch {{ branch }}

# Look for breaking changes of the contract since its last release
breaking-released:
    python scripts/contract.py breaking

# Make the present contract the released one
release-contract *arguments:
    python scripts/contract.py release "$@"

# Run a workflow document: just run FILE [--input JSON] ...
run *arguments:
    @stigmer run "$@"

# Run the examples that need real processes: a platform, an order that outlives its runner, an approval by an event
demo:
    @python -m examples.parcel.demo
    @python -m examples.order.demo
    @python -m examples.approval.demo

# Start the runner: gRPC on GRPC_PORT, status and events on HTTP_PORT
serve *arguments:
    @stigmer serve "$@"

# Measure, as ratios against hand-written equivalents
bench *arguments:
    python -m scripts.bench "$@"

# Measure the Temporal runtime against workflows written by hand, on a real dev server
bench-temporal *arguments:
    python -m scripts.bench_temporal "$@"

# Load on the embedded Stigmer service, and a check that no subscriber misses anything
load-server *arguments:
    python -m scripts.load "$@"

# Break documents and expressions by chance, and keep what finds a defect: just fuzz --documents 100000 --seed 2
fuzz *arguments:
    python -m scripts.fuzz "$@"

# One execution of 100,000 calls, and what its histories hold: just long-run --steps 1000, just long-run --kind set
long-run *arguments:
    python -m scripts.long_run "$@"

# Record histories to which changes of the interpreter are held; those that are missing, or by name
record-histories *arguments:
    python -m scripts.histories "$@"

# Kill workers at random moments, and check that nothing came of it: just kills --kills 50 --seed 1
kills *arguments:
    python -m scripts.kills "$@"

# Build every package and import it alone, with its own dependencies only
alone:
    python scripts/alone.py

# Everything that must hold before a change lands
ci: setup _unrun
    {{ uv }} run just test
    just _real-processes
    just bench --quick

# Mostly one processor's work each
[parallel]
_unrun: gen-check lint types breaking-released

# The demonstrations wait for processes and timers, while packages are built
[parallel]
_real-processes: alone demo
