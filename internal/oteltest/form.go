package oteltest

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"testing"
)

// PostFile posts a form with a file of 20 MiB in the field f. A server that parses the form
// stores such a large file in the temporary directory.
func PostFile(tb testing.TB, url string) {
	tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("f", "f")
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = part.Write(make([]byte, 20<<20)) // writing to a buffer never fails
	_ = form.Close()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, &body)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	_ = res.Body.Close()
}
