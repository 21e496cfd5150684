# Sourced by the scripts beside it: the environment of a check, and the function `step`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# Everything is built once, so neither incremental builds nor debugging information pay.
export CI=true CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0

# step NAME COMMAND…: runs the command and says how long it took. A failure ends the script.
# For .ci/run, which runs several scripts at a time, the output appears as a block when the command has ended, and .ci/run shows that of a
# failure.
step() {
    if [[ -z ${STEPS-} ]]; then
        report "$@" || exit 1
    else
        echo "... $1"
        report "$@" >"$STEPS/$BASHPID" 2>&1 || { mv -n "$STEPS/$BASHPID" "$STEPS/failed"; exit 1; }
        flock "$STEPS" cat "$STEPS/$BASHPID"
    fi
}

# packages NAME…: installs the packages of Debian that the machine lacks.
packages() {
    local sudo=()
    ((EUID == 0)) || sudo=(sudo)
    if (($(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed) < $#)); then
        .ci/with-apt "${sudo[@]}" apt-get update -q
        # A package starts a server of its own, which RUNLEVEL=1 prevents.
        .ci/with-apt "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qy --no-install-recommends "$@"
    fi
}

# features_of CRATE: the names of its features, in one line.
features_of() {
    cargo metadata --locked --no-deps --format-version 1 | python3 -c '
import json, sys
crates = {crate["name"]: crate for crate in json.load(sys.stdin)["packages"]}
print(*(name for name in crates[sys.argv[1]]["features"] if name != "default"))' "$1"
}

report() {
    local name=$1 code=0 TIMEFORMAT='=== %0R s, %0U s + %0S s of the processors'
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    time "$@" || code=$?
    ((code == 0)) && echo "=== $name: passed" || echo "=== $name: FAILED with exit code $code"
    return "$code"
}
