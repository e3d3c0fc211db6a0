// Package privacy removes personal numbers and credentials from text that is exported
// or logged. Its functions have no side effects: [Mask] masks personal numbers, [URL]
// and [Query] redact credentials in URLs, and [Text], [Named] and [Line] do both.
//
// # Personal numbers
//
// A personal number has eleven digits and begins with a possible date, ddmmyy. No other
// digit comes directly before or after it. There may be one space after the sixth digit.
// [Mask] replaces the number with [Masked]. Some kinds of numbers add a constant to the
// day, to the month, or to both:
//
//	            fødselsnummer                                [folkeregisteret]
//	day + 40    D-number                                     [UDI]
//	month + 20  NPID: Nav's number for persons who have
//	            neither of the two above                     [NPID]
//	month + 40  H-number of hospitals; Nav's test persons    [e-helse], [NoCommons]
//	month + 60  NPID of test persons                         [NPID]
//	month + 65  test persons of Norsk helsenett              [NoCommons]
//	month + 80  test persons of Skatteetaten (Tenor)         [fnrvalidator]
//
// The numbers that add to both the day and the month are in [fnrvalidator] too.
//
// The control digits are not checked, because from 2032 on more control digits are valid
// [folkeregisteret]. The year is not checked either, because a D-number may combine the
// day and month of its order with the year of birth [UDI]. So the 29th of February is
// possible in every year.
//
// The space can be a blank, a plus sign or a no-break space (U+00A0 or U+202F). The
// digits and the space can be percent-encoded, and the percent sign can itself be
// percent-encoded up to four times. The digits and the space can also be escaped as in
// JSON (\u0031), as in JSON inside a JSON string (\\u0031), or as in Go's %q (\x31).
//
// Some texts can be read in two ways. In %2501019012345, the escape can be %25 or %2501.
// In LIKE '%01019012345%', %01 can be an escape, or a percent sign before a number. [Mask]
// masks the number if it appears in one of the two ways. There is one exception:
// %20923609016 is an escaped space before an organisation number, and is not masked.
//
// A value that is a number and not text can also be a personal number with ten digits,
// because its leading zero is lost. See [Number].
//
// [Mask] does not mask:
//   - the digits after the decimal point of a number
//   - a number inside a UUID, or inside a hexadecimal token of 16, 32, 40 or 64 characters
//   - a number with a space, if one of its halves is inside a UUID or such a token
//   - fewer or more than eleven digits in a row: Unix times, organisation numbers, IBANs,
//     amounts
//
// Eleven digits that happen to begin with a date look like a personal number, and are
// masked: some account numbers without their points (1234.56.78901 is not masked), some
// KID numbers, some phone numbers with a foreign country code, and some durations of 10
// to 99 seconds in nanoseconds.
//
// [Mask] does not recognise FH-numbers, because they do not begin with a date. It does
// not recognise DUF-numbers, because they have twelve digits. It does not recognise a
// number with any other character than a space after its date (010190-12345).
//
// # Credentials
//
// The table in name.go lists query parameters. Their values become [Redacted]. The user
// and the password of a URL become REDACTED:REDACTED. In other text, a parameter is
// redacted even if it is not part of a URL. The semantic conventions compare the names
// of parameters with case [url.full]. This package ignores case, because no harmless
// parameter has a name that differs from a listed name only in case.
//
// In text that is not a URL, two more kinds of credentials are redacted. First, the
// values whose names are listed in secret.go, see [IsSecret]. Second, credentials with a
// known form: JSON web tokens, and the words that follow Bearer or Basic.
//
// [folkeregisteret]: https://skatteetaten.github.io/folkeregisteret-api-dokumentasjon/nytt-fodselsnummer-fra-2032/
// [UDI]: https://www.udi.no/ord-og-begreper/d-nummer/d-nummer-stemmer-ikke-med-fodselsdato/
// [url.full]: https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
// [fnrvalidator]: https://github.com/navikt/fnrvalidator
//
// [e-helse]: https://www.ehelse.no/standardisering/standarder/identifikatorer-for-personer
// [NoCommons]: https://github.com/bekkopen/NoCommons/releases
// [NPID]: https://github.com/navikt/pensjon-etterlatte-saksbehandling/blob/main/libs/saksbehandling-common/src/main/kotlin/person/NavPersonIdent.kt
package privacy
