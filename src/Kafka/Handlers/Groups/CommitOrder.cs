using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// Keeps the commits of a connection in the order of their requests: the last one counts, a commit looks its topics up first, which may take one longer than the next, and
/// Orleans does not keep the order of two calls. So the next one is sent once this one is answered, and so is what reads offsets, or ends the membership that a commit before it
/// needs: clients commit and leave in one go. Take a turn before the first wait of the handler.
/// </summary>
internal sealed class CommitOrder
{
    private Task _last = Task.CompletedTask;

    /// <summary>That of the connection of a request.</summary>
    public static CommitOrder Of(HandlerContext context) => context.Connection.Keep(static () => new CommitOrder());

    /// <summary>The next turn. Its owner awaits the one before, and ends it once its own call has been answered or will not be sent.</summary>
    public Turn Take()
    {
        var turn = new Turn(_last, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _last = turn.End.Task;
        return turn;
    }

    /// <summary>Ends when all commits so far have been answered.</summary>
    public Task Commits => _last;

    /// <summary>A place in the order.</summary>
    /// <param name="Before">Ends when the commit before has been answered.</param>
    /// <param name="End">Ends when this commit has been answered.</param>
    public readonly record struct Turn(Task Before, TaskCompletionSource End) : IDisposable
    {
        public void Dispose() => End.TrySetResult();
    }
}
