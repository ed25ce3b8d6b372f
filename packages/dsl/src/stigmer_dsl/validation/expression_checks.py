"""Checks of runtime expressions without running them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stigmer_dsl.checker import BatchChecker, ExpressionChecker
from stigmer_dsl.expressions import FORBIDDEN, Expression, LexicalError, Token, UnclosedExpression, split_text, tokenize
from stigmer_dsl.expressions.names import forbidden_in, variables_in
from stigmer_dsl.validation.findings import Findings, did_you_mean, listing
from stigmer_dsl.validation.jq_advice import jq_advice
from stigmer_dsl.validation.sites import ARGUMENTS, Site

_CONDITIONS = frozenset({"if", "when", "exceptWhen", "while", "until"})
_BARE_HINT = "Write bare jq, such as `.status == 200`, or put the whole of it in one `${ }`."


@dataclass(frozen=True, slots=True)
class Uncompiled:
    """An expression in which nothing is wrong but what a compiler would find; `variables` are those in scope."""

    source: str
    variables: frozenset[str]
    pointer: str


def compile_expressions(expressions: Sequence[Uncompiled], checker: ExpressionChecker, findings: Findings) -> None:
    """Report every expression that does not compile."""
    if isinstance(checker, BatchChecker):
        checker.prepare((expression.source, expression.variables) for expression in expressions)
    for expression in expressions:
        reason = checker.check(expression.source, expression.variables)
        if reason is not None:
            what = f"This is not jq: {reason}"
            findings.add("invalid-expression", expression.pointer, what, jq_advice(expression.source, reason))


def check_expression(site: Site, secrets: frozenset[str], findings: Findings) -> Iterator[Uncompiled]:
    """Check every expression of a site, and yield those worth compiling; `secrets` are the declared names."""
    try:
        segments = split_text(site.text)
    except UnclosedExpression as error:
        if not (site.bare and not site.text.lstrip().startswith("${")):
            findings.add(
                "unclosed-expression",
                site.pointer,
                str(error)[:1].upper() + str(error)[1:],
                "Close it with `}`; write `$${` for a literal `${`.",
            )
            return
        segments = ()
    expressions = [segment for segment in segments if isinstance(segment, Expression)]
    if site.bare:
        whole = len(segments) == 1 and len(expressions) == 1
        sources = [expressions[0].source if whole else site.text.strip()]
    else:
        sources = [expression.source for expression in expressions]
    for source in sources:
        if _check_source(source, site, secrets, findings):
            yield Uncompiled(source, ARGUMENTS | site.local, site.pointer)


def _check_source(source: str, site: Site, secrets: frozenset[str], findings: Findings) -> bool:
    """Whether the source is worth compiling."""
    if not source:
        findings.add("empty-expression", site.pointer, "The expression is empty", "Write `.` for the whole input.")
        return False
    try:
        tokens = tokenize(source)
    except LexicalError as error:
        hint = _BARE_HINT if site.bare and "${" in source else "See the jq manual for the syntax."
        findings.add("invalid-expression", site.pointer, f"This is not jq: {error}", hint)
        return False
    refused, used = forbidden_in(tokens), variables_in(tokens)
    for name in refused:
        findings.add(
            "forbidden-function",
            site.pointer,
            f"`{name}` is not allowed in a workflow: {FORBIDDEN[name]}",
            _instead(name),
        )
    known = ARGUMENTS | site.local
    unknown = sorted(used - known)
    for name in unknown:
        hint = did_you_mean(name, sorted(known)) or f"Known here: {listing(sorted(known))}."
        findings.add("unknown-variable", site.pointer, f"The variable `{name}` does not exist here", hint)
    for name in sorted(used & site.unset - site.local):
        findings.add("unset-variable", site.pointer, f"`{name}` is always null here", _unset_hint(name))
    _check_secrets(tokens, site, secrets, findings)
    assigns = any(token.kind == "operator" and token.text == "=" for token in tokens)
    if assigns and site.bare and site.pointer.rpartition("/")[2] in _CONDITIONS:
        message = "This condition assigns a value, and compares nothing"
        findings.add("assignment-in-condition", site.pointer, message, "Compare with `==`.")
    return not refused and not unknown


def _check_secrets(tokens: tuple[Token, ...], site: Site, secrets: frozenset[str], findings: Findings) -> None:
    for name in _secrets_read(tokens):
        if name not in secrets:
            hint = did_you_mean(name, sorted(secrets)) or f"Add `{name}` to `use.secrets`."
            findings.add("undeclared-secret", site.pointer, f"`use.secrets` does not list `{name}`", hint)


def _secrets_read(tokens: tuple[Token, ...]) -> Iterator[str]:
    """Yield the names in `$secrets.NAME` and `$secrets["NAME"]`, with or without a dot before the bracket."""
    for index, token in enumerate(tokens):
        if token.kind != "variable" or token.text[1:].strip() != "secrets":
            continue
        texts = [following.text for following in tokens[index + 1 : index + 7]]
        if tokens[index + 1 : index + 2] and tokens[index + 1].kind == "field":
            yield texts[0][1:]
            continue
        bracket = texts[1:] if texts[:1] == ["."] else texts
        if bracket[:2] == ["[", '"'] and bracket[3:5] == ['"', "]"]:
            yield bracket[2]


def _instead(name: str) -> str:
    if name in {"env", "$ENV"}:
        return "Pass the value as workflow input, or as a secret: `$secrets.NAME`."
    if name in {"input", "inputs"}:
        return "Use `.` or `$input` for the data."
    return "Remove it."


def _unset_hint(name: str) -> str:
    if name == "$output":
        return "It is set in `export.as` only; elsewhere the output is `.`."
    return "It is set in tasks only."
