"""The words of Australian street addresses, and the patterns made of them.

A newcomer's likely mistake: adding an everyday word ("close", "way") to `_TYPES`; those belong to
`_EVERYDAY`, which count with a capital or near the word address only, or to `_SELDOM`, whose every word
needs one ("28 Hilltop Chase", but "2 Dell laptops"). The types are those of AS 4590 but for words that
more often end something else: "pass", "return", "course", "bay", "centre",
"views", "yard".
"""

from __future__ import annotations

import re

_TYPES = (
    "street|str|st|road|rd|avenue|aven?|av|boulevard|blvd|bvd|lane|ln|highway|hwy|crescent|cres|cr|terrace|tce|parade|pde"
    "|esplanade|esp|broadway|freeway|fwy|parkway|pkwy|circuit|cct|alley|quay|promenade|prom|arcade|mews|boardwalk|causeway"
    "|gdns|wy|dr(?!\\.)|crt|ct|cl|pl|sq|gr|grv|hwy|el camino real|close of|boulevarde|bvde|laneway|motorway"
    "|mwy|cswy|expressway|wynd|concourse|circlet|colonnade"
)
_EVERYDAY = (
    "drive|court|place|close|way|grove|square|park|row|rise|walk|loop|link|mall|point|circle|gardens|green|view|ridge|run"
    "|hill|end|gate|track|vista|retreat|plaza|wharf|parklands"
)
_SELDOM = (
    "alleyway|amble|approach|bend|brae|brow|bypass|chase|common|copse|corso|courtyard|cove|crest|crossing|dell|dene"
    "|downs|fairway|foreshore|frontage|glade|glen|grange|gully|haven|hillside|hollow|knoll|landing|lookout"
    "|manor|mead|meander|nook|passage|path|pathway|piazza|pocket|quadrant|quays|ramble|ridgeway|rising"
    "|riverway|route|siding|slope|spur|strand|strip(?! (?:light|club|curtain))|tarn|thoroughfare|trail"
    "|traverse|turn|vale|verge|vue|walkway|waterway|alwy|ambl|bdwy|cir|clde|crse|crst|fawy|fshr|glde|gly|grn|hts|knol|lkt|lnwy"
    "|mndr|otlk|plza|psge|pway|pwy|qdrt|qy|qys|rdge|rmbl|rnge|rtt|trk|trl|tvse|vlly|vsta|wkwy|wlk"
)
_STOP = (
    "am|pm|a|an|on|in|at|for|to|of|from|with|and|or|by|is|are|was|i|you|we|they|he|she|it|my|your|our|their|his|her|people"
    "|person|persons|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|o'clock|dollars|percent|stars?|km|kms"
    "|kilomet(?:re|er)s?|met(?:re|er)s?|miles?|doors?|blocks?|seats?|tables?|adults?|kids|children|guests?|appointments?"
    "|please|thanks|that|this|there|near|off|down|up|one|two|three|more|other|times?|available|open|rating|average|best"
    "|only|just|not|no|yes|but|if|so|then|when|where|can|will|would|has|have|be|do|does|what|which|call|number"
)
_NAME = (
    rf"(?:(?!(?:{_STOP})(?![\w'])|(?!(?:st|mt) [a-z'-]+ (?:{_TYPES})(?![\w']))"
    rf"(?:north|south|east|west)? ?(?:{_TYPES})[ ,.])"
    rf"(?:(?:st|mt)(?:\.|(?= [a-z'-]+ (?:{_TYPES})(?![\w'])))|[a-z][a-z'-]{{0,24}}"
    r"|\d{1,3}(?:st|nd|rd|th)) )"
)
_HEAD = r"(?:[a-z]| [a-d](?= ))?(?:[-/]\d{1,5}[a-z]?)?,? "
STREET_BODY = (
    rf"(?:(?P<names>{_NAME}{{1,5}})(?:(?P<type>{_TYPES})|(?P<everyday>{_EVERYDAY})|(?P<seldom>{_SELDOM}))"
    r"|(?P<lettered>(?:(?:east|west|north|south|[ewns]) )?[a-z] (?:street|st|avenue|ave))"
    rf"|(?P<named>(?:east |west |north |south |[ewns] )?"
    rf"(?:el camino real|broadway(?: ave(?:nue)?)?|(?:camino|via|calle|rue) [a-z]{{3,}}))"
    r"|(?P<the>the (?:esplanade|avenue|parade|boulevarde?|strand|terrace|crescent|corso|promenade|grand"
    r"|kingsway)|esplanade(?! (?:hotel|cafe|bar|pub|restaurant|markets?|shops?|clinic|office|car|parking))))"
    r"(?![\w'])"
)
STREET = re.compile(_HEAD + STREET_BODY)
_SUB = (
    r"(?:,? ?(?:(?:# ?|suite #?|ste |unit |apt |apartment |level |floor |building #?|shop )"
    r"(?:[a-z]?-?\d{1,5}[a-z]?|[a-z])(?![\w])"
    r"| [a-z]-?\d{1,4}(?!\w)| [a-z](?=[.,?!\n]|$)| [b-hj-z](?![\w'])"
    r"|(?: [a-z][a-z'-]{2,20}){1,2} building(?!\w)|\d(?:st|nd|rd|th) floor"
    r"| (?:north|south|east|west|n|s|e|w)(?=[ ,.#]|$))){0,3}"
)
SUB_TAIL = re.compile(_SUB)
_STATE = (
    r"(?:nsw|vic|qld|tas|act|nt|wa|sa|new south wales|victoria|queensland|tasmania|south australia"
    r"|western australia|northern territory)(?!\w)"
)
TAIL = re.compile(
    rf",? (?:[a-z][a-z'-]{{1,20}},? ){{0,3}}?(?:{_STATE}(?:,? \d{{4}}(?!\d))?|[nqvwst] \d{{4}}(?!\d)"
    r"|(?P<code>\d{4})(?![\d:]))"
)
SUBURB = re.compile(r", ((?:[A-Z][a-z'-]{2,20})(?: [A-Z][a-z'-]{2,20}){0,2})(?=[.,?!\n]|$)")
_NO_SUBURB_WORDS = """
thanks thank please yes yeah yep no nope okay ok right correct sure and but sorry great is are was it
it's its that that's in on at by to for from of off up near next opposite behind between before after
around past the a an my your our his her their this i we you he she they there here now today tomorrow
tonight last until till when where what which who why how if so then than or because with without about
again also only just still already not if mate um uh got good lovely perfect has have had can could will
would do does did need needs want wants don't monday tuesday wednesday thursday friday saturday sunday
every each all any some one two three four five six seven eight nine ten ring call come go meet leave
open closed available
"""
NO_SUBURB = frozenset(_NO_SUBURB_WORDS.split())
SUBURB_SAID = re.compile(
    r",? ((?:(?:north|south|east|west|port|mount|st|saint|box|surry|new|byron|coffs) )?[a-z]{4,15})"
    r"(?: (?:north|south|east|west|heights|park|hill|hills|beach|bay|valley|harbour|junction|springs|vale"
    r"|creek|point))?"
    r"(?=[.,?!\n]|$)"
)
UNIT = re.compile(
    r"(?:unit|apartment|apt|flat|villa|townhouse|suite|ste|shop|level|floor|lot|house|no|number|u"
    r"|street number|room|building)"
    r"\.? ?(?:no\.? ?|number |#)?\Z"
)
SAID_TO_BE = re.compile(r"(?:address|located)(?: [a-z&'.-]{1,20}){0,6} (?:is|at|as|in) \Z")
BARE = re.compile(r"(?: [A-Z][A-Za-z'-]{1,20}){1,3}(?: (?:\d{1,4}|[A-Z]))?(?![\w'])")
CALLED = re.compile(r"address|live[sd]?\b|living at|located|home is|deliver|house|residen")
LIVES = re.compile(
    r"(?:address(?: is|'s|:)?|(?:live[sd]?|living|located|deliver(?:ed|y)?)(?: to)?(?: at| on)"
    r"|(?:home|house)(?: is|'s))"
    r"[ ,]{1,2}(?:number )?\Z"
)
ENDS = re.compile(r" ?(?:[,.?!\n]|\Z)| (?:in|near|off|at)(?!\w)| [A-Z]")
GOODS = re.compile(
    r"(?<![a-z])(?:like|order|book|need|want|have|get|buy|sell|bring|bottles?|tickets?|of|a|an|the|these|those)"
    r"(?: of)?(?: the| an?)?[ ]\Z"
)
_WORD_OF_NUMBER = (
    "one|two|three|four|five|six|seven|eight|nine|oh|zero|double|triple|hundred|and|ten|eleven|twelve"
    "|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
)
BOX = re.compile(
    r"\b(?:(?:g\.?p\.?o\.?|p\.? ?o\.?|post office|locked|private|roadside mail) ?(?:box|bag)|rmb|rsd|cmb)"
    rf" (?:number |no\.? ?)?(?:\d{{1,6}}|(?:(?:{_WORD_OF_NUMBER})(?:[ -]|(?!\w))){{1,8}})(?!\w)"
)
BOXES = ("box", "bag", "rmb ", "rsd ", "cmb ")
ROAD = re.compile(rf",? {_NAME}{{1,3}}(?:{_TYPES}|{_EVERYDAY})(?![\w'])")
