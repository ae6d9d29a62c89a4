#!/bin/sh
# headers.sh [DIR] - each public header of DIR (the tree, or an installed include/thalweg) compiles
# alone, silently, as C11, C17, C++17 and C++20, with each compiler there is.
set -eu
cd "${1:-$(dirname "$0")/..}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
faults=0

compile()       # compiler language standard header
{
    command -v "$1" >/dev/null 2>&1 || return 0
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$4" "$4" >"$dir/one.$2"
    "$1" -std="$3" -Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror -fsyntax-only -I. "$dir/one.$2" ||
        { echo "$4 does not compile alone: $1 -std=$3"; faults=1; }
}

for header in thalweg.h core/core.h core/op.h ops/ops.h nn/nn.h optim/optim.h io/io.h train/train.h train/report.h; do
    for standard in c11 c17; do
        compile gcc c $standard $header
        compile clang c $standard $header
    done
    for standard in c++17 c++20; do
        compile g++ cc $standard $header
        compile clang++ cc $standard $header
    done
done
# Calls as users write them are as silent: options by name, numbers as operands.
cat >"$dir/calls.cc" <<'end'
#include <thalweg.h>
double f(tw_ctx *cx)
{
    TW_SCOPE(cx);
    tw_node *x = tw_normal(cx, TW_SHAPE(4, 3), .std = 0.1), *y = tw_mul(2, tw_sum(tw_add(x, 1.5), .axes = TW_AXES(-1)));
    return tw_item(tw_mean(tw_matmul(x, x, .transpose_b = true))) + tw_item(tw_max(y));
}
end
for compiler in g++ clang++; do
    command -v $compiler >/dev/null 2>&1 || continue
    $compiler -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror -fsyntax-only -I. "$dir/calls.cc" ||
        { echo "calls with options are not silent: $compiler"; faults=1; }
done
exit $faults
