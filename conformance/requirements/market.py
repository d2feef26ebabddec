"""Requirements about rounds, the log, reports, sealed orders, plans, contracts and versions."""

from conformance.requirement import Group, broker, meter

ROUNDS = Group(
    "rounds",
    "Gates, clearings, awards, proofs",
    (
        broker(170, "A gate with orders is published within 5 s after its time of the calendar, never before."),
        broker(171, "The `gate` of a round is published before its `clearing`."),
        broker(172, "The `book` of a round holds the orders whose number and Merkle root the gate published."),
        broker(173, "Each entry of the book opens its commitment with its salt."),
        broker(174, "The book stands in strictly ascending order of pseudonyms."),
        broker(175, "All pages of a book are published."),
        broker(176, "A receipted order stands in the book, unchanged, under the pseudonym of its receipt."),
        broker(177, "A clearing names the number and root of the orders that its gate published."),
        broker(178, "Every gate is followed by one clearing, also when nothing was ordered."),
        broker(179, "Each meter that ordered gets one `award`, also when it trades nothing."),
        broker(180, "An award is a leaf under the `awards_root` of its signed clearing."),
        broker(181, "The order that an award answers is a leaf under the root of the gate."),
        broker(182, "An award is no more than was ordered on its side."),
        broker(183, "An award costs no more, and earns no less, than the limits of its order."),
        broker(184, "With one price in an award `amount_nano` is (bought - sold) times that price, exactly."),
        broker(185, "Bought energy of a round is its volume, sold energy that and what is lost."),
        broker(186, "Clearing prices lie in the band of the slot."),
        broker(187, "The `roster` of the day is published before a book of the day and names no more pseudonyms than "
                    "members."),
        broker(188, "Every pseudonym of a book is on the roster of its day."),
        broker(189, "A clearing is published before its slot begins, but of gates that passed while the broker was "
                    "away."),
    ),
)  # fmt: skip

LOG = Group(
    "log",
    "Log and checkpoints",
    (
        broker(190, "A checkpoint's `note` is a C2SP signed note by the calendar's `log_key` that says the size and "
                    "root of the message."),
        broker(191, "The consistency proof of a checkpoint continues the log of `previous_size` leaves (RFC 6962)."),
        broker(192, "The published leaves give the root of the checkpoint."),
        broker(193, "A leaf is canonical JSON of at most 600 characters."),
        broker(194, "The log holds a leaf with the digest of each clearing."),
        broker(195, "The leaf `log_index` of the log is the salted commitment to the settlement."),
        broker(196, "No leaf, book, roster or clearing names a meter."),
    ),
)  # fmt: skip

REPORTS = Group(
    "reports",
    "Reports, settlements, corrections",
    (
        broker(200, "A report that holds is answered with a receipt."),
        broker(201, "When all have reported, each member with an award gets a `settlement` of the slot."),
        broker(202, "The lines of a settlement sum to its total, to the nano."),
        broker(203, "`metered_wh` is import minus export of the reported registers."),
        broker(204, "`award_wh` is what the awards of the slot gave, bought minus sold."),
        broker(205, "A slot has one settlement per meter without `corrects`."),
        broker(206, "A measured value with a reason in `replaces` is taken; a `settlement` with `corrects` follows "
                    "that names the log index of the one it changes."),
        broker(207, "The totals of a settlement and its corrections sum to what the slot costs with the new value."),
        broker(208, "A meter that has not reported `report_within_s` after the slot is settled as `estimated`."),
        meter(210, "A report is sent after its slot has ended."),
        meter(211, "The registers of a report continue those of the report before."),
        meter(212, "Registers do not fall within a report."),
        meter(213, "Each slot is reported under its start, once; another content has a higher sequence."),
        meter(214, "A report without a receipt is sent again with the same bytes."),
        meter(215, "A report for a boundary that was read in time is `measured`."),
    ),
)  # fmt: skip

WITNESSES = Group(
    "witnesses",
    "Witnesses",
    (
        meter(216, "A meter republishes the newest checkpoint it saw as `witness`, its note unchanged."),
        meter(217, "A witness is signed with the meter's key, which it names."),
        meter(218, "A checkpoint whose note the `log_key` has not signed is never republished."),
        meter(219, "A meter sends at most one `witness` per slot of the checkpoint."),
    ),
)

SEALED = Group(
    "sealed",
    "Sealed orders",
    (
        broker(220, "A sealed order is receipted with its pseudonym; its salt stays the meter's."),
        broker(221, "A reveal before the gate is refused as `wrong_reveal`."),
        broker(222, "A reveal that opens the commitment, between gate and clearing, is receipted."),
        broker(223, "A reveal that opens another commitment is refused as `wrong_reveal`."),
        broker(224, "A sealed order that was not revealed is void and counted in `unrevealed`."),
        meter(225, "In a sealed stage a meter sends a commitment, no open order."),
        meter(226, "A reveal opens the commitment that was receipted: same sequence, steps and salt."),
        meter(227, "Nothing is revealed before the gate of the round was published."),
        meter(228, "A gate that the broker's key has not signed reveals nothing."),
    ),
)

PLANS = Group(
    "plans",
    "Plans and the indicative path",
    (
        broker(230, "A plan counts without a receipt: the next `path` holds it when at least `group_min` members "
                    "have told one."),
        broker(231, "`path` is never the sum of fewer than `group_min` plans."),
        broker(232, "A plan with a higher round replaces the meter's plan."),
        meter(233, "A plan has between 1 and 288 slots and starts with one that is not over."),
        meter(234, "The round of a meter's plans rises."),
    ),
)  # fmt: skip

CONTRACTS = Group(
    "contracts",
    "Contracts, blocks, calls, questions, batches",
    (
        broker(235, "A proposal is receipted with the sequence 1 and told to both parties as `contract` "
                    "`proposed`."),
        broker(236, "An acceptance with the digest of the proposal makes the contract `agreed`, told to both."),
        broker(237, "An agreed contract adds to the positions of both parties, with opposite signs."),
        broker(238, "A refused proposal is told to both as `refused` and changes no position."),
        broker(239, "Block orders of a day-ahead auction are published as `blocks` under salted names; every gate of "
                    "the day names their root."),
        broker(240, "Offers to a `call` count until its `gate`; each meter that offered gets a `flex_award`."),
        broker(241, "In a market cleared in rounds a meter is asked at most 32 questions, the last before "
                    "`reveal_within_s` is over."),
        broker(242, "A batch of a gateway that no member is enrolled with is refused as `wrong_gateway`."),
        broker(243, "A batch of more than 500 records is refused as `oversized`."),
        broker(244, "After the clearing of a market in rounds the replies that counted are published as `replies`, "
                    "as they were sent; `convergence` has named their number and root."),
    ),
)  # fmt: skip

VERSIONS = Group(
    "versions",
    "Versions",
    (
        broker(245, "A domain tag of another major version is refused as `bad_signature`, another `v` as "
                    "`unknown_version`."),
        meter(246, "A meter drops messages of kinds that it does not know and works on: a minor version may bring "
                   "new ones."),
        meter(248, "Bytes on its topics that are no message (oversized, not JSON, unsigned, unknown kind) leave a "
                   "meter working."),
    ),
)  # fmt: skip
