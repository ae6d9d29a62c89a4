#!/bin/sh
# data.sh FOLDER - the data sets of the examples, made from Debian packages that are fetched and unpacked, not installed.
# R, which some of them are stored for, is installed where it is missing. Nothing is done twice.
set -eu
exec </dev/null
mkdir -p "$1"
cd "$1"

fashion=/usr/share/datasets/fashion-mnist
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    [ -e "$name-ubyte.gz" ] || [ ! -e "$fashion/$name-ubyte.gz" ] || ln -s "$fashion/$name-ubyte.gz" .
done
[ -e concrete.csv ] && [ -e letters.csv ] && [ -e shuttle.csv ] && [ -e austen.txt ] && exit 0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
fetch() { (cd "$work" && apt-get -q download r-cran-modeldata r-cran-mlbench r-cran-janeaustenr >&2); }
fetch || { as_root apt-get -q update >&2 && fetch; }
command -v Rscript >/dev/null 2>&1 || as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends r-base-core >&2
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work"; done

cat >"$work/convert.R" <<'end'
library <- function(name) file.path(commandArgs(TRUE)[1], "usr/lib/R/site-library", name, "data")
table <- function(x, file) write.csv(x, file, row.names = FALSE, quote = FALSE, na = "")
lazyLoad(file.path(library("modeldata"), "Rdata"), filter = function(name) name == "concrete")
lazyLoad(file.path(library("janeaustenr"), "Rdata"))
load(file.path(library("mlbench"), "LetterRecognition.rda"))
load(file.path(library("mlbench"), "Shuttle.rda"))
table(concrete, "concrete.csv")             # 1,030 mixtures: I.-C. Yeh 1998
table(LetterRecognition, "letters.csv")     # 20,000 letters: P. W. Frey and D. J. Slate 1991
table(Shuttle, "shuttle.csv")               # 58,000 readings: NASA, Statlog
novels <- c(sensesensibility, prideprejudice, mansfieldpark, emma, northangerabbey, persuasion)
writeLines(iconv(novels, to = "ASCII//TRANSLIT"), "austen.txt")
end
Rscript --vanilla "$work/convert.R" "$work" >/dev/null
