// Package privacy removes personal numbers and credentials from text that is exported or
// logged. Its functions have no side effects, except that [Names.Line] may change the bytes of its
// argument. These are the main functions:
//   - [Mask] masks personal numbers.
//   - [URL] and [Query] redact credentials in URLs.
//   - [Text] masks personal numbers and redacts credentials. The methods of [Names] do the same,
//     also with names of credentials that the program has added.
//
// # Personal numbers
//
// A personal number has eleven digits and begins with a possible date, ddmmyy. The character
// before it and the character after it are not digits. There may be one space after the sixth
// digit. [Mask] replaces the number with [Masked]. Some kinds of numbers add a constant to the
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
// [fnrvalidator] also lists the numbers that add a constant to both the day and the month.
//
// The control digits are not checked, because more control digits are valid from 2032 on
// [folkeregisteret]. The year is not checked either, because of the D-number: its day and month
// may come from the date when it was ordered, while its year is the year of birth [UDI]. So the
// 29th of February is possible in every year.
//
// The space can be a blank, a plus sign or a no-break space (U+00A0 or U+202F). The digits and
// the space can be percent-encoded. The percent sign can itself be percent-encoded up to four
// times. The digits and the space can also be escaped in three other ways: as in JSON (\u0031),
// as in JSON inside a JSON string (\\u0031), or as in Go's %q (\x31).
//
// Some texts can be read in two ways:
//   - In %2501019012345, the escape can be %25 or %2501.
//   - In LIKE '%01019012345%', the text %01 can be an escape. It can also be a percent sign,
//     followed by the first two digits of a number.
//
// [Mask] masks a personal number that occurs in at least one of the two readings. There is one
// exception: [Mask] does not mask %20923609016, because %20 is an escaped space, and 923609016 is
// an organisation number.
//
// If a value is a number and not text, a leading zero is lost. So a personal number that starts
// with 0 has ten digits in such a value. See [Number].
//
// [Mask] does not mask:
//   - the digits after the decimal point of a number
//   - a number inside a UUID, or inside a hexadecimal token of 16 to 128 characters. A token has
//     no letter or digit directly beside it. So in fnr01019012345 the number is masked.
//   - a number with a space, if one of its halves is inside a UUID or such a token
//   - fewer or more than eleven digits in a row: Unix times, organisation numbers, IBANs,
//     amounts
//
// Some other numbers have eleven digits and happen to begin with a date. They look like a
// personal number and are masked:
//   - some account numbers without points (1234.56.78901 is not masked)
//   - some KID numbers
//   - some phone numbers with a foreign country code
//   - some durations of 10 to 99 seconds in nanoseconds
//
// [Mask] does not recognise FH-numbers, because they do not begin with a date. It does not
// recognise DUF-numbers, because they have twelve digits. It does not recognise a number if the
// character after the date is not a digit or a space (010190-12345).
//
// # Credentials
//
// The table in name.go lists the names of query parameters whose values become [Redacted]. The
// user and the password of a URL become REDACTED:REDACTED. In text that is not a URL, a parameter
// is redacted too. For the semantic conventions, two names are different if only their case
// differs [url.full]. This package ignores case, because a listed name in upper case is never the
// name of a harmless parameter.
//
// In text that is not a URL, two more kinds of credentials are redacted. The first kind are
// values whose names are listed in names.go (see [Names.IsSecret]). The second kind are credentials
// with a known form: JSON web tokens, and the word that follows Bearer or Basic. The word after
// Bearer must have a digit or at least 16 characters. The word after Basic must be the base64
// form of a user name, a colon and a password.
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
