package sqltext

// AnalyzeAll does the same as [Analyze], but always reads the whole text.
func AnalyzeAll(d Dialect, text string) Query { return analyze(d, text, len(text)) }
