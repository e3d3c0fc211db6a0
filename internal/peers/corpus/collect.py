#!/usr/bin/env python3
"""Writes the SQL corpora: one JSON file per corpus, with one statement per line.

Usage: collect.py SOURCES OUTPUT

SOURCES is the directory that fetch.sh filled. If OUTPUT already contains the corpora of the
same sources and the same scripts, nothing is done. OUTPUT/corpora.json contains, for each
corpus, the version of its source and how many statements were left out, by reason.

A statement has these fields:
  id               a hash of db.system.name and of the SQL without canaries
  system           db.system.name
  sql              the SQL with canaries in its literals
  literals         the number of literals that have a canary
  canaries         the canaries
  operations       the accepted values of db.operation.name, if a parser gives them
  tables           the tables, if a parser gives them: lower case, without quotes
  collection_only  true if the summary may name other objects than tables
"""

import functools
import hashlib
import json
import pathlib
import sys

sys.dont_write_bytecode = True  # this directory belongs to the repository

import canary  # noqa: E402

HERE = pathlib.Path(__file__).parent
SCRIPTS = ("fetch.sh", "collect.py", "canary.py", "glot.py", "mysqltest.py", "names.py", "psql.py")


class Corpus:
    """Writes the statements of one corpus. Of statements that differ only in the values of
    plain literals and in the numbers at the ends of names, the first one is written."""

    def __init__(self, path, canaries):
        self.path, self.canaries = path, canaries
        self.file = path.with_suffix(".jsonl").open("w", encoding="utf-8")
        self.seen, self.left_out = set(), {}

    def leave_out(self, reason):
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def add(self, system, sql, lex, describe):
        """Adds a statement. If the lexer reads other tokens after the canaries were placed,
        the statement is left out."""
        identifier = hashlib.sha256(f"{system}\0{sql}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
        if not is_unicode(sql):
            return self.leave_out("not UTF-8")
        if not sql:
            return self.leave_out("empty")
        if self.repeats("text", system, sql):
            return self.leave_out("repeated")
        try:
            kinds, literals = lex(sql)
            if self.repeats("shape", system, canary.shape(sql, literals)):
                return self.leave_out("repeated")
            marked, canaries = self.canaries.place(sql, literals)
            if lex(marked)[0] != kinds:
                return self.leave_out("other tokens with canaries")
        except Exception as error:  # every lexer has errors of its own
            return self.leave_out(f"not read by the lexer: {type(error).__name__}")
        for _ in range(len(literals) - len(canaries)):
            self.leave_out("literal without a canary")
        statement = {"id": identifier, "system": system, "sql": marked, "literals": len(canaries), "canaries": canaries}
        json.dump(statement | describe(sql), self.file, ensure_ascii=False)
        self.file.write("\n")
        return None

    def repeats(self, *texts):
        """Reports whether it was already called with the same texts."""
        digest = hashlib.sha256("\0".join(texts).encode()).digest()
        repeated = digest in self.seen
        self.seen.add(digest)
        return repeated

    def close(self):
        self.file.close()
        return self.left_out


def is_unicode(sql):
    try:
        sql.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def postgresql(sources, corpus):
    import psql

    for path in sorted(sources.glob("pglast/libpg_query/test/sql/*/*.sql")):
        for sql in psql.Script(path.read_text("utf-8", "surrogateescape")).statements():
            corpus.add("postgresql", sql, psql.lex, psql.describe)


def mariadb(sources, corpus):
    import glot
    import mysqltest

    describe = functools.partial(glot.describe, dialect="mysql")
    for path in sorted(sources.glob("mariadb/usr/share/mysql/mysql-test/**/*.test")):
        for sql in mysqltest.Script(path.read_text("utf-8", "surrogateescape")).statements():
            if sql is None:
                corpus.leave_out("variables of mysqltest")
            else:
                corpus.add("mariadb", sql, mysqltest.lex, describe)


def sqlglot(sources, corpus):
    import glot

    lexers = {}
    for dialect, sql in glot.statements(sources / "sqlglot"):
        lexer = lexers.setdefault(dialect, None) or glot.Lexer(dialect)
        lexers[dialect] = lexer
        corpus.add(glot.SYSTEMS.get(dialect, "other_sql"), sql, lexer.lex, functools.partial(glot.describe, dialect=dialect))


CORPORA = {"postgresql": postgresql, "mariadb": mariadb, "sqlglot": sqlglot}


def versions(sources):
    """Returns the versions of the sources, by corpus."""
    import sqlglot as library
    from importlib.metadata import version

    debian = (sources / "mariadb" / "VERSION").read_text("utf-8").strip()
    return {"postgresql": f"pglast {version('pglast')}", "mariadb": f"mariadb-test-data {debian}", "sqlglot": f"sqlglot {library.__version__}"}


def fingerprint(found):
    digest = hashlib.sha256(json.dumps(found).encode())
    for name in SCRIPTS:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def main():
    sources, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    sys.path.insert(0, str(sources / "python"))
    sys.setrecursionlimit(5000)
    output.mkdir(parents=True, exist_ok=True)
    found, index = versions(sources), output / "corpora.json"
    if index.exists() and json.loads(index.read_text("utf-8"))["fingerprint"] == fingerprint(found):
        return
    index.unlink(missing_ok=True)
    corpora = {}
    for name, write in CORPORA.items():
        corpus = Corpus(output / name, canary.Canaries())
        write(sources, corpus)
        corpora[name] = {"version": found[name], "left_out": corpus.close()}
    index.write_text(json.dumps({"fingerprint": fingerprint(found), "corpora": corpora}, indent="\t") + "\n", "utf-8")


if __name__ == "__main__":
    main()
