"""What proximity keeps."""

from rempart.proximity.codes.models import DailyCodes as DailyCodes
from rempart.proximity.codes.models import DeclarationCode as DeclarationCode
