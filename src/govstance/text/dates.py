"""The day a text says it was written on, looked for at its head only."""

import functools
import re

from babel import Locale, UnknownLocaleError

from govstance.schema import is_iso_date

# "date 2022-04-03" at the head of a plain text: no part of what is read.
DATELINE = re.compile(r"\s*date[ :]+(\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)
ISO_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
# A date further down is one that the text speaks of.
HEAD_CHARACTERS = 200


def dateline(text: str) -> tuple[str, int] | None:
    """The day of a dateline such as `date 2022-04-03` and where the text goes on after it; None without one."""
    match = DATELINE.match(text)
    return (match.group(1), match.end()) if match and is_iso_date(match.group(1)) else None


def day_at_head(text: str, lang: str) -> str | None:
    """The only full date in the first 200 characters, as an ISO day: 2022-04-05, "5 April 2022" in the text's language.

    Two different dates there are no date: nobody says which is the text's. Neither are days written in digits such as
    05/04/2022, whose order depends on the country.

    Args:
        text: A document.
        lang: ISO 639-1 code, whose names of months are known.

    Example:
        >>> day_at_head("Астана, 5 апреля 2022 года. Казахстан", "ru")
        '2022-04-05'
    """
    head = text[:HEAD_CHARACTERS]
    days = {day for day in ISO_DAY.findall(head) if is_iso_date(day)}
    months = _months(lang)
    if months:
        names = "|".join(sorted(map(re.escape, months), key=len, reverse=True))
        day_first = rf"(?<!\d)(?P<day>\d{{1,2}})(?:\.|er|º|-?(?:st|nd|rd|th))? (?:de )?(?P<month>{names})\.?,? (?:de )?"
        month_first = rf"(?<!\w)(?P<month>{names})\.? (?P<day>\d{{1,2}}),? "
        for pattern in (day_first, month_first):
            for match in re.finditer(pattern + r"(?P<year>(?:19|20)\d\d)(?!\d)", head, re.IGNORECASE):
                day = f"{match['year']}-{months[match['month'].lower()]:02d}-{int(match['day']):02d}"
                days |= {day} if is_iso_date(day) else set()
    return days.pop() if len(days) == 1 else None


@functools.cache
def _months(lang: str) -> dict[str, int]:
    """Names of months in a language, in the forms that dates take, in lower case -> 1 to 12."""
    try:
        months = Locale.parse(lang).months
    except (UnknownLocaleError, ValueError):
        return {}
    return {
        name.lower().rstrip("."): number
        for context in ("stand-alone", "format")
        for width in ("abbreviated", "wide")
        for number, name in months[context][width].items()
        if not name.isdigit()
    }
