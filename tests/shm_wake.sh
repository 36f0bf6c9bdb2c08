#!/bin/sh
# shm_wake.sh - every interleaving of sleeping and waking in shm:, by Debian's model checker `spin`
#
# The protocol of shm_wake.pml passes; with a step left out it fails, so the checker does look.
command -v spin >/dev/null || { echo "skip: there is no spin"; exit 77; }
model=$PWD/tests/shm_wake.pml
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
failed=0

# look OPTION...: sets $errors, and $states that were seen
look() {
        rm -f pan*
        spin -a "$@" "$model" >spin.out 2>&1 && [ -e pan.c ] || { cat spin.out; exit 1; }
        cc -O1 -w -DSAFETY -o pan pan.c || exit 1
        ./pan -m100000 >pan.out 2>&1
        errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out)
        states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
        grep -q 'max search depth too small' pan.out && errors="unknown: the search was cut"
}

passes() {
        look "$@"
        [ "$errors" = 0 ] || { echo "shm_wake $*: errors: $errors"; cat pan.out; failed=1; }
        echo "every one of $states states of shm_wake $*: nobody sleeps over it"
}

fails() {
        look "$@"
        [ "${errors:-0}" != 0 ] || { echo "shm_wake $*: no error is found"; cat pan.out; failed=1; }
}

passes
passes -DGREEDY
fails -DFORGET
fails -DEARLY
exit $failed
