"""What CelesTrak answers: element sets, refusals and pages."""

CSV = (
    b"OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,"
    b"ARG_OF_PERICENTER,MEAN_ANOMALY,EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,"
    b"ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,MEAN_MOTION_DDOT\r\n"
    b"QIANFAN-1,2024-140A,2026-11-24T05:11:20.5,13.51,0.0004,88.99,12.6,289.0,70.9,0,U,60379,"
    b"999,11000,0.0001,1e-06,0\r\n"
    b"QIANFAN-2,2024-140B,2026-11-25T05:11:20.5,13.52,0.0004,88.99,12.6,289.0,80.9,0,U,60380,"
    b"999,11000,0.0001,1e-06,0\r\n"
)
TLE = (
    b"1 25544U 98067A   19343.69339541  .00001764  00000-0  38792-4 0  9991\r\n"
    b"2 25544  51.6439 211.2001 0007417  17.6667  85.6398 15.50103472202482\r\n"
)
NEWER = CSV.replace(b"2026-11-25", b"2026-11-26")
# Word for word what CelesTrak answers, the first with 403 or 200, the second with 200, the third
# with 404.
NOT_UPDATED = (
    "GP data has not updated since your last successful\ndownload of GROUP=qianfan at {} UTC.\n"
    "Data is updated once every 2 hours.\n"
)
NO_GROUP = b'Invalid query: "GROUP=qianfam&FORMAT=csv" (GROUP=qianfam not found)'
NO_DATA = b"No GP data found"
PAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your "
    b"browser</body></html>"
)
