#!/bin/sh
# style.sh [ROOT] - what can be checked of the text without an opinion: white space, line ends, final
# newlines, invisible characters, length of files.
set -eu
cd "${1:-$(dirname "$0")/..}"

files()
{
    if git rev-parse --git-dir >/dev/null 2>&1; then git ls-files -co --exclude-standard
    else find . -type f ! -path './build*' ! -path './.git/*' | sed 's,^\./,,'
    fi | LC_ALL=C sort | while read -r file; do
        if [ -f "$file" ] && grep -qI . "$file"; then echo "$file"; fi
    done
}

files | xargs awk '
function bad(why) { print FILENAME ":" FNR ": " why; faults++ }
function over()   { if (lines > 600 && name ~ /\.[ch]$/) { print name ": " lines " lines: more than one idea?"; faults++ } }

FNR == 1                    { over(); name = FILENAME }
                            { lines = FNR }
/[ \t]$/                    { bad("white space at the end of the line") }
/\r/                        { bad("carriage return") }
/\t/ && FILENAME !~ /\.awk$/ { bad("tab") }
/\342\200[\213-\217\250-\256]|\357\273\277/ { bad("invisible character") }
FILENAME ~ /\.[ch]$/ && length > 170 { bad("line of " length " characters") }
END                         { over(); exit faults > 0 }
'

files | while read -r file; do
    [ -z "$(tail -c 1 "$file")" ] || { echo "$file: no newline at the end"; exit 1; }
done
