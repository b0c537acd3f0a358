namespace Loire.TestKit;

/// <summary>
/// Something to wait for that a test brings about. Whoever waits without a scheduler of their own goes on within <see cref="Open"/>.
/// </summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new();

    /// <summary>Ends when the gate opens.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Opens the gate.</summary>
    public void Open()
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            _opened.SetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }
}
