"""The page of a backtest: what it says follows from the metrics, whatever is missing."""

import math

from backtest_page_sample import sample_backtest

from hems.commands.backtest_report.page import render
from hems.commands.backtest_report.plot import Axis, Line, plot, value_axis
from web.charts.markup import Markup, tag


def test_the_headline_is_the_mean_skill() -> None:
    found = sample_backtest()
    skill = 100 * found.document["mean"]["skill_pinball"]
    assert (
        f"<h1>{skill:.1f}\N{NO-BREAK SPACE}% less loss than the best naive forecast, the mean of 3 homes"
        in render(found)
    )


def test_four_usual_best_and_worst_days_are_drawn_of_as_many_homes_as_there_are() -> None:
    page = render(sample_backtest())
    worst = page[page.index("Worst days") : page.index("Found in the data")]
    assert worst.count("<figure>") == 4
    assert all(f'class="plot-title" x="0" y="13">home &lt;{k}&gt;' in worst for k in range(3))


def test_one_home_and_one_day_make_a_page() -> None:
    page = render(sample_backtest(homes=1, days=1))
    assert "one home" in page and "nan" not in page.lower()


def test_without_a_naive_loss_the_page_says_that_there_is_nothing_to_compare_with() -> None:
    found = sample_backtest()
    for one in [*found.document["groups"].values(), found.document["mean"]]:
        one["skill_mae"] = one["skill_pinball"] = one["nmae"] = None
    assert "nothing" in render(found) or "no loss of a naive forecast" in render(found)


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    axis = Axis(low=0.0, high=4.0, ticks=())
    drawn = plot([Line(x=[0, 1, 2, 3], y=[1, math.nan, 2, 3], css="measured")], x=axis, y=axis, title="", desc="")
    path = drawn.split('class="measured" d="')[1].split('"')[0]
    assert path.count("M") == 2 and "nan" not in path


def test_ticks_are_round_and_cover_the_values() -> None:
    axis = value_axis([0.2, 3.7, math.nan])
    assert [text for _, text in axis.ticks] == ["0", "1", "2", "3", "4"]
    assert value_axis([0.0]).high == 1.0


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b>", Markup("<i>"), title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i></p>'
