"""Pictures as SVG text: charts over time, flows, bars, and the markup they are made of. Pure: no input, no clock."""
