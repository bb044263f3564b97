# shellcheck shell=bash
# What the lab's scripts share on the host: where things are, how they speak, and
# how programs that the machine lacks are installed. Sourced, never run.

export PATH="$PATH:/usr/sbin:/sbin:$HOME/.cargo/bin"

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$repository/tests/lab
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")
# The image, and the log of the last boot. Safe to delete at any time.
# shellcheck disable=SC2034
lab_cache=$target_dir/lab

say() { printf '== %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 125
}

# Lines of one of the lab's list files, without comments and empty lines.
list() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$lab/$1"; }

# ensure PROGRAM:PACKAGE...: installs the packages of the programs that are not
# there. A PROGRAM that is a path stands for that file.
ensure() {
    local entry program missing=() as_root=()
    for entry; do
        program=${entry%%:*}
        [[ $program == /* && -e $program ]] && continue
        [[ $program != /* ]] && command -v "$program" >/dev/null && continue
        missing+=("${entry#*:}")
    done
    ((${#missing[@]})) || return 0

    command -v apt-get >/dev/null || die "install these first: ${missing[*]}"
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            die "not root and no sudo without a password; install these first: apt-get install --no-install-recommends ${missing[*]}"
        fi
        as_root=(sudo -n)
    fi
    say "installing: ${missing[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    # A source of the machine's that cannot be reached need not be one that we
    # need: whether the update was good enough, the installation tells.
    "${as_root[@]}" update </dev/null >&2 || say "apt-get update had errors; trying anyway"
    "${as_root[@]}" -y --no-install-recommends install "${missing[@]}" </dev/null >&2 ||
        die "apt-get could not install: ${missing[*]}"
}
