"""What a snippet may hold: which directives are never taken, and which keep somebody out.

Facts about directives and what we think of them; how a snippet is read is in ``snippet``.  There are two
authors: a *tenant*, who may say something about his own requests, and the *operator*, who has the machine
anyway and is only kept from what Painless itself writes.
"""

from collections.abc import Mapping
from enum import Enum


class Author(Enum):
    """Who wrote a snippet."""

    TENANT = "tenant"
    OPERATOR = "operator"


def _because(why: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), why)


_OURS: Mapping[str, str] = {
    **_because("Painless itself writes it", "daemon events http master_process pid stream upstream_conf"),
    **_because("NGINX has no such module, and none is loaded at run time", "perl perl_modules perl_require"),
}
"""What nobody's snippet may hold."""

_TENANTS: Mapping[str, str] = {
    **_because(
        "it reads files of this machine",
        """
        root alias include try_files auth_basic_user_file autoindex index gzip_static brotli_static
        ssl_certificate ssl_certificate_key ssl_password_file ssl_dhparam ssl_client_certificate
        ssl_trusted_certificate ssl_crl ssl_stapling_file ssl_session_ticket_key ssl_ech_file ssl_conf_command
        proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_password_file proxy_ssl_trusted_certificate
        proxy_ssl_crl proxy_ssl_conf_command grpc_ssl_certificate grpc_ssl_certificate_key
        grpc_ssl_password_file grpc_ssl_trusted_certificate grpc_ssl_crl grpc_ssl_conf_command quic_host_key
        """,
    ),
    **_because(
        "it writes files of this machine",
        """
        access_log error_log client_body_in_file_only client_body_temp_path proxy_temp_path fastcgi_temp_path
        uwsgi_temp_path scgi_temp_path proxy_store fastcgi_store open_log_file_cache
        """,
    ),
    **_because(
        "it changes the machine or the process",
        """
        load_module env user worker_processes worker_priority worker_rlimit_nofile worker_shutdown_timeout
        thread_pool timer_resolution worker_cpu_affinity aio directio quic_bpf pcre_jit working_directory
        worker_rlimit_core debug_points lock_file
        """,
    ),
    **_because(
        "it changes what others are served",
        "listen server_name resolver pass proxy_bind fastcgi_bind grpc_bind",
    ),
    **_because("it takes memory that all share", "zone"),
    **_because("it shows what others do", "stub_status"),
    **_because(
        "annotations say how TLS is spoken",
        """
        ssl_protocols ssl_ciphers ssl_ecdh_curve ssl_verify_client ssl_verify_depth ssl_session_cache
        ssl_session_tickets ssl_session_timeout ssl_ocsp ssl_ocsp_responder ssl_ocsp_cache ssl_stapling
        ssl_stapling_responder ssl_stapling_verify ssl_early_data ssl_reject_handshake ssl_buffer_size
        ssl_prefer_server_ciphers ssl_certificate_cache ssl_certificate_compression
        """,
    ),
    **_because("the application speaks one protocol, which backend-protocol says", "grpc_pass fastcgi_pass"),
}

ELSEWHERE: Mapping[str, str] = {
    **_because("stock NGINX has add_header, which replaces nothing", "more_set_headers"),
    **_because("proxy_hide_header hides a header of the application", "more_clear_headers"),
    **_because("proxy_set_header replaces headers of requests", "more_set_input_headers"),
    **_because('proxy_set_header with the value "" removes one', "more_clear_input_headers"),
    **_because("stock NGINX has no ModSecurity", "modsecurity modsecurity_rules modsecurity_rules_file"),
    **_because("HTTP/2 push is gone from NGINX", "http2_push http2_push_preload"),
}
"""Directives of modules that ingress-nginx has, and what there is in their place."""

_NO_LUA = "stock NGINX has no Lua"

CLOSING = frozenset(
    """
allow deny auth_basic auth_basic_user_file auth_request auth_jwt auth_digest auth_digest_user_file satisfy
limit_except limit_req limit_conn internal valid_referers secure_link secure_link_md5 secure_link_secret
ssl_verify_client ssl_client_certificate ssl_reject_handshake return proxy_ssl_verify
proxy_ssl_trusted_certificate grpc_ssl_verify grpc_ssl_trusted_certificate modsecurity modsecurity_rules
modsecurity_rules_file
""".split()
)
"""Directives that keep somebody out: without one of them the rest may stand open."""

DECIDING = frozenset({"if", "set", "rewrite", "return", "break", "map", "geo", "location", "server"})
"""Directives that decide whether one that closes comes into effect."""

GUARDS = frozenset({"allow", "deny", "auth_basic", "auth_request", "limit_req", "limit_conn", "satisfy"})
"""Those of them that come after the rewrite phase."""

STAY = frozenset({"auth_basic", "auth_basic_user_file", "auth_request", "grpc_pass", "proxy_pass"})
"""Directives of ours that a snippet does not replace: they answer, or keep somebody out."""

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers of a request that say where it ends: with another value one request becomes two."""


def closes(name: str) -> bool:
    """Whether this directive keeps somebody out."""
    return name in CLOSING or name.startswith(("access_by_lua", "rewrite_by_lua", "content_by_lua"))


def is_lua(name: str) -> bool:
    return "_by_lua" in name or name.startswith("lua_")


_PORTS = frozenset({"listen", "server_name"})
"""What a server of a stream snippet is for, and is looked at there (``stream_snippet``)."""


def refused(name: str, author: Author, context: str) -> str:
    """Return why a directive is not taken from this author, whatever it says; empty when it may be."""
    if context == "stream server" and name in _PORTS:
        return ""
    if is_lua(name):
        return _NO_LUA
    if name.startswith("js_"):
        return "scripts are not run"
    own = _OURS.get(name) or ELSEWHERE.get(name, "")
    return own if author is Author.OPERATOR else own or _TENANTS.get(name, "")
