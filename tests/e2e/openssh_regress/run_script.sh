#!/bin/sh
# Runs one script of Debian's openssh-tests with `postern sftp-server` as its sftp-server.
#
#   run_script.sh POSTERN REGRESS WORK NAME
#
# POSTERN is the program, REGRESS where the package keeps its scripts, WORK an empty directory.
# The scripts' own driver makes keys and asks for an sshd before it runs anything. Scripts that
# drive an sftp-server program need neither: ssh is told to know one type of key, and sshd is
# /bin/true.
set -eu

postern=$1 regress=$2 work=$3 name=$4

# scp -D hands over the host and the word "sftp", as it would to ssh.
cat >"$work/sftp-server" <<EOF
#!/bin/sh
[ "\${1-}" = -- ] && set --
exec '$postern' sftp-server "\$@"
EOF
cat >"$work/ssh" <<'EOF'
#!/bin/sh
[ "$1" = -Q ] && exec echo ssh-ed25519
exec ssh "$@"
EOF
chmod 755 "$work/sftp-server" "$work/ssh"

# The scp scripts do everything twice: over rcp's protocol, which has no sftp-server in it, and
# over SFTP. Only the second half is about us.
mkdir "$work/scripts" "$work/obj"
cp "$regress/scp-ssh-wrapper.sh" "$work/scripts/"
sed 's/^for mode in scp sftp *;/for mode in sftp ;/' "$regress/$name.sh" >"$work/scripts/$name.sh"

cd "$work/obj"
exec env -u SUDO TEST_SHELL=sh BUILDDIR="$regress" \
	TEST_SSH_SSH="$work/ssh" TEST_SSH_SSHD=/bin/true TEST_SSH_UNSAFE_PERMISSIONS=1 \
	TEST_SSH_SFTPSERVER="$work/sftp-server" \
	sh "$regress/test-exec.sh" "$work/obj" "$work/scripts/$name.sh"
