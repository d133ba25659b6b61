"""The variables that a log may name: those that every NGINX we run has, whatever it is built with.

An unknown name makes NGINX refuse the whole configuration.  Facts only, each asked of the real NGINX in a
test; names that Painless defines are in ``features.log_format``.
"""

HTTP = frozenset(
    """
args binary_remote_addr body_bytes_sent bytes_sent connection connection_requests connection_time
content_length content_type document_root document_uri gzip_ratio host hostname http2 https is_args
limit_conn_status limit_req_status msec nginx_version pid pipe proxy_add_x_forwarded_for proxy_host
proxy_port proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port
query_string realpath_root remote_addr remote_port remote_user request request_body request_completion
request_filename request_id request_length request_method request_time request_uri scheme server_addr
server_name server_port server_protocol ssl_alpn_protocol ssl_cipher ssl_ciphers ssl_client_escaped_cert
ssl_client_fingerprint ssl_client_i_dn ssl_client_s_dn ssl_client_serial ssl_client_v_end
ssl_client_v_remain ssl_client_v_start ssl_client_verify ssl_curve ssl_curves ssl_early_data ssl_protocol
ssl_server_name ssl_session_id ssl_session_reused status tcpinfo_rcv_space tcpinfo_rtt tcpinfo_rttvar
tcpinfo_snd_cwnd time_iso8601 time_local upstream_addr upstream_bytes_received upstream_bytes_sent
upstream_cache_status upstream_connect_time upstream_header_time upstream_response_length
upstream_response_time upstream_status uri
""".split()
)

HTTP_OPEN = (
    *("arg_", "cookie_", "http_", "sent_http_", "sent_trailer_"),
    *("upstream_cookie_", "upstream_http_", "upstream_trailer_"),
)
"""What names may begin with: a header, a cookie or an argument of the query follows."""

STREAM = frozenset(
    """
binary_remote_addr bytes_received bytes_sent connection hostname limit_conn_status msec nginx_version pid
protocol proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port
remote_addr remote_port server_addr server_port session_time status time_iso8601 time_local upstream_addr
upstream_bytes_received upstream_bytes_sent upstream_connect_time upstream_first_byte_time
upstream_session_time
""".split()
)

WITHOUT_REALIP = {"realip_remote_addr": "remote_addr", "realip_remote_port": "remote_port"}
"""Variables of the realip modules, and what they come to in an NGINX without: nothing replaces an address."""
