#!/bin/sh
# procs_demo.sh - the demo shows a good row for each transport, and leaves nothing behind: procs_demo.sh BUILD_DIR
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
TMPDIR="$tmp/a folder*"
export TMPDIR
mkdir "$TMPDIR" || exit 1
failed=0

fail() {
        echo "$*"
        sed 's/^/    /' "$tmp/out"
        failed=1
}

sh examples/procs/demo.sh "$1" 50 >"$tmp/out" 2>&1 || fail "the demo ended with $?"
for scheme in unix tcp mq inproc shm fifo exec; do
        grep -q "^$scheme:.* yes *yes *50 .* ok\$" "$tmp/out" || fail "no good row for $scheme"
done
grep -q 'NoSuchProcess' "$tmp/out" || fail "no exception is shown"
grep -q ' PID USER ' "$tmp/out" || fail "no processes are shown"
[ -z "$(ls -A "$TMPDIR")" ] || fail "it left $(ls -A "$TMPDIR")"

# A transport that does not work must fail the demo: a client for which inproc: does not, and nobody can watch over tcp:.
mkdir -p "$tmp/broken/examples/procs"
cp "$1/examples/procs/procs-server" "$tmp/broken/examples/procs"
cat >"$tmp/broken/examples/procs/procs-client" <<X
#!/bin/sh
case \$1 in
inproc:*) echo "it is broken" >&2; exit 1 ;;
tcp:*) [ "\$2" != watch ] || { echo watching; echo "+ \$PPID"; exit; } ;;
esac
exec "$1/examples/procs/procs-client" "\$@"
X
chmod +x "$tmp/broken/examples/procs/procs-client"
sh examples/procs/demo.sh "$tmp/broken" 50 >"$tmp/out" 2>&1 && fail "it succeeds although a row is not ok"
grep -q '^inproc:.*it is broken$' "$tmp/out" || fail "the row does not say what went wrong"
grep -q '^tcp:.* no *no *50 .*was not told' "$tmp/out" || fail "the row does not say that nothing was told"
grep -q '^unix:.* ok$' "$tmp/out" || fail "another transport is not ok"
exit $failed
