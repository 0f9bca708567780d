"""What others chose to call things, as it reaches a terminal."""

from faircompress.support.lines import all_seen


def test_lines_keep_their_form_and_lose_what_moves_the_cursor_or_turns_the_text() -> None:
    assert all_seen("error: two\n\t- a\n  - b") == "error: two\n\t- a\n  - b"
    assert all_seen("a\x1b[2Jb\u202ed") == "a\ufffd[2Jb\ufffdd"
