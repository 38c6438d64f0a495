"""Names of columns as the ideas in them: English and German words, run together or apart, misspelt a little."""

import difflib
import re
import unicodedata
from functools import cache

IDEAS = {
    "admission": "admission admitted aufnahme discharge entlassung eintritt arrival",
    "age": "age alter lebensalter",
    "all": "all alle sonstige other andere",
    "birth date": "dob",
    "birth": "birth born geburt geburts geb geboren",
    "thoracic level": "bwk",
    "lumbar level": "lwk",
    "bone": "bone knochen",
    "cause": "cause reason ursache grund",
    "cement": (
        "cement cemented zement zementiert zementierte zementierten zementierter zementierung augmentation augmented "
        "augmentiert augmentierte augmentierten pmma"
    ),
    "confirmed": "confirmed bestaetigt gesichert nachweis nachgewiesen modality modalitaet",
    "contact": "contact kontakt visit vorstellung followup fu nachsorge follow seen gesehen alive lebend verlauf",
    "control": "control controls kontrolle kontrollen check verlaufskontrolle nachkontrolle",
    "count": "count anzahl",
    "date": "date datum dat dt dates zeitpunkt",
    "death date": "dod",
    "death": (
        "death tod todes dead died deceased sterbe sterben gestorben verstorben todestag sterbetag exitus mortality"
    ),
    "density": "density dichte dxa dexa bmd tscore twert",
    "diagnosis": "diagnosis diagnose diagnosed dx diag detected detection found entdeckt erkannt festgestellt",
    "disc": "disc disk discal intradiscal bandscheibe bandscheiben diskus diskal intradiskal",
    "event": "event events ereignis ereignisse vorgang eintrag",
    "first": "first erste erster ersten erstes index",
    "fracture": "fracture fractures fractured fraktur frakturen fx frx bruch brueche frakturiert frakturierte wkf vcf",
    "grade": "grade grad genant schweregrad severity",
    "id": "id ident identifier kennung kenn nr nummer number no num code key schluessel mrn pid nbr",
    "imaging": (
        "imaging image images bildgebung bildgebungen bild bilder roentgen rontgen xray radiograph radiographs "
        "radiography radiology mrt mri mr ct scan scans"
    ),
    "kind": "kind type typ art method methode verfahren technik technique",
    "last": "last letzte letzter letztes letzten latest final",
    "leak": "leak leaks leakage leck leckage austritt extravasation paravasat",
    "level": (
        "level levels hoehe hoehen hohe segment segmente segments etage etagen lokalisation lokalisationen location "
        "localisation localization wirbel wirbelkoerper wk wks koerper vertebra vertebrae vertebral niveau site sites"
    ),
    "lumbar": "lumbar lumbal lumbale lws lenden",
    "new": "new neu neue neuer neues neuen incident subsequent folge anschluss",
    "next": "next naechste naechster",
    "old": (
        "old alt alte alten altes prevalent praevalent praevalente vorbestehend vorbestehende previous prior "
        "baseline frueher fruehere vorherige vorbekannte"
    ),
    "patient": "patient patients patienten patientin pat pt pts subject subjects proband case fall person participant",
    "person": "demographics demographic stammdaten stamm basisdaten basis personen master enrolment enrollment",
    "procedure": (
        "procedure procedures op ops operation operations operationen operated operiert operierte eingriff eingriffe "
        "prozedur prozeduren intervention interventions interventionen vertebroplasty vertebroplasties vertebroplastie "
        "vertebroplastien vp pvp kyphoplasty kyphoplastie behandlung behandlungen behandelt behandelte treatment "
        "treatments treated surgery surgeries"
    ),
    "record": "record study studien studie",
    "sex": "sex gender geschlecht geschl",
    "status": "status stand state",
    "steroid": (
        "steroid steroids steroide kortison cortison cortisone corticosteroid corticosteroids kortikoid "
        "kortikosteroide glucocorticoid glucocorticoids glukokortikoid glukokortikoide prednisolon prednison prednisone"
    ),
    "thoracic": "thoracic thorakal thorakale bws brust",
    "volume": "volume volumen menge amount ml cc ccm",
}
_STOP = (
    "of the der die das des dem den im in am an von vom zum zur bei at on for a und and oder or mm dd yyyy yy tt jj "
    "jjjj jahr jahre jahren year years yrs y n j ja nein yes w m f d sd up ray x by durch mit with use used einnahme "
    "therapie therapy dauertherapie daten data tabelle table liste list value wert injected"
)
_KNOWN = {word: idea for idea, words in IDEAS.items() for word in words.split()} | dict.fromkeys(_STOP.split(), "")
_LONG = [word for word in _KNOWN if len(word) >= 5]
_LINKS = ("", "s", "es", "n", "en", "e")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NEAR = 0.84


@cache
def ideas(name: str) -> tuple[frozenset, bool]:
    """The ideas in a name, unknown words as they stand, and whether a misspelt word had to be taken for a known one.

    >>> sorted(ideas("Operationsdatum (TT.MM.JJJJ)")[0])
    ['date', 'procedure']
    >>> sorted(ideas("lastContact_Date 2")[0])
    ['contact', 'date', 'last']
    """
    found, is_near = set(), False
    for word in plain_words(name):
        parts = _parts(word)
        if parts is None and (near := _nearest(word)):
            parts, is_near = near, True
        found |= {word} if parts is None else set(" ".join(parts).split())
    return frozenset(found), is_near


def plain_words(name: str) -> list[str]:
    """The words of a name in small plain letters; numbers are left out.

    >>> plain_words("Höhe_OP2")
    ['hoehe', 'op']
    """
    text = unicodedata.normalize("NFKC", re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", name)).lower().translate(_UMLAUTS)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"\bt[ _.-]*(score|wert)\b", "tscore", text)
    text = re.sub(r"\bx[ _.-]*ray", "xray", text)
    return re.findall(r"[a-z]+", text)


@cache
def _parts(word: str) -> tuple[str, ...] | None:
    """The ideas of a word, or of the known words it is made of; None where a part of it is unknown."""
    if word in _KNOWN:
        return (_KNOWN[word],)
    for at in range(len(word) - 2, 1, -1):
        if (first := _KNOWN.get(word[:at])) is None:
            continue
        for link in _LINKS:
            rest = word[at:].removeprefix(link) if word[at:].startswith(link) else ""
            if len(rest) > 1 and (parts := _parts(rest)) is not None:
                return (first, *parts)
    return None


@cache
def _nearest(word: str) -> tuple[str, ...] | None:
    """The same of a word that is misspelt a little, or whose first part is."""
    for ending in ("datum", "date", "nummer", "hoehe", ""):
        start = word.removesuffix(ending) if word.endswith(ending) else ""
        if len(start) < 5:
            continue
        if near := difflib.get_close_matches(start, _LONG, n=1, cutoff=_NEAR):
            return (_KNOWN[near[0]], *((_KNOWN[ending],) if ending else ()))
    return None
