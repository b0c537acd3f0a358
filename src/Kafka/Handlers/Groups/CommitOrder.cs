namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// Keeps the commits of a connection in the order of their requests: the last one counts, and a commit looks its topics up first, which may take one longer than the next.
/// Take a turn before the first wait of the handler.
/// </summary>
internal sealed class CommitOrder
{
    private Task _last = Task.CompletedTask;

    /// <summary>The next turn. Its owner awaits the one before, and ends it once its own call has been sent or will not be.</summary>
    public Turn Take()
    {
        var turn = new Turn(_last, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _last = turn.End.Task;
        return turn;
    }

    /// <summary>A place in the order.</summary>
    /// <param name="Before">Ends when the commit before has been sent.</param>
    /// <param name="End">Ends when this commit has been sent.</param>
    public readonly record struct Turn(Task Before, TaskCompletionSource End) : IDisposable
    {
        public void Dispose() => End.TrySetResult();
    }
}
