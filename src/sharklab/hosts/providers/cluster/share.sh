#!/bin/sh
# Mount the share that the engine gives to a virtual machine: share.sh FOLDER
# It has the agent of the engine with its certificates, and the files of templates. LXD offers it by virtiofs and 9p,
# Incus by 9p and as a CD; not every kernel has all of them.
mkdir -p "$1" && chmod 0700 "$1"
for module in virtiofs sr_mod isofs 9pnet_virtio 9p; do
    modprobe --quiet "$module"
done
mount -t virtiofs -o ro config "$1" 2>/dev/null ||
    mount -t iso9660 -o ro /dev/sr0 "$1" 2>/dev/null ||
    mount -t 9p -o ro,trans=virtio,access=0 config "$1"
