#!/bin/sh
# The first process of a machine of the test's cluster: it runs in namespaces of its own, so that its end
# is the end of the machine. Usage: cluster_member.sh NAME ADDRESS GO COMMAND...
# It waits for the pipe GO to close: then the card eth0 is there.
set -eu
name=$1 address=$2 go=$3
shift 3
cat "$go"
hostname "$name"
mount --make-rprivate /
mount -t proc proc /proc
groups=$(awk '$3 == "cgroup" || $3 == "cgroup2" {print $2, $3, $4}' /proc/self/mounts)
mount -t sysfs sysfs /sys # that of its own network
[ "${groups%% *}" = /sys/fs/cgroup ] || mount -t tmpfs tmpfs /sys/fs/cgroup
echo "$groups" | while read -r place kind options; do
    [ -d "$place" ] || mkdir "$place"
    [ "$kind" = cgroup2 ] || options=$(echo "$options" | tr , '\n' | grep -vxE 'rw|ro|relatime|nosuid|nodev|noexec|xattr' | paste -sd,)
    [ "$kind" = cgroup ] || options=
    mount -t "$kind" ${options:+-o "$options"} cgroup "$place"
done
mount -t tmpfs tmpfs /run
# LXD 5.0.2 gives isolated containers users from 65536 on, whatever root may have in these files.
for file in /etc/subuid /etc/subgid; do
    echo root:65536:1000000000 >"/run/${file##*/}"
    mount --bind "/run/${file##*/}" "$file"
done
mkdir /run/lock
ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up
"$@" &
wait "$!"
