"""The control flow as one HTML page: the picture, to be dragged and zoomed; nothing is loaded from anywhere."""

from html import escape
from importlib.resources import files

from stigmer_dsl.graph.svg import svg_element
from stigmer_dsl.models.workflow import Workflow

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def html(workflow: Workflow) -> str:
    """Return the page; the same workflow gives the same text."""
    head = workflow.document
    title = escape(f"{head.namespace}/{head.name} {head.version}")
    summary = escape(head.summary or head.title or "")
    parts = files("stigmer_dsl.graph") / "page"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{(parts / 'page.css').read_text('utf-8')}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1><p>{summary}</p>"
        '<nav><button id="in" title="Zoom in (+)">+</button><button id="out" title="Zoom out (-)">−</button>'
        '<button id="fit" title="Whole picture (0)">fit</button>'
        '<button id="theme" title="Light or dark">◐</button></nav></header>\n'
        f'<main id="stage">\n{svg_element(workflow)}\n</main>\n'
        f"<script>\n{(parts / 'page.js').read_text('utf-8')}</script>\n</body>\n</html>\n"
    )
