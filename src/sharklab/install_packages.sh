#!/bin/sh
# Install system packages: install_packages.sh apt|dnf PACKAGE...
# The launcher runs it, system_packages.py, and hosts/agent on a borrowed machine. Lists of packages are fetched
# if they are missing or too old. A configuration file that somebody changed stays as it is.
# No service of these packages starts, now or with the machine: sharklab needs their programs alone. An SSH server
# would let people in, and a firewall could shut them out.
manager=$1
shift
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}
enabled() {
    systemctl list-unit-files --state=enabled --no-legend --no-pager 2>/dev/null | cut -d ' ' -f 1
}

# Debian asks this program before it starts a service (invoke-rc.d(8)): 101 is no. It counts as long as this
# process lives, so that a kill leaves nothing behind that works.
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
if [ "$manager" = apt ] && [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    cat >"$policy" <<END || exit 1
#!/bin/sh
[ ! -d /proc/$$ ] || exit 101
rm -f "\$0"
END
    chmod 755 "$policy" || exit 1
fi

before=$(enabled)
case $manager in
    apt) apt install --no-install-recommends "$@" || { apt update && apt install --no-install-recommends "$@"; } ;;
    dnf) dnf -qy install --setopt=install_weak_deps=False "$@" ;;
esac
code=$?
for unit in $(enabled); do
    case "
$before
" in *"
$unit
"*) ;; *) systemctl --quiet disable "$unit" || code=1 ;; esac
done
exit "$code"
