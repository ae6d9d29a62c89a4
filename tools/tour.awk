# tour.awk - the program of a page whose blocks of C are run by the tests: its output must be the page's blocks of text.
#
#     awk -f tour.awk page.md                 the program
#     awk -v text=1 -f tour.awk page.md       what it should print
#
# A section (##) is a program of its own: blocks that begin with "static", "enum" or "typedef" stand outside of functions,
# the others one after the other in one, where cx is a context just opened. Errors name the page's line.

function finish() { if (body) calls = calls sprintf("    if (section%d()) return %d;\n", section, section); flush_section(); }
function flush_section()
{
    printf "%s", outside
    if (body) printf "static int section%d(void)\n{\n    tw_ctx *cx = tw_open(.seed = 1);\n%s    return tw_close(cx);\n}\n", section, body
    outside = body = ""
}

BEGIN { if (!text) print "#include <thalweg.h>\n#include <math.h>" }
/^```/ {
    if (kind) { if (!text && kind == "c") add(block, first); kind = ""; next }
    kind = substr($0, 4); block = ""; first = NR + 1; next
}
kind { if (text && kind == "text") print; block = block $0 "\n"; next }
/^## / && !text { finish(); section++ }

function add(b, line)
{
    b = sprintf("#line %d \"%s\"\n%s", line, FILENAME, b)
    if (b ~ /^[^\n]*\n(static|enum|typedef) /) outside = outside b
    else body = body b
}

END { if (!text) { finish(); printf "int main(void)\n{\n%s    return 0;\n}\n", calls } }
