#!/bin/sh
# tour.sh PROGRAM TOUR.AWK PAGE - whether the program made of a page prints what the page says.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
case $1 in /*) program=$1 ;; *) program=$PWD/$1 ;; esac
awk -v text=1 -f "$2" "$3" >"$dir/page"
(cd "$dir" && "$program" >out)
diff "$dir/page" "$dir/out"
