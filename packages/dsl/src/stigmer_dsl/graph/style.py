"""The looks of pictures: colours for light and dark, the same for SVG and HTML."""

_LIGHT = {
    "back": "#ffffff", "ink": "#1c2733", "muted": "#5b6b7b", "line": "#6b7c8d", "frame": "#f3f6f9",
    "frame-line": "#c9d3dd", "task": "#e8f1fb", "task-line": "#6c9fd4", "decision": "#fdf3d8",
    "decision-line": "#d1a53a", "loop": "#e9f6ea", "loop-line": "#6fae74", "parallel": "#f0eafa",
    "parallel-line": "#9a7fcb", "error": "#fdeaea", "error-line": "#d07070", "workflow": "#e3f5f5",
    "workflow-line": "#4ea3a3", "terminal": "#e4e8ed", "terminal-line": "#7c8b9a",
}  # fmt: skip
_DARK = {
    "back": "#12181f", "ink": "#e3eaf1", "muted": "#9babbb", "line": "#8796a6", "frame": "#18212a",
    "frame-line": "#33414f", "task": "#1b3148", "task-line": "#4d86c4", "decision": "#3b3216",
    "decision-line": "#b28e33", "loop": "#1c3521", "loop-line": "#5b9a61", "parallel": "#2c2440",
    "parallel-line": "#8a6fc0", "error": "#42201f", "error-line": "#c06464", "workflow": "#143636",
    "workflow-line": "#469494", "terminal": "#27313b", "terminal-line": "#8796a6",
}  # fmt: skip
_SHAPES = ("task", "decision", "loop", "parallel", "error", "workflow", "terminal")
_FONT = "ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono','Liberation Mono',Consolas,monospace"


def style_sheet() -> str:
    """Return the CSS of a picture: it follows the reader's system, or `data-theme` on the root of the page."""
    rules = [
        f"svg.flow{{{_variables(_LIGHT)}}}",
        f"@media(prefers-color-scheme:dark){{svg.flow{{{_variables(_DARK)}}}}}",
        f":root[data-theme=light] svg.flow{{{_variables(_LIGHT)}}}",
        f":root[data-theme=dark] svg.flow{{{_variables(_DARK)}}}",
        "svg.flow{background:var(--back)}",
        f"svg.flow text{{font:12px {_FONT};fill:var(--ink);white-space:pre}}",
        "svg.flow .name{font-weight:600}",
        "svg.flow .row,svg.flow .beside{fill:var(--muted)}",
        "svg.flow .frame{fill:var(--frame);stroke:var(--frame-line)}",
        "svg.flow .edge{fill:none;stroke:var(--line);stroke-width:1.4}",
        "svg.flow .dotted{stroke:var(--error-line);stroke-dasharray:5 4}",
        "svg.flow .head{fill:var(--line)}",
        "svg.flow .dotted-head{fill:var(--error-line)}",
        "svg.flow .rule{stroke-width:1;opacity:.5}",
        "svg.flow g.node:hover .shape{stroke-width:2.4}",
    ]
    for shape in _SHAPES:
        rules.append(f"svg.flow .{shape} .shape{{fill:var(--{shape});stroke:var(--{shape}-line);stroke-width:1.4}}")
        rules.append(f"svg.flow .{shape} .rule{{stroke:var(--{shape}-line)}}")
    return "".join(rules)


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
