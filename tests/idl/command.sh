#!/bin/sh
# command.sh - idlc as a command: what it writes where, what it returns: command.sh [IDLC]
idlc=${1:-${IDLC:-idlc}}
case $idlc in
*/*) idlc=$(cd "$(dirname "$idlc")" && pwd)/$(basename "$idlc") ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
passed=0
failed=0

# check WHAT COMMAND…: that it succeeds
check() {
        what=$1
        shift
        if "$@" >check.log 2>&1; then
                passed=$((passed + 1))
        else
                failed=$((failed + 1))
                echo "FAIL $what"
                sed 's/^/        /' said check.log 2>/dev/null
        fi
}

# run STATUS ARGUMENT…: idlc returns that
run() {
        wanted=$1
        shift
        "$idlc" "$@" >out 2>said
        status=$?
        [ $status -eq "$wanted" ] || echo "exit status $status, not $wanted: idlc $*" >>said
        [ $status -eq "$wanted" ]
}
says() { grep -qF -e "$1" said; }
prints() { grep -qF -e "$1" out; }
not() { ! "$@"; }
same_file() { [ "$(ls -i "$1")" = "$2" ]; }

mkdir -p 'with space/dir' dir/deep
echo 'struct S { long a; };' >one.idl
echo 'struct T { long a; };' >two.idl
echo '#include "deep/inner.idl"
struct U { Inner i; };' >dir/outer.idl
echo 'struct Inner { long a; };' >dir/deep/inner.idl
echo 'struct S { Unknown a; };' >bad.idl
echo 'module protobuf_c { struct S { long a; }; };' >protobuf_c.idl

check 'help' run 0 --help
check 'help names options' prints --list-outputs
check 'but no user needs --library' not prints --library
check 'version' run 0 --version
check 'no file' run 2
check 'an unknown option' run 2 --list-output one.idl
check 'guesses the option' says 'did you mean `--list-outputs`?'
check 'an unknown warning' run 2 -Wkeywrd one.idl
check 'guesses the warning' says 'did you mean `-Wkeyword`?'
check 'an option without what it needs' run 2 one.idl -o
check 'a file that is not there' run 1 nowhere.idl
check 'says so' says 'cannot read nowhere.idl: No such file or directory'
check 'a folder' run 1 dir

echo 'module via { interface Own { @stream long watch(); }; const long LIMIT = 1; };' >own.idl
check 'the module of the runtime' run 1 -o gen own.idl
check 'is its own' says '[E0902]'
check 'and for its own .idl allowed' run 0 --library -o gen own.idl
check 'with its names' grep -q '^int via_Own_watch_open(' gen/own.h
check 'protobuf-c stays foreign' run 1 --library -o gen protobuf_c.idl
run 2 --librari own.idl
check 'nor by a guess' not says --library

check 'two files' run 0 -o gen one.idl two.idl
check 'both are compiled' test -s gen/one.h -a -s gen/one.c -a -s gen/two.h -a -s gen/two.c
check 'a bad file among good ones' run 1 -o gen2 bad.idl one.idl
check 'the good one is compiled' test -s gen2/one.c
check 'the bad one leaves nothing' not test -e gen2/bad.h -o -e gen2/bad.c
check 'nothing else is left' test "$(ls gen2 | wc -l)" -eq 2
check 'two files with the same outputs' run 2 -o gen dir/outer.idl dir/../dir/outer.idl
cp one.idl one.txt
cp one.idl input.h
check 'two files that differ in the suffix' run 2 -o gen one.idl one.txt
check 'a file that would be overwritten' run 2 input.h
check 'says which' says 'compiling input.h would overwrite input.h'
check 'it is still there' cmp -s one.idl input.h
check 'it may be compiled to elsewhere' run 0 -o gen3 input.h
check 'a file that another would overwrite' run 2 input.idl input.h

before=$(ls -i gen/one.h)
check 'again' run 0 -o gen one.idl
check 'what is the same is left alone' same_file gen/one.h "$before"
echo 'struct S { long b; };' >one.idl
check 'changed' run 0 -o gen one.idl
check 'what is not is replaced' not same_file gen/one.h "$before"
check 'an unwritable folder' run 1 -o /dev/null/x one.idl

check 'the tree is kept below -I' run 0 -I dir -o tree dir/outer.idl dir/deep/inner.idl
check 'outer' test -s tree/outer.h
check 'inner' test -s tree/deep/inner.h
check 'the header includes what was written' grep -q '#include "deep/inner.h"' tree/outer.h
check 'nothing is generated twice' not grep -q 'struct Inner {' tree/outer.h
mkdir -p nest/pkg/msg nest/other
echo 'struct A { long a; };' >nest/pkg/msg/a.idl
echo '#include "a.idl"
struct B { A a; };' >nest/pkg/msg/b.idl
echo '#include "pkg/msg/b.idl"
#include "pkg/msg/a.idl"
struct C { A a; B b; };' >nest/other/c.idl
check 'of two -I within each other' run 0 -I . -I nest -I nest/pkg -o tree2 ./nest/pkg/msg/a.idl nest/pkg/msg/b.idl
check 'the inner one counts' test -s tree2/msg/a.h -a -s tree2/msg/b.h
check 'what lies beside is included so' grep -q '#include "a.h"' tree2/msg/b.h
check 'another file knows them' run 0 -I . -I nest -I nest/pkg -o tree2 nest/other/c.idl
check 'by where they are' grep -q '#include "msg/a.h"' tree2/other/c.h
check 'each' grep -q '#include "msg/b.h"' tree2/other/c.h
check 'list' run 0 -Idir -o tree --list-outputs dir/outer.idl dir/deep/inner.idl
check 'the outputs' test "$(tr '\n' ' ' <out)" = 'tree/outer.h tree/outer.c tree/deep/inner.h tree/deep/inner.c '

check 'a makefile' run 0 -I dir -o tree -MD -MP dir/outer.idl
check 'its target' grep -q '^tree/outer.h tree/outer.c:' tree/outer.d
check 'what it depends on' grep -q '^  dir/deep/inner.idl$' tree/outer.d
check 'an empty rule' grep -q '^dir/deep/inner.idl:$' tree/outer.d
check 'elsewhere' run 0 -I dir -o tree -MD -MF my.d -MT my.o dir/outer.idl
check 'its own target' grep -q '^my.o:' my.d
cp one.idl 'with space/dir/a b.idl'
check 'spaces' run 0 -MD -o 'with space' -I 'with space/dir' 'with space/dir/a b.idl'
check 'in names' test -s 'with space/a b.c'
check 'are escaped for make' grep -q 'with\\ space/dir/a\\ b.idl' 'with space/a b.d'

many=
i=0
while [ $i -lt 64 ]; do many="$many -I no/such/folder/number/$i"; i=$((i + 1)); done
# shellcheck disable=SC2086
check 'many folders' run 0 $many -I dir -o gen dir/outer.idl

echo 'struct FromStdin { long a; };' | "$idlc" -o gen - 2>said
check 'standard input' test -s gen/stdin.h
check 'defines' run 0 -E -DA=1 -D 'B(x)=[x]' -UA one.idl
echo 'A B(2) C' >macros.idl
check 'macros' run 0 -E -DA=1 -D 'B(x)=[x]' -DC macros.idl
check 'are replaced' prints '1 [2] 1'

echo 'struct S { @optionl long a; };' >warn.idl
check 'a warning is no error' run 0 -o gen warn.idl
check 'it is said' says '[-Wunknown-annotation]'
check 'unless it is to be one' run 1 -Werror -o gen warn.idl
check 'or that one' run 1 -Werror=unknown-annotation -o gen warn.idl
check 'not another' run 0 -Werror=keyword -o gen warn.idl
check 'nor said' run 0 -Wno-unknown-annotation -o gen warn.idl
check 'then' test ! -s said
check 'none' run 0 -w -o gen warn.idl
check 'at all' test ! -s said
printf 'struct A { B b; };\n%.0s' 1 2 3 4 5 6 7 8 >errors.idl
check 'errors are counted' run 1 -fmax-errors=3 errors.idl
check 'up to there' test "$(grep -c 'error:' said)" -eq 3
check 'color' run 1 --color=always bad.idl
check 'is there' says "$(printf '\033[31m')"
check 'no color' run 1 bad.idl
check 'is the default where nobody looks' not says "$(printf '\033')"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
