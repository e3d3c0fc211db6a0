// Package privacy takes personal numbers and credentials out of text that is
// exported or logged. It is pure functions: [Mask] for numbers, [URL] and [Query]
// for credentials in URLs, [Text], [Named] and [Line] for all of both.
//
// # Personal numbers
//
// A personal number is eleven digits with no digit on either side, also written
// with one space after the sixth, that begin with a possible date, ddmmyy. It
// becomes [Masked]. Added to the day or month, in any combination:
//
//	            fødselsnummer                                [folkeregisteret]
//	day + 40    D-number                                     [UDI]
//	month + 20  NPID, Nav's own, of persons without the two  [NPID]
//	month + 40  H-number of hospitals; Nav's test persons    [e-helse], [NoCommons]
//	month + 60  NPID of test persons                         [NPID]
//	month + 65  test persons of Norsk helsenett              [NoCommons]
//	month + 80  test persons of Skatteetaten (Tenor)         [fnrvalidator], also
//	            for the day and month combined
//
// Control digits are not looked at: from 2032 on there are more that are right
// [folkeregisteret]. Nor is the year, because a D-number may combine the day it was
// ordered with the year of birth [UDI]: the 29th of February is always possible.
//
// The space is a blank, a plus sign, or a no-break space (U+00A0, U+202F). Digits
// and space may be percent-encoded, up to four times over, or escaped as in JSON
// (\u0031), in JSON within JSON (\\u0031) or by Go's %q. Where text can be read in
// two ways, as %2501019012345 or LIKE '%01019012345%', one in which a number shows
// is enough, save that %20923609016 is an organisation number behind a space.
//
// In a number that is no text, see [Number], ten digits count too.
//
// What survives: the fraction of a decimal number; a number in a UUID, or in a hex
// token of 16, 32, 40 or 64 characters with a letter in it (or with one half in it,
// if it has a space); and all digits that are not eleven: epochs, organisation
// numbers, IBAN, amounts. Eleven digits that happen to begin with a date cannot be
// distinguished from a personal number: some account numbers without their points
// (1234.56.78901 survives), KID numbers, phone numbers with a foreign country code,
// and times of 10 to 99 seconds in nanoseconds.
// Not known: FH-numbers, which begin with no date, DUF-numbers, which have twelve
// digits, and dates set off with anything but a space (010190-12345).
//
// # Credentials
//
// The values of the query parameters in the table in name.go become [Redacted], as
// does the user of a URL. In text a parameter may stand alone, as in a query that
// has lost its URL. The conventions' list is meant to be compared with case
// [url.full]; here case is ignored, since no harmless name differs in it alone.
//
// Outside of URLs a text is redacted under the names in secret.go, see [IsSecret],
// and by its form: a JSON web token, and what follows Bearer or Basic.
//
// [folkeregisteret]: https://skatteetaten.github.io/folkeregisteret-api-dokumentasjon/nytt-fodselsnummer-fra-2032/
// [UDI]: https://www.udi.no/ord-og-begreper/d-nummer/d-nummer-stemmer-ikke-med-fodselsdato/
// [url.full]: https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
//
// [e-helse]: https://www.ehelse.no/standardisering/standarder/identifikatorer-for-personer
// [NoCommons]: https://github.com/bekkopen/NoCommons/releases
// [fnrvalidator]: https://github.com/navikt/fnrvalidator
// [NPID]: https://github.com/navikt/pensjon-etterlatte-saksbehandling/blob/main/libs/saksbehandling-common/src/main/kotlin/person/NavPersonIdent.kt
package privacy
