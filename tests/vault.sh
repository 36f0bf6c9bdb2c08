#!/bin/sh
# vault.sh - examples/interceptors: the token opens, nothing else does, and both ends log every call: vault.sh SERVER CLIENT
server=$1 client=$2
failed=0

tmp=$(mktemp -d) || exit 1
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$tmp"' EXIT
mkfifo "$tmp/said"
"$server" "unix:$tmp/socket" sesame >"$tmp/said" 2>"$tmp/server" &
pid=$!
read -r endpoint <"$tmp/said" || { echo "the server did not start"; exit 1; }

# ask TOKEN NAME CODE ANSWER LOG: what the client prints, and what both have logged
ask() {
        "$client" "$endpoint" "$1" "$2" >"$tmp/answer" 2>"$tmp/client"
        code=$?
        [ $code = "$3" ] || { echo "$1, $2: ended with $code"; failed=1; }
        cat "$tmp/answer" "$tmp/client" | grep -qF -- "$4" || { echo "$1, $2: no '$4' in"; cat "$tmp/answer" "$tmp/client"; failed=1; }
        grep -qE "^vault.Vault/open at $endpoint: $5 in [0-9]+ us\$" "$tmp/client" ||
                { echo "$1, $2: the client logs"; cat "$tmp/client"; failed=1; }
}
ask sesame gold 0 'gold is where the rainbow ends' OK
ask sesame silver 1 'vault.Unknown' UNKNOWN
ask saffron gold 1 'that is not the token' UNAUTHENTICATED
ask '' gold 1 'there is no token' UNAUTHENTICATED
kill "$pid" && wait "$pid" || { echo "the server ended with $?"; failed=1; }
pid=
sed 's/in [0-9]* us, [0-9]* bytes in, [0-9]* out$/in N/; s/pid [0-9]* of uid [0-9]*/P/' "$tmp/server" >"$tmp/log"
cat >"$tmp/expected" <<END
vault.Vault/open by P: OK in N
vault.Vault/open by P: UNKNOWN in N
vault.Vault/open by P: UNAUTHENTICATED in N
END
diff "$tmp/expected" "$tmp/log" || { echo "the server's log is another one"; failed=1; }
exit $failed
