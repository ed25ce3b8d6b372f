"""A problem as text for people: place, sentence, the line itself with a caret, and the advice."""

from stigmer_dsl.problem import Problem

_WIDEST = 160


def render(problem: Problem, source_text: str) -> str:
    """Return a problem with the line of the source text that it is about.

    The first line is `file:line:column: severity[code]: message`, as editors and continuous integration parse it.
    Long lines are cut around the caret; control characters are replaced, so that a document cannot steer a terminal.
    """
    place = problem.source
    if problem.line is not None:
        place = f"{place}:{problem.line}:{problem.column or 1}"
    lines = [_printable(f"{place}: {problem.severity}[{problem.code}]: {problem.message}")]
    if problem.line is not None:
        lines.extend(_excerpt(problem, source_text))
    if problem.pointer:
        lines.append(_printable(f"  at {problem.pointer}"))
    if problem.hint:
        lines.append(_printable(f"  hint: {problem.hint}"))
    return "\n".join(lines)


def _excerpt(problem: Problem, source_text: str) -> list[str]:
    number = problem.line or 1
    rows = source_text.split("\n")
    if number > len(rows):
        return []
    row = rows[number - 1].rstrip("\r").removeprefix("\ufeff")
    column = min(problem.column or 1, len(row) + 1)
    cut = max(0, column - _WIDEST // 2)
    margin = str(number)
    shown = _printable(row[cut : cut + _WIDEST])
    return [f"  {margin} | {shown}", f"  {' ' * len(margin)} | {' ' * (column - 1 - cut)}^"]


def _printable(text: str) -> str:
    # One replacement a character, so that the caret stays under its column.
    return "".join(character if character.isprintable() else " " if character == "\t" else "?" for character in text)
