"""Small archives in CEPII's format, good and bad."""

import zipfile

HEADER = "t,i,j,k,v,q"
GOOD = ("2020,276,156,850511,10.5,1.25", "2020,156,276,10110,7.001,NA", "2020,490,842,260600,0.002,")
COUNTRIES = (
    "country_code,country_name,country_iso2,country_iso3\n156,China,CN,CHN\n276,Germany,DE,DEU\n"
    "842,USA (...1980),US,USA\n490,Other Asia n.e.s.,,S19\n"
)


def year_name(year=2020, nomenclature="HS07", version="202601"):
    return f"BACI_{nomenclature}_Y{year}_V{version}.csv"


def year_text(rows=GOOD, header=HEADER, newline="\n"):
    return newline.join([header, *rows]) + newline


def archive(path, members=None, comment=b""):
    """Write a zip archive; ``members`` maps names to text or bytes."""
    content = {year_name(): year_text(), "country_codes_V202601.csv": COUNTRIES} if members is None else members
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = comment
        for name, text in content.items():
            packed.writestr(name, text)
    return path
