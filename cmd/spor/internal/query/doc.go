// Package query asks for the telemetry that a spor listen has received, or that a recording
// contains. The answers are structs whose JSON form is documented in docs/agents.md.
//
// Both sources are asked through the HTTP API of package viewer. Every text of an answer is
// masked as soon as it is decoded, so no answer contains a personal number or a credential. See
// docs/privacy.md for what is recognized. A text is cut at 8,192 characters.
package query
