namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>A client that writes the numbers from 0 to a topic and reads them as a member of a group, over the deaths of its node.</summary>
/// <param name="name">Names the client and its topic.</param>
/// <param name="isIdempotent">Whether what it sends again is stored once.</param>
internal abstract class NumberClient(string name, bool isIdempotent) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>Names the client.</summary>
    public string Name => name;

    /// <summary>The topic, of one partition, which is the client's own.</summary>
    public string Topic => $"numbers-{name}";

    /// <summary>Whether what it sends again is stored once.</summary>
    public bool IsIdempotent => isIdempotent;

    /// <summary>What the client was told is stored.</summary>
    public Numbers Acknowledged { get; } = new();

    /// <summary>What the client has read.</summary>
    public Numbers Read { get; } = new();

    /// <summary>Why the client could not go on; null while it can.</summary>
    public string? Failure { get; private set; }

    /// <summary>Begins to write and to read.</summary>
    /// <param name="bootstrap">The address of the node.</param>
    public abstract void Start(string bootstrap);

    /// <summary>Writes nothing more; ends once all that was written is acknowledged or given up.</summary>
    public abstract Task StopWritingAsync();

    /// <summary>Waits for something, unless the client has failed before. If that takes too long, it has failed.</summary>
    /// <param name="what">Names it.</param>
    /// <param name="step">Waits for it.</param>
    public async Task TryAsync(string what, Func<Task> step)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            await step().WaitAsync(Patience);
        }
        catch (Exception failure)
        {
            Failure = $"{what}: {failure.Message} {Acknowledged.Count} numbers are acknowledged, {Read.Count} read. {Complaints}";
        }
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>What the client itself says of its failures.</summary>
    protected virtual string Complaints => "";
}
