"""Snippets are read as NGINX reads them, and what is printed of them is what was read."""

import itertools
from pathlib import Path

import pytest
from tests.properties.hostile import NASTIES, strings
from tests.unit.nginx.real import says

from painless.annotations.snippet import Around, Read, read_snippet
from painless.annotations.snippet_policy import CLOSING, DECIDING, ELSEWHERE, Author
from painless.annotations.variables import READABLE, is_ours
from painless.nginx.catalog import CATALOG, check
from painless.nginx.printer import printed
from painless.nginx.reader import read, shape, shape_of
from painless.nginx.tree import block

ON_SOCKET = "listen unix:{folder}/s;"


def tenants(text: str, context: str = "location") -> Read:
    return read_snippet(text, Around(Author.TENANT, context))


def operators(text: str, context: str = "http") -> Read:
    return read_snippet(text, Around(Author.OPERATOR, context))


COMMON = (
    'add_header X-Frame-Options "SAMEORIGIN" always;',
    "add_header 'Content-Security-Policy' \"default-src 'self'; img-src *\" always;",
    "proxy_set_header X-Forwarded-Proto https; proxy_set_header Upgrade $http_upgrade;",
    "if ($request_method = 'OPTIONS') { add_header 'Access-Control-Max-Age' 1728000; return 204; }",
    'if ($http_user_agent ~* "(?<kind>bot|spider)\\b") { return 403 "$kind"; }',
    "if ($arg_x){return 302 https://$host$request_uri;}",
    "set $a \"${arg_a}b$1\"; if ($a != '') { set $a c; }",
    "rewrite ^/(?<first>[a-z]+)/(.*)$ /$first/v2/$2?x=1 last;",
    "rewrite (?i)^/old$ https://new.example/ permanent;",
    "limit_except GET POST { deny all; }",
    "proxy_cache_bypass $http_upgrade $cookie_nocache; expires max; etag off;",
    "proxy_cookie_path ~^/a/(.+)$ /$1; proxy_redirect ~^http://([^/]+)/(.*)$ https://$1/$2;",
    "client_max_body_size 50m; proxy_buffers 4 256k; proxy_read_timeout 3600;",
    "types { text/x a b; } default_type text/plain; charset utf-8;",
    "error_page 500 502 503 = /broken.html; proxy_intercept_errors on;",
    "allow 10.0.0.0/8; deny all; satisfy any;",
    "# a comment ; } {\nadd_header X a#b; # and more",
    'return 200 "{\\"a\\": \\"b\\"}";',
)
"""As people write them into ``configuration-snippet``."""

ALONE = (
    "location = /x { return 200 ok; }",
    "location ~ ^/y/(?<rest>.+)$ { proxy_pass http://10.1.2.3:8080/z/$rest; }",
    "location ^~ /z { location /z/a { deny all; } location ~ \\.php$ { return 404; } }",
    "location =/w { expires -1; } location ~*\\.(gif|png)$ { expires 1d; }",
    "location @named { return 418; } error_page 404 = @named;",
)
"""As people write them into ``server-snippet``."""

OPERATORS = (
    'map $http_a $b { default ""; ~^x(?<y>.)$ "$y;z"; \\~a 1; hostnames; volatile; }',
    "geo $g { ranges; default 0; 10.0.0.0-10.0.0.9 1; }",
    'split_clients "$remote_addr" $s { 0.5% a; * ""; }',
    "limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s; limit_req zone=a burst=5 nodelay;",
    "proxy_cache_path {folder}/c levels=1:2 keys_zone=c:1m; proxy_cache c;",
    'log_format own escape=json \'{"a":"$remote_addr"}\';',
    "upstream u { server 127.0.0.1:9; keepalive 8; }",
    "server { listen unix:{folder}/o; server_name ~^(?<n>.+)\\.x$; location / { root /srv/$n; } }",
)


@pytest.mark.parametrize("text", COMMON)
def test_what_people_write_is_taken(text: str, tmp_path: Path):
    """Nothing of it is lost, it reads back as it was written, and NGINX takes it."""
    found = tenants(text)
    assert ((), False) == (found.problems, found.closed)
    assert (
        shape(read(text))
        == shape(read(printed((block("location", "/", body=found.snippet.tree),)).text))[0][1]
    )
    inner = printed(found.snippet.tree).text.replace("${dollar}", "$")
    assert "" == says(_within(f"server {{ {ON_SOCKET} location / {{ {inner} }} }}", tmp_path), tmp_path)


@pytest.mark.parametrize("text", ALONE)
def test_locations_of_hosts_are_taken(text: str, tmp_path: Path):
    """Likewise, with signs written together or not, and locations within locations."""
    found = tenants(text, "server")
    assert ((), False) == (found.problems, found.closed)
    inner = printed(found.snippet.tree).text
    assert shape(read(inner)) == shape_of(found.snippet.tree)
    assert "" == says(_within(f"server {{ {ON_SOCKET} {inner} }}", tmp_path), tmp_path)


@pytest.mark.parametrize("text", OPERATORS)
def test_what_operators_write_is_taken(text: str, tmp_path: Path):
    """Lists keep the words that mean something in them."""
    text = text.replace("{folder}", str(tmp_path))
    found = operators(text)
    assert ((), False) == (found.problems, found.closed)
    tree = (block("http", body=found.snippet.tree),)
    assert shape(read(text)) == shape(read(printed(tree).text))[0][1]
    inner = printed(found.snippet.tree).text
    assert "" == says(_within(inner, tmp_path), tmp_path)


def _within(text: str, folder: Path) -> str:
    text = text.replace("{folder}", str(folder))
    return f"pid {folder}/pid; events {{}} http {{ {text} }}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("proxy_pass http://127.0.0.1:1;", "this machine"),
        ("proxy_pass http://169.254.169.254/latest;", "this machine"),
        ("proxy_pass http://unix:/run/private.sock;", "expected a URL with an address"),
        ("proxy_pass http://shop.web.80;", "expected a URL with an address"),
        ("proxy_pass $arg_to;", "expected a URL with an address"),
        ("proxy_pass http://10.0.0.1$arg_to;", "expected a URL with an address"),
        ("proxy_pass http://10.0.0.1@127.0.0.1/;", "expected a URL with an address"),
        ("proxy_pass http://[::1]:80/;", "this machine"),
        ("proxy_pass http://[::ffff:127.0.0.1]/;", "this machine"),
        ("set $proxy_upstream_name x;", "has a meaning already"),
        ("set $http_host x;", "has a meaning already"),
        ("set $site_upstream x;", "has a meaning already"),
        ("rewrite ^/(?<upstream>.*)$ /x;", "has a meaning already"),
        ("if ($uri ~ (?<dollar>.)) { break; }", "has a meaning already"),
        ("rewrite ^/( /x;", "expected a regular expression"),
        ("add_header A $;", "begins no variable"),
        ("add_header A ${a;", "begins no variable"),
        ("add_header A $10b$a;", "nobody defines"),
        ("if (-f /etc/passwd) { return 200; }", "expected a condition"),
        ("if ($a = 1 = 2) { return 200; }", "expected a condition"),
        ("limit_req zone=others;", "which nobody defines"),
        ("proxy_cache others;", "which nobody defines"),
        ("access_log off; access_log /x;", "writes files"),
        ("error_log /x debug;", "writes files"),
        ("include /etc/passwd;", "reads files"),
        ("set_by_lua $a 'return 1';", "no Lua"),
        ("return 1 2 3;", "NGINX wants"),
        ("add_header A b { }", "wants none"),
        ("limit_except GET;", "needs a block"),
        ("upstream x { }", "is allowed only in"),
        ("expires 1; expires 2;", "stands there twice"),
    ],
)
def test_what_a_tenant_may_not_say_is_told(text: str, why: str):
    """By its line, and nothing of it is left."""
    found = tenants(f"\n{text}")
    assert (True, True) == (why in found.problems[0], found.problems[0].startswith("line 2: "))
    assert () == check(found.snippet.tree, "location")


@pytest.mark.parametrize(
    "text",
    [
        "daemon off;",
        "worker_processes 5; master_process off;",
        "pid /x;",
        "http { }",
        "events { }",
    ],
)
def test_what_is_ours_is_nobody_elses(text: str):
    """Not even the operator ends how NGINX runs here."""
    assert "Painless itself writes it" in operators(text, "main").problems[0]


@pytest.mark.parametrize("name", sorted({*CLOSING} & {*CATALOG} - {"auth_basic_user_file", "limit_except"}))
def test_what_keeps_somebody_out_closes_when_it_is_lost(name: str):
    """Whatever else the snippet says."""
    assert tenants(f"{name} a b c d e f g h; add_header X y;", "server").closed


@pytest.mark.parametrize("name", sorted(DECIDING & {*CATALOG}))
def test_what_decides_closes_where_something_closes(name: str):
    """A condition that is lost may be the one that closes; without any nothing was closed."""
    lost = f"{name} $nobody_has_it a b c d e;"
    assert [True, name == "return"] == [
        tenants(f"{lost} deny all;", "server").closed,
        tenants(f"{lost} expires 1;", "server").closed,
    ]


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_ingress_nginx_has_is_told_with_what_there_is(name: str):
    """Who migrates reads what to write."""
    assert ELSEWHERE[name] in tenants(f"{name} a;").problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "} server { listen 1;",
        "a {" * 5_000 + "}" * 5_000,
        "if ($a) {" * 500 + "}" * 500,
        "location / {" * 500 + "}" * 500,
        "a\0b;",
        "\ud800;",
        "add_header A " + "x" * 5000 + ";",
        "{}",
        ";;",
        '"',
        "'",
        "\\",
        "#",
        "",
    ],
)
@pytest.mark.parametrize("context", ["location", "server", "http", "main", "stream"])
@pytest.mark.parametrize("author", Author)
def test_no_text_breaks_out(text: str, context: str, author: Author):
    """Whatever is read of it is a tree that NGINX would have at its place."""
    found = read_snippet(text, Around(author, context))
    assert () == check(found.snippet.tree, context)
    assert shape_of(found.snippet.tree) == shape(read(printed(found.snippet.tree).text))


def test_thousands_of_texts_stay_within_their_place():
    """As arguments, as blocks, as conditions, as names of directives."""
    forms = (
        "add_header A %s;",
        "%s",
        "if ($uri = %s) { return 403; }",
        "set $a %s;",
        "location %s { break; }",
    )
    for text, form in zip(strings(3000, seed=5), itertools.cycle(forms), strict=False):
        for context in ("location", "server"):
            found = tenants(form % text, context)
            assert () == check(found.snippet.tree, context)
            inside = (block(context, "/", body=found.snippet.tree),)
            assert shape_of(inside) == shape(read(printed(inside).text))


def test_nasties_as_quoted_words_are_text():
    """A word in quotes is the text in it, but for its variables."""
    for text in NASTIES:
        if "$" not in text and len(text.encode()) < 2000:
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            found = tenants(f'add_header A "{quoted}";')
            assert [("add_header", "A", text)] == [words for words, _ in shape_of(found.snippet.tree)]


def test_what_we_define_is_ours():
    """Every variable that some case shows us define is one that no snippet can."""
    folder = Path(__file__).resolve().parents[2] / "corpus"
    texts = [
        one.read_text(encoding="utf-8")
        for one in sorted(folder.rglob("*.case"))
        if one.parent.name != "features-snippets"
    ]
    sections = [
        text[at : text.find("\n--- ", at + 1)] for text in texts if (at := text.find("--- nginx\n")) >= 0
    ]
    defined: set[str] = set()
    for section in sections:
        nodes = list(read(section.partition("\n")[2]))
        while nodes:
            node = nodes.pop()
            nodes.extend(node.block or ())
            for entry in CATALOG.get(node.name, ()):
                words = [word.text for at, word in enumerate(node.args) if at in entry.names]
                defined.update(word[1:] for word in words if word.startswith("$"))
    assert len(defined) > 20
    assert [] == sorted(one for one in defined if not is_ours(one)), "name them in annotations/variables"
    assert all(is_ours(one) for one in READABLE)
