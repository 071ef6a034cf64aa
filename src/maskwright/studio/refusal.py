"""What somebody sees in place of the page, where the studio does not let them in."""

import base64
import hashlib
from html import escape

_STYLE = "body { font: 1.1rem/1.5 sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem }"
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: Takes the place of the policy that the studio's own pages have: nothing is loaded but the lines above.
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Maskwright studio</title>
<style>{style}</style>
<h1>The studio does not let this page in</h1>
<p>{why}</p>
<p>{todo}</p>
<p><a href="/">Try again</a></p>
</html>
"""

_WHERE = "The link stands where the studio runs, in the terminal; somebody else who runs it can send you yours."
_TODO = {
    401: f"It may have been begun anew with another link, or this browser has never opened its link. {_WHERE}",
    403: _WHERE,
}
_KEPT = "What you did and what was not sent yet is kept in this browser, and sent when the page is open again."


def page(status: int, why: str) -> bytes:
    """A sentence, what to do, and that nothing is lost, as HTML in UTF-8."""
    words = f"{why[:1].upper()}{why[1:]}."
    todo = f"{_TODO[status]} {_KEPT}" if status in _TODO else _KEPT
    return _PAGE.format(style=_STYLE, why=escape(words), todo=escape(todo)).encode()
