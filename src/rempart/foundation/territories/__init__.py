"""Where things are: regions, departments, communes, their populations, legal times and shapes.

    departments(), department(code), regions(), region(code)
    commune(code), communes_of(department), communes_at(postal_code)
    department_of(postal_code, commune=code)     "2B" for 20200, "978" for 97150
    population_by_class(department)              SI-DEP's ten-year classes
    zone_of(department)                          the civil day is that of the territory
    shapes()                                     SVG paths for a map

Everything comes from data files in data/, each with its source and vintage; `python -m
rempart.foundation.territories.load` makes them again from the official files. Tables are read when
first asked for and kept.
"""

from rempart.foundation.territories.communes import Commune, commune, communes_at, communes_of
from rempart.foundation.territories.departments import (
    AGE_CLASSES,
    Department,
    Region,
    department,
    department_of,
    departments,
    population_by_class,
    region,
    regions,
    zone_of,
)
from rempart.foundation.territories.shapes import Map, Shape, shapes

__all__ = [
    "AGE_CLASSES",
    "Commune",
    "Department",
    "Map",
    "Region",
    "Shape",
    "commune",
    "communes_at",
    "communes_of",
    "department",
    "department_of",
    "departments",
    "population_by_class",
    "region",
    "regions",
    "shapes",
    "zone_of",
]
