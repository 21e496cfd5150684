"""The tables and plots of docs/benchmarks.md, made from results.json.

A table of the page stands between `<!-- table NAME -->` and `<!-- end -->`. results.json has its columns and rows as they are shown, and
the commit and the date of the measurement.
"""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
IMAGES = HERE.parent / "docs" / "images"
BLOCK = re.compile(r"<!-- table (\S+) -->\n.*?<!-- end -->", re.S)
UNITS = {"k": 1e3, "M": 1e6, "µs": 1, "ms": 1e3, "s": 1e6}


def read():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def store(subject, name, columns, rows, commit, date):
    """Puts a measured table into results.json. A script's table replaces the one of its subject with the same columns."""
    results = read()
    if name is None:
        known = [known for known, table in results.items() if known.startswith(f"{subject}-") and table["columns"] == columns]
        if len(known) != 1:
            print(f"run: {subject}: no table of the page has the columns {columns}", file=sys.stderr)
            return
        name = known[0].removeprefix(f"{subject}-")
    if rows:
        results[f"{subject}-{name}"] = {"commit": commit, "date": date, "columns": columns, "rows": rows}
        RESULTS.write_text(dump(results))


def dump(results):
    """JSON with a row on each line."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    return re.sub(r"\[\n\s+(\"[^\[\]]*?)\n\s+\]", lambda found: "[" + re.sub(r"\n\s+", " ", found[1]) + "]", text) + "\n"


def markdown(columns, rows):
    """A column is aligned to the left if one of its cells is a text."""
    def rule(n):
        return "---" if any(re.match(r"[A-Za-z`]", row[n]) for row in rows) else "--:"
    lines = [columns, None, *rows]
    return "\n".join("|" + "|".join(map(rule, range(len(columns)))) + "|" if line is None else "| " + " | ".join(line) + " |" for line in lines)


def block(name, table):
    when = f"Commit {table['commit']}, {table['date']}." if table.get("commit") else f"{table['date']}."
    return f"<!-- table {name} -->\n{markdown(table['columns'], table['rows'])}\n\n{when}\n<!-- end -->"


def write(check=False):
    """Writes the page's tables and the plots. With `check` returns 4 if one of them is not up to date."""
    results, text, missing = read(), PAGE.read_text(), []

    def replace(found):
        name = found[1]
        if name in results:
            return block(name, results[name])
        missing.append(name)
        return found[0]

    files = {PAGE: BLOCK.sub(replace, text)}
    for name, plot in PLOTS.items():
        files[IMAGES / f"bench-{name}.svg"] = svg(*plot(results))
    strangers = unknown_commits(files[PAGE]) if check else []
    wrong = [str(path.relative_to(HERE.parent)) for path, content in files.items() if not path.exists() or path.read_text() != content]
    if check or missing:
        for name in missing:
            print(f"{PAGE.name}: results.json has no table {name}")
        for path in wrong:
            print(f"{path}: not as results.json has it; run benches/run page")
        for commit in strangers:
            print(f"{PAGE.name}: no commit {commit}")
        return 4 if wrong or missing or strangers else 0
    IMAGES.mkdir(exist_ok=True)
    for path, content in files.items():
        path.write_text(content)
    return 0


def unknown_commits(text):
    """The commits that the text names and the repository does not have. A shallow clone has too few to tell."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True)
    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        return []
    named = set(re.findall(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7}\b", text))
    return sorted(commit for commit in named if git("cat-file", "-e", f"{commit}^{{commit}}").returncode)


def amount(cell):
    """The number of a cell: `284 k`, `1.1 ms` (in µs), `1,172`."""
    found = re.match(r"([\d.,]+)(?: (k|M|µs|ms|s)\b)?", cell)
    return float(found[1].replace(",", "")) * UNITS.get(found[2], 1) if found else None


def bars(title, *parts):
    """A plot. Each part is the heading of a group (or None), a table's name, the columns of names and figures, and a filter."""
    def plot(results):
        groups = []
        for heading, name, label, figure, wanted in parts:
            rows = [row for row in filled(results[name]["rows"]) if wanted is None or wanted(row)]
            groups.append((heading, [(row[label], row[figure], amount(row[figure])) for row in rows if amount(row[figure]) is not None]))
        return title, groups
    return plot


def bars_by(title, name, group, label, figure, wanted=lambda row: True):
    """A plot of one table, with a group for each text of the column `group`."""
    def plot(results):
        groups = {}
        for row in filled(results[name]["rows"]):
            if wanted(row) and amount(row[figure]) is not None:
                groups.setdefault(row[group].replace("`", ""), []).append((row[label], row[figure], amount(row[figure])))
        return title, groups.items()
    return plot


def filled(rows):
    """An empty first cell means the one above."""
    above = ""
    for row in rows:
        above = row[0] or above
        yield [above, *row[1:]]


def svg(title, groups):
    """Horizontal bars: sockit in blue, the C limit dark, all others grey. Each group has its own scale."""
    names = [name for _, found in groups for name, _, _ in found]
    left, right, step = max(125, 12 + 6 * max(map(len, names), default=0)), 62, 18
    width = left + 243 + right
    parts, y = [], 34
    for heading, found in groups:
        if heading:
            parts.append(f'<text x="10" y="{y + 12}" class="h">{html.escape(heading)}</text>')
            y += step
        most = max((value for _, _, value in found), default=1) or 1
        for name, shown, value in found:
            kind = "s" if name.startswith("sockit") else "c" if name.startswith("C limit") else "o"
            long = max(1.0, value / most * (width - left - right))
            parts.append(f'<text x="{left - 6}" y="{y + 12}" class="n">{html.escape(name)}</text>'
                         f'<rect x="{left}" y="{y + 2}" width="{long:.1f}" height="{step - 5}" class="{kind}"/>'
                         f'<text x="{left + long + 5:.1f}" y="{y + 12}">{html.escape(shown)}</text>')
            y += step
        y += 6
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 4}" viewBox="0 0 {width} {y + 4}" role="img">\n'
            f"<title>{html.escape(title)}</title>\n"
            "<style>text{font:11px sans-serif;fill:#222}.t{font-size:13px;font-weight:bold}.h{font-weight:bold}.n{text-anchor:end}"
            ".s{fill:#1f6feb}.c{fill:#444}.o{fill:#b5b9be}</style>\n"
            f'<rect width="{width}" height="{y + 4}" rx="6" fill="#fff"/>\n<text x="10" y="20" class="t">{html.escape(title)}</text>\n')
    return head + "\n".join(parts) + "\n</svg>\n"


PLOTS = {
    "echo": bars("Echo, 64 connections: requests a second", (None, "echo-64", 0, 1, None)),
    "udp": bars("Datagrams, 64 sockets: answers a second", (None, "udp-64", 0, 1, None)),
    "fanout": bars("1,000 receivers, 10 publishers: deliveries a second", (None, "fanout-1000-10", 0, 1, None)),
    "idle": bars_by("10,000 idle connections: bytes for each", "idle-1", 1, 0, 2),
    "churn": bars("Connect, one request, close: CPU µs of the server", (None, "churn-1", 0, 3, None)),
    "workers": bars("A fifth of a core for a thread: requests a second", (None, "workers-1", 0, 1, None)),
    "slow": bars("One reader stops: longest pause of the others", (None, "slow-1", 0, 3, None)),
    "files": bars_by("1 GiB from process to process: CPU s of both ends", "files-1", 0, 1, 4, lambda row: row[1] != "sockit before"),
    "get": bars_by("GET: CPU s of the client", "get-1", 0, 1, 3),
    "web": bars("1,000 WebSockets: deliveries a second", (None, "web-1", 0, 1, None)),
    "nodes": bars("One room on several servers: deliveries a second", (None, "nodes-1", 0, 1, None)),
    "tls": bars_by("Fan-out over TLS: CPU µs of a delivery", "tls-fanout", 1, 0, 3, lambda row: not row[0].endswith("clear")),
}
