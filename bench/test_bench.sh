#!/bin/sh
# test_bench.sh BENCH - what a user of the benchmark notices beside its figures: exit codes, the shape
# of its lines, and that nothing stays behind, also after Ctrl-C. Looks at no figure.
set -u
bench=$1
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
failed=0

fail() {
        echo "FAILED: $*"
        failed=1
}

wrong() {
        "$bench" "$@" >"$TMPDIR/out" 2>"$TMPDIR/err"
        code=$?
        [ $code -eq 2 ] || fail "$*: exit status $code, not 2"
        [ -s "$TMPDIR/err" ] || fail "$*: nothing said"
        [ ! -s "$TMPDIR/out" ] || fail "$*: said on standard output"
}

nothing_left() {
        [ -z "$(find "$TMPDIR" -name 'via-bench-*')" ] || fail "$1: a folder is left behind"
}

wrong --nonsense
wrong --rounds 0
wrong --rounds many
wrong --case 65B
wrong --transport carrier-pigeon
wrong extra
wrong --system hand --case 64B
grep -q 'no system' "$TMPDIR/err" || fail "an empty choice is not explained"
"$bench" --help | grep -q -- --tsv || fail "--help does not name --tsv"

"$bench" --quick --rounds 1 --system raw --transport unix --case 64B --tsv >"$TMPDIR/out" ||
        fail "a cell failed"
grep -q "^raw	unix	one-core	64B	p50_us	[0-9.]*$" "$TMPDIR/out" || fail "no p50 in the lines"
[ -z "$(awk -F'\t' 'NF != 6' "$TMPDIR/out")" ] || fail "a line without six fields"
nothing_left "an ordinary end"

"$bench" --quick --rounds 20 --system raw >"$TMPDIR/out" 2>&1 &
pid=$!
sleep 1
kill -INT $pid
wait $pid
[ $? -ge 128 ] || fail "an interrupted run does not say so"
nothing_left "an interrupted run"

exit $failed
