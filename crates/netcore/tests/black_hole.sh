#!/usr/bin/env bash
# How long connecting takes where an address is silent: Happy Eyeballs (RFC 8305), measured. As root on Linux, with iproute2 and
# python3, in namespaces of its own:
#
#     cargo build --release -p netcore --example happy_eyeballs
#     crates/netcore/tests/black_hole.sh target/release/examples/happy_eyeballs [RUNS]
#
# A silent address has a route and a link-layer address that is nobody's, so what is sent to it disappears. Fails where a name
# with a silent address in front does not take between the attempt delay, 250 ms, and SLACK ms more than the name without it.
set -euo pipefail
program=$(realpath "$1") runs=${2:-11}
SLACK=50
[[ ${INSIDE:-} ]] || INSIDE=1 exec unshare --net --mount "$0" "$program" "$runs"

# The server, in a network namespace of its own: it says "ready", and listens once it is told that it has addresses.
coproc unshare --net python3 -c 'import socket
print("ready", flush=True); input()
server = socket.create_server(("0.0.0.0", 7000), backlog=1024)
print("listening", flush=True)
while True: server.accept()[0].close()'
server=$COPROC_PID
hosts=$(mktemp)
trap 'rm -f "$hosts"; kill "$server"' EXIT
read -r _ <&"${COPROC[0]}"

ip link add here type veth peer name there netns "$server"
ip link set here up
ip address add 10.77.0.96/24 dev here
ip -6 address add 2001:db8::96/64 dev here nodad
nsenter --net --target "$server" ip link set there up
for live in 10.77.0.2 10.77.0.3; do
    nsenter --net --target "$server" ip address add "$live/24" dev there
done
for silent in 10.77.0.1 2001:db8::1; do
    ip neighbour add "$silent" lladdr 02:00:00:00:00:01 dev here nud permanent
done
cat > "$hosts" << EOF
10.77.0.2   v4.test
10.77.0.2   dual.test
2001:db8::1 dual.test
10.77.0.1   three.test
10.77.0.2   three.test
10.77.0.3   three.test
10.77.0.2   two.test
10.77.0.3   two.test
EOF
mount --bind "$hosts" /etc/hosts
echo >&"${COPROC[1]}"
read -r _ <&"${COPROC[0]}"

# median NAME: of the times of RUNS connections, in milliseconds; one more is shown.
median() {
    "$program" "$1:7000" >&2
    for ((run = 0; run < runs; run++)); do
        "$program" "$1:7000" 2> /dev/null | sed 's/.* in \(.*\) ms/\1/'
    done | sort -n | sed -n "$(((runs + 1) / 2))p"
}

# compare SILENT WITHOUT: two names.
compare() {
    local with without
    with=$(median "$1") without=$(median "$2")
    printf '%s: %s ms, %s: %s ms (medians of %d)\n' "$1" "$with" "$2" "$without" "$runs"
    awk "BEGIN { more = $with - $without; exit !(more >= 245 && more <= 250 + $SLACK) }"
}

compare dual.test v4.test
compare three.test two.test
