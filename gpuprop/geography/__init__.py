"""Countries and coast lines, from Natural Earth 1:50m (public domain).

countries.py        the countries by code; which points lie in them
lines.py            coast lines and borders, for maps
countries.parquet   the countries: code, name, rings
lines.parquet       the lines that the rings consist of
build.py            makes both files from a named source

Whose borders
-------------
The borders are those of Natural Earth, "Admin 0 - Countries", version 4.1.0. Natural Earth draws
de facto boundaries: it shows who controls a territory, not who claims it. gpuprop takes no position
on them. They are coarse (made for maps of 1:50,000,000) and lie within some kilometres of the
real ones: good enough for means over a country, not for a site near a border.

The codes are Natural Earth's ISO_A3_EH: ISO 3166-1 alpha-3. So France (FRA) and Norway (NOR) have
theirs. France includes its overseas departments, such as French Guiana; Greenland, Hong Kong or
Puerto Rico have codes of their own. Five shapes have no code (Australian Indian Ocean Territories,
Kosovo, Northern Cyprus, Siachen Glacier, Somaliland): they are drawn, but are no regions. Some
small territories are not in Natural Earth 1:50m: Gibraltar, Tokelau, Tuvalu.
"""
