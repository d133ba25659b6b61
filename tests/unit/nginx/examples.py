"""Legal arguments for each directive of the catalog, to ask the real NGINX with.

``{n}`` makes a second use differ from the first where NGINX wants that; ``{folder}`` is the test's own.
A letter before a name says in which of the catalog's contexts it needs other arguments than elsewhere.
"""

_BY_ARGUMENTS = {
    "": """
        events http server types internal break ip_hash least_conn hostnames volatile ranges
        proxy_recursive stream
    """,
    "$a b": """
        set auth_request_set
    """,
    "$host zone=lc{n}:1m": """
        limit_conn_zone
    """,
    "$remote_addr $g{n}": """
        H:geo
    """,
    "$remote_addr $m{n}": """
        H:map
    """,
    "$remote_addr $s{n}": """
        H:split_clients
    """,
    "$remote_addr zone=lc{n}:1m": """
        H:limit_conn_zone
    """,
    "$ssl_server_name": """
        S:ssl_certificate S:ssl_certificate_key H:ssl_certificate H:ssl_certificate_key
    """,
    "$uri": """
        ssl_certificate ssl_certificate_key
    """,
    "$uri $g{n}": """
        geo
    """,
    "$uri $m{n}": """
        map
    """,
    "$uri $s{n}": """
        split_clients
    """,
    "$uri zone=lr{n}:1m rate=1r/s": """
        limit_req_zone
    """,
    "($uri)": """
        if
    """,
    "/a /b": """
        try_files
    """,
    "/a{n} /b": """
        proxy_redirect proxy_cookie_path
    """,
    "/l/x{n}": """
        l:location
    """,
    "/x": """
        root alias mirror
    """,
    "/x{n}": """
        location
    """,
    "1": """
        worker_processes worker_priority worker_shutdown_timeout timer_resolution worker_connections
        limit_rate_after client_body_buffer_size client_body_timeout client_header_buffer_size
        client_header_timeout client_max_body_size keepalive_requests keepalive_time keepalive_min_timeout
        lingering_time lingering_timeout send_timeout sendfile_max_chunk directio open_file_cache_valid
        open_file_cache_min_uses max_ranges server_names_hash_bucket_size server_names_hash_max_size
        types_hash_bucket_size types_hash_max_size variables_hash_bucket_size variables_hash_max_size
        subrequest_output_buffer_size resolver_timeout auth_delay max_headers keepalive
        proxy_connect_timeout proxy_send_timeout proxy_headers_hash_max_size
        proxy_headers_hash_bucket_size proxy_buffer_size proxy_read_timeout proxy_limit_rate
        proxy_cache_min_uses proxy_cache_max_range_offset proxy_cache_lock_timeout proxy_cache_lock_age
        proxy_next_upstream_tries proxy_next_upstream_timeout grpc_connect_timeout grpc_send_timeout
        grpc_buffer_size grpc_read_timeout grpc_next_upstream_tries grpc_next_upstream_timeout
        fastcgi_connect_timeout fastcgi_send_timeout fastcgi_buffer_size fastcgi_read_timeout
        fastcgi_limit_rate fastcgi_next_upstream_tries fastcgi_next_upstream_timeout ssl_buffer_size
        ssl_verify_depth ssl_session_timeout proxy_ssl_verify_depth grpc_ssl_verify_depth
        map_hash_max_size map_hash_bucket_size gzip_comp_level gzip_min_length
        http2_max_concurrent_streams http2_body_preread_size http2_chunk_size preread_buffer_size
        preread_timeout proxy_protocol_timeout proxy_timeout proxy_upload_rate proxy_download_rate
        proxy_requests proxy_responses ssl_handshake_timeout
    """,
    "1 1": """
        early_hints
    """,
    "1 32k": """
        output_buffers
    """,
    "1% x": """
        C:(entry)
    """,
    "1.0": """
        gzip_http_version
    """,
    "1.1": """
        proxy_http_version
    """,
    "10.0.0.0/8": """
        delete proxy allow deny
    """,
    "10.0.0.0/8 x": """
        G:(entry)
    """,
    "100": """
        worker_rlimit_nofile
    """,
    "127.0.0.1": """
        debug_connection resolver set_real_ip_from
    """,
    "127.0.0.1:1": """
        fastcgi_pass pass u:server
    """,
    "1k": """
        limit_rate request_pool_size http2_recv_buffer_size
    """,
    "1s": """
        keepalive_timeout
    """,
    "200 1m": """
        proxy_cache_valid fastcgi_cache_valid
    """,
    "200 x": """
        return
    """,
    "4 8k": """
        large_client_header_buffers
    """,
    "404 /x": """
        error_page
    """,
    "429": """
        limit_req_status limit_conn_status
    """,
    "4k": """
        proxy_busy_buffers_size proxy_max_temp_file_size proxy_temp_file_write_size
        fastcgi_busy_buffers_size fastcgi_max_temp_file_size fastcgi_temp_file_write_size
    """,
    "8 8k": """
        proxy_buffers fastcgi_buffers gzip_buffers
    """,
    "A": """
        env
    """,
    "A b": """
        proxy_set_header grpc_set_header
    """,
    "A b always": """
        add_header add_trailer
    """,
    "A b if_not_empty": """
        fastcgi_param
    """,
    "Expires": """
        proxy_ignore_headers grpc_ignore_headers fastcgi_ignore_headers
    """,
    "GET": """
        limit_except proxy_cache_methods
    """,
    "HIGH": """
        ssl_ciphers
    """,
    "Options X": """
        proxy_ssl_conf_command
    """,
    "TLSv1.2": """
        ssl_protocols proxy_ssl_protocols grpc_ssl_protocols
    """,
    "X": """
        real_ip_header
    """,
    "^ /x last": """
        rewrite
    """,
    "^(.+\\.php)(.*)$": """
        fastcgi_split_path_info
    """,
    "a/b": """
        default_type
    """,
    "a/b c": """
        T:(entry)
    """,
    "any": """
        satisfy gzip_proxied
    """,
    "auto": """
        worker_cpu_affinity ssl_ecdh_curve
    """,
    "a{n} b": """
        proxy_cookie_domain
    """,
    "connect": """
        U:least_time
    """,
    "cookie x domain=y": """
        sticky
    """,
    "c{n} 1": """
        limit_conn
    """,
    "epoll": """
        use
    """,
    "error": """
        proxy_cache_use_stale proxy_next_upstream grpc_next_upstream fastcgi_next_upstream
    """,
    "f{n} escape=json x": """
        log_format H:log_format
    """,
    "grpc://127.0.0.1:1": """
        grpc_pass
    """,
    "h2": """
        ssl_alpn
    """,
    "header": """
        least_time
    """,
    "http://127.0.0.1:1": """
        proxy_pass
    """,
    "info": """
        limit_req_log_level limit_conn_log_level
    """,
    "json": """
        autoindex_format
    """,
    "k{n} v": """
        (entry)
    """,
    "max=1": """
        ssl_certificate_cache
    """,
    "max=10": """
        open_file_cache open_log_file_cache
    """,
    "modified 1s": """
        expires
    """,
    "msie6": """
        gzip_disable
    """,
    "none": """
        keepalive_disable ssl_session_cache
    """,
    "off": """
        if_modified_since server_tokens proxy_bind proxy_cache grpc_bind fastcgi_bind fastcgi_cache
        ssl_ocsp_cache proxy_ssl_certificate_cache grpc_ssl_certificate_cache
    """,
    "on": """
        daemon master_process multi_accept accept_mutex ssl_object_cache_inheritable server_name index
        client_body_in_file_only client_body_in_single_buffer lingering_close reset_timedout_connection
        sendfile tcp_nopush tcp_nodelay aio aio_write open_file_cache_errors chunked_transfer_encoding
        etag
        ignore_invalid_headers underscores_in_headers log_not_found log_subrequest merge_slashes
        port_in_redirect absolute_redirect server_name_in_redirect recursive_error_pages autoindex
        rewrite_log proxy_store proxy_buffering proxy_request_buffering proxy_ignore_client_abort
        proxy_socket_keepalive proxy_intercept_errors proxy_set_body proxy_method
        proxy_pass_request_headers proxy_pass_request_body proxy_pass_trailers proxy_force_ranges
        proxy_cache_key proxy_cache_bypass proxy_no_cache proxy_cache_lock proxy_cache_revalidate
        proxy_cache_convert_head proxy_cache_background_update proxy_pass_header proxy_hide_header
        grpc_socket_keepalive grpc_intercept_errors grpc_pass_header grpc_hide_header fastcgi_index
        fastcgi_store fastcgi_buffering fastcgi_request_buffering fastcgi_ignore_client_abort
        fastcgi_socket_keepalive fastcgi_pass_request_headers fastcgi_pass_request_body
        fastcgi_intercept_errors fastcgi_force_ranges fastcgi_cache_key fastcgi_cache_bypass
        fastcgi_no_cache fastcgi_pass_header fastcgi_hide_header fastcgi_catch_stderr fastcgi_keep_conn
        ssl_certificate_compression ssl_verify_client ssl_prefer_server_ciphers ssl_session_tickets
        ssl_ocsp ssl_ocsp_responder ssl_stapling ssl_stapling_responder ssl_stapling_verify ssl_early_data
        ssl_reject_handshake proxy_ssl_session_reuse proxy_ssl_ciphers proxy_ssl_name
        proxy_ssl_server_name proxy_ssl_verify proxy_ssl_crl proxy_ssl_certificate
        proxy_ssl_certificate_key grpc_ssl_session_reuse grpc_ssl_ciphers grpc_ssl_name
        grpc_ssl_server_name grpc_ssl_verify grpc_ssl_crl grpc_ssl_certificate grpc_ssl_certificate_key
        auth_basic auth_basic_user_file limit_req_dry_run limit_conn_dry_run add_header_inherit
        add_trailer_inherit gzip gzip_types gzip_vary mirror_request_body auth_request real_ip_recursive
        http2 proxy_protocol proxy_half_close proxy_ssl ssl_preread H:proxy_next_upstream
    """,
    "on from=/x": """
        disable_symlinks
    """,
    "on on": """
        ssl_conf_command grpc_ssl_conf_command
    """,
    "p{n} threads=2": """
        thread_pool
    """,
    "stderr": """
        error_log
    """,
    "two": """
        random
    """,
    "unix:/x": """
        S:proxy_pass S:pass
    """,
    "unix:{folder}/{n}": """
        listen
    """,
    "utf-8": """
        charset
    """,
    "u{n}": """
        upstream
    """,
    "x": """
        default S:return H:proxy_ssl_name
    """,
    "x consistent": """
        hash
    """,
    "x secure": """
        proxy_cookie_flags
    """,
    "zone=r{n}": """
        limit_req
    """,
    "zz 64k": """
        zone
    """,
    "{folder}/b 1": """
        client_body_temp_path
    """,
    "{folder}/cert.pem": """
        ssl_client_certificate ssl_trusted_certificate proxy_ssl_trusted_certificate
        grpc_ssl_trusted_certificate
    """,
    "{folder}/ft 1": """
        fastcgi_temp_path
    """,
    "{folder}/f{n} keys_zone=f{n}:1m": """
        fastcgi_cache_path
    """,
    "{folder}/log combined if=1": """
        access_log
    """,
    "{folder}/log f1 if=1": """
        S:access_log H:access_log
    """,
    "{folder}/none*": """
        include
    """,
    "{folder}/pid": """
        pid
    """,
    "{folder}/pt 1": """
        proxy_temp_path uwsgi_temp_path scgi_temp_path
    """,
    "{folder}/p{n} keys_zone=p{n}:1m": """
        proxy_cache_path
    """,
    "{folder}/ticket": """
        ssl_password_file ssl_session_ticket_key proxy_ssl_password_file grpc_ssl_password_file
    """,
    "{user} {group}": """
        user
    """,
}

EXAMPLES = {name: arguments for arguments, names in _BY_ARGUMENTS.items() for name in names.split()}
"""The arguments by name, or by letter and name."""

WITHOUT = frozenset({"load_module", "ssl_crl", "ssl_dhparam", "ssl_ech_file", "ssl_stapling_file"})
"""Legal only with files that a test cannot have, so that nothing is asked of them but place and number."""
