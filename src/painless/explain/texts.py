"""What each directive does, in a sentence: the table that ``about`` reads.

A directive begins a line, with NGINX's own default behind a bar if it has one.  Below it, indented, are the
keys that set it beside one of its own name, behind a colon, and what it does.  ``grpc_`` and ``fastcgi_`` are
``proxy_`` where they have no line.
"""

_MAIN = """
accept_mutex | off
    Workers take turns to accept connections.
daemon | on
    NGINX goes into the background.
debug_connection
    : debug-connections
    Connections from this address are logged in every detail.
env | TZ
    A variable of the environment that workers keep.
error_log | logs/error.log error
    : error-log-level, error-log-path, enable-syslog, syslog-host, syslog-port
    Where NGINX writes what goes wrong, and from which level on.
events
    How a worker handles its connections.
http
    Everything about HTTP.
include
    Reads another file here.
load_module
    : enable-opentelemetry, enable-brotli
    A module that is not built in.
master_process | on
    NGINX starts workers.
multi_accept | off
    : enable-multi-accept
    A worker takes all waiting connections at once, not one at a time.
pid | logs/nginx.pid
    The file with the number of the master process.
ssl_object_cache_inheritable | on
    A reload keeps certificates that have not changed.
stream
    Everything that is passed on unread: TCP, UDP, TLS.
thread_pool | default
    Threads for reading and writing files.
timer_resolution
    How often a worker reads the clock.
use | epoll
    How a worker hears of events.
user | nobody
    The user that workers are.
worker_connections | 512
    : max-worker-connections
    Connections that one worker may have open, those to applications among them.
worker_cpu_affinity
    Which CPUs each worker runs on.
worker_priority | 0
    The priority of workers for the scheduler.
worker_processes | 1
    How many workers take connections.
worker_rlimit_nofile
    : max-worker-open-files
    Files, sockets among them, that one worker may have open.
worker_shutdown_timeout
    How long an old worker goes on with its connections after a reload.
"""

_SERVERS = """
absolute_redirect | on
    : relative-redirects
    Redirects have the whole URL, not only the path.
alias
    A folder of files for this path.
default_type | text/plain
    : default-type
    The type of answers whose type nobody knows.
error_page
    : custom-http-errors, default-backend, auth-signin
    What answers in place of a status.
hostnames
    Keys of the map may be wildcard hosts.
index | index.html
    The file of a folder.
internal
    No client can ask for this place.
listen | 80
    : bind-address, bind-address-ipv4, bind-address-ipv6, disable-ipv6, reuse-port,
    : use-proxy-protocol
    An address and a port where connections are accepted.
location
    : use-regex, rewrite-target
    Which paths these directives are about.
map_hash_bucket_size | 64
    Room for one name in the tables of maps.
map_hash_max_size | 2048
    The size of the tables of maps.
merge_slashes | on
    Several slashes in a path count as one.
port_in_redirect | on
    Redirects that NGINX makes name the port.
root | html
    The folder that files are served from.
satisfy | all
    Whether a client has to pass all doors or any one of them.
server
    The hosts that these directives are about; in an upstream, an address of it.
server_name | ""
    : server-alias, from-to-www-redirect
    The hosts that this server answers for.
server_name_in_redirect | off
    Redirects that NGINX makes name the server, not the host that was asked.
server_names_hash_bucket_size | 64
    : server-name-hash-bucket-size
    Room for one name in the table of hosts.
server_names_hash_max_size | 512
    : server-name-hash-max-size
    The size of the table of hosts.
server_tokens | on
    Answers and error pages name NGINX's version.
try_files
    Files to look for; the last word is what happens when there is none.
types
    The types of files by their ending.
types_hash_bucket_size | 64
    Room for one name in the table of types.
types_hash_max_size | 1024
    The size of the table of types.
variables_hash_bucket_size | 64
    Room for one name in the table of variables.
variables_hash_max_size | 1024
    The size of the table of variables.
"""

_DECIDING = """
break
    Nothing more is rewritten here.
default
    What the lookup comes to when no line fits.
geo
    : limit-allowlist, block-cidrs
    Looks a value up by the client's address.
if
    : ssl-redirect, force-ssl-redirect, canary, app-root, enable-cors, server-snippet,
    : configuration-snippet
    These directives count for requests of which the condition holds.
map
    Looks one variable up by another.
proxy
    Whose X-Forwarded-For counts in this lookup.
proxy_recursive
    The last address that is not ours counts in this lookup.
ranges
    The lookup is by ranges of addresses.
return
    : ssl-redirect, force-ssl-redirect, permanent-redirect, temporal-redirect, app-root,
    : from-to-www-redirect, denylist-source-range, block-user-agents, block-referers, block-cidrs
    Answers at once, with a status or a redirect.
rewrite
    : rewrite-target
    Replaces the path before the application is asked.
rewrite_log | off
    : enable-rewrite-log
    What rewrites do is written to the error log.
set
    Gives a variable a value.
split_clients
    : canary-weight, canary-weight-total, upstream-hash-by-subset
    Deals requests into parts by chance.
volatile
    The lookup is made anew each time.
"""

_CLIENTS = """
chunked_transfer_encoding | on
    Answers of unknown length go out in pieces.
client_body_buffer_size | 8k or 16k
    Bytes of a body that are kept in memory; more goes to a file.
client_body_in_file_only | off
    Bodies are always written to files.
client_body_in_single_buffer | off
    A body is kept in one piece of memory.
client_body_temp_path | client_body_temp
    Where bodies are written that are too large for memory.
client_body_timeout | 60s
    How long a client may be silent between two pieces of its body.
client_header_buffer_size | 1k
    Memory for the headers of most requests.
client_header_timeout | 60s
    How long a client has to send its headers.
client_max_body_size | 1m
    : proxy-body-size
    The largest body; 413 answers a larger one, and 0 is no limit.
http2 | off
    : use-http2
    Clients may speak HTTP/2.
http2_body_preread_size | 64k
    Bytes of a body that a client may send before it is asked to.
http2_chunk_size | 8k
    The size of the pieces that answers are sent in.
http2_max_concurrent_streams | 128
    Requests that one connection may have open at a time.
http2_recv_buffer_size | 256k
    Memory for what a worker receives over HTTP/2.
http3 | on
    Clients may speak HTTP/3.
http3_hq | off
    The protocol of interoperability tests is spoken.
http3_max_concurrent_streams | 128
    Requests that one QUIC connection may have open at a time.
http3_stream_buffer_size | 64k
    Memory for one stream of QUIC.
ignore_invalid_headers | on
    Headers with strange names are dropped.
keepalive_disable | msie6
    Browsers whose connections are not kept.
keepalive_min_timeout | 0
    How long an idle connection is kept at least when a worker ends.
keepalive_requests | 1000
    : keep-alive-requests, upstream-keepalive-requests
    Requests of one connection before it is closed.
keepalive_time | 1h
    : upstream-keepalive-time
    How old a connection may become that is used again.
keepalive_timeout | 75s
    : keep-alive, upstream-keepalive-timeout
    How long an idle connection is kept.
large_client_header_buffers | 4 8k
    Memory for long headers: how many, and the longest line; 414 or 400 answers more.
lingering_close | on
    NGINX reads what a client still sends before it closes.
lingering_time | 30s
    How long NGINX reads what nobody wants.
lingering_timeout | 5s
    How long NGINX waits for more of what nobody wants.
max_headers | 1000
    Headers that a request may have.
preread_buffer_size | 16k
    Bytes that are looked at before a connection is passed on.
preread_timeout | 30s
    How long a client has to say which name it asks for.
proxy_headers_hash_bucket_size | 64
    Room for one name in the table of headers.
proxy_headers_hash_max_size | 512
    The size of the table of headers.
proxy_protocol | off
    : use-proxy-protocol
    Connections to the pods begin with a PROXY header.
proxy_protocol_timeout | 30s
    : proxy-protocol-header-timeout
    How long a connection has for its PROXY header.
quic_active_connection_id_limit | 2
    Names that one QUIC connection has at a time.
quic_bpf | off
    Packets of QUIC find their worker by a program in the kernel.
quic_gso | off
    Packets of QUIC are sent many at a time.
quic_host_key
    The key that tokens of QUIC are made with.
quic_retry | off
    Clients of QUIC prove their address first.
real_ip_header | X-Real-IP
    : use-forwarded-headers, use-proxy-protocol, enable-real-ip, forwarded-for-header
    Where the client's address is read.
real_ip_recursive | off
    : use-forwarded-headers, use-proxy-protocol, enable-real-ip
    The last address that is not one of ours is the client's.
reset_timedout_connection | off
    Connections that took too long are reset, which frees their memory at once.
send_timeout | 60s
    How long a client may take nothing of an answer.
set_real_ip_from
    : proxy-real-ip-cidr, use-forwarded-headers, use-proxy-protocol, enable-real-ip
    Who is believed about the client's address.
tcp_nodelay | on
    Small packets are sent at once.
tcp_nopush | off
    Headers and the beginning of a file go out in one packet.
underscores_in_headers | off
    : enable-underscores-in-headers
    Headers may have underscores in their names.
"""

_ACCESS = """
allow
    : allowlist-source-range, nginx-status-ipv4-whitelist, nginx-status-ipv6-whitelist
    Clients from here may enter.
auth_basic | off
    : auth-type, auth-realm, auth-secret
    A name and a password are asked for; 401 answers who has none.
auth_basic_user_file
    : auth-secret, auth-secret-type, auth-type
    The users who may enter, and their passwords, hashed.
auth_delay | 0s
    How long a wrong password waits for its answer.
auth_request | off
    : auth-url, global-auth-url
    A service is asked whether the request may pass: 2xx lets it, 401 and 403 do not.
auth_request_set
    : auth-response-headers, auth-url, global-auth-response-headers, global-auth-url
    Keeps something of what that service answered.
deny
    : denylist-source-range, allowlist-source-range
    Clients from here get 403.
limit_conn
    : limit-connections, painless.dev/max-inflight, painless.dev/max-upgraded
    How many requests may be open at a time; one more is refused.
limit_conn_dry_run | off
    Nothing is refused, only counted.
limit_conn_log_level | error
    The level of the line about who had too many requests open.
limit_conn_status | 503
    : limit-conn-status-code
    What answers requests above limit_conn.
limit_conn_zone
    : limit-connections, limit-conn-zone-variable
    What open requests are counted by.
limit_except
    These directives count for all methods but those named.
limit_rate | 0
    Bytes of an answer in a second; 0 is no limit.
limit_rate_after | 0
    Bytes of an answer that are sent before limit_rate counts.
limit_req
    : limit-rps, limit-rpm, limit-burst-multiplier
    How many requests may come; a burst passes, and more is refused.
limit_req_dry_run | off
    Nothing is refused, only counted.
limit_req_log_level | error
    The level of the line about who came too often.
limit_req_status | 503
    : limit-req-status-code
    What answers requests above limit_req.
limit_req_zone
    : limit-rps, limit-rpm
    What requests are counted by, and the rate.
"""

_TLS = """
ssl_alpn
    Protocols that a TLS connection may be for.
ssl_buffer_size | 16k
    The size of the pieces that answers are encrypted in; smaller ones show sooner.
ssl_certificate
    The certificate that clients are shown.
ssl_certificate_cache | off
    How many certificates of files are kept, and for how long.
ssl_certificate_compression | off
    Certificates are sent compressed.
ssl_certificate_key
    The key of the certificate.
ssl_ciphers | HIGH:!aNULL:!MD5
    How TLS up to version 1.2 may encrypt.
ssl_client_certificate
    : auth-tls-secret
    Who may have signed the certificates of clients; clients are told.
ssl_conf_command
    A setting of OpenSSL.
ssl_crl
    : auth-tls-secret
    Certificates that were revoked.
ssl_dhparam
    : ssl-dh-param
    Parameters for the exchange of keys.
ssl_early_data | off
    A request may come with the first packet of TLS 1.3, and may be sent again by others.
ssl_ecdh_curve | auto
    Curves for the exchange of keys.
ssl_ech_file
    Keys that hide which host a client asks for.
ssl_handshake_timeout | 60s
    How long the handshake may take.
ssl_ocsp | off
    Whether certificates of clients are checked with who issued them.
ssl_ocsp_cache | off
    Where such answers are kept.
ssl_ocsp_responder
    Who is asked about certificates of clients.
ssl_password_file
    Passwords of keys.
ssl_prefer_server_ciphers | off
    The server's order of ciphers counts, not the client's.
ssl_preread | off
    The name that a client asks for is read, and nothing more.
ssl_protocols | TLSv1.2 TLSv1.3
    Versions of TLS that clients may speak.
ssl_reject_handshake | off
    TLS to names that nobody has is refused.
ssl_session_cache | none
    : ssl-session-cache-size
    Where sessions of TLS are kept, so that clients come back faster.
ssl_session_ticket_key
    The key of tickets: all replicas with the same one take each other's.
ssl_session_tickets | on
    Clients keep their session of TLS themselves.
ssl_session_timeout | 5m
    How long a session of TLS may be used again.
ssl_stapling | off
    The answer of who issued the certificate is sent along.
ssl_stapling_file
    The file with that answer.
ssl_stapling_responder
    Who is asked for that answer.
ssl_stapling_verify | off
    That answer is checked.
ssl_trusted_certificate
    Who may have signed certificates; clients are not told.
ssl_verify_client | off
    : auth-tls-verify-client, auth-tls-secret
    Clients are asked for a certificate.
ssl_verify_depth | 1
    : auth-tls-verify-depth
    How long the chain of a client's certificate may be.
"""

_APPLICATION = """
early_hints
    Whether early hints of the application go on to the client.
fastcgi_catch_stderr
    What on the standard error makes an answer a failure.
fastcgi_index
    : fastcgi-index
    The file of a folder, for FastCGI.
fastcgi_keep_conn | off
    Connections to FastCGI are kept.
fastcgi_param
    : fastcgi-params-configmap, backend-protocol
    A parameter that the application gets by FastCGI.
fastcgi_pass
    : backend-protocol
    The application that answers, spoken to in FastCGI.
fastcgi_split_path_info
    Divides the path into the script and the rest.
grpc_pass
    : backend-protocol
    The application that answers, spoken to in gRPC.
hash
    : upstream-hash-by, affinity, affinity-mode
    The pod is chosen by this text: equal ones go to one pod.
header
    A header of requests to the collector.
ip_hash
    The pod is chosen by the client's address.
keepalive | 32
    : upstream-keepalive-connections, auth-keepalive
    Idle connections that a worker keeps to these pods.
least_conn
    : load-balance
    The pod with the fewest open requests is asked.
least_time
    : load-balance
    The pod that answers fastest with the fewest open requests is asked.
mirror | off
    : mirror-target
    A copy of each request goes there; nobody waits for its answer.
mirror_request_body | on
    Copies have the body, too.
proxy_bind
    The address that connections to the application come from.
proxy_buffer_size | 4k or 8k
    : grpc-buffer-size-kb
    Memory for the application's headers; 502 answers larger ones.
proxy_buffering | on
    The answer is taken from the application as fast as it comes, whatever the client's pace.
proxy_buffers | 8 4k or 8k
    : proxy-buffers-number, proxy-buffer-size
    Memory for one answer: how many pieces, and how large.
proxy_busy_buffers_size | 8k or 16k
    How much of that memory may be on its way to the client.
proxy_cache | off
    : auth-cache-key
    Where answers are kept.
proxy_cache_background_update | off
    An old answer is served while a new one is fetched.
proxy_cache_bypass
    Requests that are not answered with what is kept.
proxy_cache_convert_head | on
    HEAD is asked as GET, so that its answer can be kept.
proxy_cache_key | $scheme$proxy_host$request_uri
    : auth-cache-key
    What tells answers that are kept apart.
proxy_cache_lock | off
    Of equal requests only one goes to the application.
proxy_cache_lock_age | 5s
    How long that one has before another goes, too.
proxy_cache_lock_timeout | 5s
    How long the others wait.
proxy_cache_max_range_offset
    From which offset on parts of answers are not kept.
proxy_cache_methods | GET HEAD
    Methods whose answers are kept.
proxy_cache_min_uses | 1
    How often something is asked before it is kept.
proxy_cache_path
    : auth-cache-key
    The folder of answers that are kept, and how much it may have.
proxy_cache_revalidate | off
    The application is asked whether an old answer is still good.
proxy_cache_use_stale | off
    When an old answer is better than none.
proxy_cache_valid
    : auth-cache-duration, auth-cache-key
    How long answers are kept, by status.
proxy_connect_timeout | 60s
    How long a connection to the application may take to come about.
proxy_cookie_domain | off
    Replaces the domain of the application's cookies.
proxy_cookie_flags | off
    Replaces flags of the application's cookies.
proxy_cookie_path | off
    Replaces the path of the application's cookies.
proxy_download_rate | 0
    Bytes in a second from the pods; 0 is no limit.
proxy_force_ranges | off
    Parts of an answer may be asked for, whatever the application says.
proxy_half_close | off
    Each direction of a connection is closed by itself.
proxy_hide_header
    : hide-headers, enable-cors, hsts, add-headers
    A header of the application that clients do not get.
proxy_http_version | 1.1
    The version of HTTP that the application is spoken to in.
proxy_ignore_client_abort | off
    The application goes on when its client has gone.
proxy_ignore_headers
    Headers of the application that mean nothing to NGINX.
proxy_intercept_errors | off
    : custom-http-errors, disable-proxy-intercept-errors
    Error answers of the application are replaced, too.
proxy_limit_rate | 0
    Bytes in a second that are read of an answer; 0 is no limit.
proxy_max_temp_file_size | 1024m
    The largest file for what a client takes slower than the application sends; 0 is none.
proxy_method
    : auth-method
    The method that the application is asked with.
proxy_next_upstream | error timeout
    : retry-non-idempotent
    What has another pod asked.
proxy_next_upstream_timeout | 0
    How long one pod after the other may be asked; 0 is no limit.
proxy_next_upstream_tries | 0
    How many pods may be asked; 0 is no limit.
proxy_no_cache
    Answers that are not kept.
proxy_pass
    : backend-protocol
    The application that answers.
proxy_pass_header
    : allow-backend-server-header
    A header of the application that clients get.
proxy_pass_request_body | on
    The application gets the body.
proxy_pass_request_headers | on
    The application gets the client's headers.
proxy_pass_trailers | off
    Clients get what the application sends behind the body.
proxy_read_timeout | 60s
    : painless.dev/connection-max-idle
    How long the application may be silent between two pieces of its answer; 504 answers then, or
    the connection ends.
proxy_redirect | default
    : proxy-redirect-from, proxy-redirect-to
    Replaces the beginning of redirects of the application.
proxy_request_buffering | on
    The application is asked once the whole body is here; off, the body goes on as it comes.
proxy_requests | 0
    Datagrams of a client that are one session.
proxy_responses
    Datagrams that are waited for as the answer.
proxy_send_timeout | 60s
    How long the application may take nothing of the request.
proxy_set_body
    The body that the application gets.
proxy_set_header
    : proxy-set-headers, upstream-vhost, connection-proxy-header, auth-response-headers,
    : forwarded-for-header, forwarded-host-header, proxy-add-original-uri-header,
    : use-forwarded-headers, compute-full-forwarded-for
    A header that the application gets; an empty one is not sent.
proxy_socket_keepalive | off
    The kernel looks after silent connections to the application.
proxy_ssl | off
    The pods are spoken to in TLS.
proxy_ssl_certificate
    : proxy-ssl-secret
    The certificate that the application is shown.
proxy_ssl_certificate_cache | off
    How many such certificates are kept.
proxy_ssl_certificate_key
    : proxy-ssl-secret
    The key of that certificate.
proxy_ssl_ciphers | DEFAULT
    How TLS to the application may encrypt.
proxy_ssl_conf_command
    A setting of OpenSSL, for TLS to the application.
proxy_ssl_crl
    Certificates of applications that were revoked.
proxy_ssl_name | $proxy_host
    : auth-url, mirror-target
    The name that the application's certificate has to have.
proxy_ssl_password_file
    Passwords of keys, for TLS to the application.
proxy_ssl_protocols | TLSv1.2 TLSv1.3
    Versions of TLS that the application is spoken to in.
proxy_ssl_server_name | off
    The application is told which host is asked for.
proxy_ssl_session_reuse | on
    Sessions of TLS to the application are used again.
proxy_ssl_trusted_certificate
    : proxy-ssl-secret
    Who may have signed the application's certificate.
proxy_ssl_verify | off
    The application's certificate is checked.
proxy_ssl_verify_depth | 1
    How long the chain of the application's certificate may be.
proxy_store | off
    Answers are stored as files.
proxy_temp_file_write_size | 8k or 16k
    How much is written to a file at a time.
proxy_temp_path | proxy_temp
    Where answers are written that a client takes slower than the application sends.
proxy_timeout | 10m
    : proxy-stream-timeout
    How long a connection may be silent.
proxy_upload_rate | 0
    Bytes in a second to the pods; 0 is no limit.
pass
    The socket that takes the connection on.
random
    The pod is chosen by chance.
resolver
    Who is asked for the addresses of names.
resolver_timeout | 30s
    How long such an answer may take.
scgi_temp_path | scgi_temp
    Where answers by SCGI are written; nothing speaks it here.
sticky
    : affinity, affinity-mode, session-cookie-name
    A cookie keeps a client on its pod.
subrequest_output_buffer_size | 4k or 8k
    Memory for an answer that NGINX itself asked for.
trusted_certificate
    Who may have signed the collector's certificate.
upstream
    The pods of one Service port.
uwsgi_temp_path | uwsgi_temp
    Where answers by uwsgi are written; nothing speaks it here.
zone
    Shared memory in which all workers see the same pods.
"""

_ANSWERS = """
add_header
    : add-headers, custom-headers, enable-cors, hsts, hsts-max-age, affinity, session-cookie-name,
    : auth-always-set-cookie
    A header that clients get.
add_header_inherit | on
    Headers of outer blocks are sent, too, or not.
add_trailer
    What clients get behind the body.
add_trailer_inherit | on
    Trailers of outer blocks are sent, too, or not.
aio | off
    : enable-aio-write
    Files are read beside other work.
aio_write | off
    : enable-aio-write
    Files are written beside other work.
autoindex | off
    Folders are listed.
autoindex_format | html
    How folders are listed.
brotli | off
    : enable-brotli
    Answers are compressed with Brotli.
brotli_buffers | 32 4k or 16 8k
    Memory for compressing with Brotli.
brotli_comp_level | 6
    : brotli-level, enable-brotli
    How hard Brotli tries.
brotli_min_length | 20
    The shortest answer that Brotli compresses.
brotli_static | off
    Files that are compressed already are sent.
brotli_types | text/html
    Types of answers that Brotli compresses.
brotli_window | 512k
    How far Brotli looks back.
charset | off
    The character set that answers name.
directio | off
    From which size on files are read past the kernel's cache.
disable_symlinks | off
    Symbolic links are not followed.
etag | on
    Files have an ETag.
expires | off
    How long clients may keep an answer.
gunzip | off
    Answers are unpacked for clients that cannot do it.
gunzip_buffers | 32 4k or 16 8k
    Memory for unpacking.
gzip | off
    : use-gzip
    Answers are compressed.
gzip_buffers | 32 4k or 16 8k
    Memory for compressing.
gzip_comp_level | 1
    : gzip-level, use-gzip
    How hard compressing tries.
gzip_disable
    Clients whose answers are not compressed.
gzip_http_version | 1.1
    : use-gzip
    The oldest version of HTTP whose answers are compressed.
gzip_min_length | 20
    The shortest answer that is compressed.
gzip_proxied | off
    : use-gzip
    Answers to proxies are compressed, too.
gzip_static | off
    Files that are compressed already are sent.
gzip_types | text/html
    Types of answers that are compressed.
gzip_vary | off
    : use-gzip
    Caches are told that answers differ by what clients can unpack.
if_modified_since | exact
    When a file counts as unchanged.
max_ranges
    Parts of an answer that may be asked for at once.
open_file_cache | off
    Open files are kept.
open_file_cache_errors | off
    That a file is not there is kept, too.
open_file_cache_min_uses | 1
    How often a file is asked for before it is kept.
open_file_cache_valid | 60s
    How long what is kept is believed.
output_buffers | 2 32k
    Memory for reading a file.
recursive_error_pages | off
    An error page may have an error page.
request_pool_size | 4k
    Memory that each request begins with.
sendfile | off
    Files are sent by the kernel.
sendfile_max_chunk | 2m
    How much of a file is sent at a time.
stub_status
    A page with NGINX's own counters.
sub_filter
    Replaces a text in answers.
sub_filter_last_modified | off
    Answers in which something is replaced keep their date.
sub_filter_once | on
    Only the first such text is replaced.
sub_filter_types | text/html
    Types of answers in which texts are replaced.
"""

_LOGS = """
access_log | logs/access.log combined
    : access-log-path, http-access-log-path, enable-access-log, disable-access-log,
    : disable-http-access-log, skip-access-log-urls
    Where requests are logged, and how.
batch_count | 4
    Batches of spans that a worker has at most.
batch_size | 512
    Spans that are sent at a time.
delete
    Takes something out.
endpoint
    : otlp-collector-host, otlp-collector-port
    The collector of spans.
interval | 5s
    How often spans are sent.
log_format | combined
    : log-format-upstream, log-format-stream, log-format-escape-json, log-format-escape-none
    What a line of a log has.
log_not_found | on
    Files that are not there are logged.
log_subrequest | off
    Requests of NGINX's own are logged.
open_log_file_cache | off
    Files of logs with variables in their names are kept open.
otel_exporter
    : enable-opentelemetry, otlp-collector-host, otlp-collector-port
    Where spans go.
otel_resource_attr
    Something that all spans of this NGINX have.
otel_service_name | unknown_service:nginx
    : otel-service-name
    The name of this service in traces.
otel_span_attr
    Something that a span has.
otel_span_name
    : opentelemetry-operation-name
    The name of a span.
otel_trace | off
    : enable-opentelemetry, otel-sampler-ratio
    Requests are traced.
otel_trace_context | ignore
    : opentelemetry-trust-incoming-span, enable-opentelemetry
    Whether traces of clients are followed, and told to applications.
"""

TABLES = (_MAIN, _SERVERS, _DECIDING, _CLIENTS, _ACCESS, _TLS, _APPLICATION, _ANSWERS, _LOGS)
