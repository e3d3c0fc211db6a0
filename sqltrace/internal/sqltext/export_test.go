package sqltext

// AnalyzeAll does the same as Analyze, but reads the whole text, however long it is.
func AnalyzeAll(d Dialect, text string) Query { return analyze(d, text, len(text)) }
