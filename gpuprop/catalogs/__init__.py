"""Catalogues of element sets: read, written and downloaded.

read/          TLE, 3LE, OMM -> Elements
write/         Elements -> TLE, 3LE, OMM
celestrak.py   groups of CelesTrak, kept in a cache for two hours
http.py        one request, within a deadline
urls.py        addresses, shown without their secrets
sources.py     what SOURCE means on the command line
"""
