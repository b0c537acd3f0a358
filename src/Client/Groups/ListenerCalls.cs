namespace Loire.Client;

/// <summary>
/// Tells whether code runs in a call of the consumer's listener: such code must not wait for the end of the consumer, which waits for it.
/// </summary>
internal sealed class ListenerCalls
{
    private readonly AsyncLocal<Call?> _current = new();

    private sealed class Call
    {
        public volatile bool IsOver;
    }

    /// <summary>Whether the caller runs in a call of the listener that has not returned yet.</summary>
    public bool IsInside => _current.Value is { IsOver: false };

    /// <summary>Calls the listener.</summary>
    public async ValueTask RunAsync(Func<ValueTask> tell)
    {
        var call = new Call();
        _current.Value = call;
        try
        {
            await tell();
        }
        finally
        {
            // Work that the listener has started may continue, and may wait from now on.
            call.IsOver = true;
        }
    }

    /// <summary>Awaits a task, unless the caller runs in a call of the listener.</summary>
    public ValueTask WaitOutside(Task task) => IsInside ? ValueTask.CompletedTask : new ValueTask(task);
}
