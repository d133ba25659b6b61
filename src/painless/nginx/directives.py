"""The facts of the catalog: one line for each directive, as NGINX 1.31.3 has it.

A line is: name, contexts, number of arguments, marks.  ``catalog`` reads and explains these; here is only
what is true of NGINX.  The tests ask a real one about each line, except of modules that the embedded build
lacks; those lines, and all versions, are what its authors knew, and unchecked.

Contexts, one letter each: ``m`` main, ``e`` events, ``h`` http, ``s`` server, ``l`` location, ``i`` if in a
server, ``f`` if in a location, ``x`` limit_except, ``u`` upstream; ``H``, ``S``, ``U`` the same of stream;
``M`` map, ``G`` geo, ``C`` split_clients, ``T`` types, ``O`` otel_exporter.

Marks: ``block``; ``many`` when NGINX accepts it twice in one block; ``$`` with the arguments in which
variables are expanded (``$*`` all, ``$1+`` from the second on); ``=`` those that name a variable to define;
the version that brought it, when that is newer than 1.20.
"""

_CORE = """
daemon                            m                1
master_process                    m                1
pid                               m                1
user                              m                1-2
worker_processes                  m                1
worker_priority                   m                1
worker_rlimit_nofile              m                1
worker_shutdown_timeout           m                1
env                               m                1    many
error_log                         mhslHS           1+   many
include                           mehslifxuHSUMGT  1    many
load_module                       m                1    many
thread_pool                       m                2-3  many
timer_resolution                  m                1
worker_cpu_affinity               m                1+
events                            m                0    block
worker_connections                e                1
multi_accept                      e                1
use                               e                1
accept_mutex                      e                1
debug_connection                  e                1    many
http                              m                0    block
ssl_object_cache_inheritable      m                1    1.27.4
"""

_HTTP = """
server                            hH               0    block many
server                            uU               1+   many
location                          sl               1-2  block many
listen                            sS               1+   many
server_name                       sS               1+   many
types                             hsl              0    block many
default_type                      hsl              1
internal                          l                0
root                              hslf             1    $*
alias                             l                1    $*
index                             hsl              1+   many $*
try_files                         sl               2+   $*
error_page                        hslf             2+   many $*
satisfy                           hsl              1
limit_except                      l                1+   block
limit_rate                        hslf             1    $*
limit_rate_after                  hslf             1    $*
client_body_buffer_size           hsl              1
client_body_timeout               hsl              1
client_body_temp_path             hsl              1-4
client_body_in_file_only          hsl              1
client_body_in_single_buffer      hsl              1
client_header_buffer_size         hs               1
client_header_timeout             hs               1
client_max_body_size              hsl              1
large_client_header_buffers       hs               2
keepalive_timeout                 hsl              1-2
keepalive_timeout                 u                1
keepalive_requests                hslu             1
keepalive_time                    hslu             1
keepalive_disable                 hsl              1-2  many
keepalive_min_timeout             hsl              1    1.27.4
lingering_close                   hsl              1
lingering_time                    hsl              1
lingering_timeout                 hsl              1
reset_timedout_connection         hsl              1
send_timeout                      hsl              1
sendfile                          hslf             1
sendfile_max_chunk                hsl              1
tcp_nopush                        hsl              1
tcp_nodelay                       hslHS            1
aio                               hsl              1
aio_write                         hsl              1
directio                          hsl              1
output_buffers                    hsl              2
open_file_cache                   hsl              1-2
open_file_cache_valid             hsl              1
open_file_cache_min_uses          hsl              1
open_file_cache_errors            hsl              1
chunked_transfer_encoding         hsl              1
etag                              hsl              1
if_modified_since                 hsl              1
ignore_invalid_headers            hs               1
underscores_in_headers            hs               1
log_not_found                     hsl              1
log_subrequest                    hsl              1
max_ranges                        hsl              1
merge_slashes                     hs               1
port_in_redirect                  hsl              1
absolute_redirect                 hsl              1
server_name_in_redirect           hsl              1
server_tokens                     hsl              1
server_names_hash_bucket_size     hH               1
server_names_hash_max_size        hH               1
types_hash_bucket_size            hsl              1
types_hash_max_size               hsl              1
variables_hash_bucket_size        hH               1
variables_hash_max_size           hH               1
request_pool_size                 hs               1
subrequest_output_buffer_size     hsl              1
resolver                          hsluHSU          1+
resolver_timeout                  hsluHSU          1
recursive_error_pages             hsl              1
auth_delay                        hsl              1
disable_symlinks                  hsl              1-2  $1
early_hints                       hsl              1+   many $* 1.29.0
max_headers                       hs               1
autoindex                         hsl              1
autoindex_format                  hsl              1
charset                           hslf             1    =0
"""

_REWRITE = """
if                                sl               1+   block many $*
break                             slif             0    many
return                            slif             1-2  many $*
return                            S                1    many $*
rewrite                           slif             2-3  many $1
rewrite_log                       hslif            1
set                               slifS            2    many $1 =0
"""

_UPSTREAM = """
upstream                          hH               1    block many
zone                              uU               1-2  many
hash                              uU               1-2  many $0
ip_hash                           u                0    many
least_conn                        uU               0    many
least_time                        uU               1-2
random                            uU               0-2  many
keepalive                         u                1-2
sticky                            u                2+   $2+ 1.29.6
"""

_PROXY = """
proxy_pass                        lfxS             1    $*
proxy_redirect                    hsl              1-2  many $*
proxy_cookie_domain               hsl              1-2  many $*
proxy_cookie_path                 hsl              1-2  many $*
proxy_cookie_flags                hsl              1-4  many $*
proxy_store                       hsl              1    $*
proxy_buffering                   hsl              1
proxy_request_buffering           hsl              1
proxy_ignore_client_abort         hsl              1
proxy_bind                        hslHS            1-2  $*
proxy_socket_keepalive            hslHS            1
proxy_connect_timeout             hslHS            1
proxy_send_timeout                hsl              1
proxy_intercept_errors            hsl              1
proxy_set_header                  hsl              2    many $1
proxy_headers_hash_max_size       hsl              1
proxy_headers_hash_bucket_size    hsl              1
proxy_set_body                    hsl              1    $*
proxy_method                      hsl              1    $*
proxy_pass_request_headers        hsl              1
proxy_pass_request_body           hsl              1
proxy_pass_trailers               hsl              1    1.27.2
proxy_buffer_size                 hslHS            1
proxy_read_timeout                hsl              1
proxy_buffers                     hsl              2
proxy_busy_buffers_size           hsl              1
proxy_force_ranges                hsl              1
proxy_limit_rate                  hsl              1    $*
proxy_cache                       hsl              1    $*
proxy_cache_key                   hsl              1    $*
proxy_cache_path                  h                2+   many
proxy_cache_bypass                hsl              1+   many $*
proxy_no_cache                    hsl              1+   many $*
proxy_cache_valid                 hsl              1+   many
proxy_cache_min_uses              hsl              1
proxy_cache_max_range_offset      hsl              1
proxy_cache_use_stale             hsl              1+   many
proxy_cache_methods               hsl              1+   many
proxy_cache_lock                  hsl              1
proxy_cache_lock_timeout          hsl              1
proxy_cache_lock_age              hsl              1
proxy_cache_revalidate            hsl              1
proxy_cache_convert_head          hsl              1
proxy_cache_background_update     hsl              1
proxy_temp_path                   hsl              1-4
proxy_max_temp_file_size          hsl              1
proxy_temp_file_write_size        hsl              1
proxy_next_upstream               hsl              1+   many
proxy_next_upstream               HS               1
proxy_next_upstream_tries         hslHS            1
proxy_next_upstream_timeout       hslHS            1
proxy_pass_header                 hsl              1    many
proxy_hide_header                 hsl              1    many
proxy_ignore_headers              hsl              1+   many
proxy_http_version                hsl              1
"""

_GRPC = """
grpc_pass                         lf               1    $*
grpc_bind                         hsl              1-2  $*
grpc_socket_keepalive             hsl              1
grpc_connect_timeout              hsl              1
grpc_send_timeout                 hsl              1
grpc_intercept_errors             hsl              1
grpc_set_header                   hsl              2    many $1
grpc_buffer_size                  hsl              1
grpc_read_timeout                 hsl              1
grpc_next_upstream                hsl              1+   many
grpc_next_upstream_tries          hsl              1
grpc_next_upstream_timeout        hsl              1
grpc_pass_header                  hsl              1    many
grpc_hide_header                  hsl              1    many
grpc_ignore_headers               hsl              1+   many
"""

_FASTCGI = """
fastcgi_pass                      lf               1    $*
fastcgi_index                     hsl              1
fastcgi_split_path_info           hsl              1    many
fastcgi_store                     hsl              1    $*
fastcgi_buffering                 hsl              1
fastcgi_request_buffering         hsl              1
fastcgi_ignore_client_abort       hsl              1
fastcgi_bind                      hsl              1-2  $*
fastcgi_socket_keepalive          hsl              1
fastcgi_connect_timeout           hsl              1
fastcgi_send_timeout              hsl              1
fastcgi_buffer_size               hsl              1
fastcgi_pass_request_headers      hsl              1
fastcgi_pass_request_body         hsl              1
fastcgi_intercept_errors          hsl              1
fastcgi_read_timeout              hsl              1
fastcgi_buffers                   hsl              2
fastcgi_busy_buffers_size         hsl              1
fastcgi_force_ranges              hsl              1
fastcgi_limit_rate                hsl              1    $*
fastcgi_cache                     hsl              1    $*
fastcgi_cache_key                 hsl              1    $*
fastcgi_cache_path                h                2+   many
fastcgi_cache_bypass              hsl              1+   many $*
fastcgi_no_cache                  hsl              1+   many $*
fastcgi_cache_valid               hsl              1+   many
fastcgi_temp_path                 hsl              1-4
fastcgi_max_temp_file_size        hsl              1
fastcgi_temp_file_write_size      hsl              1
fastcgi_next_upstream             hsl              1+   many
fastcgi_next_upstream_tries       hsl              1
fastcgi_next_upstream_timeout     hsl              1
fastcgi_param                     hsl              2-3  many $1
fastcgi_pass_header               hsl              1    many
fastcgi_hide_header               hsl              1    many
fastcgi_ignore_headers            hsl              1+   many
fastcgi_catch_stderr              hsl              1    many
fastcgi_keep_conn                 hsl              1
"""

# Never used, but NGINX makes their folders at each start, so they are told where.
_UWSGI_SCGI = """
uwsgi_temp_path                   hsl              1-4
scgi_temp_path                    hsl              1-4
"""

_SSL = """
ssl_certificate                   hs               1    many $*
ssl_certificate_key               hs               1    many $*
ssl_certificate_cache             hs               1-3  1.27.4
ssl_certificate_compression       hs               1    1.29.1
ssl_password_file                 hs               1
ssl_dhparam                       hs               1
ssl_ecdh_curve                    hs               1
ssl_protocols                     hs               1+   many
ssl_ciphers                       hs               1
ssl_buffer_size                   hs               1
ssl_verify_client                 hs               1
ssl_verify_depth                  hs               1
ssl_client_certificate            hs               1
ssl_trusted_certificate           hs               1
ssl_prefer_server_ciphers         hs               1
ssl_session_cache                 hs               1-2  many
ssl_session_tickets               hs               1
ssl_session_ticket_key            hs               1    many
ssl_session_timeout               hs               1
ssl_crl                           hs               1
ssl_ocsp                          hs               1
ssl_ocsp_responder                hs               1
ssl_ocsp_cache                    hs               1
ssl_stapling                      hs               1
ssl_stapling_file                 hs               1
ssl_stapling_responder            hs               1
ssl_stapling_verify               hs               1
ssl_early_data                    hs               1
ssl_conf_command                  hs               2    many
ssl_reject_handshake              hs               1
ssl_ech_file                      hs               1    many 1.29.4
proxy_ssl_session_reuse           hsl              1
proxy_ssl_protocols               hsl              1+   many
proxy_ssl_ciphers                 hsl              1
proxy_ssl_name                    hsl              1    $*
proxy_ssl_server_name             hsl              1
proxy_ssl_verify                  hsl              1
proxy_ssl_verify_depth            hsl              1
proxy_ssl_trusted_certificate     hsl              1
proxy_ssl_crl                     hsl              1
proxy_ssl_certificate             hsl              1    $*
proxy_ssl_certificate_key         hsl              1    $*
proxy_ssl_certificate_cache       hsl              1-3  1.27.4
proxy_ssl_password_file           hsl              1
proxy_ssl_conf_command            hsl              2    many
grpc_ssl_session_reuse            hsl              1
grpc_ssl_protocols                hsl              1+   many
grpc_ssl_ciphers                  hsl              1
grpc_ssl_name                     hsl              1    $*
grpc_ssl_server_name              hsl              1
grpc_ssl_verify                   hsl              1
grpc_ssl_verify_depth             hsl              1
grpc_ssl_trusted_certificate      hsl              1
grpc_ssl_crl                      hsl              1
grpc_ssl_certificate              hsl              1    $*
grpc_ssl_certificate_key          hsl              1    $*
grpc_ssl_certificate_cache        hsl              1-3  1.27.4
grpc_ssl_password_file            hsl              1
grpc_ssl_conf_command             hsl              2    many
"""

_LOOKUPS = """
map                               hH               2    block many $0 =1
map_hash_max_size                 hH               1
map_hash_bucket_size              hH               1
geo                               hH               1-2  block many =0+
split_clients                     hH               2    block many $0 =1
(entry)                           M                2    many $1
(entry)                           GC               2    many
(entry)                           T                2+   many
default                           M                1    $0
default                           G                1    many
hostnames                         M                0    many
volatile                          M                0    many
volatile                          G                0    many 1.29.3
ranges                            G                0    many
delete                            G                1    many
proxy                             G                1    many
proxy_recursive                   G                0    many
"""

_FILTERS = """
allow                             hslxHS           1    many
deny                              hslxHS           1    many
auth_basic                        hslx             1    $*
auth_basic_user_file              hslx             1    $*
limit_req_zone                    h                3    many $0
limit_req                         hsl              1-3  many
limit_req_log_level               hsl              1
limit_req_status                  hsl              1
limit_req_dry_run                 hsl              1
limit_conn_zone                   hH               2    many $0
limit_conn                        hslHS            2    many
limit_conn_log_level              hslHS            1
limit_conn_status                 hsl              1
limit_conn_dry_run                hslHS            1
add_header                        hslf             2-3  many $1
add_header_inherit                hslf             1    1.29.3
add_trailer                       hslf             2-3  many $1
add_trailer_inherit               hslf             1    1.29.3
expires                           hslf             1-2  $*
log_format                        hH               2+   many $1+
access_log                        hslfxHS          1+   many $0,2+
open_log_file_cache               hslHS            1-4
gzip                              hslf             1
gzip_buffers                      hsl              2
gzip_types                        hsl              1+   many
gzip_comp_level                   hsl              1
gzip_min_length                   hsl              1
gzip_vary                         hsl              1
gzip_http_version                 hsl              1
gzip_proxied                      hsl              1+   many
gzip_disable                      hsl              1+   many
mirror                            hsl              1    many
mirror_request_body               hsl              1
pass                              S                1    $* 1.25.5
"""

_AUTH_REQUEST = """
auth_request                      hsl              1
auth_request_set                  hsl              2    many $1 =0
"""

_REALIP = """
set_real_ip_from                  hsl              1    many
real_ip_header                    hsl              1
real_ip_recursive                 hsl              1
"""

_HTTP2 = """
http2                             hs               1    1.25.1
http2_max_concurrent_streams      hs               1
http2_recv_buffer_size            h                1
http2_body_preread_size           hs               1
http2_chunk_size                  hsl              1
"""

_HTTP3 = """
http3                             hs               1    1.25.0
http3_hq                          hs               1    1.25.0
http3_max_concurrent_streams      hs               1    1.25.0
http3_stream_buffer_size          hs               1    1.25.0
quic_retry                        hs               1    1.25.0
quic_gso                          hs               1    1.25.0
quic_host_key                     hs               1    1.25.0
quic_active_connection_id_limit   hs               1    1.25.0
quic_bpf                          m                1    1.25.0
"""

_STUB_STATUS = """
stub_status                       sl               0-1
"""

_GUNZIP = """
gunzip                            hsl              1
gunzip_buffers                    hsl              2
"""

_GZIP_STATIC = """
gzip_static                       hsl              1
"""

_SUB = """
sub_filter                        hsl              2    many $*
sub_filter_types                  hsl              1+   many
sub_filter_once                   hsl              1
sub_filter_last_modified          hsl              1
"""

_OTEL = """
otel_exporter                     h                0    block
endpoint                          O                1
interval                          O                1
batch_size                        O                1
batch_count                       O                1
header                            O                2    many
trusted_certificate               O                1
otel_service_name                 h                1
otel_resource_attr                h                2    many
otel_trace                        hsl              1    $0
otel_trace_context                hsl              1
otel_span_name                    hsl              1    $0
otel_span_attr                    hsl              2    many $1
"""

_BROTLI = """
brotli                            hslf             1
brotli_static                     hsl              1
brotli_comp_level                 hsl              1
brotli_window                     hsl              1
brotli_min_length                 hsl              1
brotli_buffers                    hsl              2
brotli_types                      hsl              1+   many
"""

_STREAM = """
stream                            m                0    block
preread_buffer_size               HS               1
preread_timeout                   HS               1
proxy_protocol_timeout            HS               1
proxy_timeout                     HS               1
proxy_upload_rate                 HS               1    $*
proxy_download_rate               HS               1    $*
proxy_requests                    HS               1
proxy_responses                   HS               1
proxy_protocol                    HS               1
proxy_half_close                  HS               1    1.21.4
"""

_STREAM_SSL = """
ssl_certificate                   HS               1    many $*
ssl_certificate_key               HS               1    many $*
ssl_certificate_cache             HS               1-3  1.27.4
ssl_certificate_compression       HS               1    1.29.1
ssl_password_file                 HS               1
ssl_dhparam                       HS               1
ssl_ecdh_curve                    HS               1
ssl_protocols                     HS               1+   many
ssl_ciphers                       HS               1
ssl_verify_client                 HS               1
ssl_verify_depth                  HS               1
ssl_client_certificate            HS               1
ssl_trusted_certificate           HS               1
ssl_prefer_server_ciphers         HS               1
ssl_session_cache                 HS               1-2  many
ssl_session_tickets               HS               1
ssl_session_ticket_key            HS               1    many
ssl_session_timeout               HS               1
ssl_crl                           HS               1
ssl_ocsp                          HS               1
ssl_ocsp_responder                HS               1
ssl_ocsp_cache                    HS               1
ssl_stapling                      HS               1
ssl_stapling_file                 HS               1
ssl_stapling_responder            HS               1
ssl_stapling_verify               HS               1
ssl_conf_command                  HS               2    many
ssl_reject_handshake              HS               1
ssl_ech_file                      HS               1    many 1.29.4
ssl_alpn                          HS               1+   1.21.4
ssl_handshake_timeout             HS               1
proxy_ssl_session_reuse           HS               1
proxy_ssl_protocols               HS               1+   many
proxy_ssl_ciphers                 HS               1
proxy_ssl_name                    HS               1    $*
proxy_ssl_server_name             HS               1
proxy_ssl_verify                  HS               1
proxy_ssl_verify_depth            HS               1
proxy_ssl_trusted_certificate     HS               1
proxy_ssl_crl                     HS               1
proxy_ssl_certificate             HS               1    $*
proxy_ssl_certificate_key         HS               1    $*
proxy_ssl_certificate_cache       HS               1-3  1.27.4
proxy_ssl_password_file           HS               1
proxy_ssl_conf_command            HS               2    many
proxy_ssl                         HS               1
"""

_STREAM_SSL_PREREAD = """
ssl_preread                       HS               1
"""

_STREAM_REALIP = """
set_real_ip_from                  HS               1    many
"""

TABLES = (
    ("", _CORE),
    ("", _HTTP),
    ("", _REWRITE),
    ("", _UPSTREAM),
    ("", _PROXY),
    ("http_v2_module", _GRPC),
    ("", _FASTCGI),
    ("", _UWSGI_SCGI),
    ("http_ssl_module", _SSL),
    ("", _LOOKUPS),
    ("", _FILTERS),
    ("http_auth_request_module", _AUTH_REQUEST),
    ("http_realip_module", _REALIP),
    ("http_v2_module", _HTTP2),
    ("http_v3_module", _HTTP3),
    ("http_stub_status_module", _STUB_STATUS),
    ("http_gunzip_module", _GUNZIP),
    ("http_gzip_static_module", _GZIP_STATIC),
    ("http_sub_module", _SUB),
    ("ngx_otel_module", _OTEL),
    ("ngx_brotli", _BROTLI),
    ("stream", _STREAM),
    ("stream_ssl_module", _STREAM_SSL),
    ("stream_ssl_preread_module", _STREAM_SSL_PREREAD),
    ("stream_realip_module", _STREAM_REALIP),
)
"""Each with the option of NGINX's build or the module it needs; empty when every build has it."""
