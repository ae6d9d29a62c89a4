# check.sh - what continuous integration runs; sourced by ./dev, which defines configure, run_tests and verdict.
# Sets passed and failed: every step counts as one, every run of the tests as what it counted.

all_passed=0 all_failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

report()        # good name seconds
{
    if [ "$1" = 1 ]; then all_passed=$((all_passed + 1)); word=ok
    else all_failed=$((all_failed + 1)); word=FAILED; tail -n 80 "$work/log"; fi
    printf '%-7s %s (%d s)\n' "$word" "$2" "$3"
}

# step NAME COMMAND ...: quiet unless it fails
step()
{
    name=$1; shift
    since=$(date +%s)
    if "$@" >"$work/log" 2>&1; then good=1; else good=0; fi
    report $good "$name" $(($(date +%s) - since))
}

# tests NAME DIR [MESON TEST OPTION ...]: the tests of a directory, which count by themselves
tests()
{
    name=$1; shift
    since=$(date +%s)
    run_tests "$@" >"$work/log" 2>&1
    count "$name" $(($(date +%s) - since))
}

count()         # name seconds; takes passed and failed
{
    if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then
        [ "$failed" -gt 0 ] || failed=1
        grep -E '[^0]:[EF]:|ERROR|SUMMARY|runtime error|FAIL|TIMEOUT' "$work/log" | head -n 60
        tail -n 40 "$work/log"
    fi
    all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed))
    printf '%-7s %s: %d passed, %d failed (%d s)\n' "$([ "$failed" -eq 0 ] && echo ok || echo FAILED)" "$1" "$passed" "$failed" "$2"
}

# The command that the README gives, as a reader would type it.
test_command()
{
    since=$(date +%s)
    if grep -q '^ *\./dev test' README.md; then ./dev test >"$work/log" 2>&1 || true; fi
    last=$(tail -n 1 "$work/log")
    passed=0 failed=1
    case $last in
    [0-9]*' passed, '[0-9]*' failed') passed=${last%% *} failed=${last#*, } failed=${failed%% *} ;;
    esac
    count "./dev test" $(($(date +%s) - since))
}

make() { configure "$@" && ninja -C "$1"; }

has_isa()
{
    case $1 in
    base)   ;;
    avx2)   grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo ;;
    avx512) grep -qw avx512f /proc/cpuinfo && grep -qw avx512dq /proc/cpuinfo && grep -qw avx512bw /proc/cpuinfo && grep -qw avx512vl /proc/cpuinfo ;;
    esac
}

# Every name that the shared library exports is in its name space.
symbols()
{
    nm -D --defined-only "$1" | awk '$NF !~ /^tw_/ { print "exported: " $NF; bad = 1 } END { exit bad || !NR }'
}

# The README's program, outside of the tree, against an installed library.
readme_program() { awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' README.md ; }

outside()       # prefix compiler
{
    rm -f "$work/p"
    pc=$(dirname "$(find "$PWD/$1" -name thalweg.pc)")
    readme_program >"$work/p.c"
    # shellcheck disable=SC2046  # a list of words
    (cd "$work" && $2 -Wall -Wextra -Werror p.c $(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs thalweg) -o p &&
        LD_LIBRARY_PATH=$(dirname "$pc") ./p)
}

# With every optional part off a program needs libm and the C library, which has the threads.
needs_little()
{
    test -x "$work/p" && ! ldd "$work/p" | grep -vE 'linux-vdso|/ld-linux|libm\.so|libc\.so|libpthread\.so'
}

gcc_build()   { make build; }
clang_build() { (export CC=clang && make build-clang --prefix "$PWD/build-clang/prefix"); }
sanitizer_build()
{
    (export CC=gcc && make build-sanitize --buildtype debug -Doptimization=1 -Ddefault_library=static \
        -Db_sanitize=address,undefined -Dc_args=-fno-sanitize-recover=all -Dbench=false)
}
minimal_build()
{
    make build-minimal --prefix "$PWD/build-minimal/prefix" --auto-features disabled -Ddefault_library=static \
        -Dexamples=false -Dbench=false
}
threads_build()
{
    (export CC=gcc && configure build-threads --buildtype debugoptimized -Doptimization=1 -Ddefault_library=static \
        -Dwerror=false -Db_sanitize=thread -Dbench=false -Dexamples=false &&
        ninja -C build-threads tests/check_pool tests/check_data)
}
install_from() { rm -rf "$1/prefix" && meson install -C "$1" --no-rebuild && tools/headers.sh "$1/prefix/include/thalweg"; }

step "gcc builds without a warning"     gcc_build
test_command
step "clang builds without a warning"   clang_build
step "exported names begin with tw_"    symbols build/libthalweg.so
step "builds with every option off"     minimal_build
step "installs, static"                 install_from build-minimal
step "links from outside, static"       outside build-minimal/prefix gcc
step "needs libm and threads only"      needs_little
step "installs, shared"                 install_from build-clang
step "links from outside, shared"       outside build-clang/prefix gcc
step "links from outside, with clang"   outside build-clang/prefix clang
for isa in base avx2 avx512; do
    if has_isa $isa; then
        export TW_ISA=$isa
        tests "tests, TW_ISA=$isa" build --no-suite source
        unset TW_ISA
    fi
done
step "builds with sanitizers"           sanitizer_build
# Check must not fork here: leaks of the whole program are looked for at its end.
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 CK_FORK=no
tests "tests under sanitizers" build-sanitize --no-suite source --timeout-multiplier 8

# Threads share bytes in two places: the pool of core, and the workers that load data.
step "builds with the thread sanitizer" threads_build
export TSAN_OPTIONS=halt_on_error=1
step "no race in the pool"              build-threads/tests/check_pool
step "no race in loading"               build-threads/tests/check_data

passed=$all_passed failed=$all_failed
