"""Reads the SQL of mysqltest files, and the literals of MariaDB's SQL. The rules are from
the manuals of mysqltest and of MariaDB."""

import re

from canary import BITS, HEX, NUMBER, STRING, Literal

# Commands of mysqltest. Their text is not sent to the server.
COMMANDS = frozenset(
    """append_file assert cat_file change_user character_set chmod connect connection copy_file
    copy_files_wildcard dec delimiter diff_files die dirty_close disable_abort_on_error
    disable_connect_log disable_info disable_metadata disable_ps_protocol disable_query_log
    disable_reconnect disable_result_log disable_rpl_parse disable_session_track_info
    disable_warnings disconnect echo enable_abort_on_error enable_connect_log enable_info
    enable_metadata enable_ps_protocol enable_query_log enable_reconnect enable_result_log
    enable_rpl_parse enable_session_track_info enable_warnings end_timer error exec execw exit
    file_exists horizontal_results if inc let list_files list_files_append_file
    list_files_write_file lowercase_result mkdir move_file output perl ping print query_get_value
    query_sorted real_sleep reap remove_file remove_files_wildcard replace_column replace_numeric_round
    replace_regex replace_result require reset_connection result result_format rmdir
    save_master_pos send_quit send_shutdown shell shutdown_server skip sleep sorted_result source
    start_timer sync_slave_with_master sync_with_master system vertical_results
    wait_for_slave_to_stop while write_file write_line""".split()
)
# Commands of mysqltest whose text is a statement.
SENDING = frozenset("eval evalp send send_eval query query_vertical query_horizontal".split())
# Commands that are followed by lines of other text, up to a line with a marker.
DOCUMENTS = frozenset("perl write_file append_file".split())

PIECE = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | \#[^\n]* | --[ \t][^\n]* | (?<=\n)--[^\n]* | /\*.*?\*/ | .""",
    re.S | re.X,
)
WORD = re.compile(r"[A-Za-z_]+")


class Script:
    """The text of one mysqltest file. It is read from the position at."""

    def __init__(self, text):
        self.text, self.at, self.delimiter = text, 0, ";"

    def statements(self):
        """Yields the statements that mysqltest sends to a server. A statement is None if it
        contains variables of mysqltest, because its text is not known."""
        while self.skip_space():
            if self.text.startswith("#", self.at) or self.text.startswith("}", self.at):
                self.at = self.end_of_line() if self.text[self.at] == "#" else self.at + 1
            elif self.text.startswith("--", self.at):
                line = self.text[self.at + 2 : self.end_of_line()].strip()
                self.at = self.end_of_line()
                yield from self.command(line, from_line=True)
            else:
                yield from self.command(self.read().strip(), from_line=False)

    def skip_space(self):
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def end_of_line(self):
        found = self.text.find("\n", self.at)
        return len(self.text) if found < 0 else found

    def read(self):
        """Returns the text up to the delimiter, or up to the brace that begins a block."""
        begin = self.at
        block = re.match(r"(?i)(if|while)\s*\(", self.text[begin : begin + 40])
        while self.at < len(self.text):
            if self.text.startswith(self.delimiter, self.at):
                found = self.text[begin : self.at]
                self.at += len(self.delimiter)
                return found
            if block and self.text[self.at] == "{":
                self.at += 1
                return self.text[begin : self.at]
            self.at = PIECE.match(self.text, self.at).end()
        return self.text[begin:]

    def command(self, text, from_line):
        found = WORD.match(text)
        name = found[0].lower() if found else ""
        rest = text[len(name) :].strip()
        if name == "delimiter":
            self.delimiter = rest or ";"
        elif name in DOCUMENTS:
            self.skip_document(name, rest)
        elif name in SENDING:
            yield None if "$" in rest else rest.removesuffix(self.delimiter).strip()
        elif name not in COMMANDS and not name.startswith(("enable_", "disable_")) and not from_line and text:
            yield text

    def skip_document(self, name, rest):
        words = rest.split()
        marker = "EOF"
        if len(words) > (name != "perl"):
            marker = words[-1].rstrip(";")
        found = re.compile(rf"^{re.escape(marker)}[^\n]*$", re.M).search(self.text, self.at)
        self.at = found.end() if found else len(self.text)


TOKEN = re.compile(
    r"""(?P<comment>--(?=[ \t\n])[^\n]*|\#[^\n]*|/\*(?!M?!).*?\*/)
    |(?P<code>/\*M?!\d*|\*/)
    |(?P<variable>@@?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|[\w$.]+)?)
    |(?P<hex>[xX]'[0-9a-fA-F]*'|0x[0-9a-fA-F]+(?![\w$]))
    |(?P<bits>[bB]'[01]*'|0b[01]+(?![\w$]))
    |(?P<string>[nN]?'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w$]))
    |(?P<name>[\w$]+(?:\.[\w$]+)*)
    |(?P<member>(?<=[`"])\.[\w$]+)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.S | re.X,
)
KINDS = {"hex": HEX, "bits": BITS, "string": STRING, "number": NUMBER}


def lex(sql):
    """Returns the kinds of the tokens, and the literals. The text @'name' is a variable or
    a host, and not a literal."""
    kinds, literals = [], []
    for token in TOKEN.finditer(sql):
        kinds.append(token.lastgroup)
        if token.lastgroup in KINDS:
            literals.append(Literal(token.start(), token.end(), KINDS[token.lastgroup]))
    return kinds, literals
