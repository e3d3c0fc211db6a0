//go:build go1.27

package sqltrace

import "database/sql/driver"

// scanningRows wraps the rows of a driver that scans columns itself. It is a separate type
// because [driver.RowsColumnScanner] has no default behavior. Therefore the rows of other
// drivers must not have its methods.
type scanningRows struct {
	*rows

	scanner driver.RowsColumnScanner
}

var _ driver.RowsColumnScanner = scanningRows{}

func (r scanningRows) NextRow() error {
	err := r.scanner.NextRow()
	r.saw(err)
	return err
}

func (r scanningRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.scanner.ScanColumn(ctx, index, dest)
}

func (r *rows) asRows() driver.Rows {
	if scanner, ok := r.Rows.(driver.RowsColumnScanner); ok {
		return scanningRows{r, scanner}
	}
	return r
}
