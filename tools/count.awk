# count.awk - counts passed and failed tests in meson's testlog.txt: "PASSED FAILED".
# A program of Check counts what its summary says, anything else counts as one. A program that
# ends badly without a failure of its own (a crash, a leak) counts as one failure more.

function finish()
{
    if (!open || result == "SKIP") return
    if (!summaries) { if (good) passed++; else failed++ }
    else {
        passed += checks - bad
        failed += bad + (!good && !bad)
    }
}

/^=+ [0-9]+\/[0-9]+ =+$/ { finish(); open = 1; summaries = checks = bad = good = 0; result = "" }
/^result: +/             { result = ($0 ~ /exit status 77/) ? "SKIP" : ""; good = ($0 ~ /exit status 0$/) }
/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
    gsub(/,/, ""); summaries++; checks += $3; bad += $5 + $7
}
END { finish(); print passed + 0, failed + 0 }
