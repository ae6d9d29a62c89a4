#!/bin/sh
# layering.sh [ROOT] - holds the direction of dependencies: core <- ops <- nn <- optim <- train; io uses core, ops and nn.
#
# Kernels see core/op.h, core/link.h and one another only. What of core ends in _impl.h is private to core, but for
# core/here_impl.h, which is for all of the library, and core/vocab_impl.h, which is for ops. Tables (uthash)
# are private to one .c file each. Examples include what a user's program includes.
set -eu
cd "${1:-$(dirname "$0")/..}"

# One line for each include: file, line, what.
includes()
{
    find core ops nn optim io train dist examples bench -name '*.[ch]' -o -name '*.def' 2>/dev/null | LC_ALL=C sort |
        xargs grep -nE '^[[:space:]]*#[[:space:]]*include' |
        sed -E 's/^([^:]*):([0-9]+):[^"<]*(["<][^">]*).*/\1 \2 \3/'
}

includes | awk '
BEGIN {
    may["core"] = "core"
    may["ops/kernel"] = "ops/kernel"
    may["ops"] = "core ops ops/kernel"
    may["nn"] = "core ops nn"
    may["optim"] = "core ops nn optim"
    may["io"] = "core ops nn io"
    may["train"] = "core ops nn optim io train"
    may["dist"] = "core ops nn optim io train dist"
    may["bench"] = "core ops ops/kernel nn optim io train bench"
    may["bench/gradbench"] = "bench/gradbench"
    may["bench/kernels"] = "bench/kernels bench ops/kernel"
}

function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
function bad(why) { print $1 ":" $2 ": " why; faults++ }

{
    from = folder($1); what = substr($3, 2); system_header = substr($3, 1, 1) == "<"
    if (what ~ /^ut(hash|list|array)/) {
        if ($1 !~ /\.c$/) bad("a table belongs into one .c file: " what " in a header")
        next
    }
    if (system_header || what == "thalweg.h") next
    if (from == "examples") { bad("examples include <thalweg.h> only: " what); next }
    if (what !~ /\//) { bad("includes are written from the root: " what); next }

    to = folder(what)
    if (from == "ops/kernel" && (what == "core/op.h" || what == "core/link.h")) next
    if (index(" " may[from] " ", " " to " ") == 0) bad(from " may not use " to ": " what)
    else if (what ~ /^core\/.*_impl\.h$/ && from != "core" && what != "core/here_impl.h" &&
             !(what == "core/vocab_impl.h" && from == "ops"))
        bad(what " is private to core")
}

END { exit faults > 0 }
'

# A type with a table handle is seen by its own file only.
if grep -nE 'UT_hash_handle' $(find core ops nn optim io train -name '*.h'); then
    echo 'a table handle in a header: the table belongs into one .c file'
    exit 1
fi
