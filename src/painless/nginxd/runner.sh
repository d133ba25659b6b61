#!/bin/sh
# The command of the NGINX container: runs NGINX for the controller in the other container of the Pod.
#
#     runner.sh DIR STATE [GRACE]
#
# DIR is on the volume that both containers share, STATE is the state directory, GRACE the seconds after
# SIGTERM that the controller has to end NGINX in order.
#
#     DIR/requests   a FIFO; a controller keeps it open while it lives, and writes the name of each request
#     DIR/in/NAME    a request: the arguments of one call of NGINX, one a line
#     DIR/work/NAME  the same while NGINX is being called
#     DIR/out/NAME   the reply: the exit status in the first line, then what NGINX printed
#     DIR/machine/   what this container may use, which the controller cannot see from its own
#     DIR/ending     is there once this container was told to end
#
# Any POSIX shell will do: this runs in an image that is not ours.  It must not end while NGINX serves, since
# the container, and every process in it, would end as well.

set -u
umask 077

dir=$1
state=$2
grace=${3:-30}
tell_again=10 # Seconds: a Pod may be resized in place.
look_again=2 # Seconds; in no hurry: a controller that comes meanwhile does it better.

# NGINX's pools are blocks of 16 KiB.  With this threshold glibc gives them back after a reload.
export MALLOC_MMAP_THRESHOLD_=16384 MALLOC_TOP_PAD_=0

# Requests of an earlier container went with it.
prepare() {
    rm -rf "$dir/in" "$dir/work" "$dir/out" "$dir/machine" "$dir/ending"
    mkdir -p "$dir/in" "$dir/work" "$dir/out" "$dir/machine/cpu" "$dir/machine/memory"
    modules=$(nginx -V 2>&1 | sed -n "s/.*--modules-path=\([^ ]*\).*/\1/p")
    ls "${modules:-/nowhere}" >"$dir/machine/modules" 2>/dev/null
    ulimit -Hn | sed "s/unlimited/1048576/" >"$dir/machine/files"
    tell
}

# Say what may change while this container runs: how many CPUs it has, how much of them, and memory.
tell() {
    nproc | put cpus
    for one in cpu.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory.max memory/memory.limit_in_bytes; do
        [ ! -r "/sys/fs/cgroup/$one" ] || put "$one" <"/sys/fs/cgroup/$one"
    done
}

# Whoever reads it sees the whole.
put() {
    cat >"$dir/machine/$1.new" && mv "$dir/machine/$1.new" "$dir/machine/$1"
}

keep_telling() {
    while sleep "$tell_again"; do tell; done
}

# Whether our NGINX runs.  The number alone proves nothing: it may have become another process's.
runs() {
    [ -s "$state/run/nginx.pid" ] && read -r master <"$state/run/nginx.pid" &&
        title=$({ tr '\0' ' ' <"/proc/$master/cmdline"; } 2>/dev/null) || return 1
    case $title in
    "nginx: master process "*" -c $state/current/nginx.conf "*) return 0 ;;
    esac
    return 1
}

# Whether somebody tells NGINX the addresses of pods: without them it would answer 502 where closed ports
# send clients elsewhere.
resolves() {
    [ -s "$state/discovery/port" ] && read -r port <"$state/discovery/port" &&
        grep -q "$(printf '0100007F:%04X ' "$port")" /proc/net/udp
}

# While there is no controller: have the generation that was served last served again.
stand_in() {
    while sleep "$look_again"; do
        [ ! -e "$dir/ending" ] || return 0
        if ! runs && resolves; then
            rm -f "$state"/run/*.sock # One that nobody listens on any more is in the way.
            nginx -c "$state/current/nginx.conf" -p "$state" -e "$state/log/error.log" </dev/null
        fi
    done
}

# Call NGINX as one request says.  A reply is complete when it has its name, and only then the request goes.
answer() {
    name=$1
    mv "$dir/in/$name" "$dir/work/$name" 2>/dev/null || return 0 # Withdrawn, or from before our start.
    set --
    while IFS= read -r argument; do set -- "$@" "$argument"; done <"$dir/work/$name"
    nginx "$@" </dev/null >"$dir/work/$name.said" 2>&1
    { echo "$?" && cat "$dir/work/$name.said"; } >"$dir/work/$name.reply"
    mv "$dir/work/$name.reply" "$dir/out/$name"
    rm -f "$dir/work/$name" "$dir/work/$name.said"
}

serve() {
    while :; do
        [ -p "$dir/requests" ] || mkfifo "$dir/requests"
        stand_in &
        watcher=$!
        # Opening it waits for a controller, and it has an end when the controller has gone.
        {
            kill "$watcher"
            while read -r request; do answer "$request"; done
        } <"$dir/requests" || sleep 1
        kill "$watcher" 2>/dev/null
    done
}

prepare
told=
trap 'told=yes' TERM INT QUIT
keep_telling &
teller=$!
serve &
server=$!
wait "$server"
kill "$teller"
[ "$told" ] || exit 1 # It never ends by itself: the container starts anew.

# The Pod ends.  The controller knows when clients have been sent elsewhere; without one we wait as long.
: >"$dir/ending"
waited=0
while runs; do
    if [ "$waited" -ge "$grace" ]; then
        # A controller that was not told to end would have NGINX started again.
        kill "$server" 2>/dev/null
        kill -QUIT "$master"
    fi
    sleep 1
    waited=$((waited + 1))
done
kill "$server" 2>/dev/null
exit 0
