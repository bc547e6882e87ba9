#!/bin/sh
# Keep one host of a seat: give it a network namespace and a root of its own, boot it, and boot it
# again whenever it reboots; each boot starts from a fresh namespace, as after a power cycle.
# usage: host.sh OWNER LAB_NAMESPACE NAMESPACE FOLDER START COMMAND...
owner=$1 lab=$2 namespace=$3 folder=$4 start=$5
shift 5
cd "$folder" || exit 1
# The command that started this may have been killed, and a later one may have started the host meanwhile.
[ "$(cat start)" = "$start" ] || exit 1
exec </dev/null >console.log 2>&1
rebooted=133 # systemd-nspawn --keep-unit ends with it, EXIT_FORCE_RESTART

while [ -e "$owner" ]; do
    [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"
    ip netns add "$namespace" || break
    # A namespace that was deleted lets go of its interfaces a moment later: our ends of them go now.
    sed -n "s/^link add \([^ ]*\) .*/link delete \1/p" network | ip -n "$lab" -force -batch - 2>/dev/null
    ip -n "$lab" -batch network || break
    "$@"
    code=$?
    echo "$namespace: ended with code $code"
    [ "$code" -eq "$rebooted" ] || break
done
ip netns delete "$namespace"
