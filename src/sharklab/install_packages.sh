#!/bin/sh
# Install system packages: install_packages.sh apt|dnf PACKAGE...
# The launcher runs it, system_packages.py, and hosts/agent on a borrowed machine. Lists of packages are fetched
# if they are missing or too old. A configuration file that somebody changed stays as it is.
manager=$1
shift
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}
case $manager in
    apt) apt install --no-install-recommends "$@" || { apt update && apt install --no-install-recommends "$@"; } ;;
    dnf) dnf -qy install --setopt=install_weak_deps=False "$@" ;;
esac
