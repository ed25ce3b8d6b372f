"""What to write instead, where an expression is of another language than jq."""

import re
from typing import Final

_HABITS: Final = (
    (re.compile(r"&&|\|\||!(?!=)"), "jq writes `and`, `or` and `| not`."),
    (re.compile(r"[!=]=="), "jq compares with `==` and `!=`."),
    (re.compile(r"\?\?"), "jq writes `.a // .b` for the first that is not null or false."),
    (re.compile(r"\?[^/]*:"), "jq writes `if .a then .b else .c end`."),
    (re.compile(r"=>"), "jq has no arrow functions: write `.items | map(.name)`."),
    (re.compile(r"\.\w+\("), "jq pipes into functions: write `.items | length`, `.items | map(.name)`."),
    (re.compile(r"'"), "Text stands in double quotes in jq."),
)
_TEXT: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_UNDEFINED: Final = re.compile(r"(\w+)/0 is not defined")
_SHOWN: Final = 60


def jq_advice(source: str, reason: str) -> str:
    """A sentence for an expression that jq refuses for a reason."""
    undefined = _UNDEFINED.search(reason)
    if undefined is not None:
        name = undefined[1][:_SHOWN]
        return f'Write `.{name}` for a property, or `"{name}"` for text; jq knows no function of that name.'
    outside_text = _TEXT.sub('""', source)
    for habit, advice in _HABITS:
        if habit.search(outside_text):
            return advice
    return "Complete or correct it; `jq` on the command line tries it out."
