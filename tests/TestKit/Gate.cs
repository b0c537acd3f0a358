namespace Loire.TestKit;

/// <summary>
/// An event that a test triggers. Waiters without their own scheduler continue inline within <see cref="Open"/>.
/// </summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new();

    /// <summary>Completes when the gate opens.</summary>
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
