"""Catalogues of element sets: read, written and downloaded.

read/          TLE, 3LE, OMM -> Elements
write/         Elements -> TLE, 3LE, OMM
celestrak.py   groups of CelesTrak, kept in a cache for two hours
http.py        one request, within a deadline
urls.py        addresses, shown without their secrets
sources.py     what SOURCE means on the command line

Five kinds of error leave this package:

ElementsError   (read) a source holds no element sets, or some records are bad
WritingError    (write) satellites do not fit in a format
SourceError     (sources) the user's call is wrong; the command line exits with 2
DownloadError   (http) there is no good answer, and asking again later may help
RefusedError    (http) a DownloadError: the server refused, and the cache keeps that for two hours
"""
