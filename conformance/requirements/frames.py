"""Requirements about frames, topics, connections, limits and units."""

from conformance.requirement import Group, both, broker, meter, server

FRAMES = Group(
    "frames",
    "Frames and signatures",
    (
        both(1, "A signed message is `v1.`, 86 characters of unpadded base64url, `.` and the payload, nothing else."),
        both(
            2,
            "The signature is Ed25519 over `hearthgrid/<kind>/v1`, a zero byte, the community id, a zero byte and "
            "the exact payload bytes, made with the enrolled key of the meter or the `broker_key` of the calendar.",
        ),
        both(3, "A payload is one JSON object in UTF-8 without doubled keys, fractions or `NaN`."),
        broker(4, "The broker's payloads are canonical: keys sorted, no white space, no escaped letters."),
        both(5, "A payload holds exactly the fields of its schema, each with the schema's type and range."),
        both(6, "`v` is 1."),
        both(7, "`community` is the community of the topic."),
        both(8, "`meter` is the meter of the topic."),
        broker(9, "Of the broker's messages only `status` and `award` are sent without a signature."),
        broker(10, "A frame of another form is refused as `bad_frame`."),
        broker(11, "A signature that is not canonical base64url is refused as `bad_frame`."),
        broker(12, "A signature by another key is refused as `bad_signature`."),
        broker(13, "A signature for another kind of message is refused as `bad_signature`."),
        broker(14, "A signature for another community is refused as `bad_signature`."),
        broker(15, "A payload that was changed after signing is refused as `bad_signature`."),
        broker(16, "The size is checked first: a longer frame is `oversized` even when its signature holds."),
        broker(17, "The signature is checked before the payload is parsed: no JSON with a bad signature is "
                   "`bad_signature`."),
        broker(18, "A frame of exactly 16,384 bytes is read."),
        broker(19, "White space and another order of keys are accepted; the digest is that of the bytes as sent."),
    ),
)  # fmt: skip

TOPICS = Group(
    "topics",
    "Topics and access",
    (
        broker(30, "Everything the broker publishes stands on a topic of the table of topics."),
        broker(31, "An answer to a meter is published below that meter's `member/<meter>/` and nowhere else."),
        server(32, "A member cannot read below another member's `member/<meter>/`."),
        server(33, "A member cannot publish below `public/` or `member/`."),
        server(34, "A member cannot publish below another meter's `meter/<meter>/`."),
        broker(35, "A message of a kind that the table does not know is dropped without an answer."),
        broker(36, "Every member hears the same bytes on `public/`."),
        meter(37, "A meter publishes only below its own `meter/<meter>/` and `shared/<meter>/`."),
    ),
)

SESSIONS = Group(
    "sessions",
    "QoS, retained messages, connections",
    (
        broker(40, "The broker publishes with QoS 1."),
        broker(41, "Who subscribes later finds `status`, `calendar`, `conditions` and `checkpoint` retained."),
        broker(42, "Of the public messages only `status`, `calendar`, `conditions`, `path`, `trading` and "
                   "`checkpoint` are retained."),
        broker(43, "No private message is retained."),
        broker(44, "`status` is `online` while the broker serves."),
        broker(45, "The last will is a retained `status` `offline`: it is there when the broker is killed."),
        broker(46, "A broker that starts again publishes `status` `online` and its `calendar`."),
        meter(49, "A meter publishes with QoS 1."),
        meter(50, "A meter retains its `witness` and nothing else."),
        meter(51, "A meter's keep-alive is between 1 and 120 s."),
        meter(52, "A meter connects under one client id and keeps its session (clean session off): messages of "
                  "QoS 1 wait for it."),
        meter(53, "A meter subscribes to its own `member/<meter>/+` and to `public/+` with QoS 1."),
        meter(54, "A meter whose connection was cut connects again within 60 s."),
        meter(55, "A meter says `hello` after connecting."),
    ),
)  # fmt: skip

LIMITS = Group(
    "limits",
    "Sizes and rates",
    (
        both(60, "A frame has at most 16,384 bytes."),
        broker(61, "What could not be read is named in its rejection by the SHA-256 of the whole frame, everything "
                   "else by the SHA-256 of the payload."),
        broker(62, "More than `messages_per_slot_max` orders of a meter for a slot, refused ones included, are "
                   "refused as `quota_exceeded`."),
        broker(63, "More than `path_rounds_max` plans of a meter in one slot are refused as `quota_exceeded`."),
        broker(64, "What does not fit the broker's queue is answered with `quota_exceeded`; nothing is dropped in "
                   "silence."),
        broker(65, "A `book`, `leaves`, `roster`, `rules` or `blocks` too long for a frame comes in pages, all of "
                   "which are published."),
    ),
)  # fmt: skip

TIMES = Group(
    "units",
    "Time, units, signs",
    (
        both(70, "A time is RFC 3339 in UTC with `Z` and whole seconds; another form is refused as `malformed`."),
        broker(71, "A slot is named by its start, a multiple of the slot length; another moment is refused as "
                   "`foreign_slot`."),
        both(72, "Money is text with a whole number of nano-currency."),
        broker(73, "Energy is a whole number of Wh: a fraction is refused as `malformed`."),
        broker(74, "A step has at least 1 Wh: zero and negative energy are refused as `out_of_range`."),
        broker(75, "The `conditions` of a slot, with the price band of its orders, are published before its last "
                   "gate."),
        broker(76, "Signed energy is positive from the grid: an import register that rises is a positive "
                   "`metered_wh`."),
        broker(77, "A text or a truth value where a number belongs is refused as `malformed`."),
    ),
)  # fmt: skip
