#!/bin/sh
# life.sh - what docs/life-of-a-call.md says is so: its functions are in its files, and call each other in its order
page=docs/life-of-a-call.md
awk -v page=$page '
function wrong(why) { printf "%s:%d: %s\n", page, NR, why; bad = 1 }

# The text of a function that begins at the start of a line, or "".
function body(file, name,    line, text, inside) {
        while ((getline line < file) > 0) {
                if (!inside && line ~ "^[a-z_].*[ *]" name "\\(" && line !~ /;$/)
                        inside = 1
                if (inside && line ~ /;$/ && line !~ /^ / && text !~ /\{/)
                        inside = 0              # only declared
                if (inside)
                        text = text line "\n"
                if (inside && line ~ /^}/)
                        break
        }
        close(file)
        return inside ? text : ""
}

/^ *- `[^`]*\.[ch]` `/ {
        match($0, /^ */)
        depth = RLENGTH / 2
        split($0, part, "`")
        file = part[2]
        name = part[4]
        called = part[5] ~ /^ as $/ ? part[6] : name
        sub(/\(\)$/, "", name)
        sub(/\(\)$/, "", called)
        steps++
        text = body(file, name)
        if (text == "")
                wrong(file " has no function " name "()")
        if (depth > 0) {
                at = index(substr(bodies[depth - 1], from[depth - 1]), called "(")
                if (at == 0)
                        wrong(names[depth - 1] "() does not call " called "() there")
                else
                        from[depth - 1] += at
        }
        names[depth] = name
        bodies[depth] = text
        from[depth] = index(text, "{") + 1
}
END {
        if (steps < 40)
                wrong("only " steps " steps were understood")
        exit bad
}' $page || exit 1

# And every other file that the page names is there.
for file in $(grep -o '`[a-z]*/[a-z_]*\.[chm]*d*`' $page | tr -d '`' | sort -u); do
        [ -e "$file" ] || { echo "$page: there is no $file"; exit 1; }
done
