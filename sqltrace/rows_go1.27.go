//go:build go1.27

package sqltrace

import "database/sql/driver"

// scanningRows are rows of a driver that scans columns itself: the one interface
// for which no method can stand in where the driver lacks it.
type scanningRows struct {
	*rows

	scanner driver.RowsColumnScanner
}

var _ driver.RowsColumnScanner = scanningRows{}

// NextRow counts.
func (r scanningRows) NextRow() error {
	err := r.scanner.NextRow()
	r.saw(err)
	return err
}

// ScanColumn is the driver's own.
func (r scanningRows) ScanColumn(ctx driver.ScanContext, index int, dest any) error {
	return r.scanner.ScanColumn(ctx, index, dest)
}

func (r *rows) asRows() driver.Rows {
	if scanner, ok := r.Rows.(driver.RowsColumnScanner); ok {
		return scanningRows{r, scanner}
	}
	return r
}
