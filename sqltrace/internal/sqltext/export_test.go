package sqltext

// AnalyzeAll is Analyze without a limit of length.
func AnalyzeAll(d Dialect, text string) Query { return analyze(d, text, len(text)) }
