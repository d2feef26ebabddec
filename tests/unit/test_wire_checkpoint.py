"""Checkpoints against notes that other programs have signed, and against everything that is none.

Source: C2SP signed-note and tlog-checkpoint; the two signed examples are published by other implementations.
"""

import pytest

from wire.checkpoint import (
    NoteError,
    TreeHead,
    opened_note,
    parse_tree_head,
    parse_verifier_key,
    signed_note,
    tree_head,
    verifier_key,
)
from wire.signing import key_from_seed

PUBLISHED = [
    (
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "This is an example message.\n",
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6"
        "TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    ),
    (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUg"
        "YN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
    ),
]
KEY, OTHER = key_from_seed(bytes([7]) * 32), key_from_seed(bytes([8]) * 32)
HEAD = TreeHead("elm", 42, bytes(range(32)))
NOTE = signed_note(HEAD.text(), "elm", KEY)


@pytest.mark.parametrize(("vkey", "text", "signature"), PUBLISHED)
def test_published_notes_open_with_their_published_keys(vkey: str, text: str, signature: str) -> None:
    name, public = parse_verifier_key(vkey)
    assert verifier_key(name, public) == vkey
    assert opened_note(f"{text}\n{signature}", name, public) == text
    unknown = signed_note("other\n", "unknown", OTHER).rpartition("\n\n")[2]
    assert opened_note(f"{text}\n{unknown}{signature}", name, public) == text
    with pytest.raises(NoteError, match="does not hold"):
        opened_note(f"x{text}\n{signature}", name, public)


def test_the_published_checkpoint_has_its_origin_size_and_root() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    head = parse_tree_head(text)
    assert (head.origin, head.size, head.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert head.text() == text


def test_a_signed_checkpoint_opens_with_its_key_only() -> None:
    assert tree_head(NOTE, "elm", KEY.public) == HEAD
    for origin, public in (("oak", KEY.public), ("elm", OTHER.public)):
        with pytest.raises(NoteError, match="no signature"):
            tree_head(NOTE, origin, public)
    foreign = signed_note(TreeHead("oak", 1, bytes(32)).text(), "elm", KEY)
    with pytest.raises(NoteError, match="not of elm"):
        tree_head(foreign, "elm", KEY.public)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "elm\n42\n",
        NOTE.removesuffix("\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— elm ", "— elm  "),
        NOTE + "\n",
        NOTE.replace("42", "43"),
        "\t" + NOTE,
        NOTE + "— elm AAAA\n",
        NOTE + NOTE.rpartition("\n\n")[2] * 100,
    ],
)
def test_what_is_no_note_of_the_log_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        tree_head(note, "elm", KEY.public)


@pytest.mark.parametrize(
    "text",
    [
        "elm\n042\nAAAA\n",
        "elm\n-1\nAAAA\n",
        "elm\n1\nAAAA\n",
        "elm\n1\n\n",
        "elm\n1\nAAAA",
        "\n1\nAAAA\n",
        "elm\n1\n*\n",
    ],
)
def test_what_is_no_tree_head_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_tree_head(text)


@pytest.mark.parametrize(
    "key", ["", "elm", "elm+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "e m+530d903a+AQ=="]
)
def test_a_damaged_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier_key(key)


def test_a_tree_head_with_a_line_break_in_it_is_not_signed() -> None:
    with pytest.raises(NoteError):
        TreeHead("elm\nx", 1, bytes(32)).text()
