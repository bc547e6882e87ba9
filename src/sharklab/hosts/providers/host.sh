#!/bin/sh
# Keep one host of a seat: give it a network namespace and a root of its own, boot it, and boot it
# again whenever it reboots; each boot starts from a fresh namespace, as after a power cycle.
# usage: host.sh OWNER LAB_NAMESPACE NAMESPACE FOLDER OVERLAY_OPTIONS SYSTEMD_NSPAWN ARGUMENT...
owner=$1 lab=$2 namespace=$3 folder=$4 overlay=$5
shift 5
cd "$folder" || exit 1
exec </dev/null >console.log 2>&1
rebooted=133 # systemd-nspawn --keep-unit ends with it, EXIT_FORCE_RESTART

boot() {
    # The mount is in a namespace of its own: it ends with the host, however that ends.
    # So do the locks of systemd-nspawn, whose folder is hidden by one that nobody else sees.
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare --mount --propagation private sh -c '
        options=$1 tries=50
        shift
        mkdir -p /run/systemd/nspawn &&
            mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn &&
            # A set-up of this disk that was killed lets go of it a moment later (EBUSY).
            until mount -t overlay overlay -o "$options" root; do
                tries=$((tries - 1))
                [ "$tries" -gt 0 ] || exit 1
                sleep 0.2
            done &&
            exec "$@"' sh "$overlay" "$@"
}

while [ -e "$owner" ]; do
    [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"
    ip netns add "$namespace" || break
    # A namespace that was deleted lets go of its interfaces a moment later: our ends of them go now.
    sed -n "s/^link add \([^ ]*\) .*/link delete \1/p" network | ip -n "$lab" -force -batch - 2>/dev/null
    ip -n "$lab" -batch network || break
    boot "$@"
    code=$?
    echo "$namespace: ended with code $code"
    [ "$code" -eq "$rebooted" ] || break
done
ip netns delete "$namespace"
