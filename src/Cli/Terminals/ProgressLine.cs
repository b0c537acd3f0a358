namespace Loire.Cli.Terminals;

/// <summary>One line on the terminal that is overwritten a few times a second. Does nothing without a terminal.</summary>
internal sealed class ProgressLine(Caller caller)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private long _shown = caller.Time.GetTimestamp();
    private bool _isVisible;

    public void Show(Func<string> text)
    {
        if (caller.Terminal.ShowsProgress && caller.Time.GetElapsedTime(_shown) >= Interval)
        {
            _shown = caller.Time.GetTimestamp();
            _isVisible = true;
            caller.Terminal.Error.Write($"\r\e[K{text()}");
            caller.Terminal.Error.Flush();
        }
    }

    public void Clear()
    {
        if (_isVisible)
        {
            _isVisible = false;
            caller.Terminal.Error.Write("\r\e[K");
        }
    }
}
