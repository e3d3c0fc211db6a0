package sqltext

// AnalyzeAll does the same as Analyze without a maximum length.
func AnalyzeAll(d Dialect, text string) Query { return analyze(d, text, len(text)) }
