namespace Loire.Silo.Clustering;

/// <summary>
/// Ends the process when the silo cannot go on, as when the cluster has declared it dead: one line on standard error, and the end. Nothing
/// is acknowledged after it: no grain is deactivated, no connection is closed in order. What was acknowledged is stored already.
/// </summary>
/// <remarks>Orleans' own handler leaves the process another 2 s in which it answers clients, and then makes a core dump.</remarks>
internal sealed partial class ExitOnFatalError : IFatalErrorHandler
{
    /// <summary>The exit code of a silo that the cluster has given up, or that has met an error from which it cannot recover.</summary>
    public const int ExitCode = 3;

    private const int MaxReason = 200;

    private int _hasEnded;

    public bool IsUnexpected(Exception exception) => exception is not ThreadAbortException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
        {
            return;
        }

        // Orleans puts its whole view of the cluster into the text.
        var reason = (context ?? exception?.Message ?? "a fatal error of the silo").ReplaceLineEndings(" ");
        HardExit.With(ExitCode, $"The node ends: {(reason.Length > MaxReason ? reason[..MaxReason] + "..." : reason)}");
    }
}
