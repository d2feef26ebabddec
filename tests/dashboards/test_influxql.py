"""The query model: what is not declared cannot be asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.asking import Asker
from dashboards.influxql import (
    INTERVAL,
    Query,
    aggregate,
    equals,
    follows,
    moving_average,
    of_inner,
    raw,
    shaped,
    values_of,
)
from wire.telemetry import MEASUREMENTS, Field, Kind, Measurement, Tag
from wire.telemetry.community import Clearing, Members
from wire.telemetry.house import Grid, Metering

FIELDS = [(m, f) for m in MEASUREMENTS for f in m.fields.values()]


def test_a_query_reads_as_influxql() -> None:
    power = Query(
        source=Grid,
        columns=((aggregate("mean", Grid.power_w) / 1000).named("power"),),
        where=(follows(Grid.site, "site"), equals(Grid.meter, "home-1")),
        by=(Grid.site,),
        every=INTERVAL,
    )
    assert power.text() == (
        'SELECT mean("power_w") / 1000 AS "power" FROM "grid" WHERE $timeFilter AND "site" =~ /^${site:regex}$/ '
        'AND "meter" = \'home-1\' GROUP BY time($__interval), "site" fill(none)'
    )


def test_terms_combine() -> None:
    share = aggregate("last", Members.silent) / aggregate("last", Members.enrolled)
    assert share.text == '(last("silent") / last("enrolled"))'
    assert share.reads == {Members.silent, Members.enrolled}
    assert moving_average(aggregate("count", Grid.power_w), 2).text == 'moving_average(count("power_w"), 2)'
    assert shaped("non_negative_derivative", aggregate("last", Grid.import_wh), "1d").text == (
        'non_negative_derivative(last("import_wh"), 1d)'
    )


def test_a_misspelt_field_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        aggregate("mean", Grid.powr_w)  # type: ignore[attr-defined]


def test_a_field_that_nobody_declared_is_refused() -> None:
    invented = Field("W", Kind.INTEGER, "invented")
    invented.name = "power_w"
    with pytest.raises(ValueError, match="grid has no Field"):
        Query(source=Grid, columns=(aggregate("mean", invented),))


@given(asked=st.sampled_from(FIELDS), measurement=st.sampled_from(MEASUREMENTS))
def test_only_a_measurements_own_fields_can_be_read(
    asked: tuple[type[Measurement], Field], measurement: type[Measurement]
) -> None:
    owner, field = asked
    if owner is measurement:
        assert Query(source=measurement, columns=(aggregate("count", field),)).measurement() is owner
    else:
        with pytest.raises(ValueError, match="reads what its measurement declares"):
            Query(source=measurement, columns=(aggregate("count", field),))


@pytest.mark.parametrize("place", ["where", "by"])
def test_a_foreign_tag_is_refused(place: str) -> None:
    columns = (aggregate("mean", Grid.power_w),)
    with pytest.raises(ValueError, match="grid has no Tag"):
        if place == "where":
            Query(source=Grid, columns=columns, where=(follows(Clearing.stage, "stage"),))
        else:
            Query(source=Grid, columns=columns, by=(Clearing.stage,))


def test_text_cannot_be_averaged() -> None:
    with pytest.raises(ValueError, match="it is text"):
        aggregate("mean", Grid.quality)


def test_an_outer_query_reads_columns_of_the_inner_one_only() -> None:
    inner = Query(source=Grid, columns=(aggregate("last", Grid.power_w).named("newest"),), by=(Grid.site,))
    outer = Query(source=inner, columns=(of_inner("sum", "newest", inner),))
    assert outer.text() == (
        'SELECT sum("newest") FROM '
        '(SELECT last("power_w") AS "newest" FROM "grid" WHERE $timeFilter GROUP BY "site") WHERE $timeFilter'
    )
    with pytest.raises(ValueError, match="no column 'latest'"):
        of_inner("sum", "latest", inner)


@given(before=st.text(max_size=5), special=st.sampled_from("\"'\\/$`\n"), after=st.text(max_size=5))
def test_text_that_needs_escapes_is_refused(before: str, special: str, after: str) -> None:
    text = before + special + after
    with pytest.raises(ValueError, match="needs escapes"):
        equals(Grid.site, text)
    with pytest.raises(ValueError, match="needs escapes"):
        raw(Grid.power_w).named(text)


def test_a_variable_lists_values_of_a_declared_tag() -> None:
    assert values_of(Grid.meter, Grid, follows(Grid.site, "site")) == (
        'SHOW TAG VALUES FROM "grid" WITH KEY = "meter" WHERE "site" =~ /^${site:regex}$/'
    )
    with pytest.raises(ValueError, match="grid has no Tag"):
        values_of(Clearing.stage, Grid)


def test_a_dashboards_queries_follow_its_variables_where_the_measurement_has_the_tag() -> None:
    ask = Asker(("site", "program"))
    assert "${site:regex}" in ask(Metering, aggregate("last", Metering.readings)).text()
    assert "program" not in ask(Metering, aggregate("last", Metering.readings)).text()


def test_a_tag_stays_a_tag() -> None:
    assert isinstance(Grid.site, Tag)
    assert raw(Grid.site).text == '"site"'
