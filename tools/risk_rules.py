"""Rules that say how an attribute can identify a patient: class, Safe Harbor letter, one sentence why.

The first rule whose pattern is found in the keyword, and whose VRs hold, wins. Attributes that no rule
names fall back on `BY_VR`. The classification is ours; the letters are those of 45 CFR 164.514(b)(2)(i).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIRECT = "direct identifier"
IDENTIFIER = "identifier"
TEMPORAL = "date or time"
UID = "UID"
PEOPLE = "person or institution"
DEVICE = "device"
QUASI = "quasi-identifier"
TEXT = "free text"
PRIVATE = "private"
PIXELS = "pixels"
NONE = "none"

TIMES = frozenset({"DA", "DT", "TM"})
WORDS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
ANY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """A pattern over keywords (and perhaps VRs) with its verdict. `listed`: rows of Table E.1-1 only."""

    pattern: str
    klass: str
    letter: str | None
    why: str
    vrs: frozenset[str] = ANY
    listed: bool = False

    def holds(self, keyword: str, vr: str, *, listed: bool) -> bool:
        """Return whether this rule speaks about an attribute."""
        if self.vrs and vr not in self.vrs:
            return False
        if self.listed and not listed:
            return False
        return re.search(self.pattern, keyword) is not None


RULES: tuple[Rule, ...] = (
    # The patient.
    Rule(r"^NameToUseComment$|^PersonNamesToUse", DIRECT, "A", "It tells which name the patient goes by."),
    Rule(
        r"^(PatientName|PatientBirthName|OtherPatientNames|NameToUse|PatientAlternativeName)$",
        DIRECT,
        "A",
        "It is the patient's own name.",
    ),
    Rule(r"^PatientMotherBirthName$", DIRECT, "A", "A mother's maiden name points to one family."),
    Rule(r"^ResponsiblePerson$", DIRECT, "A", "It names a parent, guardian or owner of the patient."),
    Rule(
        r"^(PatientID|OtherPatientIDs|OtherPatientIDsSequence)$",
        DIRECT,
        "H",
        "It is the patient's number: whoever holds the hospital's index can look up the person.",
    ),
    Rule(r"^MedicalRecordLocator$", DIRECT, "H", "It tells where the patient's record is kept."),
    Rule(r"^PatientAddress$", DIRECT, "B", "It is where the patient lives."),
    Rule(
        r"^(PatientTelephoneNumbers|PatientTelecomInformation)$",
        DIRECT,
        "D",
        "It is how to call or write to the patient.",
    ),
    Rule(r"InsurancePlan", IDENTIFIER, "I", "An insurer can trace the patient by the plan."),
    Rule(r"PatientPhoto", DIRECT, "Q", "It leads to a photograph of the patient."),
    Rule(r"^Referenced(Patient|PatientAlias)Sequence$", IDENTIFIER, "R", "It links to another record of the patient."),
    Rule(
        r"^PatientBirth(Date|Time)",
        TEMPORAL,
        "C",
        "A birth date, with sex and postcode, is enough to single out most people.",
    ),
    Rule(
        r"^Patient(DeathDate|AlternativeCalendar)|^AnonymizedBirth",
        TEMPORAL,
        "C",
        "A date of birth or death can be looked up in registers.",
    ),
    Rule(r"^PatientAge$", QUASI, "C", "An exact age narrows the search; few people are older than 89."),
    Rule(r"^LastMenstrualDate$", TEMPORAL, "C", "It is a date in the patient's life."),
    Rule(r"^RegionOfResidence$", QUASI, "B", "It narrows the search to one region."),
    Rule(r"^CountryOfResidence$", QUASI, None, "A patient from abroad may be the only one of a hospital."),
    Rule(
        r"^(EthnicGroup|PatientReligiousPreference|PatientPrimaryLanguage)",
        QUASI,
        None,
        "Origin, language and faith single out members of small groups.",
    ),
    Rule(
        r"^(MilitaryRank|BranchOfService|Occupation)$",
        QUASI,
        None,
        "A profession or rank, with age and sex, may fit one person only.",
    ),
    Rule(
        r"^(PatientSex|GenderIdentity|SexParameters|ThirdPersonPronouns|Pronoun)",
        QUASI,
        None,
        "Sex and gender, with age and place, narrow the search.",
    ),
    Rule(
        r"^(PatientSize|PatientWeight|PatientBodyMassIndex|SmokingStatus|PregnancyStatus|PatientBody)",
        QUASI,
        None,
        "A trait of the body or of life narrows the search when joined with others.",
    ),
    Rule(
        r"^PatientSpecies|^PatientBreed|^BreedRegistration|^StrainDescription",
        QUASI,
        None,
        "Species, breed and registry describe an animal patient and may name its owner.",
    ),
    Rule(
        r"Diagnos[ie]s?.*CodeSequence$|^ReasonForVisitCodeSequence$|^ReasonForRequestedProcedureCodeSequence$",
        QUASI,
        None,
        "A rare diagnosis may fit one person only.",
    ),
    Rule(
        r"^(MedicalAlerts|Allergies|SpecialNeeds|PatientState|PreMedication)$",
        TEXT,
        None,
        "Health details in somebody's own words; they may name people and places too.",
    ),
    Rule(
        r"^PatientSetup|^PatientTreatmentPreparation",
        TEXT,
        None,
        "How the patient was placed, in somebody's own words.",
        WORDS,
    ),
    # Places and institutions.
    Rule(r"^GPS|^Geo(graphic)?Location", IDENTIFIER, "B", "It tells where on the map the picture was taken."),
    Rule(
        r"^Institution(Name|Address|CodeSequence)$|^InstitutionalDepartment|InstitutionResidence$",
        PEOPLE,
        "B",
        "It names a hospital, department or ward, and so the place where the patient was treated.",
    ),
    Rule(
        r"GeographicLocation|^CurrentPatientLocation$|^PerformedLocation$"
        r"|(ProcedureStep|Study|Procedure|Enterer)Location$",
        PEOPLE,
        "B",
        "It tells where in the hospital the patient was at that time.",
    ),
    Rule(r"PresentationAddress$|^NTPSourceAddress$", DEVICE, "O", "The network address of one machine."),
    Rule(r"Address(Trial)?$|^DistributionAddress$", PEOPLE, "B", "It is somebody's address."),
    Rule(r"Tele(phone|com)|PhoneNumber", PEOPLE, "D", "It is how to call or write to somebody."),
    # Staff.
    Rule(
        r"(?<!Transducer)Identification(Code)?Sequence$|^VerbalSourceIdentifierCodeSequenceTrial$",
        PEOPLE,
        "A",
        "It says who somebody is, by name or staff number.",
        frozenset({"SQ"}),
        listed=True,
    ),
    Rule(
        r"(Observer|Participant|HumanPerformers?|Approver|ROICreator|ROIInterpreter)Sequence$|^ResultsDistribution",
        PEOPLE,
        "A",
        "It lists people who took part.",
    ),
    Rule(
        r"Organization(Sequence)?$|^RequestingService$",
        PEOPLE,
        "B",
        "It names an organisation, and so a place.",
        listed=True,
    ),
    Rule(r"^(CameraOwnerName|TopicAuthor)$", PEOPLE, "A", "It names a person: an author, or the owner of a camera."),
    Rule(
        r"", PEOPLE, "A", "It names a person: staff are found easily, and through them the patient.", frozenset({"PN"})
    ),
    # Numbers of the hospital's systems.
    Rule(
        r"^(IssuerOf|StudyIDIssuer|ResultsIDIssuer|InterpretationIDIssuer)",
        PEOPLE,
        "B",
        "It says which hospital or system gave out a number, and so where to ask.",
        listed=True,
    ),
    Rule(
        r"^ClinicalTrialSubject(Reading)?ID$",
        IDENTIFIER,
        "R",
        "It is the patient's number in a trial; the trial's list leads to the person.",
    ),
    Rule(r"^ClinicalTrial.*(Description)$", TEXT, None, "It describes a trial's step in somebody's own words."),
    Rule(r"^ClinicalTrial(SiteName|SiteID)", PEOPLE, "B", "It tells which site took part, and so the place."),
    Rule(
        r"^ClinicalTrialProtocolEthicsCommitteeApprovalNumber$",
        IDENTIFIER,
        "R",
        "A committee's number leads to the trial and its sites.",
    ),
    Rule(
        r"^ClinicalTrial|^OtherClinicalTrial|EthicsCommittee",
        PEOPLE,
        None,
        "It tells which trial the patient takes part in, and who runs it.",
        WORDS | frozenset({"SQ"}),
    ),
    Rule(
        r"^AccessionNumber$|AccessionNumber$",
        IDENTIFIER,
        "R",
        "The order's number: the hospital's system finds the visit and the patient by it.",
    ),
    Rule(
        r"^(StudyID|AdmissionID|ServiceEpisodeID|RequestedProcedureID|ScheduledProcedureStepID"
        r"|PerformedProcedureStepID|ResultsID|InterpretationID)$|OrderNumber",
        IDENTIFIER,
        "R",
        "A number of the hospital's systems by which the visit can be found.",
    ),
    Rule(
        r"^(Container|Specimen|Slide)(Component)?(Identifier|ID)$|^ContainerComponentID$|^(LabelText|BarcodeValue)$",
        IDENTIFIER,
        "R",
        "It is written on a specimen or slide and leads to the laboratory's record.",
    ),
    Rule(r"^(CertificateOfSigner|CertifiedTimestamp)$", IDENTIFIER, "K", "A certificate names the person who signed."),
    Rule(
        r"^(MAC|DigitalSignaturesSequence|ReferencedDigitalSignatureSequence|ReferencedSOPInstanceMACSequence)$",
        IDENTIFIER,
        "R",
        "A signature over the original: it links to it and no longer fits what was changed.",
    ),
    Rule(
        r"^RequestAttributesSequence$|^Referenced(Study|PerformedProcedureStep)Sequence$",
        IDENTIFIER,
        "R",
        "It links to the order or visit in the hospital's systems.",
    ),
    Rule(
        r"^(Referenced|Source)ImageSequence$", UID, "R", "It links to other images of the same patient by their UIDs."
    ),
    Rule(
        r"^(OriginalAttributesSequence|ModifiedAttributesSequence|Nonconforming)",
        IDENTIFIER,
        "R",
        "It keeps values as they were before somebody corrected them: names and numbers included.",
    ),
    Rule(r"^(ModifyingSystem|SourceOfPreviousValues)$", PEOPLE, "B", "It names a system, and often its hospital."),
    Rule(r"^InstanceOriginStatus$", QUASI, None, "It tells whether the image came from another hospital."),
    Rule(
        r"^(FlowIdentifier|FlowIdentifierSequence|SourceIdentifier)$", DEVICE, "M", "It names the stream of one device."
    ),
    Rule(r"^FrameOriginTimestamp$", TEMPORAL, "C", "It tells to the instant when the frame was taken."),
    Rule(r"^TimezoneOffsetFromUTC$", TEMPORAL, "B", "The time zone narrows down where the patient was."),
    # Devices.
    Rule(
        r"^NetworkID$|^GantryID$|StationName(CodeSequence)?$|AETitle$|^TreatmentMachineName$",
        DEVICE,
        "M",
        "It names one machine of one hospital, and often the ward.",
    ),
    Rule(
        r"SerialNumber$|^(PlateID|CassetteID|GeneratorID|DetectorID|SecondaryCaptureDeviceID|HardcopyCreationDeviceID"
        r"|ModifyingDeviceID|UniqueDeviceIdentifier|UDISequence|TransducerIdentificationSequence"
        r"|DeviceAlternateIdentifier|ManufacturerDeviceIdentifier|XRaySourceID|XRayDetectorID|XRayDetectorLabel"
        r"|DeviceLabel|DeviceUID|RTAccessory(Holder|Device)SlotID)$",
        DEVICE,
        "M",
        "It tells one device from all others of its kind, and so the hospital that owns it.",
    ),
    Rule(r"", DEVICE, "M", "The network name of one machine of one hospital.", frozenset({"AE"})),
    Rule(
        r"^Lens(Make|Model|Specification)$|^MakerNote$|^DeviceSettingDescription$|^SourceManufacturer$",
        DEVICE,
        None,
        "Details of a camera or source that may narrow down its owner.",
    ),
    Rule(r"^(Long)?DeviceDescription$", DEVICE, None, "A description of one device in somebody's own words."),
    Rule(
        r"^(Manufacturer|ManufacturerModelName|SoftwareVersions|ManufacturerRelatedModelGroup"
        r"|DeviceManufacturer)$",
        NONE,
        None,
        "Make, model and version are shared by many machines.",
    ),
    # Pictures.
    Rule(
        r"^(PixelData|FloatPixelData|DoubleFloatPixelData|PixelDataProviderURL)$",
        PIXELS,
        "Q",
        "A picture can show a face, a name burned in, or a photograph.",
    ),
    Rule(r"^(OverlayData|CurveData)$", PIXELS, None, "A layer drawn over the picture; names are often written in it."),
    Rule(r"^IconImageSequence$", PIXELS, "Q", "A small copy of the picture with all that it shows."),
    Rule(r"^(GraphicAnnotationSequence|OverlayComments)$", TEXT, None, "Notes that somebody wrote onto the picture."),
    Rule(r"^EncapsulatedDocument$", TEXT, None, "A whole document; its first lines usually name the patient."),
    Rule(r"^ContentSequence$", TEXT, None, "The tree of a report: names, dates and sentences at any depth."),
    Rule(
        r"^(AcquisitionContextSequence|SpecimenPreparationSequence|PrescriptionNotesSequence)$",
        TEXT,
        None,
        "Items with names, dates and sentences about how it was made.",
    ),
    # Time.
    Rule(
        r"^ContextGroup(Local)?Version$|^Template(Local)?Version$",
        TEMPORAL,
        "C",
        "The version of a local code list; its date hints at time and place.",
    ),
    Rule(
        r"^DateOf(Manufacture|Installation)$|Calibration(Date|Time)|Last(Detector)?Calibration$|^ProductExpiration",
        TEMPORAL,
        "C",
        "A day in the life of one device: service records tell which machine it was.",
        TIMES,
    ),
    Rule(
        r"",
        TEMPORAL,
        "C",
        "A day in the patient's life that others may know: a visit can be looked up by it.",
        frozenset({"DA", "DT"}),
    ),
    Rule(r"", TEMPORAL, "C", "A time of day that, with the date, singles out one visit.", frozenset({"TM"})),
    Rule(r"^SelectorASValue$", QUASI, "C", "An age copied from somewhere."),
    # UIDs.
    Rule(
        r"(SOPClass|ImplementationClass|Scheme|Context(Group.*)?|MappingResource|TransferSyntax)UID$",
        NONE,
        None,
        "It names a class or a code list that many instances share.",
        frozenset({"UI"}),
    ),
    Rule(
        r"",
        UID,
        "R",
        "A number that exists once in the world: the archive finds the original by it.",
        frozenset({"UI"}),
        listed=True,
    ),
    Rule(r"", UID, "R", "A UID: unless the standard defines it, it exists once in the world.", frozenset({"UI"})),
    Rule(r"^Selector", TEXT, None, "A value copied from any other attribute, names included.", listed=True),
    # Words.
    Rule(
        r"Comments?$|^CommentsOn|^(Impressions|Arbitrary|TextComments|AdditionalPatientHistory|TextString|TopicTitle"
        r"|TopicSubject|TopicKeywords|InterpretationText|IdentifyingComments)$|Notes$|Narrative$",
        TEXT,
        None,
        "Free remarks: names, dates and addresses are often typed here.",
        WORDS,
    ),
    Rule(
        r"^Reason|^ConfidentialityConstraint|Diagnosis",
        TEXT,
        None,
        "The reason in somebody's own words; it may name people and dates.",
        WORDS,
    ),
    Rule(
        r"Description$|^ProtocolName$|^ContrastBolusAgent$|^RequestedContrastAgent$",
        TEXT,
        None,
        "A description that people type: names and dates of birth slip in.",
        WORDS,
        listed=True,
    ),
    Rule(
        r"(Label|LongLabel|Name)$",
        TEXT,
        None,
        "A label that people type: often the patient's or doctor's name.",
        WORDS,
        listed=True,
    ),
    Rule(r"", TEXT, None, "A text on the standard's list: it may hold whatever somebody typed.", WORDS, listed=True),
    Rule(r"^ReasonForTheAttributeModification$", QUASI, None, "It tells that values were corrected, and why."),
    Rule(
        r"", IDENTIFIER, "N", "A web address can hold a name, and leads to where the original lies.", frozenset({"UR"})
    ),
    Rule(r"^DataSetTrailingPadding$", TEXT, None, "Filler after the end; anything may hide in it."),
    Rule(r"", IDENTIFIER, "R", "It is on the standard's list of what can identify a patient.", listed=True),
)

PRIVATE_RULE = Rule(
    r"", PRIVATE, None, "A manufacturer's own element: what is in it is not published, names have been found in such."
)

# What an attribute that no rule names is worth, by VR alone: (class, letter, why).
BY_VR: dict[str, tuple[str, str | None, str]] = {
    "AE": (DEVICE, "M", "The network name of one machine of one hospital."),
    "AS": (QUASI, "C", "An age narrows the search."),
    "DA": (TEMPORAL, "C", "A day in the patient's life that others may know."),
    "DT": (TEMPORAL, "C", "A day in the patient's life that others may know."),
    "LO": (TEXT, None, "A short text; the standard does not list it, but people may type names here."),
    "LT": (TEXT, None, "A text; the standard does not list it, but people may type names here."),
    "PN": (PEOPLE, "A", "It names a person."),
    "SH": (TEXT, None, "A short text; the standard does not list it, but people may type names here."),
    "ST": (TEXT, None, "A text; the standard does not list it, but people may type names here."),
    "TM": (TEMPORAL, "C", "A time of day that, with the date, singles out one visit."),
    "UC": (TEXT, None, "A text; the standard does not list it, but people may type names here."),
    "UI": (UID, "R", "A UID: unless the standard defines it, it exists once in the world."),
    "UN": (TEXT, None, "Its format is unknown, so anything may be in it."),
    "UR": (IDENTIFIER, "N", "A web address can hold a name, and leads to where the original lies."),
    "UT": (TEXT, None, "A text; the standard does not list it, but people may type names here."),
    "SQ": (NONE, None, "It holds other attributes, each judged by itself."),
    "": (NONE, None, "Numbers or codes that describe the image, not the person."),
}


def classify(keyword: str, vr: str, *, listed: bool) -> tuple[str, str | None, str]:
    """Return class, letter and sentence for one attribute; `listed` when Table E.1-1 has it."""
    for rule in RULES:
        if rule.holds(keyword, vr, listed=listed):
            return rule.klass, rule.letter, rule.why
    return BY_VR.get(vr, BY_VR[""])
