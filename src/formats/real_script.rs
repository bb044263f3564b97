//! A shell script that makes a machine without lbctl a real server, and takes that
//! back. What lbctl finds out on the machine, the script finds out there; so it is
//! written from the VIPs alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::{Family, RealVip};

use super::real::segment_rule;

/// The script, for `sh`; of POSIX, it needs `ip`, and `nft` for a greatest segment.
///
/// # Errors
/// A VIP has a tunnel that there is none of; the sentence.
pub fn real_script(vips: &[RealVip]) -> Result<String, String> {
    let mut devices = BTreeSet::new();
    let mut unfiltered = BTreeSet::new();
    for vip in vips {
        if let Some(device) = vip.device()? {
            devices.insert(format!("{}:{}", device.name(), device.module()));
            if vip.family() == Family::Ipv4 {
                unfiltered.insert(device.name());
            }
        }
    }
    let words = |words: BTreeSet<String>| Vec::from_iter(words).join(" ");
    let of = |family: Family| {
        let vips = vips.iter().filter(|vip| vip.family() == family);
        words(vips.map(|vip| vip.address.to_string()).collect())
    };
    let ports = vips.iter().filter_map(RealVip::port).map(|port| {
        let family = if port.family == Family::Ipv4 { 4 } else { 6 };
        format!("{family}:{}", port.port)
    });
    let mut text = String::from("#!/bin/sh\n");
    text += "# Makes this machine a real server, or takes that back. Run it as root:\n";
    text += "#   sh FILE setup\n#   sh FILE undo\n# Written by:\n";
    for vip in vips {
        let (address, options) = (vip.address, vip.options());
        let _ = writeln!(text, "#   lbctl real setup {address} {options} --script");
    }
    text += "set -eu\n\n";
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}='{value}'");
    };
    set("vips4", &of(Family::Ipv4));
    set("vips6", &of(Family::Ipv6));
    set("devices", &words(devices));
    set(
        "unfiltered",
        &words(unfiltered.into_iter().map(str::to_owned).collect()),
    );
    set("ports", &words(ports.collect()));
    text += BODY;
    let rules: Vec<String> = vips
        .iter()
        .filter_map(|vip| {
            let mss = vip.mss?;
            let note = format!("{} {mss}", vip.address);
            Some((note, segment_rule(vip.address, mss)))
        })
        .map(|(note, rule)| format!("    add_rule '{note}' {rule}\n"))
        .collect();
    text += "\nset_segments() {\n";
    if rules.is_empty() {
        text += "    return 0\n";
    } else {
        text += "    remember segments\n";
        text += "    nft add table inet lbctl_real\n";
        text += "    nft add chain inet lbctl_real output \
                 '{ type filter hook output priority mangle; }'\n";
        text += &rules.concat();
    }
    text += "}\n";
    text += MAIN;
    Ok(text)
}

const BODY: &str = r#"
# What was there before, until the next reboot. Noted before it is changed.
state=${LBCTL_REAL_STATE:-/run/lbctl-real}
conf=/proc/sys/net/ipv4/conf

remember() {
    mkdir -p "$state/$(dirname "$1")"
    [ -e "$state/$1" ] && return 0
    printf '%s\n' "${2:-}" >"$state/$1.new"
    mv "$state/$1.new" "$state/$1"
}

# set_parameter INTERFACE LEAF VALUE
set_parameter() {
    old=$(cat "$conf/$1/$2")
    [ "$old" = "$3" ] && return 0
    remember "conf/$1/$2" "$old"
    printf '%s\n' "$3" >"$conf/$1/$2"
}

# Each interface of whatever kind.
interfaces() {
    for directory in "$conf"/*; do
        case ${directory##*/} in
        all | default) ;;
        *) printf '%s\n' "${directory##*/}" ;;
        esac
    done
}

is_device() {
    case $1 in
    tunl0 | ip6tnl0 | sit0 | gre0 | ip6gre0) return 0 ;;
    *) return 1 ;;
    esac
}

# Neighbours must not learn that the VIP is here: their packets are the director's.
silence() {
    case $(cat "$conf/all/arp_ignore") in
    1 | 2) ;;
    *) set_parameter all arp_ignore 1 ;;
    esac
    interfaces | while read -r name; do
        case $(cat "$conf/$name/arp_ignore") in
        [3-7]) set_parameter "$name" arp_ignore 1 ;;
        esac
    done
    [ "$(cat "$conf/all/arp_announce")" -ge 2 ] || set_parameter all arp_announce 2
}

# Unwrapped packets come from where their source is not; `all` would filter them too.
unfilter() {
    all=$(cat "$conf/all/rp_filter")
    if [ "$all" -gt 0 ]; then
        interfaces | while read -r name; do
            if is_device "$name" || [ "$(cat "$conf/$name/rp_filter")" -ge "$all" ]; then
                continue
            fi
            set_parameter "$name" rp_filter "$all"
        done
        set_parameter all rp_filter 0
    fi
    set_parameter "$1" rp_filter 0
}

is_up() { ip link show dev "$1" up 2>/dev/null | grep -q "$1"; }

# open_port FAMILY:PORT
open_port() {
    modprobe fou 2>/dev/null || true
    shown="port ${1#*:} gue"
    [ "${1%%:*}" = 4 ] || shown="$shown -6"
    ip fou show | grep -q -x "$shown *" && return 0
    remember "port/$1"
    ip "-${1%%:*}" fou add port "${1#*:}" gue
}

# add_rule COMMENT WORD...: unless it is there.
add_rule() {
    note=$1
    shift
    nft list chain inet lbctl_real output | grep -q -F "comment \"$note\"" ||
        nft add rule inet lbctl_real output "$@"
}

# add_address FAMILY ADDRESS/LENGTH [nodad]
add_address() {
    ip "$1" -o address show dev lo | grep -q -F " $2 " && return 0
    ip "$1" -o address show | grep -q -F " ${2%/*}/" && {
        echo "$0: ${2%/*} is an address of another interface; remove it there first" >&2
        return 1
    }
    remember "address/${2%/*}" "$1 $2"
    # The third word may be none.
    # shellcheck disable=SC2086
    ip "$1" address add "$2" dev lo ${3:-}
}

setup() {
    for vip in $vips4 $vips6; do remember "vip/$vip"; done
    [ -z "$vips4" ] || silence
    for port in $ports; do open_port "$port"; done
    for device in $devices; do
        name=${device%%:*}
        ip link show dev "$name" >/dev/null 2>&1 || modprobe "${device#*:}"
        if ! is_up "$name"; then
            remember "device/$name"
            ip link set dev "$name" up
        fi
    done
    for name in $unfiltered; do unfilter "$name"; done
    set_segments
    for vip in $vips4; do add_address -4 "$vip/32"; done
    for vip in $vips6; do add_address -6 "$vip/128" nodad; done
}

# each KIND: what was noted of that kind.
each() {
    [ ! -d "$state/$1" ] || ls "$state/$1"
}

undo() {
    for vip in $vips4 $vips6; do
        if [ -e "$state/address/$vip" ]; then
            read -r family address <"$state/address/$vip"
            ip "$family" address del "$address" dev lo 2>/dev/null || true
            rm "$state/address/$vip"
        fi
        rm -f "$state/vip/$vip"
    done
    # Another script's VIPs need what is left.
    [ -z "$(each vip)" ] || return 0
    if [ -e "$state/segments" ]; then
        nft delete table inet lbctl_real 2>/dev/null || true
        rm "$state/segments"
    fi
    if [ -d "$state/conf" ]; then
        # `all` first: each interface was given what it stood for.
        { echo all; each conf; } | while read -r name; do
            each "conf/$name" | while read -r leaf; do
                [ ! -e "$conf/$name/$leaf" ] || cat "$state/conf/$name/$leaf" >"$conf/$name/$leaf"
                rm "$state/conf/$name/$leaf"
            done
        done
    fi
    each device | while read -r name; do
        ip link set dev "$name" down 2>/dev/null || true
        rm "$state/device/$name"
    done
    each port | while read -r port; do
        ip "-${port%%:*}" fou del port "${port#*:}" 2>/dev/null || true
        rm "$state/port/$port"
    done
    rm -rf "$state"
}
"#;

const MAIN: &str = r#"
case ${1:-} in
setup) setup ;;
undo) undo ;;
*)
    echo "usage: sh $0 setup|undo" >&2
    exit 2
    ;;
esac
"#;
