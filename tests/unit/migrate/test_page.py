"""The page is one file that runs nothing of a user's, whatever users have written."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from painless.migrate import page, terminal
from painless.migrate.markup import text
from painless.migrate.report import Judged, Report, Standing, Step, Surprise, Told, Verdict
from painless.model.objects import ObjectRef

NASTIES = (
    "<script>alert(1)</script>",
    "</pre></details><img src=x onerror=alert(1)>",
    "\" onclick='alert(1)' x=\"",
    "&lt;b&gt;&#60;b>",
    "`code` and `more",
    "a`<b>`c",
    "]]><!--",
    "</style><style>*{display:none}",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31mred",
    "javascript:alert(1)",
)


class Outline(HTMLParser):
    """Notes the tags and attributes of a page, without their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[object] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.seen.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    found.close()
    return found


def report(word: str, short: str = "x") -> Report:
    """Return a report that has ``word`` wherever a user's text may stand."""
    ref = ObjectRef("Ingress", word, word)
    verdicts = tuple(Verdict(word, one, (word,), word, word, (word,)) for one in Standing)
    judged = Judged(ref, (word,), Standing.CLOSED, verdicts, (Surprise(word, word, word),), word, (0,))
    return Report(
        source=word,
        controller=word,
        standing=Standing.CLOSED,
        ingresses=(judged,),
        config=verdicts,
        flags=verdicts,
        values=verdicts,
        findings=(Told(word, (word,), word),),
        others=(ref,),
        texts=(word,),
        notes=(word,),
        general=((word, word),),
        steps=(Step(word, (word,), word, (short, word)),),
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NASTIES) | st.text(min_size=1, max_size=40))
def test_text_of_users_makes_no_tag(word):
    """Whatever it is, the page has the tags that it has for a plain word; backticks only mark code."""
    plain = word.replace("`", "")
    expected, seen = (
        [one for one in outline(page.rendered(report(it))).seen if one not in (("code", ()), "code")]
        for it in ("x", word)
    )
    assert expected == seen
    assert text(plain) == "" or all(one.isprintable() for one in outline(text(plain)).words)


def test_nothing_is_loaded_and_nothing_of_others_runs():
    """One style sheet and one script, both known to the policy by their content; no address of anything."""
    html = page.rendered(report("x"))
    styles, scripts = (re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("style", "script"))
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (*styles, *scripts)]
    assert (1, 1) == (len(styles), len(scripts))
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    style, script = (f"'sha256-{one}'" for one in hashes)
    expected = f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'"
    assert [expected] == policy
    assert [] == re.findall(r"\b(?:src|action|srcset|data)=|url\(|@import|https?://|href=\"[^#]", html)


def test_links_inside_the_page_lead_somewhere():
    """To sections, and to shared blocks."""
    html = page.rendered(report("x"))
    names = set(re.findall(r'\bid="?([\w-]+)', html))
    assert set() == set(re.findall(r'href="#([\w-]+)"', html)) - names


def test_the_page_is_whole_without_its_script():
    """What the script shows is only the filter, and what it hides it hides itself."""
    html = page.rendered(report("x"))
    assert ["filter"] == re.findall(r"<\w+ id=(\w+) hidden", html)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(NASTIES) | st.text(min_size=1, max_size=40))
def test_a_terminal_is_given_no_codes_of_users(word):
    """Nobody's annotation moves the cursor of whoever reads about it."""
    console = Console(width=100, color_system=None)
    with console.capture() as shown:
        for part in terminal.rendered(report(word)):
            console.print(part)
    assert set() == {one for one in shown.get() if not one.isprintable()} - {"\n"}
