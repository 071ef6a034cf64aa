"""The API as a page for people: made from the schema, without scripts, and with nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

HOW = """JSON in and out, with the cookie that the studio's link gives, or for programs the same token as a cookie.
Requests that change something need an Origin header that names this address."""


def page(schema: Mapping[str, Any]) -> str:
    """schema: OpenAPI 3.1 -> HTML."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{escape(schema['info']['title'])}: API</title>",
        "<link rel=stylesheet href=/api/style.css>",
        f"<h1>{escape(schema['info']['title'])}: API</h1>",
        f"<p>{HOW} <a href=/api/openapi.json>The schema</a>.</p>",
    ]
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2>")
            parts.append(f"<p>{escape(call.get('description') or call.get('summary', ''))}</p>")
            rows = list(_inputs(call))
            answer = call.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
            if answer.get("schema"):
                rows.append(("answer", _kind(answer["schema"])))
            if rows:
                parts.append("<dl>")
                parts += [f"<dt>{escape(name)}</dt><dd>{kind}</dd>" for name, kind in rows]
                parts.append("</dl>")
    parts.append("<h1>Messages</h1>")
    for name, message in schema.get("components", {}).get("schemas", {}).items():
        parts.append(f'<h2 id="{escape(name)}"><code>{escape(name)}</code></h2>')
        parts.append(f"<p>{escape(message.get('description', ''))}</p><dl>")
        needed = message.get("required", [])
        for field, kind in message.get("properties", {}).items():
            parts.append(f"<dt>{escape(field)}{'' if field in needed else '?'}</dt><dd>{_kind(kind)}</dd>")
        parts.append("</dl>")
    return "\n".join(parts)


STYLE = """:root { color-scheme: light dark; }
body { font: 0.95rem/1.45 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1rem; margin: 1.6rem 0 0.2rem; }
p { margin: 0.2rem 0; white-space: pre-line; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0.2rem 0; }
dt { font-family: ui-monospace, monospace; }
dd { margin: 0; }
"""


def _inputs(call: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in call.get("parameters", []):
        yield parameter["name"], _kind(parameter["schema"])
    for content in call.get("requestBody", {}).get("content", {}).values():
        yield "body", _kind(content["schema"])


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in a few words; names of messages are links."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(escape(str(value)) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        inner = schema.get("items")
        return f"list of {_kind(inner)}" if inner else "list"
    limits = {
        "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below",
        "maxLength": "at most so long:",
    }  # fmt: skip
    said = [f"{words} {schema[name]}" for name, words in limits.items() if name in schema]
    return escape(" ".join([str(schema.get("type", "anything")), *([f"({', '.join(said)})"] if said else [])]))
